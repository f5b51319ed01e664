"""What the panels are measured by: the target's outline, and what their densities should become."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from explorer.base_density import base_density, is_learned, reach
from explorer.words.languages import tr
from flowengine.catalogue import StandardNormal
from flowengine.frame import Frame, frame_of
from flowengine.project import DEFAULT_EXTENT
from flowengine.targets.sources import density_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from explorer.panels.flow_panel import FlowPanel
    from flowengine.catalogue import BaseSpec
    from flowengine.project import Extent, Project, TargetSpec
    from flowengine.protocol import Direction

_CELLS: Final = 256
_LEAST_REACH: Final = 4.0


class TargetReference:
    """Gives each panel what the parts of its picture that are switched on need of the target."""

    def __init__(self) -> None:
        self._target: TargetSpec | None = None
        self._base: BaseSpec = StandardNormal()

    def set_project(self, project: Project) -> None:
        """Take up a document: its target and its base."""
        self._target = project.target
        self._base = project.base

    def set_target(self, target: TargetSpec) -> None:
        """Take up a target that is still being drawn."""
        self._target = target

    def show_on(self, panels: Iterable[FlowPanel], direction: Direction) -> None:
        """Outline the target; compare with it, or with the base when that is where the way goes."""
        if self._target is None:
            return
        reason = self._hindrance(direction)
        for panel in panels:
            panel.set_hindrance("difference", reason)
            if panel.shown.outline:
                panel.set_target_outline(density_of(self._target), DEFAULT_EXTENT)
            if not panel.shown.difference:
                continue
            if direction == "generate":
                panel.set_reference(density_of(self._target), DEFAULT_EXTENT)
            else:
                frame = frame_of(self._target).seen_from(Frame.of(self._target.extent))
                density, extent = (None, DEFAULT_EXTENT) if reason else _base(self._base, frame)
                panel.set_reference(density, extent, is_base=True)

    def _hindrance(self, direction: Direction) -> str:
        """Why there is no difference to show; "" where there is one."""
        if direction == "generate" or not is_learned(self._base):
            return ""
        return tr(
            "The base is learned, so the window does not know what the way back leads to; "
            "the density is shown instead"
        )


@lru_cache(maxsize=2)
def _base(base: BaseSpec, frame: Frame) -> tuple[NDArray[np.float64] | None, Extent]:
    """A base's density on a square that holds it, and that square, both as the panels have it."""
    side = max(reach(base), _LEAST_REACH)
    extent = (-side, side, -side, side)
    density = base_density(base, _CELLS, extent)
    shown = None if density is None else density / math.exp(frame.log_area)
    return shown, frame.data_extent(extent)
