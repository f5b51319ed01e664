"""What a base distribution is, and how a spec of the catalogue becomes one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, SupportsIndex, TypeVar

import torch
from torch import Tensor, nn

from flowengine.catalogue import admitted
from flowengine.checks import check_count, check_points
from flowengine.errors import SpecError
from flowengine.modes import single_precision, with_gradients
from flowengine.targets.streams import sobol_points

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowengine.catalogue import BaseSpec

OUTSIDE = 4e-6
"""How much of a base lies farther out than its `reach`, at the most."""
_ENTROPY_POINTS = 1 << 16
_LEAST_UNIFORM = 2.0**-31  # as in `streams`: no quantile may be infinite


class Base(nn.Module, ABC):
    """A distribution of the plane with an exact density and an exact map from uniform points.

    Wherever a base draws, it carries uniform points through `from_uniform`: evenly spread (Sobol)
    points stay evenly spread with respect to the base, and the same uniform point means the same
    z in every lane.
    """

    def __init__(self, spec: BaseSpec) -> None:
        super().__init__()
        self.spec = spec

    def log_prob(self, z: Tensor) -> Tensor:
        """Log p_z(z) in nats, shape (batch,).

        Args:
            z: Points, shape (batch, 2).

        Raises:
            ShapeError: `z` is not of shape (batch, 2) and a floating type.
        """
        return self._log_prob(check_points(z, "z"))

    @with_gradients
    def likelihood_gradient(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Mean −log p_z(z), a scalar, and its gradient by `z`; that by weights is added to `.grad`.

        Args:
            z: Points, shape (batch, 2).
        """
        z = check_points(z, "z").detach().requires_grad_()
        loss = -self._log_prob(z).mean()
        loss.backward()
        assert z.grad is not None
        return loss.detach(), z.grad

    def from_uniform(self, u: Tensor) -> Tensor:
        """Carry uniform points, shape (n, 2), in (0, 1), to the base, shape (n, 2).

        The result has the type and device of `u`, and gradients by what is learned of a place or a
        width; `choice_ratio` has those of a choice.

        Raises:
            ShapeError: `u` is not of shape (n, 2) and a floating type.
        """
        return self._from_uniform(check_points(u, "u"))

    def choice_ratio(self, u: Tensor) -> Tensor:
        """1 for every uniform point, with the gradient of the chance that it was carried as it was.

        An expectation over the base is the mean of f(from_uniform(u)) · choice_ratio(u); its
        gradient is then right for learned weights of a mixture too. Shape (n,), or () for all.
        """
        return u.new_ones(())

    @property
    @abstractmethod
    def reach(self) -> float:
        """The radius about the origin beyond which less than `OUTSIDE` of the base lies."""

    @property
    def entropy(self) -> float:
        """−∫ p log p in nats: exact where there is a formula, else to about 10⁻³."""
        with torch.no_grad():
            z = self._from_uniform(sobol_points(_ENTROPY_POINTS, 2, seed=0))
            return -float(self._log_prob(z).mean())

    def sample(
        self,
        n: SupportsIndex,
        *,
        generator: torch.Generator | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> Tensor:
        """Draw n independent points, shape (n, 2), on the CPU.

        Raises:
            SpecError: `n` is no number of points.
        """
        with torch.no_grad():
            return self.rsample(n, generator=generator, dtype=dtype)

    def rsample(
        self,
        n: SupportsIndex,
        *,
        generator: torch.Generator | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> Tensor:
        """The same points with gradients by what is learned of a place or a width."""
        u = torch.rand((check_count(n), 2), generator=generator, dtype=torch.float64)
        return self._from_uniform(u.clamp_(min=_LEAST_UNIFORM)).to(dtype)

    @abstractmethod
    def _log_prob(self, z: Tensor) -> Tensor:
        """`log_prob` of points that have been checked."""

    @abstractmethod
    def _from_uniform(self, u: Tensor) -> Tensor:
        """`from_uniform` of points that have been checked."""


_bases: dict[type[BaseSpec], Callable[..., Base]] = {}
_B = TypeVar("_B", bound=type[Base])


def implements(spec_class: type[BaseSpec]) -> Callable[[_B], _B]:
    """Class decorator: this base is what specs of `spec_class` describe."""

    def register(cls: _B) -> _B:
        if spec_class in _bases:
            raise TypeError(f"{spec_class.__name__} is already implemented")
        _bases[spec_class] = cls
        return cls

    return register


def build_base(spec: BaseSpec) -> Base:
    """Make the base that a spec describes.

    Raises:
        SpecError: no base implements this spec, or a setting is out of its limits.
    """
    make = _bases.get(type(spec))
    if make is None:
        raise SpecError("No base implements {spec}", spec=type(spec).__name__)
    spec = admitted(spec)
    with single_precision() as dtype:
        return make(spec).to(dtype)
