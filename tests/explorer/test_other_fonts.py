"""The window with the fonts that stand in for the program's own, and with larger letters.

Nothing is cut and nothing lies on anything else, at 1100×700, with all lanes.
"""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from PySide6.QtGui import QFont, QFontInfo
from PySide6.QtWidgets import QDialog

from explorer.export.formats import FORMATS
from explorer.theme import theme
from explorer.words.languages import translator
from flowengine.project import Project, default_stack
from tests.explorer.cut_words import every_cut, overlaps_in
from tests.explorer.ledger_probe import continuous, discrete
from tests.explorer.windows import shown_window

OWN = "Inter"
SPACED = "Inter, spaced"  # a tenth wider, wherever nothing else is installed
FAMILIES = ("DejaVu Sans", "Liberation Sans", "Nimbus Sans", "P052", "Noto Sans")
WINDOWS = [
    (OWN, 1.25, "vi"), (OWN, 1.5, "en"), (OWN, 1.5, "vi"), (SPACED, 1.0, "vi"),
    ("DejaVu Sans", 1.25, "vi"), ("DejaVu Sans", 1.5, "en"),
    *((family, 1.0, "vi") for family in FAMILIES),
]  # fmt: skip
# Said by Qt's offscreen platform of every popup.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (grabbing|raise)")


@contextmanager
def letters(app, family, scale):
    """Everything in another family and size, as a system would have it."""
    own = theme._font
    font = QFont(own)
    font.setPointSizeF(scale * own.pointSizeF())
    if family == SPACED:
        font.setLetterSpacing(QFont.SpacingType.PercentageSpacing, 110)
    elif family != OWN:
        font.setFamilies([family])
        if not QFontInfo(font).family().startswith(family):  # "Nimbus Sans [urw]"
            pytest.skip(f"{family} is not installed")
    theme._font = font
    app.setFont(font)
    theme.apply(app)
    try:
        yield
    finally:
        theme._font = own
        app.setFont(own)
        theme.apply(app)


@pytest.fixture(params=WINDOWS, ids=lambda case: " ".join(map(str, case)))
def window(qtbot, qapp, monkeypatch, request):
    family, scale, language = request.param
    translator.set_language(language)
    project = Project(stack=default_stack(), compare=("vae", "gan"))
    with (
        letters(qapp, family, scale),
        shown_window(project, qtbot, qapp, monkeypatch, particles=50) as window,
    ):
        window.resize(1100, 700)
        window.ledger.set_ledger(discrete())
        window.ledger.set_ledger(continuous())
        yield window


def expect_no_fault(qtbot, window):
    def whole():
        assert every_cut(window) + overlaps_in(window) == []

    qtbot.waitUntil(whole, timeout=3_000)


def test_no_word_is_cut_in_another_font(window, qtbot):
    tabs = window.models.tabs
    for index in range(tabs.count()):
        tabs.setCurrentIndex(index)
        expect_no_fault(qtbot, window)
    window.actions_["export"].trigger()
    dialog = window.exporter.dialog
    for choice in FORMATS:
        dialog.choose(choice.id)
        expect_no_fault(qtbot, dialog)
    dialog.close()
    for name in ("palette", "glossary", "shortcuts", "about"):
        window.actions_[name].trigger()
        for dialog in filter(QDialog.isVisible, window.findChildren(QDialog)):
            expect_no_fault(qtbot, dialog)
            dialog.close()
