"""A panel on the screen, and hands for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget
    from pytestqt.qtbot import QtBot

    Place = tuple[float, float]

Widget = TypeVar("Widget", bound="QWidget")
LEFT, NO_KEYS = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def shown(qtbot: QtBot, panel: Widget, size: tuple[int, int] = (420, 560)) -> Widget:
    qtbot.addWidget(panel)
    panel.resize(*size)
    panel.show()
    qtbot.waitExposed(panel)
    return panel


def texts(panel: QWidget) -> list[str]:
    return [label.text() for label in panel.findChildren(QLabel) if label.isVisibleTo(panel)]


def chip(panel: QWidget, text: str) -> QPushButton:
    return next(b for b in panel.findChildren(QPushButton) if b.text() == text)


def press(
    view: QWidget,
    position: Place,
    kind: QEvent.Type = QEvent.Type.MouseButtonPress,
    button: Qt.MouseButton = LEFT,
    buttons: Qt.MouseButton = LEFT,
) -> None:
    """Mouse events at positions between pixels, which QTest cannot make."""
    at = QPointF(*position)
    event = QMouseEvent(kind, at, view.mapToGlobal(at), button, buttons, NO_KEYS)
    QApplication.sendEvent(view, event)


def drag(view: QWidget, start: Place, *stops: Place) -> None:
    press(view, start)
    for stop in stops:
        press(view, stop, QEvent.Type.MouseMove, Qt.MouseButton.NoButton)
    press(view, stops[-1], QEvent.Type.MouseButtonRelease, LEFT, Qt.MouseButton.NoButton)


def turn_wheel(view: QWidget, position: Place, notches: float) -> None:
    at = QPointF(*position)
    event = QWheelEvent(
        at, view.mapToGlobal(at), QPoint(), QPoint(0, round(120 * notches)),
        Qt.MouseButton.NoButton, NO_KEYS, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


def middle(view: QWidget) -> QPointF:
    return QPointF(view.width() / 2, view.height() / 2)


def bright(widget: QWidget) -> int:
    """How many pixels of a grab are bright: the empty plane is near black."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    words = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return int(
        np.count_nonzero(words[:, : 4 * image.width()].reshape(-1, 4)[:, :3].max(axis=1) > 150)
    )
