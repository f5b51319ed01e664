"""The preset targets, each computed from a formula: nothing is sampled, nothing is read.

Point clouds of the literature stand here as the exact density that they are drawn from: a curve
with Gaussian noise is an integral along the curve, a shape is a filled outline with a soft edge.
Loads no torch: the window shows these as they are.
"""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from flowengine.errors import TargetError
from flowengine.targets.shapes import cat, heart, star

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

SIZE = 256
HALF_WIDTH = 4.0
TURN = 2 * np.pi


class Preset(NamedTuple):
    """A preset target.

    Attributes:
        name: As written in files and on the command line.
        title: As shown to a person.
        description: One sentence on what it is and what it asks of a flow.
        compute: From the cell centres of an axis, shape (n,), the unnormalised density at their
            pairs, shape (n, n), row 0 at the lowest y.
    """

    name: str
    title: str
    description: str
    compute: Callable[[Array], Array]


@lru_cache(maxsize=64)
def preset_density(name: str, size: int = SIZE) -> NDArray[np.float32]:
    """The density of a preset on [-4, 4]², which integrates to 1.

    Returns:
        Shape (size, size), row 0 at y_min, float32, read-only; the same array for every caller.

    Raises:
        TargetError: there is no such preset.
    """
    density = preset(name).compute(_centres(size))
    cell = (2 * HALF_WIDTH / size) ** 2
    normalised: NDArray[np.float32] = (density / (density.sum() * cell)).astype(np.float32)
    normalised.flags.writeable = False
    return normalised


def preset(name: str) -> Preset:
    """The preset of that name.

    Raises:
        TargetError: there is none.
    """
    if name not in PRESETS:
        raise TargetError(
            "No preset is called {name}; there are {presets}",
            name=repr(name),
            presets=", ".join(PRESETS),
        )
    return PRESETS[name]


def _centres(size: int) -> Array:
    return _midpoints(-HALF_WIDTH, HALF_WIDTH, size)


# --- densities from points and curves with Gaussian noise -----------------------------------------


def _gaussians(
    axis: Array, x: Array, y: Array, sigma: float, weights: Array | None = None
) -> Array:
    """A mixture of round Gaussians about (x, y), each of shape (k,), on the grid of `axis`.

    A round Gaussian is a product of one factor in x and one in y: the sum over all centres is one
    matrix product.
    """
    across = np.exp(-0.5 * ((axis - x[:, None]) / sigma) ** 2)  # (k, n)
    along = np.exp(-0.5 * ((axis - y[:, None]) / sigma) ** 2)
    if weights is not None:
        along *= weights[:, None]
    return along.T @ across


def _midpoints(start: float, stop: float, count: int) -> Array:
    """The middles of `count` equal pieces: with equal weights, the midpoint rule."""
    half = (stop - start) / (2 * count)
    return np.linspace(start + half, stop - half, count)


def _moons(axis: Array) -> Array:
    """Pedregosa et al., 2011 (`make_moons`), at the scale of FFJORD's toy data: noise 0.2."""
    t = _midpoints(0, np.pi, 300)
    x = np.concatenate([np.cos(t), 1 - np.cos(t)])
    y = np.concatenate([np.sin(t), 0.5 - np.sin(t)])
    return _gaussians(axis, 2 * x - 1, 2 * y - 0.2, sigma=0.2)


def _eight_gaussians(axis: Array) -> Array:
    t = np.arange(8) * TURN / 8
    return _gaussians(axis, 2 * np.cos(t), 2 * np.sin(t), sigma=0.2)


def _grid_of_gaussians(axis: Array) -> Array:
    x, y = np.meshgrid(np.linspace(-3, 3, 5), np.linspace(-3, 3, 5))
    return _gaussians(axis, x.ravel(), y.ravel(), sigma=0.2)


def _rings(axis: Array) -> Array:
    """Four circles of equal weight, as in FFJORD's toy data: noise 0.08."""
    t = _midpoints(0, TURN, 400)
    radius = np.array([0.75, 1.5, 2.25, 3.0])[:, None]
    return _gaussians(axis, (radius * np.cos(t)).ravel(), (radius * np.sin(t)).ravel(), 0.08)


