"""Hands on the canvas, for its tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

if TYPE_CHECKING:
    from PySide6.QtCore import QPoint

    from explorer.target.canvas import TargetCanvas

SQUARE = (-4.0, 4.0, -4.0, 4.0)
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
SHIFT = Qt.KeyboardModifier.ShiftModifier
NO_KEY = Qt.KeyboardModifier.NoModifier


def pixel(canvas: TargetCanvas, x: float, y: float) -> QPoint:
    return canvas.view().to_widget(x, y).toPoint()


def drag(
    canvas: TargetCanvas,
    *points: tuple[float, float],
    button: Qt.MouseButton = LEFT,
    release: bool = True,
) -> None:
    QTest.mousePress(canvas, button, NO_KEY, pixel(canvas, *points[0]))
    for x, y in points[1:]:
        move(canvas, x, y, button=button)
    if release:
        QTest.mouseRelease(canvas, button, NO_KEY, pixel(canvas, *points[-1]))


def move(
    canvas: TargetCanvas,
    x: float,
    y: float,
    button: Qt.MouseButton = LEFT,
    modifiers: Qt.KeyboardModifier = NO_KEY,
) -> None:
    """What the window system sends while `button` is held."""
    at = QPointF(pixel(canvas, x, y))
    QApplication.sendEvent(
        canvas,
        QMouseEvent(
            QEvent.Type.MouseMove,
            at,
            QPointF(canvas.mapToGlobal(at.toPoint())),
            Qt.MouseButton.NoButton,
            button,
            modifiers,
        ),
    )


def value(canvas: TargetCanvas, x: float, y: float) -> float:
    density = canvas.density()
    x_min, x_max, y_min, y_max = canvas.extent
    row = int((y - y_min) / (y_max - y_min) * density.shape[0])
    column = int((x - x_min) / (x_max - x_min) * density.shape[1])
    return float(density[row, column])
