"""What the panels are measured by: the target's outline, and what their densities should become."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from flowengine.targets.sources import density_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from explorer.panels.flow_panel import FlowPanel
    from flowengine.project import Project, TargetSpec
    from flowengine.protocol import Direction

_BELL_CELLS: Final = 128
_BELL_EXTENT: Final = (-4.0, 4.0, -4.0, 4.0)


class TargetOverlay:
    """Gives each panel what the parts of its picture that are switched on need of the target."""

    def __init__(self) -> None:
        self._target: TargetSpec | None = None
        self._normal = True

    def set_project(self, project: Project) -> None:
        """Take up a document: its target, and whether its base is the standard normal."""
        self._target = project.target
        self._normal = "standard_normal" in (project.base, getattr(project.base, "kind", ""))

    def set_target(self, target: TargetSpec) -> None:
        """Take up a target that is still being drawn."""
        self._target = target

    def show_on(self, panels: Iterable[FlowPanel], direction: Direction) -> None:
        """Outline the target; compare with it, or with the base when that is where the way goes."""
        if self._target is None:
            return
        for panel in panels:
            if panel.shown.outline:
                panel.set_target_outline(density_of(self._target), self._target.extent)
            if not panel.shown.difference:
                continue
            if direction == "generate":
                panel.set_reference(density_of(self._target), self._target.extent)
            else:
                panel.set_reference(_bell() if self._normal else None, _BELL_EXTENT)


def _bell() -> NDArray[np.float64]:
    """The standard normal's density over `_BELL_EXTENT`, up to a factor."""
    low, high = _BELL_EXTENT[:2]
    side = low + (np.arange(_BELL_CELLS) + 0.5) * (high - low) / _BELL_CELLS
    across = np.exp(-np.square(side) / 2)
    return np.outer(across, across)
