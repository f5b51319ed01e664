"""Continuous flows: a velocity field, the solvers that follow it, and the losses that teach it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowengine.catalogue import ContinuousSpec, Ffjord, FlowMatching, RectifiedFlow
from flowengine.continuous.exact import ExactField, exact_field
from flowengine.continuous.ffjord import FfjordLoss
from flowengine.continuous.flow import ContinuousFlow, build_continuous
from flowengine.continuous.flow_matching import FlowMatchingLoss
from flowengine.continuous.lab import solver_lab
from flowengine.continuous.reflow import RectifiedFlowLoss
from flowengine.errors import SpecError

if TYPE_CHECKING:
    from flowengine.catalogue import BaseSpec
    from flowengine.targets.grid import GridTarget
    from flowengine.targets.streams import Method

__all__ = [
    "ContinuousFlow",
    "ExactField",
    "FfjordLoss",
    "FlowMatchingLoss",
    "RectifiedFlowLoss",
    "build_continuous",
    "build_loss",
    "exact_field",
    "solver_lab",
]


def build_loss(
    spec: ContinuousSpec,
    target: GridTarget,
    *,
    seed: int,
    batch_size: int,
    sampling: Method,
    base: BaseSpec | None = None,
) -> FlowMatchingLoss | RectifiedFlowLoss | FfjordLoss:
    """The loss that teaches a continuous flow of this kind.

    Raises:
        SpecError: no loss is known for the kind.
    """
    if isinstance(spec, FlowMatching):
        return FlowMatchingLoss(
            spec, target, seed=seed, batch_size=batch_size, sampling=sampling, base=base
        )
    if isinstance(spec, RectifiedFlow):
        return RectifiedFlowLoss(
            spec, target, seed=seed, batch_size=batch_size, sampling=sampling, base=base
        )
    if isinstance(spec, Ffjord):
        return FfjordLoss(spec, target, seed=seed, batch_size=batch_size, sampling=sampling)
    raise SpecError("No loss is known for a continuous flow of kind {kind}", kind=repr(spec.kind))
