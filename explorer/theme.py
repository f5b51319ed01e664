"""Colours by role, and the look that follows from them.

The roles stand in `resources/themes/*.toml`, the look in `resources/themes/style.qss`. A widget
that paints for itself asks `theme.color(role)` and repaints on `theme.changed`; every other widget
gets its look from the style sheet, steered by its property `role`: "do", "chip", "tool", "flat",
"title", "muted", "figure" or "card".
"""

from __future__ import annotations

import math
import tomllib
from contextlib import contextmanager
from functools import lru_cache
from string import Template
from typing import TYPE_CHECKING, Any, Final, Literal

from PySide6.QtCore import QObject, Qt, QTemporaryDir, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QStyle, QStyleFactory, QWidget

from explorer import resources, typeface

if TYPE_CHECKING:
    from collections.abc import Iterator

Choice = Literal["dark", "light", "system"]
CHOICES: Final[tuple[Choice, ...]] = ("dark", "light", "system")
_SMALLEST_PIXELS: Final = 38 / 3  # 9.5 pt on a screen of 96 pixels to the inch
_SMALL: Final = 0.88  # of the usual type
_DARKEST_ON_PANEL: Final = 0.55  # lightness
_ICON: Final = 16  # logical pixels, beside type of the usual size
# The style sheet can show pictures from files only, so these are written out, tinted, once a theme.
_GLYPHS: Final = {
    "chevron_down": ("chevron-down", "text_muted"),
    "chevron_up": ("chevron-up", "text_muted"),
    "check": ("check", "accent_text"),
    "tick": ("check", "text"),
}
_PALETTE: Final = {
    QPalette.ColorRole.Window: "window",
    QPalette.ColorRole.WindowText: "text",
    QPalette.ColorRole.Base: "surface",
    QPalette.ColorRole.AlternateBase: "surface_raised",
    QPalette.ColorRole.Text: "text",
    QPalette.ColorRole.PlaceholderText: "text_muted",
    QPalette.ColorRole.Button: "surface_raised",
    QPalette.ColorRole.ButtonText: "text",
    QPalette.ColorRole.BrightText: "error",
    QPalette.ColorRole.ToolTipBase: "surface_raised",
    QPalette.ColorRole.ToolTipText: "text",
    QPalette.ColorRole.Highlight: "selection",
    QPalette.ColorRole.HighlightedText: "text",
    QPalette.ColorRole.Link: "accent",
    QPalette.ColorRole.Accent: "accent",
    QPalette.ColorRole.Mid: "border",
    QPalette.ColorRole.Dark: "border",
    QPalette.ColorRole.Light: "border",
    QPalette.ColorRole.Midlight: "border",
    QPalette.ColorRole.Shadow: "window",
}


