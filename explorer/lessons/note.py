"""What a lesson says to the student, over the panels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer.icons import icon
from explorer.theme import theme
from explorer.words.languages import tr, translator

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent


class LessonNote(QFrame):
    """A few sentences, there as long as the project is open; they can be folded to one line.

    A lesson that is one of several has a title over them, and a button for the next.
    """

    next_requested = Signal()
    """The next lesson is wanted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "banner-notice")
        self._text = ""
        self._sign = QLabel()
        self._label = QLabel()
        self._label.setTextFormat(Qt.TextFormat.PlainText)  # it comes out of a file
        self._label.setWordWrap(True)
        self._label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 6, 6, 6)
        layout.addWidget(self._sign)
        self._fold = QToolButton()
        self._fold.setProperty("role", "tiny")
        self._fold.setCheckable(True)
        self._fold.toggled.connect(self._show_text)
        self._title = QLabel()
        self._title.setProperty("role", "title")
        self._next = QPushButton()
        self._next.setProperty("role", "chip")
        self._next.clicked.connect(self.next_requested)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._title)
        words.addWidget(self._label)
        layout.addLayout(words, 1)
        layout.addWidget(self._next, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self._fold, 0, Qt.AlignmentFlag.AlignTop)
        theme.changed.connect(self._retint)
        translator.changed.connect(self.retranslate)
        self._retint()
        self.retranslate()
        self.hide()

    @property
    def text(self) -> str:
        """What is said."""
        return self._text

    def set_text(self, text: str, title: str = "", *, more: bool = False) -> None:
        """Say something else, all of it; "" for nothing.

        Args:
            text: The sentences.
            title: What stands over them; "" for nothing.
            more: Whether there is a next lesson to go on to.
        """
        self._title.setText(title)
        self._title.setVisible(bool(title))
        self._next.setVisible(more)
        if text == self._text:  # asked with every edit
            return
        self._text = text
        self._fold.setChecked(False)
        self.setAccessibleName(text)
        self.setVisible(bool(text))
        self._show_text()

    def retranslate(self) -> None:
        """Say the words of the buttons again."""
        self._next.setText(tr("Next lesson"))
        self._fold.setToolTip(tr("Fold the note to one line, or show all of it"))
        self._fold.setAccessibleName(self._fold.toolTip())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut the folded note where its line ends."""
        super().resizeEvent(event)
        self._show_text()

    def _show_text(self) -> None:
        folded = self._fold.isChecked()
        self._fold.setIcon(icon("chevron-down" if folded else "chevron-up"))
        text = self._text
        if folded:
            room = self._label.width()
            text = self._label.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)
        self._label.setWordWrap(not folded)
        self._label.setMinimumWidth(1)  # the folded line asks for no room of its own
        self._label.setText(text)

    def _retint(self) -> None:
        self._sign.setPixmap(icon("graduation-cap", "accent").pixmap(16, 16))
        self._show_text()
