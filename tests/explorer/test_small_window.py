"""In the smallest usual window no word of a control is cut, in either language."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from explorer.words.languages import translator
from flowengine.project import Project, default_stack
from tests.explorer.cut_words import every_cut
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
