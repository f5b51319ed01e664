"""KL and NLL of both lanes over the time that each was trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from explorer.i18n import number, tr, translator
from explorer.lanes import LANE_TITLES
from explorer.metrics.axes import QuantityAxis
from explorer.metrics.history import History
from explorer.theme import theme

if TYPE_CHECKING:
    from PySide6.QtCore import QPointF

    from explorer.metrics.history import Row
    from flowengine.project import Lane
    from flowengine.protocol import Metrics

Quantity = Literal["kl", "nll"]
GOOD_KL: Final = 0.05
_LOWEST_KL: Final = 1e-4  # a measured KL may be 0 or less by chance; a logarithm can't show that
_REDRAW_MS: Final = 200
_SMALL: Final = 0.85  # of the window's letters
_LEAST_DECADES: Final = 0.6  # shown at least, so that noise does not look like progress
_LEAST_NATS: Final = 0.05
_STYLES: Final = {"discrete": Qt.PenStyle.SolidLine, "continuous": Qt.PenStyle.DashLine}


class CurvesView(QWidget):
    """The curves with a floor: 0.05 nats for KL, the target's own entropy for NLL.

    KL can be shown on a logarithmic or a linear scale. The values under the mouse are written
    above the curves.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.quantity: Quantity = "kl"
        self.logarithmic = True
        self._histories = {lane: History() for lane in LANE_TITLES}
        self._entropy: float | None = None
        self._redraw = QTimer(self)
        self._redraw.setSingleShot(True)
        self._redraw.setInterval(_REDRAW_MS)
        self._redraw.timeout.connect(self.draw)
        self._build_controls()
        self._build_plot()
        self._lay_out()
        theme.changed.connect(self._restyle)
        translator.changed.connect(self.retranslate)
        self._restyle()
        self.retranslate()

    def add(self, metrics: Metrics) -> None:
        """Take a measurement of a lane up; the curves are redrawn a moment later."""
        self._histories[metrics.lane].add(metrics)
        self._entropy = metrics.entropy
        if not self._redraw.isActive():
            self._redraw.start()

    def load(self, lane: Lane, history: bytes) -> None:
        """Show what `LaneState.history` of a lane holds; b"" is nothing."""
        self._histories[lane].load(history)
        last = self._histories[lane].last
        if last is not None:
            self._entropy = last.nll - last.kl
        self.draw()

    def last(self, lane: Lane) -> Row | None:
        """The latest measurement of a lane."""
        return self._histories[lane].last

    def clear(self) -> None:
        """Forget every curve."""
        for history in self._histories.values():
            history.clear()
        self._entropy = None
        self.draw()

    def show_quantity(self, quantity: Quantity) -> None:
        """Show KL or NLL."""
        self.quantity = quantity
        self._kl_button.setChecked(quantity == "kl")
        self._nll_button.setChecked(quantity == "nll")
        self._scale_button.setEnabled(quantity == "kl")
        self.draw()

    def set_logarithmic(self, on: bool) -> None:
        """Show KL on a logarithmic or a linear scale."""
        self.logarithmic = on
        self._scale_button.setChecked(on)
        self.draw()

    def curve(self, lane: Lane) -> tuple[np.ndarray, np.ndarray]:
        """What is drawn for a lane: seconds and values, each of shape (rows,)."""
        x, y = self._curves[lane].getOriginalDataset()
        empty = np.empty(0)
        return (empty, empty) if x is None else (x, y)

    @property
    def floor(self) -> float | None:
        """Where the dashed line lies, in nats; None where there is none."""
        return GOOD_KL if self.quantity == "kl" else self._entropy

    def draw(self) -> None:
        """Bring the curves up to date now."""
        self._redraw.stop()
        log = self.logarithmic and self.quantity == "kl"
        self._plot.setLogMode(x=False, y=log)
        for lane, history in self._histories.items():
            values = history.column(self.quantity)
            self._curves[lane].setData(
                history.column("seconds"), np.maximum(values, _LOWEST_KL) if log else values
            )
        self._frame(log)
        self._draw_floor(log)

    def retranslate(self) -> None:
        """Say every word again."""
        self._kl_button.setText(tr("KL"))
        self._kl_button.setToolTip(tr("KL(target ‖ model) in nats: 0 is a perfect fit"))
        self._nll_button.setText(tr("NLL"))
        self._nll_button.setToolTip(
            tr("Negative log-likelihood in nats: it can't fall below the target's entropy")
        )
        self._scale_button.setText(tr("log"))
        self._scale_button.setToolTip(tr("Logarithmic or linear scale"))
        self._plot.setAccessibleName(tr("Curves of KL and NLL over training time"))
        self._label_axis()
        self._show_hint()
        self.draw()

    def _build_controls(self) -> None:
        self._kl_button, self._nll_button = _chip(), _chip()
        self._scale_button = _chip()
        self._kl_button.setChecked(True)
        self._scale_button.setChecked(True)
        self._kl_button.clicked.connect(lambda: self.show_quantity("kl"))
        self._nll_button.clicked.connect(lambda: self.show_quantity("nll"))
        self._scale_button.toggled.connect(self.set_logarithmic)
        self._values = QLabel()
        self._values.setProperty("role", "muted")
        self._values.setTextFormat(Qt.TextFormat.RichText)

    def _build_plot(self) -> None:
        axes = {side: QuantityAxis(side) for side in ("left", "bottom")}
        self._plot = pg.PlotWidget(axisItems=axes)
        self._plot.setMinimumHeight(110)
        self._plot.setMenuEnabled(False)
        self._plot.hideButtons()
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._plot.getPlotItem().vb.setLimits(xMin=0)
        self._curves = {lane: self._plot.plot(name=lane) for lane in LANE_TITLES}
        self._floor = pg.InfiniteLine(angle=0, label="", labelOpts={"position": 0.2})
        self._cursor = pg.InfiniteLine(angle=90)
        self._cursor.hide()
        self._plot.addItem(self._floor, ignoreBounds=True)
        self._plot.addItem(self._cursor, ignoreBounds=True)
        self._plot.scene().sigMouseMoved.connect(self._hover)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self._values, 1)
        for button in (self._kl_button, self._nll_button, self._scale_button):
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addWidget(self._plot, 1)

    def _frame(self, log: bool) -> None:
        """Keep a KL of 1 and the good one in sight while there is little to see."""
        box = self._plot.getPlotItem().vb
        box.setLimits(minYRange=_LEAST_DECADES if log else _LEAST_NATS)
        if any(len(history) > 1 for history in self._histories.values()):
            box.enableAutoRange()
        else:
            low, high = (np.log10(GOOD_KL) - 0.5, 0.3) if log else (0.0, 2.0)
            box.setRange(xRange=(0, 10), yRange=(low, high), padding=0)

    def _draw_floor(self, log: bool) -> None:
        value = self.floor
        self._floor.setVisible(value is not None)
        if value is None:
            return
        self._floor.setValue(np.log10(value) if log else value)
        text = tr("KL = {value}") if self.quantity == "kl" else tr("entropy {value}")
        digits = 1 if self.quantity == "kl" else 4
        self._floor.label.setFormat(text.format(value=number(value, digits)))

    def _hover(self, position: QPointF) -> None:
        view = self._plot.getPlotItem().vb
        inside = view.sceneBoundingRect().contains(position)
        self._cursor.setVisible(inside)
        if not inside:
            self._show_hint()
            return
        seconds = float(view.mapSceneToView(position).x())
        self._cursor.setValue(seconds)
        self._values.setText(self.values_at(seconds) or self._hint())

    def values_at(self, seconds: float) -> str:
        """The values of both lanes nearest to a moment of training, as rich text."""
        parts = []
        for lane, history in self._histories.items():
            row = history.nearest(seconds)
            if row is not None:
                colour = theme.color(lane).name()
                parts.append(
                    f'<span style="color:{colour}">{number(getattr(row, self.quantity))}</span>'
                )
        return " · ".join(parts) + (f" · {number(max(seconds, 0.0))} s" if parts else "")

    def _show_hint(self) -> None:
        self._values.setText(self._hint())

    def _hint(self) -> str:
        return " ".join(
            f'<span style="color:{theme.color(lane).name()}">{mark} {tr(title)}</span>'
            for (lane, title), mark in zip(LANE_TITLES.items(), ("━", "╍"), strict=True)
        )

    def _label_axis(self) -> None:
        size = f"{self._values.font().pointSizeF() * _SMALL:.1f}pt"
        colour = theme.color("text_muted").name()
        style = {"color": colour, "font-size": size}
        self._plot.setLabel("bottom", tr("seconds of training"), **style)

    def _restyle(self) -> None:
        self._plot.setBackground(theme.color("surface"))
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * _SMALL)
        self._label_axis()
        for name in ("left", "bottom"):
            axis = self._plot.getAxis(name)
            axis.setPen(theme.color("border"))
            axis.setTextPen(theme.color("text_muted"))
            axis.setStyle(tickLength=-4, tickFont=font)
            axis.enableAutoSIPrefix(False)
        muted = theme.color("text_muted")
        for lane, curve in self._curves.items():
            curve.setPen(pg.mkPen(theme.color(lane), width=2, style=_STYLES[lane]))
        self._floor.setPen(pg.mkPen(muted, width=1, style=Qt.PenStyle.DotLine))
        self._floor.label.setColor(muted)
        self._floor.label.setFont(font)
        self._cursor.setPen(pg.mkPen(muted, width=1))
        self._show_hint()


def _chip() -> QPushButton:
    button = QPushButton()
    button.setProperty("role", "chip")
    button.setCheckable(True)
    return button
