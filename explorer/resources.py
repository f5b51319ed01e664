"""Files that ship with the program: icons, themes, translations, examples."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QColor

import resources


def path(*parts: str) -> Path:
    """Where a file of the `resources` folder lies: `path("examples", "star.flow")`."""
    return Path(resources.__path__[0]).joinpath(*parts)


def tint(source: str, colour: str) -> str:
    """The text of an icon drawn in `colour` ("#rrggbb")."""
    return source.replace("currentColor", QColor(colour).name())
