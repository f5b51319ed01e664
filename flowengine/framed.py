"""Models that speak data units while they compute in normalized coordinates; see `frame`.

A model is written in normalized coordinates. Where it has a frame, the decorators here stand
between its public methods and who calls them.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast

import torch
from torch import Tensor

from flowengine.checks import check_points
from flowengine.errors import ShapeError
from flowengine.protocol import LedgerRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowengine.flow import Flow
    from flowengine.frame import Frame
    from flowengine.model import Model

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound="Model")


def to_data(frame: Frame, points: Tensor) -> Tensor:
    """Normalized points, shape (…, 2), in data units.

    Where float32 could not tell neighbours apart they come as float64; see `Frame.is_fine`.
    """
    if frame.is_identity:
        return points
    wide = _wide(points)
    columns = [wide[..., i] * frame.scale[i] + frame.center[i] for i in range(2)]
    placed = torch.stack(columns, dim=-1)
    return placed if frame.is_fine else placed.to(points.dtype)


def to_normal(frame: Frame, points: Tensor, like: Tensor) -> Tensor:
    """Points of data units, shape (…, 2), in normalized coordinates of the type of `like`.

    Computed in float64, so that points that come in it lose nothing to a far origin.
    """
    if frame.is_identity:
        return points
    wide = _wide(points)
    columns = [(wide[..., i] - frame.center[i]) / frame.scale[i] for i in range(2)]
    return torch.stack(columns, dim=-1).to(like.dtype)


def scaled(frame: Frame, points: Tensor) -> Tensor:
    """Normalized points in data units, but about the frame's centre: distances keep all digits."""
    if frame.is_identity:
        return points
    return torch.stack([points[..., i] * frame.scale[i] for i in range(2)], dim=-1)


def _wide(points: Tensor) -> Tensor:
    return points if points.device.type == "mps" else points.double()


def _translating(
    translate: Callable[..., Any],
) -> Callable[[Callable[Concatenate[M, P], R]], Callable[Concatenate[M, P], R]]:
    """A decorator for methods of a model: with a frame, `translate` calls the model's core."""

    def decorate(method: Callable[Concatenate[M, P], R]) -> Callable[Concatenate[M, P], R]:
        @functools.wraps(method)
        def speaking(self: M, *args: P.args, **named: P.kwargs) -> R:
            if self.frame.is_identity:
                return method(self, *args, **named)
            result: R = translate(self, functools.partial(method, self.core), *args, **named)
            return result

        return speaking  # type: ignore[return-value]

    return decorate


def _normal(model: Model, points: Tensor, name: str = "x") -> Tensor:
    like = next(model.parameters(), points)
    return to_normal(model.frame, check_points(points, name), like)


def _generated(model: Model, call: Callable[..., Any], *args: Any, **named: Any) -> Any:  # noqa: ANN401
    return to_data(model.frame, call(*args, **named))


def _forward(model: Model, call: Callable[..., Any], z: Tensor) -> tuple[Tensor, Tensor]:
    x, log_det = call(z)
    return to_data(model.frame, x), log_det + model.frame.log_area


def _inverse(model: Model, call: Callable[..., Any], x: Tensor) -> tuple[Tensor, Tensor]:
    z, log_det = call(_normal(model, x))
    return z, log_det - model.frame.log_area


def _onward(model: Model, call: Callable[..., Any], u: Tensor, tau: float) -> tuple[Tensor, Tensor]:
    x, log_det = call(_normal(model, u, "u"), tau)
    return to_data(model.frame, x), log_det


def _backward(
    model: Model, call: Callable[..., Any], u: Tensor, tau: float
) -> tuple[Tensor, Tensor]:
    z, log_det = call(_normal(model, u, "u"), tau)
    return z, log_det - model.frame.log_area


def _density(model: Model, call: Callable[..., Any], x: Tensor, *args: Any, **named: Any) -> Tensor:  # noqa: ANN401
    log_density: Tensor = call(_normal(model, x), *args, **named)
    return log_density - model.frame.log_area


def _loss(model: Model, call: Callable[..., Any], x: Tensor) -> Tensor:
    loss: Tensor = call(_normal(model, x))
    return loss + model.frame.log_area


def _seen(model: Model, call: Callable[..., Any], x: Tensor) -> Any:  # noqa: ANN401
    return call(_normal(model, x))


def _traced(model: Model, call: Callable[..., Any], *args: Any, **named: Any) -> Any:  # noqa: ANN401
    trace = call(*args, **named)
    return trace._replace(
        positions=to_data(model.frame, trace.positions),
        log_prob=trace.log_prob - model.frame.log_area,
    )


def _traced_back(
    model: Model,
    call: Callable[..., Any],
    x: Tensor,
    *args: Any,  # noqa: ANN401
    **named: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    return _traced(model, call, _normal(model, x), *args, **named)


def _ledger(model: Model, call: Callable[..., Any], point: tuple[float, float]) -> Any:  # noqa: ANN401
    """The page of the normalized point, and the way from there to data units as its last row."""
    frame = model.frame
    x = _point(model, point)
    page = call(frame.normal((float(x[0, 0]), float(x[0, 1]))))
    (sx, sy), log_prob = frame.scale, page.log_prob - frame.log_area
    place, jacobian = (float(x[0, 0]), float(x[0, 1])), (sx, 0.0, 0.0, sy)
    units = LedgerRow("units", "Units", 1.0, place, frame.log_area, log_prob, jacobian)
    z, _ = cast("Flow", model).inverse(x)
    miss = cast("Flow", model).forward(z)[0] - x
    return page._replace(
        rows=(*page.rows, units), log_prob=log_prob, round_trip_error=float(miss.norm())
    )


def _point(model: Model, point: tuple[float, float]) -> Tensor:
    """A point of data units, shape (1, 2), with all its digits."""
    if len(point) != 2 or not all(math.isfinite(c) for c in point):
        raise ShapeError("A point is two finite numbers, got {point}", point=point)
    like = next(model.parameters(), torch.empty(0))
    wide = torch.float32 if like.device.type == "mps" else torch.float64
    return torch.tensor([point], dtype=wide, device=like.device)


makes_points = _translating(_generated)
"""For a method that gives points of the target."""
maps_out = _translating(_forward)
"""For a method like `Flow.forward`."""
maps_in = _translating(_inverse)
"""For a method like `Flow.inverse`."""
moves_on = _translating(_onward)
"""For a method like `Flow.forward_from`."""
moves_back = _translating(_backward)
"""For a method like `Flow.inverse_from`."""
gives_density = _translating(_density)
"""For a method that gives a log-density of points, or a bound on it."""
gives_loss = _translating(_loss)
"""For a method that gives a mean of −log-density of points."""
takes_points = _translating(_seen)
"""For a method that takes points of the target and gives nothing of them."""
traces = _translating(_traced)
"""For a method like `Flow.trace`."""
traces_back = _translating(_traced_back)
"""For a method like `Flow.inverse_trace`."""
writes_ledger = _translating(_ledger)
"""For a method like `Flow.ledger`."""
