"""Rounded cards, free or as docks: a title on the left, a figure on the right, content below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDockWidget,
    QFrame,
    QHBoxLayout,
    QLabel,
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

_ANY_HEIGHT = 16777215  # Qt's QWIDGETSIZE_MAX
_MARGIN = 10  # within a card
GAP = 6  # around a card; two cards beside each other are twice as far apart


def card(content: QWidget) -> QFrame:
    """A rounded card around a widget."""
    frame = QFrame()
    frame.setProperty("role", "card")
    layout = QVBoxLayout(frame)
    layout.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
    layout.addWidget(content)
    return frame


class CardDock(QDockWidget):
    """A dock that looks like a card and can be moved, floated and closed by its title.

    Args:
        name: The object name, by which the arrangement is remembered.
        title: The English title.
        content: What the dock holds.
        figure_tip: In English, what the figure beside the title is.
    """

    def __init__(
        self, name: str, title: str, content: QWidget, parent: QWidget, figure_tip: str = ""
    ) -> None:
        super().__init__(parent)
        self._figure_tip = figure_tip
        self.setObjectName(name)
        self.content = content
        self._title = title
        self._filled: int | None = None
        self.topLevelChanged.connect(self._limit_height)
        self._head = _Head(self)
        self.setTitleBarWidget(_padded(self._head, top=GAP))
        body = QFrame()
        body.setProperty("role", "card-body")
        layout = QVBoxLayout(body)
        layout.setContentsMargins(_MARGIN, 2, _MARGIN, _MARGIN)
        self.setWidget(_padded(body, bottom=GAP))
        layout.addWidget(content)  # last: Qt styles all it holds again at each new parent
        translator.changed.connect(self.retranslate)
        self.retranslate()

    def set_figure(self, text: str) -> None:
        """Show a figure at the right end of the title."""
        self._head.figure.setText(text)

    def set_filled(self, height: int) -> None:
        """Grow no further, unless it floats, than the content fills: what lies below needs it."""
        self._filled = height
        self._limit_height()

    def set_locked(self, locked: bool) -> None:
        """Say by a padlock that what the card holds can be seen and not changed."""
        self._head.lock.setVisible(locked)

    def retranslate(self) -> None:
        """Say the title again."""
        self.setWindowTitle(tr(self._title))
        self._head.title.setText(tr(self._title))
        self._head.figure.setToolTip(tr(self._figure_tip) if self._figure_tip else "")
        self._head.lock.setToolTip(tr("Locked in this lesson"))
        self._head.lock.setAccessibleName(tr("Locked in this lesson"))
        self._head.close_button.setToolTip(tr("Close; the View menu brings it back"))
        self._head.close_button.setAccessibleName(tr("Close {part}").format(part=tr(self._title)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Know how much room stands around the content."""
        super().resizeEvent(event)
        self._limit_height()

    def _limit_height(self) -> None:
        if self._filled is None:
            return
        around = self.height() - self.content.height()
        self.setMaximumHeight(_ANY_HEIGHT if self.isFloating() else around + self._filled)


def _padded(content: QWidget, top: int = 0, bottom: int = 0) -> QWidget:
    holder = QWidget()
    layout = QVBoxLayout(holder)
    layout.setContentsMargins(GAP, top, GAP, bottom)
    layout.addWidget(content)
    return holder


class _Head(QFrame):
    """The title bar of a card; whatever it does not use itself moves the dock."""

    def __init__(self, dock: QDockWidget) -> None:
        super().__init__(dock)
        self.setProperty("role", "card-head")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.title = QLabel()
        self.title.setProperty("role", "title")
        self.lock = QLabel()
        self.lock.hide()
        self.figure = QLabel()
        self.figure.setProperty("role", "muted")
        self.close_button = QToolButton()
        self.close_button.setProperty("role", "tiny")
        self.close_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the View menu has the key
        self.close_button.clicked.connect(dock.close)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(_MARGIN + 1, 7, 6, 3)
        layout.setSpacing(6)
        layout.addWidget(self.title)
        layout.addWidget(self.lock)
        layout.addStretch(1)
        layout.addWidget(self.figure)
        layout.addWidget(self.close_button)
        theme.changed.connect(self._retint)
        self._retint()

    def _retint(self) -> None:
        self.lock.setPixmap(icon("lock", "text_muted").pixmap(12, 12))
        self.close_button.setIcon(icon("x", "text_muted"))
