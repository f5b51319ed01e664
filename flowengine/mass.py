"""Whether a model's density is one: ∫ q dx over the whole plane, and what KL is if it is not 1.

The layers of a stack can be undone whatever their weights are, so their density is one by
construction, if their log_det is right. A solver's steps can fold the plane: then points that no
sample ever reaches are sent into the base as well, and the mass is above 1.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch

from flowengine.distances import finished
from flowengine.errors import NumericsError, phrase
from flowengine.quadrature import Frame, Integral, Seen, integrating
from flowengine.targets.streams import sobol_points

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from torch import Tensor

    from flowengine.flow import Flow
    from flowengine.model import Model
    from flowengine.project import Extent

NORMALIZED = 2e-3
"""A density whose log mass is no farther from 0 is one, in nats."""
WORST = 0.05
"""A mass that may be off by a larger share of itself is not given."""
REGION = "the whole plane"
CHUNK = 1_024
USUAL_STEPS = 8
MASS_EVERY_S, MASS_LATER_S = 6.0, 60.0
"""Of training, between two looks at the mass: at first, and at the most."""
_SEED = 0x5EED
_RETURNED = 0.05  # of the base's reach: a point that comes back so near has come back
_SAME_PLACE = 0.02  # of the half extent, for points of the plane


class Mass(NamedTuple):
    """What ∫ q dx over the whole plane came to.

    Attributes:
        value: None where it could not be measured: `note` says why.
        error: What the value may be off by; infinite where there is no telling.
        note: A sentence; empty where the density is one.
    """

    value: float | None
    error: float
    note: str = ""

    @property
    def is_one(self) -> bool:
        """Whether nothing that was measured speaks against a density."""
        return self.value is not None and self.excess == 0

    @property
    def excess(self) -> float:
        """What KL of q lacks to that of the density q / mass, in nats: log mass, or 0 if it is one.

        Infinite where the mass is not known, or 0.
        """
        if not self.value:
            return math.inf
        excess = math.log(self.value)
        return 0.0 if abs(excess) <= max(NORMALIZED, self.error / self.value) else excess


CERTAIN = Mass(1.0, 0.0)
"""Of a map that can be undone by construction; not measured."""


class Effort(NamedTuple):
    """How closely a mass is looked at.

    Attributes:
        samples: Points of the model that are followed there and back.
        budget: Points of the plane that are looked at.
        tolerance: Of the whole integral, and of what no sample reaches.
    """

    samples: int
    budget: int
    tolerance: tuple[float, ...]

    def at(self, flow: Flow) -> Effort:
        """The same time for a flow that takes more steps than usual: fewer points."""
        steps = getattr(flow, "step_count", USUAL_STEPS)
        share = min(1.0, max(0.4, USUAL_STEPS / steps))
        return self._replace(budget=int(share * self.budget))


class MassWatch:
    """What is known of a model's mass while it trains.

    Attributes:
        mass: As it was last measured; until then it is taken for 1.
        step: At which step that was.
    """

    def __init__(self) -> None:
        self.mass = CERTAIN
        self.step = 0
        self._seconds = 0.0
        self._said = 0  # nothing, that there is no mass, or how much there is

    def is_due(self, step: int, seconds: float) -> bool:
        """Whether it should be measured anew at this step, after so much training.

        A model that learns changes about as much from 10 to 20 s as from 20 to 40 s.
        """
        wait = min(max(MASS_EVERY_S, self._seconds / 2), MASS_LATER_S)
        return step != self.step and seconds - self._seconds >= wait

    def learn(self, mass: Mass, step: int, seconds: float) -> str:
        """Take a measurement in; a sentence, where the model has ceased to be a density with it."""
        self.mass, self.step, self._seconds = mass, step, seconds
        known = 0 if mass.is_one else 1 if mass.value is None else 2
        news = mass.note if known > self._said else ""
        self._said = max(self._said, known) if known else 0
        return news


STACK = Effort(8_192, 400_000, (3e-4,))
CONTINUOUS = Effort(4_096, 16_000, (1e-2, 2e-4))
FOLDED = CONTINUOUS._replace(budget=64_000)
LIVE = Effort(512, 3_000, (math.inf, 1e-3))


def may_fold(model: Model) -> bool:
    """Whether a model's map could cover a part of the plane twice, for some weights."""
    return bool(getattr(model, "may_fold", False))


def mass_of(flow: Flow, extent: Extent) -> Mass:
    """∫ q dx over the whole plane, by adaptive quadrature.

    Raises:
        NumericsError: the flow sends points of its base to NaN or infinity, or has no density.
    """
    if not may_fold(flow):
        return finished(measuring(flow, extent, STACK))
    found = finished(measuring(flow, extent, CONTINUOUS.at(flow)))
    if found.value is None:  # folds take a closer look, which nothing else has to wait for
        found = finished(measuring(flow, extent, FOLDED))
    return found


def live_mass(flow: Flow, extent: Extent) -> Generator[None, None, Mass]:
    """`mass_of` at a tenth of its cost, in parts; of a map that cannot fold it is `CERTAIN`.

    Where the flow gives NaN or infinity there is no mass.
    """
    if not may_fold(flow):
        return CERTAIN
    try:
        return (yield from measuring(flow, extent, LIVE))
    except NumericsError as error:
        return Mass(None, math.inf, error.sentence)


