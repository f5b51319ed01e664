"""A stack editor on a desk: every edit is admitted, and what was asked for is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from explorer.stack.stack_view import StackEditor
from explorer.stack.thumbnail import plain_grid
from flowengine.catalogue import (
    CouplingSpec,
)
from flowengine.project import resolve_keeps
from flowengine.protocol import LayerFact
from flowengine.shorthand import parse_stack

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PySide6.QtCore import QMimeData

    from explorer.stack.card_list import CardList
    from explorer.stack.edits import Stack
    from explorer.stack.layer_card import CardLayout
    from flowengine.catalogue import LayerSpec

STACK = tuple(
    replace(layer, width=64) if isinstance(layer, CouplingSpec) else layer
    for layer in resolve_keeps(parse_stack("actnorm,affine_coupling,spline_coupling,planar"))
)

NONE, ALT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.AltModifier
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def ids(stack: Iterable[LayerSpec]) -> list[str]:
    return [layer.id for layer in stack]


def facts_of(stack: Iterable[LayerSpec], weights: int = 1000) -> dict[str, LayerFact]:
    return {
        layer.id: LayerFact(id=layer.id, weights=weights, mean_log_det=0.27, grid=plain_grid())
        for layer in stack
    }


class Desk:
    """An editor whose every edit is admitted and shown again, and what it has asked for."""

    def __init__(self, stack: Stack = STACK) -> None:
        self.editor = StackEditor()
        self.list = self.editor.list
        self.edits: list[tuple[Stack, str, str]] = []
        self.visited: list[str] = []
        self.editor.stack_edited.connect(self._take)
        self.editor.layer_activated.connect(self.visited.append)
        self.editor.set_stack(stack)

    def _take(self, stack: Stack, text: str, key: str) -> None:
        self.edits.append((stack, text, key))
        self.editor.set_stack(stack)

    @property
    def texts(self) -> list[str]:
        return [text for _, text, _ in self.edits]

    def press(
        self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    ) -> None:
        focus = QApplication.focusWidget()
        assert focus is not None, "no widget has the keyboard"
        QTest.keyClick(focus, key, modifiers)

    def click(
        self, point: QPoint, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    ) -> None:
        QTest.mouseClick(self.list.viewport(), Qt.MouseButton.LeftButton, modifiers, pos=point)

    def card(self, layer_id: str) -> CardLayout:
        return self.list.card_layout(self.list.cards.index_of(layer_id))

    def choose(self, layer_id: str, *more: str) -> None:
        self.click(self.card(layer_id).name.center())
        for name in more:
            self.click(self.card(name).name.center(), CTRL)
        self.visited.clear()

    @property
    def chosen(self) -> list[str]:
        return ids(self.list.chosen_layers())


class Drag:
    """Sends a list the events of a drag, as the window system does."""

    def __init__(
        self, view: CardList, data: QMimeData, actions: Qt.DropAction = Qt.DropAction.CopyAction
    ) -> None:
        self.view, self.data, self.actions = view, data, actions

    def _rest(
        self,
    ) -> tuple[Qt.DropAction, QMimeData, Qt.MouseButton, Qt.KeyboardModifier]:
        return (self.actions, self.data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)

    def enter(self, point: QPoint) -> bool:
        event = QDragEnterEvent(point, *self._rest())
        QApplication.sendEvent(self.view.viewport(), event)
        return event.isAccepted()

    def move(self, point: QPoint) -> bool:
        event = QDragMoveEvent(point, *self._rest())
        QApplication.sendEvent(self.view.viewport(), event)
        return event.isAccepted()

    def drop(self, point: QPoint) -> bool:
        event = QDropEvent(QPointF(point), *self._rest())
        QApplication.sendEvent(self.view.viewport(), event)
        return event.isAccepted()

    def leave(self) -> None:
        QApplication.sendEvent(self.view.viewport(), QDragLeaveEvent())


def upper_half(desk: Desk, layer_id: str) -> QPoint:
    return desk.card(layer_id).card.center() - QPoint(0, 12)
