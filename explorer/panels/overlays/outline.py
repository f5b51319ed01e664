"""The target's outline."""

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


def _lines(view: View, _shot: Shot, outline: NDArray[np.float64]) -> Lines | None:
    return strokes.outline_lines(view, outline) if len(outline) else None


OVERLAY: Final = Overlay(
    name="outline",
    place=6,
    chip=mark("target"),
    meaning=mark("Show the outline of the target"),
    title=mark("Outline of the target"),
    tip=mark("Show or hide the outline of the target in all panels"),
    chips=("discrete", "continuous", "vae", "gan"),
    lines=_lines,
    depth=4,
)
