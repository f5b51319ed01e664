"""What the window is sent of a lane that is no flow."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch

from flowengine.baselines.vae import Vae
from flowengine.bases import build_base, standard_normal_log_prob
from flowengine.catalogue import StandardNormal
from flowengine.objectives import DISPLAY_STREAM
from flowengine.pacing import Task
from flowengine.project import BASELINE_LANES
from flowengine.snapshots import CHUNK, METRICS_EVERY_S, SLICES, Display
from flowengine.targets.streams import derived_seed

if TYPE_CHECKING:
    from torch import Tensor

    from flowengine.bases import Base
    from flowengine.pacing import Work
    from flowengine.protocol import SetView
    from flowengine.trainer import Trainer

EXTENT_HALF = 4.0  # of the least square that is shown, as of a flow with a normal base
HEAT_SAMPLES = {"training": 16, "resting": 64}
HEAT_CHUNK = 256  # pixels, each decoded once for every sample
_OTHER_NOISE = 1


def display_of(trainer: Trainer, generation: int, view: SetView) -> Display:
    """What chooses, computes and paces the pictures of a lane."""
    kind = BaselineDisplay if trainer.lane in BASELINE_LANES else Display
    return kind(trainer, generation, view)


class BaselineDisplay(Display):
    """Particles that go straight from the latent space, and a VAE's density where it ends.

    A lane sends what its model has: particles of the generating direction always, those of the
    other only where there is an encoder; as a density the base and, of a VAE, the
    importance-weighted estimate of p(x). No grid, no field, no layers.
    """

    def _base(self) -> Base:
        """The latent space: the flows may start from another base, these models cannot."""
        return build_base(StandardNormal())

    def _make_tasks(self) -> None:
        self._half = EXTENT_HALF
        view, model = self.view, self.trainer.average
        self._tasks = {"metrics": Task(self._metrics, METRICS_EVERY_S)}
        if not view.visible:
            return
        if view.direction == "generate" or isinstance(model, Vae):
            for i in range(SLICES if view.particles else 0):
                self._tasks[f"particles {i}"] = Task(partial(self._particles, i), 0.5)
        if view.heat and view.direction == "generate" and isinstance(model, Vae):
            self._tasks["heat"] = Task(partial(self._heat, self._traits.heat_frames - 1), 0.5)
            self._tasks["heat 0"] = Task(partial(self._heat, 0), 2.0)
        self._make_start_urgent()

    def _particles(self, part: int, _training: bool) -> Work:
        points, model = self._start_points(), self.trainer.average.core
        pieces = points.tensor_split(SLICES)
        follow = model.trace if self.view.direction == "generate" else model.inverse_trace
        traces = []
        for chunk in pieces[part].split(CHUNK):
            with torch.no_grad():
                traces.append(follow(chunk, densities=False))
            yield
        if not traces:
            return None
        positions = torch.cat([t.positions for t in traces], dim=1)
        first = sum(map(len, pieces[:part]))
        return self._particle_frames(traces[0].tau, positions, first, len(points))

    def _start_points(self) -> Tensor:
        """The same points of the plane as in every lane, and what else the model takes."""
        points = super()._start_points()
        others = self.trainer.average.noise - 2
        if self.view.direction == "normalize" or not others:
            return points
        # Independent ones: another Sobol set would go in step with the points' own.
        seed = derived_seed(self.trainer.project.seed, DISPLAY_STREAM, _OTHER_NOISE)
        generator = torch.Generator().manual_seed(seed)
        noise = torch.randn(len(points), others, generator=generator)
        return torch.cat([points, noise.to(points)], dim=1)

    def _heat(self, index: int, training: bool) -> Work:
        quality = "training" if training else "resting"
        centres = self._cell_centres(
            self._shown_extent(), self._traits.heat_nodes[quality == "resting"]
        )
        parts = []
        for pixels in centres.split(HEAT_CHUNK):
            with torch.no_grad():
                parts.append(self._log_density_of(pixels, index, HEAT_SAMPLES[quality]))
            yield
        return self._heat_frame(index, self._traits.heat_frames, torch.cat(parts))

    def _log_density_of(self, pixels: Tensor, index: int, samples: int) -> Tensor:
        model = self.trainer.average.core
        if index == 0 or not isinstance(model, Vae):
            return standard_normal_log_prob(pixels)
        return model.iwae(pixels, samples)
