"""Every role in every theme, readable, and a window that changes with them."""

import itertools
import re
import tomllib

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QLineEdit,
    QMenu,
    QPushButton,
    QSpinBox,
)

from explorer import resources
from explorer.icons import icon
from explorer.theme import theme

ROLES = {
    *("window", "surface", "surface_raised", "border", "text", "text_muted", "accent"),
    *("accent_text", "discrete", "continuous", "target", "error", "warning", "success"),
    *("panel", "grid_line", "selection", "control"),
}

LANES = ("discrete", "continuous", "vae", "gan", "target")
WRITTEN = (*LANES, "accent", "error", "warning", "success")  # roles that words are written in


def luminance(colour) -> float:
    def linear(c):
        return c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4

    r, g, b, _ = colour.getRgbF()
    return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)


def contrast(first: str, second: str) -> float:
    """WCAG 2 contrast ratio of two roles."""
    a, b = sorted((luminance(theme.color(first)), luminance(theme.color(second))))
    return (b + 0.05) / (a + 0.05)


@pytest.fixture(params=["dark", "light"])
def each_theme(request, qapp):
    theme.set_theme(request.param)
    return request.param


def test_all_themes_and_paper_have_the_same_roles():
    tables = [
        tomllib.loads(resources.path("themes", f"{name}.toml").read_text(encoding="utf-8"))
        for name in ("dark", "light", "paper")
    ]
    assert set(tables[0]) == set(tables[1]) == set(tables[2]) >= ROLES


@pytest.mark.parametrize(
    ("ink", "paper", "least"),
    [
        ("text", "window", 7.0),
        ("text", "surface", 7.0),
        ("text", "surface_raised", 7.0),
        ("text_muted", "surface", 4.5),
        ("text_muted", "surface_raised", 4.5),
        ("text_muted", "selection", 4.5),
        ("accent_text", "accent", 4.5),
        *((role, "surface", 4.5) for role in WRITTEN),
        *((role, "surface_raised", 4.5) for role in WRITTEN),
        ("panel_text", "panel", 7.0),
        ("panel_muted", "panel", 4.5),
        *((role, "panel", 3.0) for role in LANES),
        ("control", "window", 3.0),
        ("control", "surface", 3.0),
        ("control", "surface_raised", 3.0),
    ],
)
def test_ink_is_readable_on_its_paper(each_theme, ink, paper, least):
    assert contrast(ink, paper) >= least


@pytest.mark.parametrize("role", ["text", "text_muted", *WRITTEN])
def test_ink_is_readable_in_print(qapp, role):
    with theme.painting_in("paper"):
        assert contrast(role, "window") >= 4.5


def test_words_and_lines_on_the_panels_are_light_in_every_theme(each_theme):
    ground = luminance(theme.color("panel")) + 0.05
    assert (luminance(theme.on_panel("accent")) + 0.05) / ground >= 4.5
    assert min(luminance(theme.on_panel(role)) + 0.05 for role in LANES) / ground >= 3.0


# What an eye sees that lacks one kind of cone, of linear light (Machado et al., 2009).
EYES = {
    "all": np.eye(3),
    "no red": np.array(
        [[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0520]]
    ),
    "no green": np.array(
        [[0.3673, 0.8606, -0.2280], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]]
    ),
    "no blue": np.array(
        [[1.2555, -0.0767, -0.1788], [-0.0784, 0.9308, 0.1476], [0.0047, 0.6914, 0.3039]]
    ),
}


def lab(colour, eye):
    """CIELAB of a colour as an eye sees it."""
    rgb = np.array(colour.getRgbF()[:3])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(
        [[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]]
    )
    xyz = to_xyz @ np.clip(EYES[eye] @ linear, 0, 1) / (0.9505, 1.0, 1.0888)
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("eye", EYES)
def test_every_eye_tells_the_solvers_apart(each_theme, eye):
    roles = [role for role in theme.roles if role.startswith("solver_")]
    assert len(roles) == 6
    seen = [lab(theme.color(role), eye) for role in roles]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 25
    assert min(contrast(role, "surface") for role in roles) > 3


