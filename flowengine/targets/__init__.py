"""Target densities: exact in value, entropy and sampling, whatever they came from.

`flowengine.targets.presets` and `.sources` load no torch, and neither does this package before
the first `GridTarget` is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowengine.project import DEFAULT_EXTENT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from numpy.typing import ArrayLike

    from flowengine.project import TargetSpec
    from flowengine.targets.grid import GridTarget as GridTarget

__all__ = [
    "GridTarget",
    "from_formula",
    "from_grid",
    "from_image",
    "from_points",
    "from_spec",
    "names",
    "preset",
]


def names() -> tuple[str, ...]:
    """The names of all presets."""
    from flowengine.targets.presets import PRESETS

    return tuple(PRESETS)


def preset(name: str) -> GridTarget:
    """The target of a preset.

    Raises:
        TargetError: there is no such preset.
    """
    from flowengine.targets import sources

    return from_spec(sources.spec_from_preset(name))


def from_grid(array: ArrayLike, extent: Sequence[float] = DEFAULT_EXTENT) -> GridTarget:
    """The target of a density grid, shape (rows, columns), row 0 at y_min, of any sum.

    Raises:
        TargetError: it is no density, or it is all zero.
    """
    from flowengine.targets.grid import GridTarget

    return GridTarget(array, extent)


def from_points(
    points: ArrayLike, bandwidth: float | None = None, weights: ArrayLike | None = None
) -> GridTarget:
    """The target of points, shape (n, 2); see `sources.spec_from_points`.

    Raises:
        TargetError: they are no points, or the bandwidth is not above zero.
    """
    from flowengine.targets import sources

    return from_spec(sources.spec_from_points(points, bandwidth=bandwidth, weights=weights))


def from_formula(text: str, extent: Sequence[float] = DEFAULT_EXTENT) -> GridTarget:
    """The target p(x, y) ∝ a formula, such as `"exp(-r^2)"`; see `sources.spec_from_formula`.

    Raises:
        FormulaError: it cannot be read.
        TargetError: it is negative or not finite somewhere, or zero everywhere.
    """
    from flowengine.targets import sources

    return from_spec(sources.spec_from_formula(text, extent))


def from_image(source: str | PathLike[str] | bytes) -> GridTarget:
    """The target of a PNG or JPEG picture, a path or bytes; see `sources.spec_from_image`.

    Raises:
        TargetError: it is no such picture, too large, damaged, or blank.
    """
    from flowengine.targets import sources

    return from_spec(sources.spec_from_image(source))


def from_spec(spec: TargetSpec) -> GridTarget:
    """The target that a document describes.

    Raises:
        TargetError: the drawing is empty, or there is no such preset.
    """
    from flowengine.targets import sources

    target = from_grid(sources.density_of(spec), spec.extent)
    target.spec = spec
    return target


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name == "GridTarget":
        from flowengine.targets.grid import GridTarget

        return GridTarget
    raise AttributeError(f"module 'flowengine.targets' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
