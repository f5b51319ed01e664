"""The clock as a line that can be dragged, with a mark at the end of every layer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QHelpEvent, QPainter, QPen
from PySide6.QtWidgets import QAbstractSlider, QSizePolicy, QToolTip, QWidget

from explorer.panels.pace import with_rests
from explorer.panels.panel_copy import places
from explorer.theme import theme
from explorer.words.languages import tr, translator

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QMouseEvent, QPaintEvent

_STEPS: Final = 10_000
_GROOVE: Final = 4.0
_HANDLE: Final = 7.0
_MARK: Final = 2.5
_MARGIN: Final = 16.0
_LINE: Final = 11.0  # where the groove lies, from the top
_LABEL_GAP: Final = 14.0
_LABEL_SIZE: Final = 0.85  # of the window's type


class ScrubBar(QAbstractSlider):
    """Shows and sets the moment of the clock.

    Signals:
        scrubbed: The moment that a person chose, from 0 to 1.
    """

    scrubbed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layers = 0
        self.setRange(0, _STEPS)
        self.setOrientation(Qt.Orientation.Horizontal)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.actionTriggered.connect(lambda _: self.scrubbed.emit(self.sliderPosition() / _STEPS))
        theme.changed.connect(self.update)
        translator.changed.connect(self.retranslate)
        self.retranslate()

    def set_tau(self, tau: float) -> None:
        """Show a moment."""
        self.setValue(round(tau * _STEPS))

    def set_layers(self, count: int) -> None:
        """Mark the ends of so many layers."""
        self._layers = count
        self.setSingleStep(max(_STEPS // (8 * max(count, 1)), 1))
        self.setPageStep(_STEPS // max(count, 4))
        self.update()

    @property
    def marks(self) -> list[float]:
        """The moments that are marked, from 0 to 1; quarters where there are no layers."""
        parts = self._layers or 4
        return [k / parts for k in range(parts + 1)]

    def labels(self) -> list[tuple[str, float]]:
        """The words below the line and the x that each belongs to, as many as there is room for."""
        width_of = QFontMetrics(self._label_font()).horizontalAdvance
        first, last = (tr("base"), self._x(0)), (tr("target"), self._x(1))
        if not self._layers:
            return [first, last]
        widest = width_of(str(self._layers)) + _LABEL_GAP
        apart = (last[1] - first[1]) / self._layers
        every = next((n for n in (1, 2, 5, 10, 20, 50) if n * apart >= widest), self._layers)
        low = first[1] + width_of(first[0]) + _LABEL_GAP / 2
        high = last[1] - width_of(last[0]) - _LABEL_GAP / 2
        between = [(str(k), self._x(k / self._layers)) for k in range(every, self._layers, every)]
        return [first, *((text, x) for text, x in between if low < x < high), last]

    def words(self, tau: float) -> str:
        """Which moment that is, and which layer acts then."""
        said = places("time", (), tau)
        if self._layers:
            said += places("layers", ("",) * self._layers, with_rests(tau, self._layers))
        return ", ".join(said)

    def retranslate(self) -> None:
        """Say everything in the language of the window."""
        self.setAccessibleName(tr("Moment between base and target"))
        self.setToolTip(tr("Drag to any moment between base and target"))
        self.update()

    # --- Qt ---------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        """One line and its labels."""
        return QSize(320, self.minimumSizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """As short as it can still be dragged."""
        return QSize(120, round(2 * _LINE) + self.fontMetrics().height() + 2)

    def event(self, event: QEvent) -> bool:
        """Say which moment the mouse is at."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            self._explain(event)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the moment under the mouse."""
        if event.button() is Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self._follow(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the mouse while it drags."""
        if self.isSliderDown():
            self._follow(event.position().x())

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """End the drag."""
        self.setSliderDown(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave the keys that the transport knows to it."""
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the line, the marks, the labels and the handle."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        here = self._x(self.value() / _STEPS)
        self._draw_groove(painter, here)
        self._draw_labels(painter)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent"))
        painter.drawEllipse(QPointF(here, _LINE), _HANDLE, _HANDLE)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("text"), 1.5))
            painter.drawEllipse(QPointF(here, _LINE), _HANDLE + 2, _HANDLE + 2)
        painter.end()

    def _draw_groove(self, painter: QPainter, here: float) -> None:
        left, right = self._x(0), self._x(1)
        for start, end, role in ((left, right, "control"), (left, here, "accent")):
            painter.setBrush(theme.color(role))
            groove = QRectF(start, _LINE - _GROOVE / 2, end - start, _GROOVE)
            painter.drawRoundedRect(groove, _GROOVE / 2, _GROOVE / 2)
        for tau in self.marks:
            passed = self._x(tau) <= here
            painter.setBrush(theme.color("accent" if passed else "text_muted"))
            painter.drawEllipse(QPointF(self._x(tau), _LINE), _MARK, _MARK)

    def _draw_labels(self, painter: QPainter) -> None:
        font = self._label_font()
        metrics = QFontMetrics(font)
        painter.setFont(font)
        painter.setPen(theme.color("text_muted"))
        for text, x in self.labels():
            width = metrics.horizontalAdvance(text)
            start = min(max(x - width / 2, 0), self.width() - width)
            painter.drawText(QPointF(start, 2 * _LINE + metrics.ascent()), text)

    def _label_font(self) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(round(_LABEL_SIZE * self.fontInfo().pixelSize()))
        return font

    def _x(self, tau: float) -> float:
        return _MARGIN + tau * max(self.width() - 2 * _MARGIN, 1.0)

    def _tau_at(self, x: float) -> float:
        tau = (x - _MARGIN) / max(self.width() - 2 * _MARGIN, 1.0)
        return min(max(tau, 0.0), 1.0) if math.isfinite(tau) else 0.0

    def _explain(self, event: QHelpEvent) -> None:
        words = f"{self.words(self._tau_at(event.pos().x()))}\n{self.toolTip()}"
        QToolTip.showText(event.globalPos(), words, self)

    def _follow(self, x: float) -> None:
        tau = self._tau_at(x)
        self.setSliderPosition(round(tau * _STEPS))
        self.scrubbed.emit(tau)
