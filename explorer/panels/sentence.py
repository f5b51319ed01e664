"""A sentence over a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QLabel

from explorer.theme import theme

if TYPE_CHECKING:
    from explorer.panels.flow_view import FlowView

_MARGIN: Final = 10


class Sentence(QLabel):
    """A sentence over a picture: in its middle on a ground of its own, or at its lower edge."""

    def __init__(self, view: FlowView, *, low: bool = False) -> None:
        super().__init__(view)
        self._view = view
        self._low = low
        self.setWordWrap(True)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setMargin(_MARGIN)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()
        view.installEventFilter(self)
        theme.changed.connect(self._restyle)
        self._restyle()

    def show_text(self, text: str) -> None:
        """Lay a sentence over the picture; none takes it away."""
        self.setText(text)
        self._place()
        self.setVisible(bool(text))

    def eventFilter(self, view: QObject, event: QEvent) -> bool:
        """Keep its place in the picture."""
        if event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(view, event)

    def _place(self) -> None:
        """Take one line if there is room; a layout would know no height for a width."""
        view = self._view
        line = self.fontMetrics().horizontalAdvance(self.text()) + 2 * _MARGIN + 2
        width = min(line, view.width())
        height = min(self.heightForWidth(width), view.height())
        below = view.height() - height
        self.setGeometry(
            (view.width() - width) // 2, below if self._low else below // 2, width, height
        )

    def _restyle(self) -> None:
        text, ground = theme.color("panel_text").name(), theme.color("panel")
        ground.setAlphaF(0.0 if self._low else 0.85)
        shade = f"rgba({ground.red()}, {ground.green()}, {ground.blue()}, {ground.alpha()})"
        self.setStyleSheet(f"color: {text}; background: {shade}; border-radius: 8px;")
        self._place()
