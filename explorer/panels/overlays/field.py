"""The velocity field of a continuous flow."""

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
    field = shot.film.field(shot.tau, shot.now)
    return strokes.field_lines(view, field) if field else None


OVERLAY: Final = Overlay(
    name="field",
    place=5,
    chip=mark("field"),
    meaning=mark("Show the velocity field at this t"),
    title=mark("Velocity field"),
    tip=mark("Show or hide the velocity field"),
    chips=("continuous",),
    on=("continuous",),
    needs="field",
    lines=_lines,
    depth=2,
)
