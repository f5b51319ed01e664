"""How well a model fits a target, measured exactly where that is possible.

All figures are in nats or data units, computed without gradients and in bounded memory, in the
flow's own number type, summed in float64.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, cast

import torch
from msgspec import Meta, Struct

from flowengine.baselines import Vae
from flowengine.distances import Slices, energy_distance, transport_distance
from flowengine.errors import NumericsError
from flowengine.frame import IDENTITY, Frame
from flowengine.framed import scaled
from flowengine.mass import REGION, mass_of, may_fold
from flowengine.targets.streams import derived_seed, sobol_points

if TYPE_CHECKING:
    from torch import Tensor

    from flowengine.bases import Base
    from flowengine.flow import Flow
    from flowengine.mass import Mass
    from flowengine.model import Model
    from flowengine.project import Extent
    from flowengine.targets.grid import GridTarget

REPLICATES = 8
LIVE_POINTS = 4_096
EVALUATION_POINTS = 16_384
ROUND_TRIP_POINTS = 2_048
REVERSE_POINTS = 8_192
ENERGY_POINTS = 2_048
TRANSPORT_POINTS = 1_024
CHUNK = 2_048
_SEED = 0x5EED  # held-out points are the same for every model, and nobody trains on them


class Evaluation(Struct, frozen=True, kw_only=True):
    """What `evaluate` measures; None stands for what a model does not have.

    A GAN has no density, so only the distances of its samples are there. A VAE has only a lower
    bound on log q: its `nll` and `kl` are upper bounds, and what would need log q itself is None.

    Attributes:
        bound: "iwae" where `nll` and `kl` are upper bounds, by the importance-weighted bound with
            64 samples; None where they are exact, or not there at all.
        nll: Mean of −log q(x) over the target, in nats: `kl` plus `entropy`.
        nll_elbo: The looser upper bound on it by the ELBO, in nats; of a VAE alone.
        entropy: The target's own entropy, exact, in nats: no model's NLL can be lower.
        kl: KL(target ‖ model) in nats: mean of log p(x) − log q(x) over 16,384 evenly spread
            target points that no training sees.
        standard_error: Of `kl` and `nll`, in nats, from 8 independent scramblings.
        kl_reverse: KL(model ‖ target) in nats of the part of the model that lies where the target
            has any density, over 8,192 evenly spread samples: E[log q − log p] minus the log of
            that part's share. Infinite, and null in JSON, if there is no such part.
        outside: The share of those samples that lie where the target has no density. As soon as
            it is above 0, KL(model ‖ target) of the whole model is infinite.
        ess: Effective sample size of those samples as importance samples of the target, as a share
            of their number: (Σw)² / (n Σw²) with w = p/q. 1 for a perfect fit.
        mass: ∫ q dx, by adaptive quadrature: 1 for a right log_det of a map that can be undone.
            None where it could not be measured; `note` says so.
        mass_error: What `mass` may be off by.
        mass_region: Over which part of the plane it was measured.
        normalized: Whether q is a density as far as could be measured. Where it is not, `nll`, `kl`
            and `kl_reverse` are those of the density q / mass: of q itself they would be wrong by
            the logarithm of its mass. Where its mass is not known either, they are None.
        note: What is wrong, in a sentence; empty where nothing is.
        inverse_error: Largest |x − forward(inverse(x))| over 2,048 target points, in data units.
        w2: 2-Wasserstein distance between 1,024 points of the model and 1,024 of the target, by
            exact transport, in data units; even two samples of the same density of spread 1 are
            about 0.1 apart.
        sliced_w2: The same over projections on 32 directions, of 2,048 points, in data units; see
            `distances.Slices`. It is what the window shows in training.
        energy_distance: 2 E|X − Y| − E|X − X'| − E|Y − Y'| of 2,048 points each, in data units.
    """

    bound: Literal["iwae"] | None = None
    nll: Annotated[float | None, Meta(extra={"unit": "nats"})] = None
    nll_elbo: Annotated[float | None, Meta(extra={"unit": "nats"})] = None
    entropy: Annotated[float, Meta(extra={"unit": "nats"})]
    kl: Annotated[float | None, Meta(extra={"unit": "nats"})] = None
    standard_error: Annotated[float | None, Meta(extra={"unit": "nats"})] = None
    kl_reverse: Annotated[float | None, Meta(extra={"unit": "nats"})] = None
    outside: float
    ess: float | None = None
    mass: float | None = None
    mass_error: float | None = None
    mass_region: str | None = None
    normalized: bool | None = None
    note: str = ""
    inverse_error: Annotated[float | None, Meta(extra={"unit": "data units"})] = None
    w2: Annotated[float, Meta(extra={"unit": "data units"})]
    sliced_w2: Annotated[float, Meta(extra={"unit": "data units"})]
    energy_distance: Annotated[float, Meta(extra={"unit": "data units"})]


class Estimate(NamedTuple):
    """A mean and the standard error of that mean."""

    value: float
    standard_error: float


class Reverse(NamedTuple):
    """The target as seen from the model; see `Evaluation` for the attributes."""

    kl_reverse: float
    outside: float
    ess: float


def evaluate(model: Model, target: GridTarget) -> Evaluation:
    """Measure a model against a target; `Evaluation` says how each figure is measured.

    Raises:
        NumericsError: the model gives NaN or infinity.
    """
    # In normalized coordinates no figure depends on the units, nor on how far off the origin is.
    frame, entropy = target.frame, target.entropy
    model, target = model.framed(model.frame.seen_from(frame)), target.normalized()
    figures: dict[str, Any] = {}
    if model.likelihood != "none":
        divergence = kl(model, target)
        figures["nll"] = divergence.value + entropy
        figures["kl"], figures["standard_error"] = divergence
    if model.likelihood == "exact":
        flow = cast("Flow", model)
        figures |= reverse(flow, target)._asdict()
        mass = mass_of(flow, target.extent)
        figures |= _as_density(mass, figures, target.entropy, sure=not may_fold(flow))
        points = target.sample(ROUND_TRIP_POINTS, seed=_SEED)
        figures["inverse_error"] = round_trip_error(flow, points, frame)
    else:
        figures["outside"] = _share_outside(target.log_prob(samples_of(model, REVERSE_POINTS)))
    if isinstance(model, Vae):
        points = held_out_points(target)
        bound = _mean(-elbo(model, points), "ELBO").value
        figures["bound"], figures["nll_elbo"] = "iwae", bound + frame.log_area
    return Evaluation(
        entropy=entropy,
        w2=w2(model, target, frame=frame),
        sliced_w2=Slices(target, frame=frame).distance(model),
        energy_distance=energy_distance(
            scaled(frame, samples_of(model, ENERGY_POINTS)),
            scaled(frame, target.sample(ENERGY_POINTS, seed=_SEED)),
        ),
        **figures,
    )


def _as_density(
    mass: Mass, figures: dict[str, Any], entropy: float, *, sure: bool
) -> dict[str, Any]:
    """What a mass says, and the figures that it changes.

    Args:
        mass: Of the model.
        figures: As they are for the model's log q.
        entropy: Of the target.
        sure: The model's map can be undone, whatever its weights: a mass that could not be
            measured then says nothing against it.
    """
    found: dict[str, Any] = {
        "mass": mass.value,
        "mass_error": mass.error if math.isfinite(mass.error) else None,
        "mass_region": REGION,
        "normalized": mass.is_one or (None if sure and mass.value is None else False),
        "note": mass.note,
    }
    if found["normalized"] is not False:
        return found
    if not math.isfinite(mass.excess):
        unknown = ("kl", "nll", "standard_error", "kl_reverse")
        return found | dict.fromkeys(unknown)
    divergence = figures["kl"] + mass.excess
    return found | {
        "kl": divergence,
        "nll": divergence + entropy,
        "kl_reverse": figures["kl_reverse"] - mass.excess,
    }


def reverse(flow: Flow, target: GridTarget, n: int = REVERSE_POINTS) -> Reverse:
    """KL(model ‖ target), what of the model it leaves out, and the effective sample size.

    Raises:
        NumericsError: the flow gives NaN or infinity.
    """
    samples = samples_of(flow, n)
    log_p = target.log_prob(samples).cpu().double()
    log_q = log_prob(flow, samples).cpu().double()
    inside = log_p > -math.inf
    outside = _share_outside(log_p)
    if outside == 1:
        return Reverse(math.inf, 1.0, 0.0)
    log_weights = (log_p - log_q)[inside]
    weights = (log_weights - log_weights.max()).exp()
    return Reverse(
        kl_reverse=-float(log_weights.mean()) - math.log(1 - outside),
        outside=outside,
        ess=float(weights.sum().square() / weights.square().sum()) / n,
    )


def kl(model: Model, target: GridTarget, n: int = EVALUATION_POINTS) -> Estimate:
    """KL(target ‖ model) in nats: the mean of log p(x) − log q(x) over `n` target points.

    Of a VAE it is an upper bound, and its standard error that of the bound.

    The two terms rise and fall together, so their difference varies far less than −log q alone
    minus the exact entropy; and evenly spread points, eight scramblings of them, leave a third
    to a tenth of the error of independent ones. (A sum over the grid's cells is as exact for as
    many points, but only where the model bends little within a cell.)

    Raises:
        NumericsError: the model gives NaN or infinity there.
        AbsentError: the model has no density.
    """
    points = held_out_points(target, n)
    return _mean(target.log_prob(points) - log_likelihood(model, points), "KL")


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
    chunks = _for(flow, points).split(CHUNK)
    return torch.cat([flow.log_prob(chunk) for chunk in chunks]).to(points.device)


def _for(model: Model, points: Tensor) -> Tensor:
    """Points as a model takes them: of its own type, or with all digits where it has a frame."""
    like = next(model.parameters(), points)
    return points.to(like) if model.frame.is_identity else points.to(like.device)


@torch.no_grad()
def log_likelihood(model: Model, points: Tensor) -> Tensor:
    """`log_prob`, or of a VAE its bound: each of `REPLICATES` parts by random points of its own."""
    if not isinstance(model, Vae):
        return log_prob(cast("Flow", model), points)
    parts = _for(model, points).tensor_split(REPLICATES)
    bounds = [model.log_likelihood(part, seed=seed) for seed, part in enumerate(parts)]
    return torch.cat(bounds).to(points.device)


@torch.no_grad()
def elbo(vae: Vae, points: Tensor) -> Tensor:
    """The ELBO of points, in nats, shape (n,); see `log_likelihood`."""
    parts = _for(vae, points).tensor_split(REPLICATES)
    return torch.cat([vae.elbo(part, seed=seed) for seed, part in enumerate(parts)]).double()


def mass(flow: Flow, extent: Extent) -> float:
    """∫ q dx over the whole plane, which is 1 if every log_det is right; see `mass_of`.

    Raises:
        NumericsError: the flow gives NaN or infinity, or its mass cannot be measured.
    """
    found = mass_of(flow, extent)
    if found.value is None:
        raise NumericsError(
            "The density's mass could not be measured to better than {error}",
            error=f"{found.error:.2g}",
        )
    return found.value


@torch.no_grad()
def round_trip_error(flow: Flow, points: Tensor, frame: Frame = IDENTITY) -> float:
    """Largest |x − forward(inverse(x))| over points, shape (n, 2), in the units of `frame`."""
    worst = 0.0
    for x in _for(flow, points).split(CHUNK):
        z, _ = flow.inverse(x)
        back, _ = flow.forward(z)
        worst = max(worst, float(scaled(frame, back - x).norm(dim=1).max()))
    return worst


def w2(
    model: Model, target: GridTarget, n: int = TRANSPORT_POINTS, *, frame: Frame = IDENTITY
) -> float:
    """2-Wasserstein distance between `n` points of the model and of the target.

    In the units of `frame` where model and target stand in its normalized coordinates.

    At most 4,096 points; see `distances.transport_distance`.

    Both sets are evenly spread, which leaves less of a distance between two samples of the same
    density than independent ones have.

    Raises:
        NumericsError: the model gives NaN or infinity.
        ShapeError: `n` is too large.
    """
    theirs = target.sample(n, seed=_SEED)
    return transport_distance(scaled(frame, samples_of(model, n)), scaled(frame, theirs))


@torch.no_grad()
def samples_of(model: Model, n: int) -> Tensor:
    """Evenly spread samples of a model, shape (n, 2), on its own device.

    Raises:
        NumericsError: the model gives NaN or infinity.
    """
    parts = model.spread(n, _SEED).split(CHUNK)
    samples = torch.cat([model.generate(part) for part in parts])
    if not torch.isfinite(samples).all():
        raise NumericsError("The model sends points of its base to NaN or infinity")
    return samples


@torch.no_grad()
def base_points(base: Base, n: int, seed: int = _SEED) -> Tensor:
    """Evenly spread points of a base, shape (n, 2), float32."""
    return base.from_uniform(sobol_points(n, 2, seed)).float()


@torch.no_grad()
def _forward(flow: Flow, z: Tensor) -> Tensor:
    """Where the flow sends points of the base, shape (n, 2), on the CPU."""
    like = next(flow.parameters(), z)
    return torch.cat([flow.forward(part)[0] for part in z.to(like).split(CHUNK)]).to(z)


def _share_outside(log_p: Tensor) -> float:
    return float((log_p == -math.inf).double().mean())


def _mean(values: Tensor, name: str) -> Estimate:
    """The mean of values that come as `REPLICATES` independent parts of equal size."""
    values = values.cpu().double()  # in this order: MPS has no float64
    value = float(values.mean())
    if not math.isfinite(value):
        raise NumericsError(
            "{name} is not finite: the model gives no density at some points", name=name
        )
    parts = torch.stack([part.mean() for part in values.tensor_split(REPLICATES)])
    return Estimate(value, float(parts.std()) / math.sqrt(REPLICATES))
