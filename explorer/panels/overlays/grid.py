"""The grid of the plane, warped as the model warps the plane."""

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


def _lines(view: View, shot: Shot, _outline: NDArray[np.float64]) -> Lines | None:
    mesh = shot.film.grid(shot.tau, shot.now)
    return strokes.mesh_lines(view, mesh) if mesh else None


OVERLAY: Final = Overlay(
    name="grid",
    place=3,
    chip=mark("grid"),
    meaning=mark(
        "Show the warped grid, tinted by log|det|: orange where the plane has been stretched, "
        "blue where it has been squeezed"
    ),
    title=mark("Warped grid"),
    tip=mark("Show or hide the warped grid"),
    chips=("discrete",),
    on=("discrete",),
    needs="grid",
    lines=_lines,
    depth=1,
    moves=True,
)
