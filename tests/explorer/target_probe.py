"""Hands on the target editor, for its tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from explorer.target.target_bar import TargetEditor
    from flowengine.project import TargetSpec

LEFT = Qt.MouseButton.LeftButton
NO_KEY = Qt.KeyboardModifier.NoModifier


def click(button: QWidget) -> None:
    QTest.mouseClick(button, LEFT)


def press(editor: TargetEditor, x: float, y: float) -> None:
    at = editor.canvas.view().to_widget(x, y).toPoint()
    QTest.mousePress(editor.canvas, LEFT, NO_KEY, at)


def move(editor: TargetEditor, x: float, y: float) -> None:
    at = editor.canvas.view().to_widget(x, y)
    everywhere = QPointF(editor.canvas.mapToGlobal(at.toPoint()))
    no_button = Qt.MouseButton.NoButton
    event = QMouseEvent(QEvent.Type.MouseMove, at, everywhere, no_button, LEFT, NO_KEY)
    QApplication.sendEvent(editor.canvas, event)


def release(editor: TargetEditor) -> None:
    QTest.mouseRelease(editor.canvas, LEFT)


def stroke(editor: TargetEditor, *points: tuple[float, float]) -> None:
    press(editor, *points[0])
    for point in points[1:]:
        move(editor, *point)
    release(editor)


def is_drawing(spec: TargetSpec) -> bool:
    return (spec.source, spec.name) == ("drawing", "drawing")
