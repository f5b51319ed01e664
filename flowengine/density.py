"""What a model with an exact density can be asked for beside it: slopes, draws, a distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, SupportsIndex

import torch
from torch import Tensor

from flowengine.checks import check_points
from flowengine.distribution import FlowDistribution
from flowengine.kinds import of_a_point, of_any_kind, open_doors
from flowengine.model import Model, generator_of

if TYPE_CHECKING:
    from flowengine.bases import Base

POINT_METHODS = (
    *("forward", "inverse", "forward_from", "inverse_from", "generate"),
    *("log_prob", "log_prob_at", "log_likelihood", "log_prob_and_grad", "score"),
    *("trace", "inverse_trace"),
)
"""The methods that take points of any kind; see `kinds`."""


class Density(Model):
    """A model that gives `log_prob`, and so its gradient, and draws that carry one.

    The methods of `POINT_METHODS` take a batch of points, (batch, 2), or one point, (2,), as a
    tensor, a NumPy array or a list, of float32 or float64; what comes back is of the same kind.
    """

    base: Base

    def __init_subclass__(cls, **named: Any) -> None:  # noqa: ANN401
        super().__init_subclass__(**named)
        open_doors(cls, POINT_METHODS)
        open_doors(cls, ("ledger",), of_a_point)

    def log_prob(self, x: Tensor) -> Tensor:
        """Log p(x) in nats, shape (batch,)."""
        raise NotImplementedError

    @of_any_kind
    def log_prob_and_grad(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Log p(x) in nats, shape (batch,), and its gradient by x, shape (batch, 2).

        Both go on into autograd where `x` or a weight asks for gradients.

        Args:
            x: Points, shape (batch, 2), in data units.

        Raises:
            ShapeError: `x` is no batch of points.
            NumericsError: `x` is not finite.
        """
        check_points(x)
        if torch._C._are_functorch_transforms_active():  # in which no tensor may ask for gradients
            log_prob, pull_back = torch.func.vjp(self.log_prob, x)[:2]
            return log_prob, pull_back(torch.ones_like(log_prob))[0]
        wanted = torch.is_grad_enabled() and _is_asked(x, self)
        with torch.inference_mode(False), torch.enable_grad():
            x = x.clone() if x.is_inference() else x
            at = x if x.requires_grad else x.detach().requires_grad_()
            log_prob = self.log_prob(at)
            (slope,) = torch.autograd.grad(log_prob.sum(), at, create_graph=wanted)
        return (log_prob, slope) if wanted else (log_prob.detach(), slope)

    @of_any_kind
    def score(self, x: Tensor) -> Tensor:
        """∇ log p(x), shape (batch, 2), in nats per data unit; see `log_prob_and_grad`.

        Source: Hyvärinen, 2005, "Estimation of non-normalized statistical models", eq. 2.
        """
        return self.log_prob_and_grad(x)[1]

    def rsample(
        self,
        n: SupportsIndex,
        *,
        seed: SupportsIndex | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Draw n points, shape (n, 2), in data units, with gradients by the weights.

        The same seed gives the same points as `sample`. Gradients by the choice among a mixture's
        components are not in it; see `Base.choice_ratio`.

        Raises:
            SpecError: `n` is no number of points, `seed` is no seed, or a generator came as well.
        """
        like = next(self.parameters(), torch.empty(0))
        known = generator_of(seed, generator)
        z = self.base.rsample(n, generator=known, dtype=like.dtype).to(like.device)
        points: Tensor = self.generate(z)
        return points

    def to_distribution(self) -> FlowDistribution:
        """This model as a `torch.distributions.Distribution` over points, event shape (2,)."""
        return FlowDistribution(self)


def _is_asked(x: Tensor, model: Model) -> bool:
    return x.requires_grad or any(weight.requires_grad for weight in model.parameters())
