"""What a lesson says to the student, over the panels."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from explorer.resources import icon
from explorer.theme import theme


class LessonNote(QFrame):
    """A sentence or two, there as long as the project is open; hidden where there are none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "banner-notice")
        self._sign = QLabel()
        self._label = QLabel()
        self._label.setTextFormat(Qt.TextFormat.PlainText)  # it comes out of a file
        self._label.setWordWrap(True)
        self._label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 6, 6, 6)
        layout.addWidget(self._sign)
        layout.addWidget(self._label, 1)
        theme.changed.connect(self._retint)
        self._retint()
        self.hide()

    @property
    def text(self) -> str:
        """What is said."""
        return self._label.text()

    def set_text(self, text: str) -> None:
        """Say something else; "" for nothing."""
        self._label.setText(text)
        self.setAccessibleName(text)
        self.setVisible(bool(text))

    def _retint(self) -> None:
        self._sign.setPixmap(icon("graduation-cap", "accent").pixmap(16, 16))
