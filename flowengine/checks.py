"""What every public door of the engine asks of the points that come in."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, SupportsIndex

import torch
from torch import Tensor

from flowengine.errors import NumericsError, ShapeError, SpecError
from flowengine.modes import is_traced, needs_plain
from flowengine.numbers import as_whole

if TYPE_CHECKING:
    from torch import nn

MAX_COUNT = 100_000_000


def check_points(x: Tensor, name: str = "x") -> Tensor:
    """Give back `x` if it is a batch of points.

    Raises:
        ShapeError: `x` is no tensor, not of shape (batch, 2), or not of a floating type.
    """
    if not isinstance(x, Tensor):
        raise ShapeError(
            "{name} must be a torch tensor of shape (batch, 2), got {x}", name=name, x=_kind(x)
        )
    if x.ndim != 2 or x.shape[1] != 2:
        raise ShapeError(
            "{name} must have shape (batch, 2), got {shape}", name=name, shape=tuple(x.shape)
        )
    if not x.is_floating_point():
        raise ShapeError("{name} must be of a floating type, got {dtype}", name=name, dtype=x.dtype)
    return _ordinary(x)


def check_input(x: Tensor, module: nn.Module, name: str = "x") -> Tensor:
    """Give back `x` if it is a batch of points that `module` can take.

    Whether its numbers are finite is asked on the CPU alone, outside transforms and tracing: on a
    GPU the answer would make every call wait for all the work before it.

    Raises:
        ShapeError: see `check_points`; or `x` is of another type, or on another device, than the
            module's weights.
        NumericsError: there is a NaN or an infinity; the message says in how many rows.
    """
    x = check_like(check_points(x, name), module, name)
    if not x.is_cpu or needs_plain():
        return x
    # one sum instead of a test of every number; what overflows in it may still be finite
    return x if math.isfinite(x.detach().sum()) else check_finite(x, name)


def check_like(x: Tensor, module: nn.Module, name: str = "x") -> Tensor:
    """Give back `x` if it is of the type and on the device of the module's weights.

    Raises:
        ShapeError: it is not.
    """
    weight = next(module.parameters(), x)
    if x.dtype != weight.dtype:
        raise ShapeError(
            "{name} must be {dtype} like the model, got {dtype_}",
            name=name,
            dtype=weight.dtype,
            dtype_=x.dtype,
        )
    if x.device != weight.device:
        raise ShapeError(
            "{name} must be on {device} like the model, got {device_}",
            name=name,
            device=weight.device,
            device_=x.device,
        )
    return _ordinary(x)


def check_finite(x: Tensor, name: str = "x") -> Tensor:
    """Give back `x` if every number in it is finite.

    Raises:
        NumericsError: there is a NaN or an infinity; the message says in how many rows.
    """
    bad = int((~torch.isfinite(x)).any(-1).sum())
    if bad:
        raise NumericsError(
            "{name} must be finite, but {bad} of {x} rows hold NaN or infinity",
            name=name,
            bad=bad,
            x=len(x),
        )
    return x


def check_count(n: SupportsIndex, name: str = "n") -> int:
    """Give back `n` as an `int` if so many points can be drawn; NumPy's whole numbers count too.

    Raises:
        SpecError: it is no whole number from 0 to 100,000,000.
    """
    whole = as_whole(n)
    if whole is None or not 0 <= whole <= MAX_COUNT:
        raise SpecError(
            "{name} must be a whole number from 0 to {max_count}, got {n}",
            name=name,
            max_count=f"{MAX_COUNT:,}",
            n=repr(n),
        )
    return whole


def _ordinary(x: Tensor) -> Tensor:
    """`x`, or a copy of what was made in inference mode, which can take no part in a gradient."""
    if is_traced() or torch.is_inference_mode_enabled() or not x.is_inference():
        return x
    return x.clone()


def _kind(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
