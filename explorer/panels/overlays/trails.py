"""Where particles have just been."""

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

_TRAILS: Final = 500


def _lines(view: View, shot: Shot, _outline: NDArray[np.float64]) -> Lines | None:
    if len(shot.trail) < 2:
        return None
    trails = shot.film.trails(shot.trail, shot.now, _TRAILS)
    return strokes.trail_lines(view, trails.positions, trails.hue) if trails else None


OVERLAY: Final = Overlay(
    name="trails",
    place=4,
    chip=mark("trails"),
    meaning=mark("Show where the particles come from"),
    title=mark("Trails"),
    tip=mark("Show or hide the trails of the particles in all panels"),
    chips=("discrete", "continuous", "vae", "gan"),
    on=("continuous",),
    lines=_lines,
    depth=2,
    moves=True,
)
