"""Points of whatever kind people have, tensors, arrays or lists; answers of the same kind."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, Concatenate, NamedTuple, ParamSpec, TypeVar, cast

import numpy as np
import torch
from torch import Tensor, nn

from flowengine.errors import ShapeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound=nn.Module)

DATA_ARGUMENTS = ("x", "u")
"""What methods call points of data space; all others are of the base."""


def of_any_kind(
    method: Callable[Concatenate[M, Tensor, P], R],
) -> Callable[Concatenate[M, Tensor, P], R]:
    """Decorate a method that takes a batch of points and gives results by point.

    A batch of the model's own type goes straight through. Tensors of another floating type, arrays
    and lists of numbers, and single points of shape (2,), are made into one; what comes back is of
    the kind and the type that came in, without a batch axis for a single point. Lists and whole
    numbers are answered as float64 arrays. Arrays know no gradients, and none are noted for them.
    """
    name = inspect.unwrap(method).__code__.co_varnames[1]

    @functools.wraps(method)
    def door(self: M, points: Tensor, *args: P.args, **named: P.kwargs) -> R:
        if isinstance(points, Tensor) and points.ndim == 2:
            like = next(self.parameters(), points)
            if points.dtype is like.dtype:
                return method(self, points, *args, **named)
        given = _taken(points, self, name)
        with torch.set_grad_enabled(torch.is_grad_enabled() and given.array is None):
            found = method(self, given.batch, *args, **named)
        answer: R = given.answered(found)
        return answer

    door.__of_any_kind__ = True  # type: ignore[attr-defined]
    return cast("Callable[Concatenate[M, Tensor, P], R]", door)


def of_a_point(method: Callable[[M, Any], R]) -> Callable[[M, Any], R]:
    """Decorate a method that takes one point, (x, y): it may be an array or a tensor as well."""

    @functools.wraps(method)
    def door(self: M, point: Any) -> R:  # noqa: ANN401
        if isinstance(point, Tensor | np.ndarray) and point.shape == (2,):
            point = tuple(point.tolist())
        return method(self, point)

    door.__of_any_kind__ = True  # type: ignore[attr-defined]
    return door


def open_doors(
    cls: type[nn.Module], names: tuple[str, ...], decorate: Callable[[Any], Any] = of_any_kind
) -> None:
    """Decorate those of a class's own methods that have these names; see `of_any_kind`."""
    for name in names:
        method = cls.__dict__.get(name)
        if method is not None and not hasattr(method, "__of_any_kind__"):
            setattr(cls, name, decorate(method))


class _Given(NamedTuple):
    """Points as they came, and as a batch that the model takes.

    Attributes:
        batch: Shape (batch, 2).
        single: Whether it was one point, without a batch axis.
        dtype: Of a tensor that came in.
        array: The type of the answer, if an array or a list came in.
    """

    batch: Tensor
    single: bool
    dtype: torch.dtype
    array: np.dtype[Any] | None = None

    def answered(self, found: Any) -> Any:  # noqa: ANN401
        """A result, or several of them, by point, as whoever gave the points has them."""
        if hasattr(found, "_asdict"):  # a trace: frames come before points, and may have none
            axes = [1 if part.ndim > 1 and part.shape[1] else None for part in found]
            return type(found)(*map(self._answer, found, axes))
        if isinstance(found, tuple):
            return tuple(self._answer(part) for part in found)
        return self._answer(found)

    def _answer(self, found: Tensor, axis: int | None = 0) -> Any:  # noqa: ANN401
        found = found.select(axis, 0) if self.single and axis is not None else found
        if self.array is None:
            return found.to(self.dtype)
        return found.detach().cpu().numpy().astype(self.array, copy=False)[()]


def _taken(points: Any, module: nn.Module, name: str) -> _Given:  # noqa: ANN401
    if isinstance(points, Tensor):
        single = points.shape == (2,)
        batch = points[None] if single else points
        if not points.is_floating_point():  # which the method refuses by name
            return _Given(batch, single, points.dtype)
        return _Given(batch.to(_type_for(module, batch, name)), single, points.dtype)
    array = _array(points, name)
    single = array.shape == (2,)
    batch = torch.from_numpy(np.array(array[None] if single else array, np.float64))
    like = next(module.parameters(), torch.empty(0))
    if like.device.type == "mps":  # which has no float64
        batch = batch.to(like.dtype)
    batch = batch.to(like.device)
    kind = array.dtype if array.dtype.kind == "f" else np.dtype(np.float64)
    return _Given(batch.to(_type_for(module, batch, name)), single, batch.dtype, kind)


def _type_for(module: nn.Module, batch: Tensor, name: str) -> torch.dtype:
    """The model's own type; but one that shifts and scales data units does so in the points'."""
    frame = getattr(module, "frame", None)
    if name in DATA_ARGUMENTS and frame is not None and not frame.is_identity:
        return batch.dtype
    return next(module.parameters(), batch).dtype


def _array(points: Any, name: str) -> NDArray[Any]:  # noqa: ANN401
    try:
        array = np.asarray(points)
    except (ValueError, TypeError):  # rows of unequal length
        raise ShapeError(
            "{name} must be points of shape (batch, 2), got {points}",
            name=name,
            points=repr(points),
        ) from None
    if array.dtype.kind not in "fiu":
        raise ShapeError("{name} must be numbers, got {dtype}", name=name, dtype=array.dtype)
    return array
