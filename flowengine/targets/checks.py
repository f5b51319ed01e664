"""What makes an array a density, a set of points or an extent. Loads no torch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from flowengine.errors import TargetError, phrase
from flowengine.foreign import words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from flowengine.project import Extent

MIN_SIDE, MAX_SIDE = 2, 4096
MAX_POINTS = 1_000_000
MAX_COORDINATE = 1e9
DENSITY, DRAWING, POINTS = phrase("The density"), phrase("The drawing"), phrase("The points")
WEIGHTS = phrase("The weights")


def check_density(density: ArrayLike, what: str = DENSITY) -> NDArray[np.float64]:
    """Give back a density grid as float64, shape (rows, columns), if it can be a target.

    An all-zero grid passes, as a drawing that has not begun is a legal document.

    Raises:
        TargetError: it is not two-dimensional, too small, too large, or holds text, NaN, infinity
            or a negative value; `what` opens the sentence.
    """
    grid = _real(density, what)
    check_shape(grid.shape, what)
    _refuse_non_finite(grid, what)
    if (grid < 0).any():
        row, column = np.unravel_index(int(grid.argmin()), grid.shape)
        raise TargetError(
            "{what} must not be negative, got {grid} at row {row}, column {column}",
            what=what,
            grid=f"{grid[row, column]:g}",
            row=row,
            column=column,
        )
    return grid


def check_shape(shape: tuple[int, ...], what: str) -> None:
    """Refuse the shape of anything but a density grid.

    Raises:
        TargetError: it does not have from 2 to 4096 rows and columns.
    """
    if len(shape) != 2 or not all(MIN_SIDE <= n <= MAX_SIDE for n in shape):
        raise TargetError(
            "{what} must be a grid of {min_side} to {max_side} rows and columns, got shape {shape}",
            what=what,
            min_side=MIN_SIDE,
            max_side=MAX_SIDE,
            shape=shape,
        )


def check_not_empty(density: NDArray[Any], what: str = DRAWING) -> None:
    """Refuse a grid of zeros.

    Raises:
        TargetError: no cell holds anything.
    """
    if not density.any():
        raise TargetError(
            "{what} is empty: at least one cell must have a density above zero", what=what
        )


def check_points(points: ArrayLike, what: str = POINTS) -> NDArray[np.float64]:
    """Give back points as float64, shape (n, 2), if there are some and all are finite.

    Raises:
        TargetError: they are not of shape (n, 2) with 1 <= n <= 1,000,000, not finite, or
            beyond ±10⁹.
    """
    array = _real(points, what)
    if array.ndim != 2 or array.shape[1] != 2 or not 1 <= len(array) <= MAX_POINTS:
        raise TargetError(
            "{what} must have shape (n, 2) with n from 1 to {max_points}, got {shape}",
            what=what,
            max_points=f"{MAX_POINTS:,}",
            shape=array.shape,
        )
    _refuse_non_finite(array, what)
    farthest = float(np.abs(array).max())
    if farthest >= MAX_COORDINATE:
        raise TargetError(
            "{what} must lie within ±{max_coordinate}, got {farthest}",
            what=what,
            max_coordinate=f"{MAX_COORDINATE:,.0f}",
            farthest=f"{farthest:g}",
        )
    return array


def check_weights(weights: ArrayLike, count: int) -> NDArray[np.float64]:
    """Give back the weights of so many points as float64, shape (count,), not all zero.

    Raises:
        TargetError: there are more or fewer, or one is negative or not finite.
    """
    array = _real(weights, WEIGHTS)
    if array.shape != (count,) or not np.isfinite(array).all() or (array < 0).any():
        raise TargetError(
            "The weights must be {count} finite numbers that are not negative, one for each point",
            count=f"{count:,}",
        )
    if not array.any():
        raise TargetError("The weights are all zero: at least one point must count")
    shares: NDArray[np.float64] = array / array.max()
    return shares


def check_extent(extent: Sequence[float]) -> Extent:
    """Give back (x_min, x_max, y_min, y_max) if it spans an area.

    Raises:
        TargetError: it is not four finite numbers with x_min < x_max and y_min < y_max.
    """
    try:
        values = () if isinstance(extent, str | bytes) else tuple(float(v) for v in extent)
    except (TypeError, ValueError):
        values = ()
    if len(values) == 4 and all(math.isfinite(v) for v in values):
        x_min, x_max, y_min, y_max = values
        if x_min < x_max and y_min < y_max:
            return x_min, x_max, y_min, y_max
    raise TargetError(
        "The extent must be four finite numbers x_min < x_max, y_min < y_max, got {extent}",
        extent=_told(extent),
    )


def check_bandwidth(bandwidth: float) -> float:
    """Give back a bandwidth.

    Raises:
        TargetError: it is not a finite number above zero.
    """
    number = isinstance(bandwidth, int | float | np.number) and not isinstance(bandwidth, bool)
    if not (number and math.isfinite(bandwidth) and bandwidth > 0):
        raise TargetError(
            "The bandwidth must be a finite number above 0, got {bandwidth}",
            bandwidth=_told(bandwidth),
        )
    return float(bandwidth)


def _told(value: object) -> str:
    """What came, in few words."""
    if isinstance(value, list | tuple | np.ndarray):
        value = tuple(value)
    elif isinstance(value, float):
        return str(value)
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _real(values: ArrayLike, what: str) -> NDArray[np.float64]:
    try:
        # a tensor that takes gradients, or lies on another device, says no to NumPy
        array = np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)
        if array.dtype.kind not in "biuf":
            raise TargetError("got an array of {dtype}", dtype=array.dtype)
    except (TypeError, ValueError, RuntimeError) as error:  # a TargetError is one of these
        raise TargetError(
            "{what} must be an array of real numbers: {error}", what=what, error=words_of(error)
        ) from None
    with np.errstate(invalid="ignore", over="ignore"):  # what is not finite is told in full below
        return array.astype(np.float64)


def _refuse_non_finite(array: NDArray[np.float64], what: str) -> None:
    bad = ~np.isfinite(array)
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise TargetError(
            "{what} must be finite, but {bad} of {size} values are NaN or infinite, "
            "the first at row {first}, column {first_}",
            what=what,
            bad=f"{int(bad.sum()):,}",
            size=f"{array.size:,}",
            first=first[0],
            first_=first[1],
        )
