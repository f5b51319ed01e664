"""Small buttons, and rows of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QPushButton, QWidget

from explorer.widgets.flow_layout import FlowLayout

if TYPE_CHECKING:
    from collections.abc import Iterable

SPACING: Final = 4


def chip(*, checkable: bool = False, role: str = "chip") -> QPushButton:
    """A small button without words as yet; one of the role "tool" shows an icon only."""
    button = QPushButton()
    button.setProperty("role", role)
    button.setCheckable(checkable)
    button.setAutoDefault(False)
    return button


def flow(widgets: Iterable[QPushButton]) -> FlowLayout:
    """Buttons in as many rows as they need."""
    layout = FlowLayout(spacing=SPACING)
    for widget in widgets:
        layout.addWidget(widget)
    return layout


def say(button: QPushButton, text: str, tip: str, name: str = "") -> None:
    """Give a button its words, its hint, and its name for those who hear it."""
    button.setText(text)
    button.setAccessibleName(name or text)
    button.setToolTip(tip)


def below(widget: QWidget) -> QPoint:
    """Where on the screen a popup of a control begins."""
    return widget.mapToGlobal(QPoint(0, widget.height() + 2))
