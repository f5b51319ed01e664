"""The density as colours, drawn by `ground.Ground`."""

from __future__ import annotations

from typing import Final

from explorer.panels.overlay import Overlay
from explorer.words.languages import mark

OVERLAY: Final = Overlay(
    name="density",
    place=1,
    chip=mark("density"),
    meaning=mark("Show the density"),
    title=mark("Density"),
    tip=mark("Show or hide the density in all panels"),
    chips=("discrete", "continuous", "vae"),
    on=("discrete", "continuous", "vae"),
    needs="heat",
)