def _two_spirals(axis: Array) -> Array:
    """Two arms of one and a half turns; the arc near the centre holds less, as in FFJORD's data."""
    t = _midpoints(0, 3 * np.pi, 900)
    x, y = -np.cos(t) * t / 3, np.sin(t) * t / 3
    return _gaussians(axis, np.append(x, -x), np.append(y, -y), 0.12, np.append(t, t))


def _swiss_roll(axis: Array) -> Array:
    """The roll of `make_swiss_roll` seen from its end, as in FFJORD's toy data: noise 0.2."""
    t = _midpoints(1.5 * np.pi, 4.5 * np.pi, 700)
    return _gaussians(axis, t * np.cos(t) / 5, t * np.sin(t) / 5, sigma=0.2)


def _s_curve(axis: Array) -> Array:
    """The sheet of `make_s_curve` seen from its end."""
    t = _midpoints(-1.5 * np.pi, 1.5 * np.pi, 600)
    return _gaussians(axis, 1.5 * np.sin(t), 1.5 * np.sign(t) * (np.cos(t) - 1), sigma=0.15)


# --- densities in closed form ---------------------------------------------------------------------


def _checkerboard(axis: Array) -> Array:
    """Every second square of side 2 is filled evenly: the entropy is ln 32."""
    square = np.floor(axis / 2)
    filled: Array = ((square[:, None] + square[None, :]) % 2 == 0).astype(np.float64)
    return filled


def _pinwheel(axis: Array) -> Array:
    """Five radial Gaussians, turned by an angle that grows with the radius.

    Turning a point by a function of its own radius keeps areas, so the density is that of the
    straight Gaussians at the point turned back.
    Source: Johnson et al., 2016, arXiv:1603.06277 (there the angle follows the unturned x).
    """
    x, y = axis[None, :], axis[:, None]
    radius = np.hypot(x, y) / 2
    angle = np.arctan2(y, x) - 0.25 * np.exp(radius)
    total = np.zeros((len(axis), len(axis)))
    for blade in np.arange(5) * TURN / 5:
        outward = radius * np.cos(angle - blade)
        across = radius * np.sin(angle - blade)
        total += np.exp(-0.5 * (((outward - 1) / 0.3) ** 2 + (across / 0.1) ** 2))
    return total


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        preset.name: preset
        for preset in (
            Preset(
                "moons",
                "Two moons",
                "Two interlocking half circles, which a flow must bend apart.",
                _moons,
            ),
            Preset(
                "eight_gaussians",
                "Eight Gaussians",
                "Eight separate bells on a circle: a flow must tear one bell into eight.",
                _eight_gaussians,
            ),
            Preset(
                "pinwheel",
                "Pinwheel",
                "Five curved blades that thin out towards their tips.",
                _pinwheel,
            ),
            Preset(
                "checkerboard",
                "Checkerboard",
                "Eight even squares with sharp edges, which no smooth map meets exactly.",
                _checkerboard,
            ),
            Preset(
                "rings",
                "Rings",
                "Four thin circles, one inside the other: holes that a flow can only squeeze shut.",
                _rings,
            ),
            Preset(
                "two_spirals",
                "Two spirals",
                "Two arms wound about each other, thinnest at the centre.",
                _two_spirals,
            ),
            Preset(
                "swiss_roll",
                "Swiss roll",
                "One strip rolled up into a spiral.",
                _swiss_roll,
            ),
            Preset(
                "s_curve",
                "S-curve",
                "One strip bent into an S.",
                _s_curve,
            ),
            Preset(
                "grid_of_gaussians",
                "Grid of Gaussians",
                "Twenty-five bells in five rows: a test of whether a flow finds every one.",
                _grid_of_gaussians,
            ),
            Preset(
                "star",
                "Star",
                "An even five-pointed star with sharp tips.",
                star,
            ),
            Preset(
                "cat",
                "Cat",
                "A cat's face with ears, eyes and whiskers: fine detail inside one shape.",
                cat,
            ),
            Preset(
                "heart",
                "Heart",
                "An even heart with one notch and one tip.",
                heart,
            ),
        )
    }
)
