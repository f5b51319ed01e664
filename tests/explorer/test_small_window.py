"""In the smallest usual window no word of a control is cut, in either language."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLabel,
    QStyle,
    QStyleOptionComboBox,
    QTabBar,
    QWidget,
)

from explorer.panels.head_line import _Title as Title
from explorer.words.languages import translator
from flowengine.project import Project, default_stack
from tests.explorer.ledger_probe import continuous, discrete
from tests.explorer.windows import shown_window


@pytest.fixture(params=["en", "vi"])
def window(qtbot, qapp, monkeypatch, request):
    """All four lanes, a point asked about, and four tabs of models."""
    translator.set_language(request.param)
    project = Project(stack=default_stack(), compare=("vae", "gan"))
    with shown_window(project, qtbot, qapp, monkeypatch, particles=50) as window:
        window.resize(1100, 700)
        window.ledger.set_ledger(discrete())
        window.ledger.set_ledger(continuous())
        yield window


def cut_in(widget: QWidget) -> list[str]:
    """The words that a widget has too little room for."""
    if isinstance(widget, QTabBar):
        return [widget.tabText(tab) for tab in range(widget.count()) if is_tab_cut(widget, tab)]
    if isinstance(widget, QComboBox):
        room = field_of(widget).width()
        wanted = widget.fontMetrics().horizontalAdvance(widget.currentText())
        return [widget.currentText()] if wanted > room else []
    if isinstance(widget, Title):  # which says less where there is less room
        return [widget.text()] if widget.shown.endswith("…") else []
    if isinstance(widget, QAbstractButton) or (
        isinstance(widget, QLabel) and not widget.wordWrap()
    ):
        return [widget.text()] if widget.sizeHint().width() > widget.width() else []
    return []


def is_tab_cut(bar: QTabBar, tab: int) -> bool:
    place = bar.tabRect(tab)
    seen = bar.rect().contains(place)
    return bar.isTabVisible(tab) and (place.width() < bar.tabSizeHint(tab).width() or not seen)


def field_of(box: QComboBox):
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


def test_no_word_is_cut(window, qtbot):
    tabs = window.models.tabs
    for index in range(tabs.count()):
        tabs.setCurrentIndex(index)
        qtbot.waitUntil(lambda: every_cut(window) == [], timeout=3_000)


def test_the_button_of_more_switches_never_stands_alone(window, qtbot):
    """As it did at 1.5 times the usual size, where panels are narrow."""
    window.area.compare_chosen.emit(())
    window.resize(1100, 800)
    first = window.area.panels["discrete"]._chips._chips["density"]
    qtbot.waitUntil(first.isVisible)  # the panels are high enough for switches of their own
    for width in range(1100, 1500, 20):
        window.resize(width, 800)
        QApplication.processEvents()
        for panel in window.area.all_panels:
            more = panel._chips._more
            row = [chip for chip in panel._chips._chips.values() if chip.isVisible()]
            assert more.y() in [chip.y() for chip in row], (width, panel.title)
            assert more.geometry().right() < panel._chips.width()
