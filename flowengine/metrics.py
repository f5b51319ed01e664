"""How well a flow fits a target, measured exactly where that is possible.

All figures are in nats or data units, computed without gradients and in bounded memory, in the
flow's own number type, summed in float64.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, NamedTuple

import torch
from msgspec import Meta, Struct

from flowengine.errors import NumericsError
from flowengine.quadrature import integrate
from flowengine.targets.streams import derived_seed, sobol_points

if TYPE_CHECKING:
    from torch import Tensor

    from flowengine.bases import Base
    from flowengine.flow import Flow
    from flowengine.project import Extent
    from flowengine.targets.grid import GridTarget

REPLICATES = 8
LIVE_POINTS = 4_096
MASS_POINTS = 8_192
EVALUATION_POINTS = 16_384
ROUND_TRIP_POINTS = 2_048
TRANSPORT_POINTS = 1_024
CHUNK = 2_048
_SEED = 0x5EED  # held-out points are the same for every model, and nobody trains on them


class Evaluation(Struct, frozen=True, kw_only=True):
    """What `evaluate` measures.

    Attributes:
        nll: Mean of −log q(x) over the target, in nats: `kl` plus `entropy`.
        entropy: The target's own entropy, exact, in nats: no model's NLL can be lower.
        kl: KL(target ‖ model) in nats: mean of log p(x) − log q(x) over 16,384 evenly spread
            target points that no training sees.
        standard_error: Of `kl` and `nll`, in nats, from 8 independent scramblings.
        mass: ∫ q dx over a box that holds all but 4·10⁻⁶ of the model, by adaptive quadrature:
            1 for a right log_det, to about 10⁻³. A model that squeezes itself onto lines thinner
            than about 10⁻³ of its extent can slip through and read less.
        inverse_error: Largest |x − forward(inverse(x))| over 2,048 target points, in data units.
        w2: 2-Wasserstein distance between 1,024 points of the model and 1,024 of the target, by
            exact assignment, in data units; even two samples of the same density of spread 1 are
            about 0.1 apart.
    """

    nll: Annotated[float, Meta(extra={"unit": "nats"})]
    entropy: Annotated[float, Meta(extra={"unit": "nats"})]
    kl: Annotated[float, Meta(extra={"unit": "nats"})]
    standard_error: Annotated[float, Meta(extra={"unit": "nats"})]
    mass: float
    inverse_error: Annotated[float, Meta(extra={"unit": "data units"})]
    w2: Annotated[float, Meta(extra={"unit": "data units"})]


class Estimate(NamedTuple):
    """A mean and the standard error of that mean."""

    value: float
    standard_error: float


def evaluate(flow: Flow, target: GridTarget) -> Evaluation:
    """Measure a flow against a target; `Evaluation` says how each figure is measured.

    Raises:
        NumericsError: the flow gives NaN or infinity on its target.
    """
    divergence = kl(flow, target)
    return Evaluation(
        nll=divergence.value + target.entropy,
        entropy=target.entropy,
        kl=divergence.value,
        standard_error=divergence.standard_error,
        mass=mass(flow, target.extent),
        inverse_error=round_trip_error(flow, target.sample(ROUND_TRIP_POINTS, seed=_SEED)),
        w2=w2(flow, target),
    )


def kl(flow: Flow, target: GridTarget, n: int = EVALUATION_POINTS) -> Estimate:
    """KL(target ‖ model) in nats: the mean of log p(x) − log q(x) over `n` target points.

    The two terms rise and fall together, so their difference varies far less than −log q alone
    minus the exact entropy; and evenly spread points, eight scramblings of them, leave a third
    to a tenth of the error of independent ones. (A sum over the grid's cells is as exact for as
    many points, but only where the model bends little within a cell.)

    Raises:
        NumericsError: the flow gives NaN or infinity there.
    """
    points = held_out_points(target, n)
    return _mean(target.log_prob(points) - log_prob(flow, points), "KL")


def nll(flow: Flow, points: Tensor) -> float:
    """Mean of −log q(x) over points, shape (n, 2), in nats.

    Raises:
        NumericsError: the flow gives NaN or infinity there.
    """
    return _mean(-log_prob(flow, points), "NLL").value


def held_out_points(target: GridTarget, n: int = LIVE_POINTS) -> Tensor:
    """Target points that no training sees: eight independent scramblings, one after the other.

    Returns:
        Shape (n, 2), with `n` rounded up to a multiple of eight.
    """
    each = -(-n // REPLICATES)
    seeds = (derived_seed(_SEED, replicate) for replicate in range(REPLICATES))
    return torch.cat([target.sample(each, seed=seed) for seed in seeds])


@torch.no_grad()
def log_prob(flow: Flow, points: Tensor) -> Tensor:
    """Log q(x) in nats, shape (n,), a chunk at a time; `points` may be of any type and device."""
    like = next(flow.parameters(), points)
    chunks = points.to(like).split(CHUNK)
    return torch.cat([flow.log_prob(chunk) for chunk in chunks]).to(points.device)


@torch.no_grad()
def mass(flow: Flow, extent: Extent) -> float:
    """∫ q dx, which is 1 if every log_det is right.

    The box reaches over `extent` and over all but 4·10⁻⁶ of the model: a flow is continuous, so
    what lies inside a circle of the base stays inside that circle's image.

    Raises:
        NumericsError: the flow gives NaN or infinity.
    """
    angle = torch.linspace(0, 2 * math.pi, 2048)
    circle = flow.base.reach * torch.stack([angle.cos(), angle.sin()], dim=1)
    rim = _forward(flow, circle)
    samples = _forward(flow, base_points(flow.base, MASS_POINTS))
    reach = torch.cat([rim, samples, torch.tensor(extent).view(2, 2).T])
    if not torch.isfinite(reach).all():
        raise NumericsError("The model sends points of its base to NaN or infinity")
    low, high = reach.min(0).values.double(), reach.max(0).values.double()
    return integrate(lambda x: log_prob(flow, x).double().exp(), low, high, crowd=samples.double())


@torch.no_grad()
def round_trip_error(flow: Flow, points: Tensor) -> float:
    """Largest |x − forward(inverse(x))| over points, shape (n, 2), in data units."""
    like = next(flow.parameters(), points)
    worst = 0.0
    for x in points.to(like).split(CHUNK):
        z, _ = flow.inverse(x)
        back, _ = flow.forward(z)
        worst = max(worst, float((back - x).norm(dim=1).max()))
    return worst


def w2(flow: Flow, target: GridTarget, n: int = TRANSPORT_POINTS) -> float:
    """2-Wasserstein distance between `n` points of the model and of the target, in data units.

    Both sets are evenly spread, which leaves less of a distance between two samples of the same
    density than independent ones have.

    Raises:
        NumericsError: the flow gives NaN or infinity.
    """
    samples = _forward(flow, base_points(flow.base, n))
    if not torch.isfinite(samples).all():
        raise NumericsError("The model sends points of its base to NaN or infinity")
    return transport_distance(samples, target.sample(n, seed=_SEED))


def transport_distance(a: Tensor, b: Tensor) -> float:
    """The 2-Wasserstein distance of two sets of equally many points of equal weight.

    It is the root of the least mean squared distance over all ways to pair them.

    Args:
        a: Shape (n, 2).
        b: Shape (n, 2).
    """
    from scipy.optimize import linear_sum_assignment

    a, b = a.cpu().double(), b.cpu().double()
    apart = a.mean(0) - b.mean(0)
    # a common shift costs every pairing the same, and without it the best one is found faster
    costs = torch.cdist(a - apart, b).square().numpy()
    rows, columns = linear_sum_assignment(costs)
    return math.sqrt(costs[rows, columns].mean() + float(apart.square().sum()))


@torch.no_grad()
def base_points(base: Base, n: int, seed: int = _SEED) -> Tensor:
    """Evenly spread points of a base, shape (n, 2), float32."""
    return base.from_uniform(sobol_points(n, 2, seed)).float()


@torch.no_grad()
def _forward(flow: Flow, z: Tensor) -> Tensor:
    """Where the flow sends points of the base, shape (n, 2), on the CPU."""
    like = next(flow.parameters(), z)
    return torch.cat([flow.forward(part)[0] for part in z.to(like).split(CHUNK)]).to(z)


def _mean(values: Tensor, name: str) -> Estimate:
    """The mean of values that come as `REPLICATES` independent parts of equal size."""
    values = values.cpu().double()  # in this order: MPS has no float64
    value = float(values.mean())
    if not math.isfinite(value):
        raise NumericsError(f"{name} is not finite: the model gives no density at some points")
    parts = torch.stack([part.mean() for part in values.tensor_split(REPLICATES)])
    return Estimate(value, float(parts.std()) / math.sqrt(REPLICATES))
