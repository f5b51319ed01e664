"""What every lane's model can do, be it a flow or not."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Self, SupportsIndex

import torch
from torch import Tensor, nn

from flowengine.checks import check_count
from flowengine.description import description
from flowengine.errors import SpecError
from flowengine.frame import IDENTITY, Frame
from flowengine.numbers import check_seed
from flowengine.targets.streams import sobol_points

if TYPE_CHECKING:
    from flowengine.catalogue import Likelihood
    from flowengine.traces import LedgerPage, Trace


class Model(nn.Module, ABC):
    """Standard normal numbers go in, points of the plane come out.

    This is all that training, pictures and figures may ask of any lane. What a model does not
    have, such as a GAN's density, it refuses with an `AbsentError` that says why.

    Attributes:
        likelihood: What `log_likelihood` gives: log p(x), a lower bound on it, or nothing.
        noise: How many numbers make one point.
        frame: Leads from the normalized coordinates that the weights are for to data units. All
            public methods speak data units.
    """

    likelihood: ClassVar[Likelihood]
    noise: int = 2
    frame: Frame = IDENTITY

    @property
    def core(self) -> Self:
        """This very model in its own normalized coordinates, the weights shared."""
        return self.framed(IDENTITY)

    def framed(self, frame: Frame) -> Self:
        """This model with its weights shared, in data units that `frame` leads to."""
        if frame == self.frame:
            return self
        twin = copy.copy(self)
        twin.frame = frame
        return twin

    def __repr__(self) -> str:
        return description(self)

    @abstractmethod
    def generate(self, noise: Tensor) -> Tensor:
        """Make points, shape (batch, 2), from as many rows of `noise` normal numbers."""

    @abstractmethod
    def log_likelihood(self, x: Tensor, *, seed: int = 0) -> Tensor:
        """Log p(x) or a lower bound on it, as `likelihood` says, in nats, shape (batch,).

        Args:
            x: Points, shape (batch, 2).
            seed: Of the random numbers that a bound takes.

        Raises:
            AbsentError: the model has no density.
        """

    @abstractmethod
    def trace(self, z: Tensor, frames: int | None = None, *, densities: bool = True) -> Trace:
        """Follow points of the base to the target; see `Flow.trace`."""

    @abstractmethod
    def inverse_trace(
        self, x: Tensor, frames: int | None = None, *, densities: bool = True
    ) -> Trace:
        """Follow points of the target back to the base; see `Flow.inverse_trace`.

        Raises:
            AbsentError: the model knows no way back.
        """

    @abstractmethod
    def ledger(self, point: tuple[float, float]) -> LedgerPage:
        """Write out the change of variables of one point; see `Flow.ledger`.

        Raises:
            AbsentError: the model is no change of variables.
        """

    def draw(self, n: SupportsIndex, *, generator: torch.Generator | None = None) -> Tensor:
        """Draw `n` rows of what `generate` takes, on the model's own device."""
        like = next(self.parameters(), torch.empty(0))
        rows = torch.randn(check_count(n), self.noise, generator=generator, dtype=like.dtype)
        return rows.to(like.device)

    def spread(self, n: int, seed: int) -> Tensor:
        """As many rows, spread evenly over the base; the same seed gives the same rows."""
        like = next(self.parameters(), torch.empty(0))
        rows: Tensor = torch.special.ndtri(sobol_points(n, self.noise, seed))
        return rows.to(like.dtype).to(like.device)

    @torch.no_grad()
    def sample(
        self,
        n: SupportsIndex,
        *,
        seed: SupportsIndex | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Draw n points of the model, shape (n, 2), in data units.

        Args:
            n: How many.
            seed: The same seed gives the same points, on the command line too.
            generator: On the CPU; without either, torch's global random state is drawn from.

        Raises:
            SpecError: `n` is no number of points, `seed` is no seed, or a generator came as well.
        """
        return self.generate(self.draw(n, generator=generator_of(seed, generator)))


def generator_of(
    seed: SupportsIndex | None, generator: torch.Generator | None
) -> torch.Generator | None:
    """The generator that a seed or a generator asks for; None for the global random state.

    Raises:
        SpecError: both were given, or `seed` is no seed.
    """
    if seed is None:
        return generator
    if generator is not None:
        raise SpecError("Points are drawn by a seed or by a generator, not by both")
    return torch.Generator().manual_seed(check_seed(seed))
