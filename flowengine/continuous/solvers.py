"""Fixed-step solvers for dx/dt = v(x, t), with the exact Jacobian of the steps they take.

A fixed step makes a point's result independent of the other points of its batch. A solver step is
a map of the plane of its own, x -> x + h Σ b_i k_i, and its 2x2 Jacobian is carried through the
stages beside the position, so that the log|det| it reports is that of the very map it applied,
not a second approximation of ∫ div v dt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor

    from flowengine.continuous.velocity import Field


class Tableau(NamedTuple):
    """An explicit Runge-Kutta method in which every stage rests on the one before alone.

    Attributes:
        nodes: Where in the step each stage is evaluated; also how far along the stage before.
        dense: For each stage the polynomial b_i(θ), coefficients of θ, θ², θ³: the position at a
            fraction θ of the step is x + h Σ b_i(θ) k_i. At θ = 1 this is the step itself.
    """

    nodes: tuple[float, ...]
    dense: tuple[tuple[float, float, float], ...]

    def weights(self, theta: float) -> tuple[float, ...]:
        """b_i(θ) for every stage."""
        return tuple(theta * (c1 + theta * (c2 + theta * c3)) for c1, c2, c3 in self.dense)


# Dense weights: Hairer, Nørsett & Wanner, Solving Ordinary Differential Equations I, II.6.
TABLEAUS = {
    "euler": Tableau(nodes=(0.0,), dense=((1.0, 0.0, 0.0),)),
    "midpoint": Tableau(nodes=(0.0, 0.5), dense=((1.0, -1.0, 0.0), (0.0, 1.0, 0.0))),
    "heun": Tableau(nodes=(0.0, 1.0), dense=((1.0, -1 / 2, 0.0), (0.0, 1 / 2, 0.0))),
    "rk4": Tableau(
        nodes=(0.0, 0.5, 0.5, 1.0),
        dense=(
            (1.0, -3 / 2, 2 / 3),
            (0.0, 1.0, -2 / 3),
            (0.0, 1.0, -2 / 3),
            (0.0, -1 / 2, 2 / 3),
        ),
    ),
}


class Step(NamedTuple):
    """One solver step: where it started and the slopes it took.

    Attributes:
        t, h: Start and signed length of the step.
        x: Positions at its start, shape (batch, 2).
        slopes: One (batch, 2) for each stage.
        fields: dv/dx where each stage looks, (batch, 2, 2); empty if not asked for.
        jacobians: dk_i/dx, one (batch, 2, 2) for each stage; empty likewise.
        tableau: The method.
    """

    t: float
    h: float
    x: Tensor
    slopes: list[Tensor]
    fields: list[Tensor]
    jacobians: list[Tensor]
    tableau: Tableau

    def position(self, theta: float = 1.0) -> Tensor:
        """Positions a fraction `theta` along the step, shape (batch, 2)."""
        return _combined(self.x, self.h, self.tableau.weights(theta), self.slopes)

    def jacobian(self, theta: float = 1.0) -> Tensor:
        """Derivative of `position(theta)` by `x`, shape (batch, 2, 2)."""
        change = _combined(None, self.h, self.tableau.weights(theta), self.jacobians)
        return change + torch.eye(2, dtype=change.dtype, device=change.device)

    def integral(self, values: list[Tensor]) -> Tensor:
        """∫ over the step, as if it went forward in time, of what has `values` at its stages."""
        return _combined(None, abs(self.h), self.tableau.weights(1.0), values)


def steps(
    velocity: Field | Callable[[Tensor, float], Tensor],
    x: Tensor,
    span: tuple[float, float],
    count: int,
    *,
    solver: str,
    jacobian: bool,
) -> Iterator[Step]:
    """Follow points from span[0] to span[1] in `count` equal steps; either may be the greater.

    Args:
        velocity: The field; without Jacobians any function of a state and a time will do.
        x: Points, shape (batch, 2), or states, shape (batch, n).
        span: Start and end time.
        count: Number of steps; 0 yields nothing.
        solver: A key of `TABLEAUS`.
        jacobian: Carry the 2x2 Jacobian of each step.
    """
    tableau = TABLEAUS[solver]
    start, end = span
    h = (end - start) / max(count, 1)
    x = x.t().contiguous().t()  # coordinate by coordinate in memory, as the field gives its slopes
    for i in range(count):
        step = _step(velocity, x, start + i * h, h, tableau, jacobian=jacobian)
        yield step
        x = step.position()


def log_abs_det(jacobian: Tensor) -> Tensor:
    """log|det| of 2x2 matrices, shape (batch, 2, 2) -> (batch,)."""
    return determinant(jacobian).abs().log()


def determinant(matrix: Tensor) -> Tensor:
    """Determinant of 2x2 matrices, shape (..., 2, 2) -> (...)."""
    return matrix[..., 0, 0] * matrix[..., 1, 1] - matrix[..., 0, 1] * matrix[..., 1, 0]


def matmul(a: Tensor, b: Tensor) -> Tensor:
    """Product of 2x2 matrices, shape (..., 2, 2); faster than a batched matmul of this size."""
    return a[..., :, :1] * b[..., :1, :] + a[..., :, 1:] * b[..., 1:, :]


def _step(
    velocity: Field | Callable[[Tensor, float], Tensor],
    x: Tensor,
    t: float,
    h: float,
    tableau: Tableau,
    *,
    jacobian: bool,
) -> Step:
    slopes: list[Tensor] = []
    fields: list[Tensor] = []
    jacobians: list[Tensor] = []
    for node in tableau.nodes:
        at = torch.add(x, slopes[-1], alpha=node * h) if slopes else x
        if not jacobian:
            slopes.append(velocity(at, t + node * h))
            continue
        slope, local = cast("Field", velocity).with_jacobian(at, t + node * h)
        fields.append(local)
        if jacobians:
            local = torch.add(local, matmul(local, jacobians[-1]), alpha=node * h)
        slopes.append(slope)
        jacobians.append(local)
    return Step(t, h, x, slopes, fields, jacobians, tableau)


def _combined(
    start: Tensor | None, h: float, weights: tuple[float, ...], terms: list[Tensor]
) -> Tensor:
    """start + h Σ weight · term, without the start where there is none."""
    shares = [(h * weight, term) for weight, term in zip(weights, terms, strict=True) if weight]
    if start is None and shares:
        (share, term), *shares = shares
        start = share * term
    total = torch.zeros_like(terms[0]) if start is None else start
    for share, term in shares:
        total = torch.add(total, term, alpha=share)
    return total
