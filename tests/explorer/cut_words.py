"""Words that have too little room, and controls that lie on each other."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QLabel,
    QStackedLayout,
    QStyle,
    QStyleOptionComboBox,
    QTabBar,
    QTableView,
    QWidget,
)

from explorer.panels.head_line import _Title as Title

if TYPE_CHECKING:
    from PySide6.QtCore import QRect


def cut_in(widget: QWidget) -> list[str]:
    """The words that a widget has too little room for."""
    if isinstance(widget, QTabBar):
        return [widget.tabText(tab) for tab in range(widget.count()) if is_tab_cut(widget, tab)]
    if isinstance(widget, QTableView):
        return ["a column"] if widget.horizontalScrollBar().isVisible() else []
    if isinstance(widget, QComboBox):
        room = field_of(widget).width()
        wanted = widget.fontMetrics().horizontalAdvance(widget.currentText())
        return [widget.currentText()] if wanted > room else []
    if isinstance(widget, Title):  # which says less where there is less room
        return [widget.text()] if widget.shown.endswith("…") else []
    if isinstance(widget, QLabel) and widget.wordWrap():
        lines = widget.heightForWidth(widget.width())
        return [widget.text()] if lines > widget.height() else []
    if isinstance(widget, QAbstractButton | QLabel):
        return [widget.text()] if widget.sizeHint().width() > widget.width() else []
    return []


def is_tab_cut(bar: QTabBar, tab: int) -> bool:
    place = bar.tabRect(tab)
    seen = bar.rect().contains(place)
    return bar.isTabVisible(tab) and (place.width() < bar.tabSizeHint(tab).width() or not seen)


def field_of(box: QComboBox) -> QRect:
    option = QStyleOptionComboBox()
    box.initStyleOption(option)
    part = QStyle.SubControl.SC_ComboBoxEditField
    return box.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, part, box)


def every_cut(window: QWidget) -> list[str]:
    return [
        f"{type(widget).__name__}: {words}"
        for widget in window.findChildren(QWidget)
        if widget.isVisible()
        for words in cut_in(widget)
    ]


def overlaps_in(window: QWidget) -> list[str]:
    """Neighbours of one layout that lie on each other."""
    return [
        f"{type(first).__name__} on {type(second).__name__} in {type(parent).__name__}"
        for parent in [window, *window.findChildren(QWidget)]
        if parent.isVisible() and not isinstance(parent.layout(), QStackedLayout | None)
        for first, second in combinations(_laid_out(parent), 2)
        if first.geometry().intersects(second.geometry())
    ]


def _laid_out(parent: QWidget) -> list[QWidget]:
    layout = parent.layout()
    items = [layout.itemAt(index) for index in range(layout.count())] if layout else []
    widgets = [item.widget() for item in items if item is not None]
    return [widget for widget in widgets if widget is not None and widget.isVisible()]
