"""Where targets come from: presets, arrays, points, pictures and files, all made into a grid.

Each function gives a `TargetSpec` for the document, or says in one sentence what was wrong with
what it was given. Loads no torch.
"""

from __future__ import annotations

import os
import tokenize
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from flowengine.arrays import FrozenArray
from flowengine.errors import TargetError, phrase
from flowengine.foreign import words_of
from flowengine.frame import Frame
from flowengine.project import DEFAULT_EXTENT, TargetSpec
from flowengine.targets.checks import (
    check_density,
    check_extent,
    check_not_empty,
    check_points,
    check_shape,
    check_weights,
)
from flowengine.targets.columns import Reading
from flowengine.targets.formula import formula_density
from flowengine.targets.points import points_density, points_extent
from flowengine.targets.presets import PRESETS, SIZE, preset, preset_density

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike

    from numpy.typing import ArrayLike, NDArray

FORMULA_PREFIX = "formula:"
MAX_NAME = 200
MAX_FILE_BYTES = 256 * 1024**2
# what NumPy raises on a header that is none: it reads it as Python's own literals
_NO_ARRAY = (
    *(ValueError, OSError, EOFError, TypeError, KeyError, OverflowError, UserWarning),
    *(SyntaxError, tokenize.TokenError, RecursionError, MemoryError),
)


def density_of(spec: TargetSpec) -> NDArray[np.float32]:
    """The grid of a target, whatever it came from: shape (rows, columns), row 0 at y_min.

    A preset's integrates to 1; any other is as it was drawn or given, and may be all zero.

    Raises:
        TargetError: it names a preset that does not exist.
    """
    if spec.density is not None:
        return spec.density.values
    return preset_density(spec.name)


def spec_from_preset(name: str) -> TargetSpec:
    """The target of a preset.

    Raises:
        TargetError: there is no such preset.
    """
    return TargetSpec(source="preset", name=preset(name).name)


def spec_from_array(
    array: ArrayLike, name: str = "array", extent: Sequence[float] = DEFAULT_EXTENT
) -> TargetSpec:
    """The target of a density grid, shape (rows, columns), row 0 at y_min, of any sum.

    Raises:
        TargetError: it is no density, it is all zero, or the extent spans no area.
    """
    what = phrase("The array")
    grid = check_density(array, what)
    check_not_empty(grid, what)
    return TargetSpec(
        source="array",
        name=_short(name),
        extent=check_extent(extent),
        density=FrozenArray(_within_float32(grid)),
    )


def spec_from_points(
    points: ArrayLike,
    name: str = "points",
    bandwidth: float | None = None,
    weights: ArrayLike | None = None,
) -> TargetSpec:
    """The target of points, shape (n, 2): a Gaussian bell about each of them.

    The extent is a box about all of them, or [-4, 4]² if they are at home in it. The document keeps
    points and bandwidth, so that both can be changed later; of weighted points it keeps the
    density.

    Args:
        points: In data units.
        name: What to call it.
        bandwidth: Standard deviation of each bell, in data units, which are then taken to be the
            same on both axes; if left out, bells are round in the box, and as broad as makes each
            point most likely given all others.
        weights: How much each point counts, shape (n,), not negative; left out for all alike.

    Raises:
        TargetError: they are no points, a weight is negative, or the bandwidth is not above zero.
    """
    array = check_points(points)
    shares = None if weights is None else check_weights(weights, len(array))
    extent = points_extent(array, square=bandwidth is not None)
    density = points_density(array, extent, SIZE, bandwidth, shares)
    if shares is not None:
        return spec_from_array(density, name, extent)
    return TargetSpec(
        source="points",
        name=_short(name),
        extent=extent,
        density=FrozenArray(density),
        points=FrozenArray(array, wide=Frame.of(extent).is_fine),
        bandwidth=bandwidth,
    )


def spec_from_formula(text: str, extent: Sequence[float] = DEFAULT_EXTENT) -> TargetSpec:
    """The target p(x, y) ∝ a formula; see `formula` for what it may hold.

    Raises:
        FormulaError: it cannot be read.
        TargetError: it is negative or not finite somewhere, or zero everywhere.
    """
    area = check_extent(extent)
    return TargetSpec(
        source="formula",
        name="formula",
        extent=area,
        density=FrozenArray(formula_density(text, area)),
        formula=text.strip(),
    )


def spec_from_image(source: str | PathLike[str] | bytes, name: str | None = None) -> TargetSpec:
    """The target of a PNG or JPEG picture: dark is dense, or opaque if parts are transparent.

    Args:
        source: A path, or the bytes of a file.
        name: What to call it; if left out, the file's stem, or "picture".

    Raises:
        TargetError: it is no such picture, too large, damaged, or blank.
    """
    from flowengine.targets.pictures import picture_density

    if isinstance(source, bytes):
        return _picture_spec(picture_density(source, phrase("The picture")), name or "picture")
    path = Path(source)
    return _picture_spec(picture_density(_read(path), str(path)), name or path.stem)


