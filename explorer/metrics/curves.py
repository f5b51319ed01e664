"""KL, NLL and W2 of the lanes over the time, or the steps, that each was trained."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from explorer.lanes import LANE_ORDER, LANES, titles_beside
from explorer.metrics.history import History
from explorer.plot.chart import Chart, Curve
from explorer.theme import theme
from explorer.words.languages import integer, mark, number, tr, translator
from flowengine.project import FLOW_LANES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QResizeEvent, QShowEvent

    from explorer.metrics.history import Over, Row
    from explorer.metrics.runs import Run
    from flowengine.project import Lane
    from flowengine.protocol import Metrics

Quantity = Literal["kl", "nll", "w2"]
GOOD_KL: Final = 0.05
HIGH_KL: Final = 10.0  # nats: above it a model has not begun to fit
_LOWEST: Final = 1e-4  # a measured KL may be 0 or less by chance; a logarithm can't show that
_REDRAW_MS: Final = 200
_LEGEND_LINES: Final = 2.5  # beside the buttons; one of more stands over them
_AXES: Final[dict[Over, tuple[str, str]]] = {
    "seconds": (mark("seconds of training"), mark("seconds since the last change")),
    "step": (mark("steps of training"), mark("steps since the last change")),
}


class CurvesCopy(NamedTuple):
    """Curves without a window, and what they show with its unit; lanes' curves bear their names."""

    title: str
    chart: Chart


