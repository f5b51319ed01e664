"""A message across the window that waits until it is read, and stops nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from explorer.icons import icon
from explorer.theme import set_role, theme
from explorer.words.languages import tr, tr_sentence, translator

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QResizeEvent

_NARROW: Final = 640  # logical pixels


class Banner(QFrame):
    """One sentence at a time, dismissed by its cross or by Escape; hidden while there is none.

    A sentence may come with a remedy: a button that carries it out. Both are given in English, and
    said in the language of the window.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sign = QLabel()
        self._label = QLabel()
        self._label.setWordWrap(True)
        self._label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._remedy = QPushButton()
        self._remedy.clicked.connect(self._carry_out)
        self._act: Callable[[], None] | None = None
        self._close = QToolButton()
        self._close.setProperty("role", "flat")
        self._close.clicked.connect(self.dismiss)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(10, 6, 6, 6)
        self._grid.addWidget(self._sign, 0, 0)
        self._grid.addWidget(self._label, 0, 1)
        self._grid.addWidget(self._close, 0, 3)
        self._grid.setColumnStretch(1, 1)
        self._place_remedy()
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self, self.dismiss)
        theme.changed.connect(self._retint)
        translator.changed.connect(self.retranslate)
        self._said, self._offer = "", ""  # in English
        self._severe = True
        self._retint()
        self.retranslate()
        self.hide()

    @property
    def text(self) -> str:
        """The sentence that is shown; empty while there is none."""
        return "" if self.isHidden() else self._label.text()

    def show_error(self, text: str) -> None:
        """Show what went wrong, to what, and what to do."""
        self._show(text, severe=True)

    def show_notice(
        self, text: str, remedy: str = "", act: Callable[[], None] | None = None
    ) -> None:
        """Show something worth knowing, with what can be done about it, if anything can."""
        self._show(text, severe=False)
        self._offer = remedy
        self._remedy.setText(tr(remedy))
        self._remedy.setVisible(bool(remedy))
        self._act = act

    def dismiss(self) -> None:
        """Take the message away."""
        self.hide()
        self._said = ""
        self._label.clear()

    def retranslate(self) -> None:
        """Say the sentence and the words of the buttons again."""
        self._say()
        self._remedy.setText(tr(self._offer))
        self._close.setToolTip(tr("Dismiss this message (Esc)"))
        self._close.setAccessibleName(tr("Dismiss this message"))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the sentence its room."""
        super().resizeEvent(event)
        self._place_remedy()

    def _place_remedy(self) -> None:
        """The remedy beside the sentence, or below it where that would make a column of it."""
        self._grid.removeWidget(self._remedy)
        if self.width() < _NARROW:
            self._grid.addWidget(self._remedy, 1, 1, Qt.AlignmentFlag.AlignLeft)
        else:
            self._grid.addWidget(self._remedy, 0, 2)

    def _show(self, text: str, *, severe: bool) -> None:
        self._severe = severe
        set_role(self, "banner" if severe else "banner-notice")
        self._retint()
        self._said, self._offer = text, ""
        self._say()
        self._remedy.hide()
        self._act = None
        self.show()

    def _say(self) -> None:
        sentence = tr_sentence(self._said)
        self._label.setText(sentence)
        self.setAccessibleName(sentence)

    def _carry_out(self) -> None:
        act = self._act
        self.dismiss()
        if act is not None:
            act()

    def _retint(self) -> None:
        name, role = ("triangle-alert", "error") if self._severe else ("info", "accent")
        self._sign.setPixmap(icon(name, role).pixmap(16, 16))
        self._close.setIcon(icon("x"))