def spec_from_file(
    path: str | PathLike[str],
    reading: Reading | None = None,
    tell: Callable[[str], None] | None = None,
) -> TargetSpec:
    """The target of a file, told by its suffix: .png .jpg .jpeg, .npy, or .csv.

    An .npy of shape (n, 2) holds points, any other two-dimensional one a density with row 0 at
    y_min; a .csv holds points, see `tables.read_points`.

    Args:
        path: Of the file.
        reading: How to read a table; only tables can be read in one way or another.
        tell: Called with what a person should know of how the table was read.

    Raises:
        TargetError: the file is missing, of another kind, damaged, or holds no target.
    """
    file = Path(path)
    _check_file(file)
    reader = _READERS.get(file.suffix.lower())
    if reader is None:
        raise TargetError(
            "{file}: a target is read from {readers}, not from {suffix}",
            file=file,
            readers=", ".join(_READERS),
            suffix=file.suffix or phrase("a file without suffix"),
        )
    if reader is _spec_from_csv:
        return _spec_from_csv(file, reading, tell)
    _refuse_reading(reading, str(file))
    return reader(file)


def spec_from_table(text: str, name: str = "table") -> TargetSpec:
    """The target of a table written as text: two numbers a line are points, more are a density.

    A density is read as it looks: its first line is the uppermost.

    Raises:
        TargetError: it holds anything but numbers, or no target.
    """
    from flowengine.targets.tables import parse_table

    table = parse_table(text, phrase("The table"))
    if table.shape[1] == 2:
        return spec_from_points(table, name)
    return spec_from_array(table[::-1], name)


def spec_from_text(
    text: str, reading: Reading | None = None, tell: Callable[[str], None] | None = None
) -> TargetSpec:
    """The target that a person names: a preset, a file, or "formula:" with a formula after it.

    Args:
        text: The name.
        reading: See `spec_from_file`.
        tell: Likewise.

    Raises:
        TargetError: it is none of these, or it holds no target.
    """
    if text.startswith(FORMULA_PREFIX) or text in PRESETS:
        _refuse_reading(reading, text)
    if text.startswith(FORMULA_PREFIX):
        return spec_from_formula(text.removeprefix(FORMULA_PREFIX))
    if text in PRESETS:
        return spec_from_preset(text)
    if Path(text).suffix or os.path.exists(text):
        return spec_from_file(text, reading, tell)
    raise TargetError(
        "No preset and no file is called {text}; the presets are {presets}",
        text=repr(text),
        presets=", ".join(PRESETS),
    )


def _refuse_reading(reading: Reading | None, what: str) -> None:
    if reading is not None and reading != Reading():
        raise TargetError(
            "{what} is no table: only of a .csv columns are named or rows left out", what=what
        )


def _picture_spec(density: NDArray[np.float64], name: str) -> TargetSpec:
    return TargetSpec(source="picture", name=_short(name), density=FrozenArray(density))


def _spec_from_npy(path: Path) -> TargetSpec:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # NumPy repairs some headers, with a warning
            # a map reads nothing before its shape is known, and never unpickles
            array = np.lib.format.open_memmap(path, mode="r")
    except _NO_ARRAY as error:
        raise TargetError(
            "{path} is not a NumPy array (.npy): {error}",
            path=path,
            error=words_of(_one_line(error)),
        ) from None
    if array.ndim == 2 and array.shape[1] == 2:
        return spec_from_points(check_points(array, str(path)), path.stem)
    check_shape(array.shape, str(path))
    grid = check_density(array, str(path))
    check_not_empty(grid, str(path))
    return spec_from_array(grid, path.stem)


def _spec_from_csv(
    path: Path, reading: Reading | None = None, tell: Callable[[str], None] | None = None
) -> TargetSpec:
    from flowengine.targets.tables import read_points

    try:
        text = _read(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TargetError(
            "{path} is not a table in UTF-8 text: byte {start} cannot be read; save "
            "it as CSV in UTF-8",
            path=path,
            start=error.start,
        ) from None
    table = read_points(text, str(path), reading)
    for notice in table.notices:
        if tell is not None:
            tell(notice)
    points = check_points(table.points, str(path))
    return spec_from_points(points, path.stem, weights=table.weights)


_READERS: dict[str, Callable[[Path], TargetSpec]] = {
    ".png": spec_from_image,
    ".jpg": spec_from_image,
    ".jpeg": spec_from_image,
    ".npy": _spec_from_npy,
    ".csv": _spec_from_csv,
}
SUFFIXES: tuple[str, ...] = tuple(_READERS)


def _read(path: Path) -> bytes:
    _check_file(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise TargetError(
            "{path} cannot be read: {strerror}",
            path=path,
            strerror=words_of(error.strerror or error),
        ) from None


def _check_file(path: Path) -> None:
    if not os.path.exists(path):  # unlike Path.exists, at ease with any text at all
        raise TargetError("{path} does not exist; it may have been moved or renamed", path=path)
    if not path.is_file():
        raise TargetError(
            "{path} is not a file: expected a picture, a table or an array", path=path
        )
    size = path.stat().st_size
    if size == 0:
        raise TargetError("{path} is empty: expected a picture, a table or an array", path=path)
    if size > MAX_FILE_BYTES:
        raise TargetError(
            "{path} may have {max_file_bytes} bytes, it has {size}",
            path=path,
            max_file_bytes=f"{MAX_FILE_BYTES:,}",
            size=f"{size:,}",
        )


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


def _short(name: str) -> str:
    return name[:MAX_NAME] or "target"


def _within_float32(grid: NDArray[np.float64]) -> NDArray[Any]:
    """Scale a density whose largest value would not fit, or would be lost, in float32."""
    peak = float(grid.max())
    return grid if 1e-20 <= peak <= 1e20 else grid / peak
