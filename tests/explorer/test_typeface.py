"""The program's own font: it has every character that is shown, and is used everywhere."""

import re
from pathlib import Path

import pytest
from PySide6.QtGui import QFont, QFontInfo, QFontMetricsF, QRawFont
from PySide6.QtWidgets import QLabel

from explorer import app as program
from explorer import resources, typeface
from explorer.theme import font_like, theme
from explorer.typeface import FILES

ROOT = Path(__file__).resolve().parents[2]
SHOWN = ("explorer/**/*.py", "flowengine/**/*.py", "resources/**/*.json", "resources/web/*")
NEVER_DRAWN = {"\n"}  # it ends a line


def files(*names):
    return [QRawFont(str(resources.path("fonts", name)), 12.0) for name in names]


def lacked_by(fonts, text):
    return {
        char
        for char in set(text) - NEVER_DRAWN
        if not any(font.supportsCharacter(ord(char)) for font in fonts)
    }


def test_every_character_that_is_shown_is_in_the_font(qapp):
    """Of all sources, not only of their texts: a formula of a remark may be shown tomorrow."""
    paths = [path for pattern in SHOWN for path in ROOT.glob(pattern)]
    text = "".join(path.read_text(encoding="utf-8") for path in paths)
    assert len(paths) > 200
    assert {"ễ", "∫", "−", "⁻", "→", "∇", "▾"} <= set(text)
    assert lacked_by(files(*FILES), text) == set()


def test_words_are_in_it_at_both_weights(qapp):
    text = "".join(
        path.read_text(encoding="utf-8") for path in resources.path("translations").glob("*.json")
    )
    for name in ("Inter-Regular.otf", "Inter-SemiBold.otf"):
        assert lacked_by(files(name), text) <= {"▾", "∝"}


def test_a_character_that_is_in_none_is_found(qapp):
    assert lacked_by(files(*FILES), "a\N{SNOWMAN}") == {"\N{SNOWMAN}"}


@pytest.mark.parametrize("weight", [QFont.Weight.Normal, QFont.Weight.DemiBold])
def test_the_window_writes_in_it(qapp, qtbot, weight):
    theme.apply(qapp)
    label = QLabel("Train")
    qtbot.addWidget(label)
    label.setStyleSheet(f"font-weight: {weight.value}")
    label.ensurePolished()
    assert QFontInfo(label.font()).family() == "Inter"
    own = QRawFont.fromFont(label.font())
    assert (own.familyName(), own.weight()) == ("Inter", weight.value)


def test_digits_are_equally_wide_and_letters_as_wide_at_every_size(qapp):
    theme.apply(qapp)
    widths = {QFontMetricsF(qapp.font()).horizontalAdvance(digit) for digit in "0123456789−"}
    assert len({round(width, 3) for width in widths}) <= 2  # the minus sign may differ
    font, wide = QFont(qapp.font()), []
    for pixels in (12, 13, 17):
        font.setPixelSize(pixels)
        wide.append(QFontMetricsF(font).horizontalAdvance("seconds of training") / pixels)
    assert max(wide) / min(wide) < 1.02


@pytest.mark.parametrize(
    ("points", "pixels", "inch", "expected"),
    [(9.0, -1, 96, 9.5), (11.0, -1, 96, 11.0), (13.0, -1, 72, 13.0), (9.5, -1, 72, 12.667),
     (-1, 20, 96, 15.0), (-1, 8, 96, 9.5)],
)  # fmt: skip
def test_words_are_as_large_as_the_systems_and_never_small(qapp, points, pixels, inch, expected):
    system = QFont()
    if points > 0:
        system.setPointSizeF(points)
    else:
        system.setPixelSize(pixels)
    font = font_like(system, inch)
    assert font.pointSizeF() == pytest.approx(expected, abs=1e-3)
    assert font.families()[: len(typeface.FAMILIES)] == list(typeface.FAMILIES)


@pytest.mark.parametrize("content", [None, b"", b"no font", b"OTTO" + bytes(400)])
def test_a_font_that_is_missing_or_damaged_is_told_apart(qapp, tmp_path, monkeypatch, content):
    if content is not None:
        (tmp_path / FILES[0]).write_bytes(content)
    monkeypatch.setattr(typeface, "FILES", FILES[:1])
    monkeypatch.setattr(resources, "path", lambda *parts: tmp_path / parts[-1])
    assert not typeface.register.__wrapped__()


def test_without_it_the_window_opens_and_says_so(qtbot, monkeypatch):
    monkeypatch.setattr(program.MainWindow, "start_engines", lambda self: None)
    monkeypatch.setattr(program, "_report_errors_in", lambda _window: None)
    monkeypatch.setattr(typeface, "register", lambda: False)
    window = program.open_window(None)
    qtbot.addWidget(window)
    assert window.isVisible()
    assert window.banner.text.startswith("The program's own font is missing or damaged")
    window.area.clock.pause()


def test_what_leaves_the_program_holds_its_letters():
    rules = typeface.style_rules()
    assert re.findall(r"font-weight: (\d+)", rules) == ["400", "600"]
    assert len(re.findall(r'url\("data:font/woff2;base64,d09GMk', rules)) == 2  # "wOF2"
    assert len(rules) < 90_000


def test_the_licence_is_beside_it():
    licence = resources.path("fonts", "LICENSE").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
