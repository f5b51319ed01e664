"""By how much a density differs from the target, drawn by `ground.Ground` in its place."""

from __future__ import annotations

from typing import Final

from explorer.panels.overlay import Overlay
from explorer.words.languages import mark

OVERLAY: Final = Overlay(
    name="difference",
    place=7,
    chip=mark("difference, model − target"),
    meaning=mark(
        "Show by how much the density exceeds the target (orange) or falls short (blue); "
        "on the way back, the base"
    ),
    title=mark("Difference, model − target"),
    tip=mark("Show or hide by how much each density differs from the target"),
    more=("discrete", "continuous", "vae"),
    needs="heat",
)
