"""Rectified flow: learn from the pairs that an earlier flow makes, which straightens the paths.

Source: Liu et al., 2023, arXiv:2209.03003.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from flowengine.continuous.flow_matching import FlowMatchingLoss, Pairs
from flowengine.continuous.pairing import REUSE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowengine.catalogue import BaseSpec, RectifiedFlow
    from flowengine.continuous.flow import ContinuousFlow
    from flowengine.targets.grid import GridTarget
    from flowengine.targets.streams import Method

_TEACHER = "teacher."
TEACHING = 1e-3  # what a step of a teacher may be off by: the pairs' own noise is far greater


class RectifiedFlowLoss(FlowMatchingLoss):
    """Flow matching that pairs the points anew after every `spec.round_steps` steps.

    The first round is flow matching as the spec says. At the start of each of the `spec.rounds`
    that follow, the flow is frozen as the teacher: from then on a base point's partner is where the
    teacher carries it. Pairs of a block are met `REUSE` times, far apart and at other times, so
    that making them costs less than learning them. The last round has no end.
    """

    spec: RectifiedFlow

    def __init__(
        self,
        spec: RectifiedFlow,
        target: GridTarget,
        *,
        seed: int,
        batch_size: int,
        sampling: Method,
        base: BaseSpec | None = None,
    ) -> None:
        super().__init__(
            spec, target, seed=seed, batch_size=batch_size, sampling=sampling, base=base
        )
        self._steps = 0
        self._round = 0
        self._teacher: ContinuousFlow | None = None
        self._source: ContinuousFlow | None = None

    @property
    def round(self) -> int:
        """How often the points have been paired anew."""
        return self._round

    def watch(self, average: ContinuousFlow) -> None:
        """Take teachers from this flow, such as the averaged one, not from the one in training.

        A teacher that is already there keeps its pairs.
        """
        self._source = average
        if self._teacher is None:
            self._teacher = _frozen(average)

    def draw(self) -> Pairs:
        """The next batch, the first of a round after its teacher is frozen."""
        wanted = min(self._steps // self.spec.round_steps, self.spec.rounds)
        if wanted != self._round:
            self._round = wanted
            self._teacher = _frozen(self._source) if self._source else self._teacher
            self._stream.leave_block()
        self._steps += 1
        return super().draw()

    def loss(self, flow: ContinuousFlow) -> Tensor:
        """See `FlowMatchingLoss.loss`."""
        self._source = self._source or flow
        return super().loss(flow)

    def backward(self, model: ContinuousFlow) -> Tensor:
        """See `Loss.backward`."""
        self._source = self._source or model
        return super().backward(model)

    def state(self) -> dict[str, Tensor]:
        """Where this loss is, and the teacher where there is one."""
        state = super().state()
        state["steps"], state["round"] = torch.tensor(self._steps), torch.tensor(self._round)
        if self._round and self._teacher is not None:
            for name, weight in self._teacher.state_dict().items():
                state[_TEACHER + name] = weight.detach().cpu().clone()
        return state

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on where `state` was taken, with the teacher that it holds.

        It needs a flow to put the teacher into: that of `watch`.
        """
        super().load_state(state)
        self._steps, self._round = int(state.get("steps", 0)), int(state.get("round", 0))
        weights = {n.removeprefix(_TEACHER): w for n, w in state.items() if n.startswith(_TEACHER)}
        if weights and self._teacher is not None:
            self._teacher.load_state_dict(weights)

    def _averages(self) -> bool:
        """See `FlowMatchingLoss`; a teacher's pairs are what they are."""
        return super()._averages() and not self._taught()

    def _taught(self) -> bool:
        return bool(self._round) and self._teacher is not None

    def _pairs(self, u: Tensor) -> tuple[Tensor, Tensor]:
        if not self._round or self._teacher is None:
            return super()._pairs(u)
        x0 = self._base.from_uniform(u[: len(u) // REUSE, :2])
        like = self._teacher.network.weights[0]
        with torch.no_grad():
            x1 = self._teacher.positions(x0.to(like)).to(x0)
        return x0.repeat(REUSE, 1), x1.repeat(REUSE, 1)


def _frozen(flow: ContinuousFlow) -> ContinuousFlow:
    return copy.deepcopy(flow).requires_grad_(False).sketched(TEACHING)
