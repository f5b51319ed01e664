"""Which key does what while the target editor has the keyboard."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt

from explorer.target.brush import Tool
from explorer.words.languages import mark, tr

TOOL_KEYS: Final = {
    Qt.Key.Key_B: Tool.BRUSH,
    Qt.Key.Key_E: Tool.ERASER,
    Qt.Key.Key_S: Tool.SMOOTH,
    Qt.Key.Key_L: Tool.LINE,
    Qt.Key.Key_F: Tool.FILL,
    Qt.Key.Key_T: Tool.TEXT,
    Qt.Key.Key_P: Tool.POINTS,
}
STRENGTH_KEYS: Final = {
    **{Qt.Key(Qt.Key.Key_0.value + tenth): tenth / 10 for tenth in range(1, 10)},
    Qt.Key.Key_0: 1.0,
}

# What the sheet of all keys says of them.
SHEET: Final = (
    ("B  E  S", mark("Brush, eraser, smooth")),
    ("L  F  T  P", mark("Line, fill, text, points")),
    ("[  ]", mark("Smaller or larger brush")),
    ("{  }", mark("Harder or softer brush")),
    ("1 … 0", mark("Strength of the brush")),
    ("← ↑ → ↓", mark("Move the brush")),
    ("Space", mark("Paint while it is held")),
    ("M", mark("Mirror")),
    ("R  =", mark("Presets, formula")),
    ("I  Del", mark("Invert, clear")),
)


def with_key(tip: str, key: str) -> str:
    """A hint with the key that does the same."""
    return tr("{tip} (key {key})").format(tip=tip, key=key)