class CurvesView(QWidget):
    """The curves with a floor: 0.05 nats for KL, the target's own entropy for NLL.

    A VAE's KL and NLL are upper bounds; a GAN has W2 alone, which every lane has. KL and W2 can be
    shown on a logarithmic or a linear scale, over seconds or over steps, which do not depend on
    what else the machine has to do. The values under the mouse, or where the arrow keys have gone,
    are written above the curves, each behind its lane's initial; those of runs are in the tip.

    Runs compare from where each one's target and model began. While some are laid under, only what
    was measured since then is shown, of the present models as well.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.quantity: Quantity = "kl"
        self.logarithmic = True
        self.over: Over = "seconds"
        self._histories = {lane: History() for lane in LANE_ORDER}
        self._lanes: tuple[Lane, ...] = FLOW_LANES
        self._under: dict[str, tuple[Lane, History, int]] = {}
        self._entropy: float | None = None
        self._redraw = QTimer(self)
        self._redraw.setSingleShot(True)
        self._redraw.setInterval(_REDRAW_MS)
        self._redraw.timeout.connect(self.draw)
        self._build_controls()
        self.chart = Chart()
        self.chart.hovered.connect(self._hover)
        self._lay_out()
        theme.changed.connect(self._show_hint)
        translator.changed.connect(self.retranslate)
        self.retranslate()

    def add(self, metrics: Metrics) -> None:
        """Take a measurement of a lane up; the curves are redrawn a moment later."""
        self._histories[metrics.lane].add(metrics)
        self._entropy = metrics.entropy
        if not self._redraw.isActive():
            self._redraw.start()

    def set_lanes(self, lanes: Sequence[Lane]) -> None:
        """Show the curves of these lanes, and no other."""
        if tuple(lanes) != self._lanes:
            self._lanes = tuple(lanes)
            self._show_hint()
            self.draw()

    def mark_change(self, lane: Lane) -> None:
        """Let the line of a lane break off: its target or its model is another."""
        self._histories[lane].mark_change()

    def load(self, lane: Lane, history: bytes) -> None:
        """Show what `LaneState.history` of a lane holds; b"" is nothing."""
        self._histories[lane].load(history)
        last = self._histories[lane].last
        if last is not None and not math.isnan(last.kl):
            self._entropy = last.nll - last.kl
        self.draw()

    def last(self, lane: Lane) -> Row | None:
        """The latest measurement of a lane."""
        return self._histories[lane].last

    def latest(self, lane: Lane, name: str) -> float | None:
        """The latest "kl", "nll" or "w2" that was measured of a lane."""
        return self._histories[lane].latest(name)

    def clear(self) -> None:
        """Forget every curve."""
        for history in self._histories.values():
            history.clear()
        self._entropy = None
        self.draw()

    def lay_under(self, runs: Sequence[Run]) -> None:
        """Show the curves of other runs, fainter, under the present ones."""
        self._under = {
            f"{run.number} {lane}": (lane, run.history(lane), run.number)
            for run in runs
            for lane in LANE_ORDER
        }
        self._name_axis()
        self.draw()

    def show_quantity(self, quantity: Quantity) -> None:
        """Show KL, NLL or W2."""
        self.quantity = quantity
        self._kl_button.setChecked(quantity == "kl")
        self._nll_button.setChecked(quantity == "nll")
        self._w2_button.setChecked(quantity == "w2")
        self._scale_button.setEnabled(quantity != "nll")
        self.draw()

    def set_logarithmic(self, on: bool) -> None:
        """Show KL and W2 on a logarithmic or a linear scale."""
        self.logarithmic = on
        self._scale_button.setChecked(on)
        self.draw()

    def show_over(self, over: Over) -> None:
        """Show the curves over seconds of training, or over steps."""
        self.over = over
        self._name_axis()
        self.draw()

    def curve(self, lane: Lane) -> Curve:
        """What is drawn for a lane, over seconds of training or steps."""
        return self.chart.curve(lane)

    @property
    def title(self) -> str:
        """What is shown, with its unit."""
        return {
            "kl": tr("KL(target ‖ model) in nats"),
            "nll": tr("NLL in nats"),
            "w2": tr("W₂ in data units"),
        }[self.quantity]

    @property
    def unit(self) -> str:
        """The unit of what is shown."""
        return tr("data units") if self.quantity == "w2" else tr("nats")

    def copy(self) -> CurvesCopy:
        """The curves as they are now, to be drawn elsewhere."""
        chart = self.chart.copy()
        chart.set_label(self.axis)
        return CurvesCopy(self.title, chart)

    @property
    def axis(self) -> str:
        """What the curves are shown over."""
        return tr(_AXES[self.over][1 if self._under else 0])

    @property
    def floor(self) -> float | None:
        """Where the dashed line lies, in nats; None where there is none."""
        return {"kl": GOOD_KL, "nll": self._entropy, "w2": None}[self.quantity]

    def hasHeightForWidth(self) -> bool:
        """The chart takes what height there is; Qt would keep it from being lower than usual."""
        return False

    def draw(self) -> None:
        """Bring the curves up to date now."""
        self._redraw.stop()
        log = self.logarithmic and self.quantity != "nll"
        curves = {
            name: self._curve(lane, history, log)._replace(faint=True, label=str(run))
            for name, (lane, history, run) in self._under.items()
            if lane in self._lanes
        } | {lane: self._curve(lane, self._histories[lane], log) for lane in self._lanes}
        relative = self.quantity == "w2"
        self.chart.show_curves(
            curves, self._floor(), logarithmic=log, most=self._most(), relative=relative
        )
        if self.chart.cursor_x is None:
            self._corner.setText(self.unit)

    def retranslate(self) -> None:
        """Say every word again."""
        self._kl_button.setText(tr("KL"))
        self._kl_button.setToolTip(
            tr(
                "How far the model is from the target: KL(target ‖ model) in nats. "
                "0 is a perfect fit"
            )
        )
        self._nll_button.setText(tr("NLL"))
        self._nll_button.setToolTip(
            tr("Negative log-likelihood in nats: it can't fall below the target's entropy")
        )
        self._w2_button.setText(tr("W₂"))
        self._w2_button.setToolTip(
            tr(
                "How far samples of the model lie from the target, in data units: sliced "
                "Wasserstein distance; all models have it"
            )
        )
        self._scale_button.setText(tr("log"))
        self._scale_button.setToolTip(tr("Logarithmic or linear scale"))
        self.chart.setAccessibleName(tr("Curves of KL, NLL and W₂ over training time"))
        self._name_axis()
        self._show_hint()
        self.draw()

    def _build_controls(self) -> None:
        self._kl_button, self._nll_button, self._w2_button = _chip(), _chip(), _chip()
        self._scale_button = _chip()
        self._kl_button.setChecked(True)
        self._scale_button.setChecked(True)
        self._kl_button.clicked.connect(lambda: self.show_quantity("kl"))
        self._nll_button.clicked.connect(lambda: self.show_quantity("nll"))
        self._scale_button.toggled.connect(self.set_logarithmic)
        self._w2_button.clicked.connect(lambda: self.show_quantity("w2"))
        self._axis_button = QPushButton()
        self._axis_button.setProperty("role", "axis")
        self._axis_button.clicked.connect(
            lambda: self.show_over("step" if self.over == "seconds" else "seconds")
        )
        self._corner = QLabel()  # at the foot of the axis: its unit, or the moment under the mouse
        self._corner.setProperty("role", "muted")
        self._values = QLabel()
        self._values.setWordWrap(True)
        self._values.setProperty("role", "muted")
        self._values.setTextFormat(Qt.TextFormat.RichText)

    def _lay_out(self) -> None:
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(4)
        for button in (self._kl_button, self._nll_button, self._w2_button, self._scale_button):
            self._buttons.addWidget(button)
        self._head = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._head.setSpacing(4)
        self._head.addWidget(self._values, 1)
        self._head.addLayout(self._buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(self._head)
        layout.addWidget(self.chart, 1)
        below = QHBoxLayout(self.chart)
        below.setContentsMargins(0, 0, 0, 0)
        below.addWidget(self._corner, 0, Qt.AlignmentFlag.AlignBottom)
        below.addStretch(1)
        below.addWidget(self._axis_button, 0, Qt.AlignmentFlag.AlignBottom)

    def _name_axis(self) -> None:
        self._axis_button.setText(self.axis)
        self._axis_button.setToolTip(
            tr("Show the curves over steps") if self.over == "seconds"
            else tr("Show the curves over seconds")
        )  # fmt: skip

    def _curve(self, lane: Lane, history: History, log: bool) -> Curve:
        x, values = history.curve(self.quantity, self.over, present=bool(self._under))
        lowest = _LOWEST if self.quantity == "kl" else np.finfo(float).tiny  # W₂ has any unit
        shown = np.maximum(values, lowest) if log else values
        return Curve(x, shown, lane, LANES[lane].stroke)

    def _floor(self) -> tuple[float, str] | None:
        value = self.floor
        if value is None:
            return None
        if self.quantity == "kl":
            return value, tr("KL = {value}").format(value=number(value, 1))
        return value, tr("entropy {value}").format(value=number(value, 4))

    def _most(self) -> float | None:
        """What a curve is shown up to; KL and NLL of a model that has not begun know no bounds."""
        return {"kl": HIGH_KL, "nll": HIGH_KL + (self._entropy or 0.0), "w2": None}[self.quantity]

    def _hover(self, moment: float | None) -> None:
        values = "" if moment is None else self.values_at(moment)
        told = "" if moment is None else self.told_at(moment)
        self._values.setText(values or self._hint())
        self._corner.setText(self._moment(max(moment, 0.0)) if moment is not None else self.unit)
        self.chart.setToolTip(told)
        self.chart.setAccessibleDescription(told)

    def values_at(self, moment: float) -> str:
        """The values of the lanes nearest to a moment of the curves, as rich text."""
        parts = [
            _in_colour(lane, number(value))
            for lane in self._lanes
            if (value := self._nearest(self._histories[lane], moment)) is not None
        ]
        return " ".join(parts)

    def told_at(self, moment: float) -> str:
        """The same in words and with its unit, a line for each model, and for each ticked run's."""
        titles = titles_beside(self._lanes)
        models = [(tr(titles[lane]), self._histories[lane]) for lane in self._lanes]
        run_title = tr("Run {n}")
        models += [
            (f"{run_title.format(n=run)} · {tr(titles[lane])}", history)
            for lane, history, run in self._under.values()
            if lane in self._lanes
        ]
        lines = [
            f"{title}: {self._told(history, value, moment)}"
            for title, history in models
            if (value := self._nearest(history, moment)) is not None
        ]
        return "\n".join([f"{self.title}, {self._moment(max(moment, 0.0))}", *lines])

    def _told(self, history: History, value: float, moment: float) -> str:
        """A value, and where its curve ends if that is before the moment."""
        x, _ = history.curve(self.quantity, self.over, present=bool(self._under))
        ended = f" ({self._moment(float(x[-1]))})" if x[-1] < moment else ""
        return number(value) + ended

    def _nearest(self, history: History, moment: float) -> float | None:
        return history.nearest(self.quantity, moment, self.over, present=bool(self._under))

    def _moment(self, moment: float) -> str:
        if self.over == "step":
            return tr("step {n}").format(n=integer(round(moment)))
        return f"{number(moment)} s"

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Set the legend beside the buttons, or over them."""
        super().resizeEvent(event)
        self._arrange_head()

    def _show_hint(self) -> None:
        self._values.setText(self._hint())
        self._arrange_head()

    def showEvent(self, event: QShowEvent) -> None:
        """Arrange the legend by the look of the window, which counts from now on."""
        super().showEvent(event)
        self._arrange_head()

    def _arrange_head(self) -> None:
        if not self.isVisible():
            return
        room = self.width() - self._buttons.sizeHint().width() - self._head.spacing()
        most = _LEGEND_LINES * self._values.fontMetrics().lineSpacing()
        beside = self._values.heightForWidth(max(room, 1)) <= most
        direction = QBoxLayout.Direction
        self._head.setDirection(direction.LeftToRight if beside else direction.TopToBottom)

    def _hint(self) -> str:
        titles = titles_beside(self._lanes)
        return " ".join(_in_colour(lane, tr(titles[lane])) for lane in self._lanes)


def _in_colour(lane: Lane, words: str) -> str:
    """Words of a lane after its line, which tells it from others without any colour."""
    unbroken = f"{LANES[lane].dash} {words}".replace(" ", "&nbsp;")
    return f'<span style="color:{theme.color(lane).name()}">{unbroken}</span>'


def _chip() -> QPushButton:
    button = QPushButton()
    button.setProperty("role", "chip")
    button.setCheckable(True)
    return button