class Theme(QObject):
    """The colours of the window, dark unless chosen otherwise.

    Attributes:
        choice: What was chosen: "dark", "light" or "system".
        name: What is shown: "dark" or "light".
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.choice: Choice = "dark"
        self.name = "dark"
        self._roles = _read_roles("dark")
        self._app: QApplication | None = None
        self._glyphs = QTemporaryDir()
        self._scale = 1.0

    def color(self, role: str) -> QColor:
        """The colour of a role.

        Raises:
            KeyError: the themes have no such role.
        """
        return QColor(self._roles[role])

    def on_panel(self, role: str) -> QColor:
        """A role's colour on the panels, which are dark in every theme: never a dark one."""
        colour = self.color(role)
        lightness = max(colour.lightnessF(), _DARKEST_ON_PANEL)
        return QColor.fromHslF(max(colour.hslHueF(), 0), colour.hslSaturationF(), lightness)

    @property
    def roles(self) -> tuple[str, ...]:
        """The names of all roles."""
        return tuple(self._roles)

    def set_theme(self, choice: Choice) -> None:
        """Show another theme from now on; "system" follows the desktop's light or dark mode.

        Raises:
            ValueError: `choice` is none of `CHOICES`.
        """
        if choice not in CHOICES:
            raise ValueError(f"The themes are {', '.join(CHOICES)}; got {choice!r}")
        self.choice = choice
        self._show(_system_name() if choice == "system" else choice)

    @property
    def scale(self) -> float:
        """How many times as large as usual words are shown."""
        return self._scale

    def set_scale(self, scale: float) -> None:
        """Show every word `scale` times as large as usual."""
        if scale == self._scale or self._app is None:
            return
        self._scale = scale
        font = QFont(self._font)
        font.setPointSizeF(scale * font.pointSizeF())
        self._app.setFont(font)
        self._dress(self._app)
        self.changed.emit()

    @contextmanager
    def painting_in(self, name: str) -> Iterator[None]:
        """Give the colours of another theme, at the usual size, to what is painted in the block.

        Nothing is told of it: it is for pictures that are taken away, and over before the window
        paints again.

        Raises:
            FileNotFoundError: there is no theme of that name; besides those to choose there is
                "paper", for print.
        """
        before = self.name, self._roles, self._scale
        self.name, self._roles, self._scale = name, _read_roles(name), 1.0
        try:
            yield
        finally:
            self.name, self._roles, self._scale = before

    def prepare(self, app: QApplication) -> None:
        """Give an application its style, font and palette: what widgets measure themselves by.

        The style sheet comes with `apply`. Where that comes last, it is worked out once for the
        whole window and not for each widget that joins it: a tenth of a second of the start.
        """
        if self._app is None:
            self._app = app
            app.styleHints().colorSchemeChanged.connect(self._follow_system)
            app.setStyle(QStyleFactory.create("Fusion"))
            typeface.register()
            inch = app.primaryScreen().logicalDotsPerInch()
            self._font = font_like(app.font(), inch)
            app.setFont(self._font)
            app.setPalette(self.palette())

    def apply(self, app: QApplication) -> None:
        """Dress an application, now and whenever the theme changes."""
        self.prepare(app)
        self._dress(app)

    def _follow_system(self) -> None:
        if self.choice == "system":
            self._show(_system_name())

    def _show(self, name: str) -> None:
        if name == self.name:
            return
        self.name = name
        self._roles = _read_roles(name)
        if self._app is not None:
            self._dress(self._app)
        self.changed.emit()

    def _dress(self, app: QApplication) -> None:
        app.setPalette(self.palette())
        app.setStyleSheet(self._style_sheet(app.font()))

    def palette(self) -> QPalette:
        """The palette that follows from the roles, for widgets that no style sheet reaches."""
        palette = QPalette()
        for part, role in _PALETTE.items():
            palette.setColor(part, self.color(role))
        faded = self.color("text_muted")
        faded.setAlphaF(0.55)
        for part in (
            QPalette.ColorRole.WindowText,
            QPalette.ColorRole.Text,
            QPalette.ColorRole.ButtonText,
        ):
            palette.setColor(QPalette.ColorGroup.Disabled, part, faded)
        return palette

    def _style_sheet(self, font: QFont) -> str:
        source = resources.path("themes", "style.qss").read_text(encoding="utf-8")
        points, line = font.pointSizeF(), QFontMetricsF(font).height()
        sizes = {
            "font_small": f"{points * _SMALL:.2f}pt",
            "font_figure": f"{points * 1.6:.2f}pt",
            "line": f"{max(18, math.ceil(line))}px",
            "line_small": f"{max(16, math.ceil(line * _SMALL))}px",
        }
        return Template(source).substitute(
            self._roles,
            **sizes,
            icon=f"{round(_ICON * self._scale)}px",
            accent_hover=mix(self.color("accent"), self.color("text"), 0.18).name(),
            hover=mix(self.color("surface_raised"), self.color("text"), 0.08).name(),
            chosen=mix(self.color("surface_raised"), self.color("accent"), 0.14).name(),
            faded=mix(self.color("text_muted"), self.color("surface"), 0.5).name(),
            **{name: self._glyph(name) for name in _GLYPHS},
        )

    def _glyph(self, name: str) -> str:
        path = f"{self._glyphs.path()}/{self.name}-{name}.svg"
        icon, role = _GLYPHS[name]
        source = resources.path("icons", f"{icon}.svg").read_text(encoding="utf-8")
        with open(path, "w", encoding="utf-8") as file:
            file.write(resources.tint(source, self._roles[role]))
        return path.replace("\\", "/")


def mix(first: QColor, second: QColor, share: float) -> QColor:
    """A colour between two: `share` 0 gives the first, 1 the second."""
    a: Any = first.getRgbF()
    b: Any = second.getRgbF()
    return QColor.fromRgbF(*((1 - share) * p + share * q for p, q in zip(a, b, strict=True)))


def set_role(widget: QWidget, role: str) -> None:
    """Change the property `role` of a widget that is already shown, and its look with it."""
    if widget.property("role") == role:
        return
    widget.setProperty("role", role)
    style: QStyle = widget.style()
    style.unpolish(widget)
    style.polish(widget)


@lru_cache(maxsize=3)
def _read_roles(name: str) -> dict[str, str]:
    return tomllib.loads(resources.path("themes", f"{name}.toml").read_text(encoding="utf-8"))


def roles_of(name: str) -> dict[str, str]:
    """The colours of the "dark" or the "light" theme, "#rrggbb" by role."""
    return dict(_read_roles(name))


def _system_name() -> str:
    light = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light
    return "light" if light else "dark"


def font_like(system: QFont, inch: float) -> QFont:
    """The program's face in the system's size, but never small, with digits of equal width.

    Hinting along the line would change how wide words are, from one set-up to the next.

    Args:
        system: The system's font.
        inch: How many pixels Qt takes for an inch: 96, but 72 on a Mac.
    """
    font = QFont(system)
    font.setFamilies([*typeface.FAMILIES, *system.families()])
    pixels = max(system.pixelSize(), _SMALLEST_PIXELS)  # a size of −1 is given in the other unit
    font.setPointSizeF(max(system.pointSizeF(), pixels * 72 / inch))
    font.setHintingPreference(QFont.HintingPreference.PreferVerticalHinting)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


theme: Final = Theme()
