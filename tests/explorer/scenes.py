"""A scene of two small panels, as the window would give it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from explorer.export.scene import Scene, Sight
from explorer.panels.camera import Camera
from explorer.panels.flow_panel import FlowPanel
from tests.explorer.film_messages import field, grid, heat, particles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from flowengine.project import Lane

LAYERS = 2
CELLS = 24


def bell(frames: int, width: float) -> list[NDArray[np.float64]]:
    """Densities of a round bell that grows narrower, shape (frames, CELLS, CELLS)."""
    axis = np.linspace(-4, 4, CELLS)
    squared = axis[:, None] ** 2 + axis[None] ** 2
    return [np.exp(-squared / (2 * width ** (k + 1) ** 2)) for k in range(frames)]


def scene_of(
    *, tau: float = 0.6, lanes: Sequence[Lane] = ("discrete", "continuous"), empty: bool = False
) -> Scene:
    """Panels with particles, a density, a grid and a field that move along the clock."""
    panels = []
    for lane in lanes:
        panel = FlowPanel(lane, Camera())
        if lane == "discrete":
            panel.set_layers(LAYERS, ["Scale and shift", "Rotation"])
        panel.set_figures(0.0123)
        if not empty:
            _fill(panel, lane)
        panels.append(panel.copy())
        panel.deleteLater()
    return Scene("star", tuple(panels), Sight(0.0, 0.0, 4.2), tau, "generate")


def without(scene: Scene, *names: str) -> Scene:
    """The scene with parts of its pictures switched off."""
    off = dict.fromkeys(names, False)
    panels = [replace(panel, shown=replace(panel.shown, **off)) for panel in scene.panels]
    return replace(scene, panels=tuple(panels))


def _fill(panel: FlowPanel, lane: Lane) -> None:
    base = np.random.default_rng(1).normal(size=(300, 2))
    shares = np.linspace(1, 0.4, 2 * LAYERS + 1)[:, None, None]
    panel.take(particles(base * shares, lane=lane), 0.0)
    for k, density in enumerate(bell(2, 0.9)):
        panel.take(heat(density, lane=lane, index=k, frames=2), 0.0)
    mesh = np.stack(np.meshgrid(*[np.linspace(-2, 2, 9)] * 2), axis=-1)
    panel.take(grid(mesh * shares[..., None], lane=lane), 0.0)
    if lane == "continuous":
        panel.take(field(np.full((2, 8, 8, 2), 0.5)), 0.0)
