"""What is odd about the points of a target, in one sentence. Loads no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from flowengine.errors import phrase

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from flowengine.project import TargetSpec

FEW = 10
"""Points below which no density is to be learned of them."""
_SQUEEZED, _CROWD = 0.02, 0.9  # a share of the extent that holds so much of the points


def oddity(target: TargetSpec) -> str:
    """What a person should know of a target that was made from points, or an empty text."""
    if target.points is None:
        return ""
    points = target.points.values.astype(np.float64)
    count, spread = len(points), np.ptp(points, axis=0)
    if count and not spread.any():
        x, y = points[0].tolist()
        if count > 1:
            return phrase(
                "All {count} points lie at one place, ({x}, {y}): the target is a bell about it",
                count=f"{count:,}",
                x=f"{x:.6g}",
                y=f"{y:.6g}",
            )
    elif not spread.all():
        name, value = ("x", points[0, 0]) if not spread[0] else ("y", points[0, 1])
        return phrase(
            "{name} is {value} at every point: the target is a thin ridge about a line",
            name=name,
            value=f"{value:.6g}",
        )
    if count < FEW:
        return phrase(
            "So few points ({count}) say little of where others would lie: the "
            "target is a bell about each of them",
            count=count,
        )
    return _outlier(points, target.extent)


def _outlier(points: NDArray[np.float64], extent: tuple[float, ...]) -> str:
    for axis, name in enumerate("xy"):
        values = points[:, axis]
        low, high = np.quantile(values, [(1 - _CROWD) / 2, (1 + _CROWD) / 2])
        if high - low < _SQUEEZED * (extent[2 * axis + 1] - extent[2 * axis]):
            farthest = values[np.argmax(np.abs(values - np.median(values)))]
            return phrase(
                "Nine tenths of the points lie between {name} = {low} and {high}, "
                "and one at {farthest}: the target is stretched to hold it, and "
                "shows little of the others",
                name=name,
                low=f"{low:.6g}",
                high=f"{high:.6g}",
                farthest=f"{farthest:.6g}",
            )
    return ""
