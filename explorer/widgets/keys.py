"""Which control keeps which key although the window has an action on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QApplication,
    QComboBox,
    QTabBar,
    QWidget,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


_MOVES: Final = {Qt.Key.Key_Home, Qt.Key.Key_End}
_LETTERS: Final = {Qt.Key.Key_D, Qt.Key.Key_Comma, Qt.Key.Key_Period}
_KEPT: Final = (
    (QAbstractButton, {Qt.Key.Key_Space}),
    (QAbstractSlider, _MOVES),
    (QTabBar, _MOVES),
    (QComboBox, {Qt.Key.Key_Space, *_MOVES, *_LETTERS}),
    (QAbstractItemView, {Qt.Key.Key_Space, *_MOVES, *_LETTERS}),
)


def asked_key(event: QEvent) -> QKeyEvent | None:
    """The key of an event by which Qt asks whether a widget has its own use of a shortcut's key."""
    if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
        return event
    return None


def keeps_for_itself(event: QKeyEvent) -> bool:
    """Whether the control with the focus has its own use of a key."""
    control = QApplication.focusWidget()
    if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
        return False
    key = Qt.Key(event.key())
    return any(isinstance(control, kind) and key in keys for kind, keys in _KEPT)


def focus_next(parts: Sequence[QWidget], focus: QWidget | None) -> None:
    """Put the keyboard into the part of a window that follows the one that has it."""
    here = next((i for i, p in enumerate(parts) if focus and p.isAncestorOf(focus)), -1)
    for part in [*parts[here + 1 :], *parts[: here + 1]]:
        if first := first_control(part):
            first.setFocus(Qt.FocusReason.ShortcutFocusReason)
            return


def first_control(part: QWidget) -> QWidget | None:
    """The first control of a part of the window that the Tab key would stop at."""
    return next((w for w in part.findChildren(QWidget) if _takes_tab(w)), None)


def _takes_tab(control: QWidget) -> bool:
    policy = control.focusPolicy() & Qt.FocusPolicy.TabFocus
    return bool(policy) and control.isVisible() and control.isEnabled()
