"""The particles, drawn by `rasterizer.Rasterizer`."""

from __future__ import annotations

from typing import Final

from explorer.panels.overlay import Overlay
from explorer.words.languages import mark

OVERLAY: Final = Overlay(
    name="points",
    place=2,
    chip=mark("points"),
    meaning=mark("Show the particles; their colour is the angle of their z"),
    title=mark("Points"),
    tip=mark("Show or hide the particles in all panels"),
    chips=("discrete", "continuous", "vae", "gan"),
    on=("discrete", "continuous", "vae", "gan"),
)