def measuring(flow: Flow, extent: Extent, effort: Effort) -> Generator[None, None, Mass]:
    """∫ q dx, in parts.

    Of a map that may fold the mass is what its samples carry, and what lies where no sample comes
    from: P(z comes back) + ∫ q over the points that do not come back. The first is 1 and the second
    0 for a map that can be undone, without an error; and neither asks for a quadrature of sharp
    features, in which a small excess would be lost. It is believed if the plain quadrature of q
    does not speak against it.
    """
    flow, extent = flow.core, flow.frame.normal_extent(extent)
    z = flow.base.from_uniform(sobol_points(effort.samples, 2, _SEED)).float()
    samples = _followed(flow, z)
    yield
    frame, reach = _frame(samples, extent), float(flow.base.reach)
    if not may_fold(flow):
        sight = integrating(
            lambda x: Seen(*_density(flow, x)),
            frame,
            crowd=samples,
            reach=reach,
            tolerance=effort.tolerance,
            budget=effort.budget,
        )
        return _judged(*_only((yield from sight)))
    back = torch.cat([flow.inverse(part)[0] for part in samples.to(_like(flow)).split(CHUNK)])
    share = float(((back.to(z) - z).norm(dim=1) < _RETURNED * reach).double().mean())
    yield
    found = yield from integrating(
        _ghosts_of(flow, frame, reach),
        frame,
        crowd=samples,
        reach=reach,
        tolerance=effort.tolerance,
        budget=effort.budget,
    )
    whole, ghosts = found.values.tolist()
    whole_error, ghosts_error = found.errors.tolist()
    spread = math.sqrt(share * (1 - share) / len(z)) + 1 / len(z)
    value, error = share + ghosts, ghosts_error + 2 * spread
    if effort is not LIVE and abs(whole - value) > whole_error:
        value, error = whole, whole_error
    return _judged(value, error)


def _only(found: Integral) -> tuple[float, float]:
    return float(found.values[0]), float(found.errors[0])


def _judged(value: float, error: float) -> Mass:
    """A mass, or the sentence that says why there is none."""
    if not math.isfinite(value) or not error <= WORST * value:
        return Mass(
            None,
            error,
            phrase(
                "The density's mass over the whole plane could not be measured: {value}, "
                "give or take {error}",
                value=f"{value:.3g}",
                error=f"{error:.2g}",
            ),
        )
    mass = Mass(value, error)
    if mass.is_one:
        return mass
    return mass._replace(
        note=phrase(
            "Not a density: its mass over the whole plane is {value}, give or take "
            "{error}; KL and NLL are those of the density that is left when it is "
            "divided by its mass",
            value=f"{value:.4g}",
            error=f"{error:.2g}",
        )
    )


def _frame(samples: Tensor, extent: Extent) -> Frame:
    """About where a model and its target lie.

    Raises:
        NumericsError: the samples are not finite.
    """
    if not torch.isfinite(samples).all():
        raise NumericsError("The model sends points of its base to NaN or infinity")
    corners = torch.tensor(extent).view(2, 2).T
    low = torch.minimum(samples.quantile(0.002, dim=0), corners[0])
    high = torch.maximum(samples.quantile(0.998, dim=0), corners[1])
    return Frame.around(low, high)


def _ghosts_of(flow: Flow, frame: Frame, reach: float) -> Callable[[Tensor], Seen]:
    """What is integrated: q, and q where a point is not where its image is sent back to."""
    near = _SAME_PLACE * float(frame.half.min())

    def look(x: Tensor) -> Seen:
        density, z = _density(flow, x)
        ghost = torch.zeros_like(density[:, 0])
        seen = (z.norm(dim=1) < 1.2 * reach).nonzero()[:, 0]
        if len(seen):
            missed = (_followed(flow, z[seen]).double() - x[seen]).norm(dim=1)
            # about how far that is in the base: two sheets of a small fold are near in the plane
            stretch = (density[seen, 0] / _base_density(flow, z[seen])).sqrt()
            returned = (missed < near) & (missed * stretch < _RETURNED * reach)
            ghost[seen] = torch.where(returned, 0.0, density[seen, 0])
        return Seen(torch.stack([density[:, 0], ghost], dim=1), z)

    return look


@torch.no_grad()
def _density(flow: Flow, x: Tensor) -> tuple[Tensor, Tensor]:
    """Q, shape (n, 1) float64, and the images in the base, shape (n, 2), on the CPU.

    Raises:
        NumericsError: q is infinite, or NaN in a map that is defined everywhere.
    """
    parts = [flow.inverse(part) for part in x.to(_like(flow)).split(CHUNK)]
    z = torch.cat([part for part, _ in parts])
    log_q = flow.base.log_prob(z) + torch.cat([log_det for _, log_det in parts])
    if may_fold(flow):  # the solver's steps can overflow far from the data
        log_q = log_q.masked_fill(log_q.isnan(), -math.inf)
    density = log_q.cpu().double().exp()
    if not torch.isfinite(density).all():
        raise NumericsError("The model gives no finite density at some points of the plane")
    return density[:, None], z.cpu().double()


@torch.no_grad()
def _base_density(flow: Flow, z: Tensor) -> Tensor:
    return flow.base.log_prob(z.to(_like(flow))).cpu().double().exp().clamp(min=1e-30)


@torch.no_grad()
def _followed(flow: Flow, z: Tensor) -> Tensor:
    """Where points of the base go, shape (n, 2), float64 on the CPU."""
    flow = flow.sketched()  # whether a point comes back is plain from afar
    adaptive = getattr(getattr(flow, "spec", None), "solver", "") == "dopri5"  # another map
    parts = z.to(_like(flow)).split(CHUNK)
    moved = [flow.forward(part)[0] if adaptive else flow.positions(part) for part in parts]
    return torch.cat(moved).cpu().double()


def _like(flow: Flow) -> Tensor:
    return next(flow.parameters(), torch.empty(0))
