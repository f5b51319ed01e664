"""The field that a velocity is learned from."""

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
    field = shot.film.field(shot.tau, shot.now, exact=True)
    return strokes.field_lines(view, field, exact=True) if field else None


OVERLAY: Final = Overlay(
    name="exact",
    place=9,
    chip=mark("exact field"),
    meaning=mark("Show in dashes the field that the velocity should become"),
    title=mark("Exact field"),
    tip=mark("Show or hide in dashes the field that the velocity should become"),
    more=("continuous",),
    needs="exact_field",
    lines=_lines,
    depth=1,
)
