"""The whole ways of some particles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from explorer.panels import strokes
from explorer.panels.overlay import Overlay
from explorer.words.languages import mark

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from explorer.panels.camera import View
    from explorer.panels.shot import Shot
    from explorer.panels.splat import Lines

_PATHS: Final = 140


def _lines(view: View, shot: Shot, _outline: NDArray[np.float64]) -> Lines | None:
    paths = shot.film.paths(shot.now, _PATHS)
    return strokes.path_lines(view, paths.positions, paths.hue) if paths else None


OVERLAY: Final = Overlay(
    name="paths",
    place=8,
    chip=mark("paths"),
    meaning=mark("Show the whole ways of some particles, from base to target"),
    title=mark("Paths"),
    tip=mark("Show or hide the whole ways of some particles in all panels"),
    more=("discrete", "continuous", "vae", "gan"),
    lines=_lines,
    depth=3,
)