def test_a_role_that_is_none_is_an_error(qapp):
    with pytest.raises(KeyError):
        theme.color("mauve")


def test_applying_dresses_the_application_and_follows_changes(qapp, qtbot):
    theme.apply(qapp)
    button = QPushButton("Train")
    button.setProperty("role", "do")
    qtbot.addWidget(button)
    button.resize(120, 40)
    button.show()

    def painted():
        return button.grab().toImage().pixelColor(60, 6)

    assert painted() == theme.color("accent")
    with qtbot.waitSignal(theme.changed):
        theme.set_theme("light")
    assert qapp.palette().color(QPalette.ColorRole.Window) == theme.color("window")
    assert painted() == theme.color("accent")


def test_the_style_sheet_is_one_that_qt_understands(each_theme, qapp):
    theme.apply(qapp)  # Qt warns about what it can't parse, and warnings fail tests
    assert "$" not in qapp.styleSheet()
    for file in re.findall(r'url\("(.+?)"\)', qapp.styleSheet()):
        with open(file, encoding="utf-8") as svg:
            assert "currentColor" not in svg.read()


def test_digits_are_equally_wide(qapp):
    theme.apply(qapp)
    assert qapp.font().featureValue(QFont.Tag("tnum")) == 1


def test_system_follows_the_desktop(qapp):
    theme.set_theme("light")
    theme.set_theme("system")
    assert theme.choice == "system"
    assert theme.name in ("dark", "light")


def test_icons_are_drawn_in_the_colour_of_their_role(qapp):
    image = icon("square", "discrete").pixmap(24, 24).toImage()
    colours = {
        image.pixelColor(x, y).name()
        for x in range(image.width())
        for y in range(image.height())
        if image.pixelColor(x, y).alpha() == 255
    }
    assert colours == {theme.color("discrete").name()}


def test_an_icon_that_is_none_is_an_error(qapp):
    with pytest.raises(FileNotFoundError):
        icon("no-such-icon")


def test_a_picture_is_painted_in_other_colours_and_the_window_hears_nothing(each_theme, qtbot):
    own = theme.color("window")
    with qtbot.assertNotEmitted(theme.changed):
        with theme.painting_in("paper"):
            assert theme.color("window").name() == "#ffffff"
            assert theme.name == "paper"
        assert (theme.name, theme.color("window")) == (each_theme, own)
        with pytest.raises(FileNotFoundError), theme.painting_in("mauve"):
            pass
    assert (theme.name, theme.color("window")) == (each_theme, own)


@pytest.mark.parametrize("field", [QComboBox, QSpinBox, QDoubleSpinBox])
def test_the_fields_of_a_form_are_equally_high(qapp, qtbot, field):
    theme.apply(qapp)
    plain, other = QLineEdit(), field()
    for widget in (plain, other):
        qtbot.addWidget(widget)
        widget.ensurePolished()
    assert other.sizeHint().height() == plain.sizeHint().height()


# Said by Qt's offscreen platform of every popup.
@pytest.mark.qt_log_ignore("This plugin does not support (grabbing|raise)")
def test_a_choice_of_a_menu_has_a_mark_as_large_as_an_icon(each_theme, qapp, qtbot):
    theme.apply(qapp)
    menu = QMenu()
    qtbot.addWidget(menu)
    action = menu.addAction("English")
    action.setCheckable(True)
    menu.popup(QPoint(0, 0))

    def inked():
        picture = menu.grab().toImage()
        place = menu.actionGeometry(action)
        ink, words = theme.color("text").lightness(), place.left() + 30
        rows = [
            y
            for y in range(place.top(), place.bottom())
            for x in range(place.left(), words)
            if abs(picture.pixelColor(x, y).lightness() - ink) < 60
        ]
        return max(rows) - min(rows) if rows else 0

    assert inked() == 0
    action.setChecked(True)
    assert inked() >= 7
    menu.close()
