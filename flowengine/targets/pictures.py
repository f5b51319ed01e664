"""A density made from a picture. Loads no torch."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageChops, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from flowengine.errors import TargetError
from flowengine.foreign import words_of
from flowengine.targets.presets import SIZE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

MAX_SIDE = 20_000
MAX_PIXELS = 100_000_000
_AVERAGED = (
    "L",
    "LA",
    "RGB",
    "RGBA",
    "F",
)  # the modes whose neighbours can be averaged as they are
_KEYED = ("1", "L", "I", "I;16", "RGB")  # the modes in which one colour may stand for nothing
_JPEG, _PNG_DEPTH = b"\xff\xd8", 24  # where a PNG says how many bits its numbers have
_ORIENTATION = 0x0112  # in EXIF
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_PAPER = 0.02  # what counts as white: scans and JPEGs are never quite
# what Pillow raises on files that are damaged in one way or another
_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error)


def picture_density(data: bytes, what: str) -> Array:
    """Read a PNG or JPEG as a density: dark is dense, or opaque if parts are transparent.

    Args:
        data: The bytes of the file.
        what: What to call it in an error.

    Returns:
        Shape (256, 256), row 0 at the picture's lower edge, from 0 to 1. The longer side fills the
        grid; the shorter one is centred.

    Raises:
        TargetError: it is no such picture, has sides over 20,000 or over 100 million pixels, is
            damaged, or is blank.
    """
    try:
        with warnings.catch_warnings():
            # the size is checked below, against our own limits
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as picture:
                _check_size(picture.size, what)
                darkness = _darkness(picture, 8 if data.startswith(_JPEG) else data[_PNG_DEPTH])
    except TargetError:  # a ValueError, as damage is
        raise
    except UnidentifiedImageError:
        raise TargetError(
            "{what} is not a PNG or JPEG picture: save it as one in a picture program", what=what
        ) from None
    except Image.DecompressionBombError:
        raise _too_large(_declared_size(data), what) from None
    except _DAMAGE as error:
        raise TargetError(
            "{what} is a damaged picture, try another copy: {error}",
            what=what,
            error=words_of(error),
        ) from None
    density = _centred(np.clip((darkness - _PAPER) / (1 - _PAPER), 0.0, 1.0))
    if not density.any():
        raise TargetError(
            "{what} is blank: expected dark or opaque parts, which make the density", what=what
        )
    return density


def _check_size(size: tuple[int, int], what: str) -> None:
    width, height = size
    if max(size) > MAX_SIDE or width * height > MAX_PIXELS:
        raise _too_large(size, what)


def _too_large(size: tuple[int, int], what: str) -> TargetError:
    width, height = size
    return TargetError(
        "{what} has {width} × {height} pixels; a picture may have {max_side} on a "
        "side and {max_pixels} in all",
        what=what,
        width=f"{width:,}",
        height=f"{height:,}",
        max_side=f"{MAX_SIDE:,}",
        max_pixels=f"{MAX_PIXELS:,}",
    )


def _declared_size(data: bytes) -> tuple[int, int]:
    """What the head of a picture says of its size, where Pillow refuses to open it for that."""
    reader = JpegImageFile if data.startswith(_JPEG) else PngImageFile
    with reader(io.BytesIO(data)) as picture:
        return picture.size


def _darkness(picture: Image.Image, depth: int) -> Array:
    """How dense each pixel is, from 0 to 1, row 0 at the upper edge, at most 256 on a side.

    Args:
        picture: As it was opened.
        depth: Bits of each of its numbers.
    """
    picture.draft("RGB", (2 * SIZE, 2 * SIZE))  # a JPEG then decodes at an eighth, if that suffices
    turn = _TURNS.get(picture.getexif().get(_ORIENTATION, 1))
    if "transparency" in picture.info and picture.mode == "P":
        picture = picture.convert("RGBA")
    key = picture.info.get("transparency") if picture.mode in _KEYED else None
    alpha = None if key is None else _all_but(picture, key, depth)
    picture = _reduced(picture)
    if alpha is None and "A" in picture.mode:
        alpha = picture.getchannel("A")
    if alpha is not None:
        low, high = alpha.getextrema()
        if low != high:
            return _fitted(_turned(_reduced(alpha), turn)) / 255
    return 1 - _fitted(_turned(_grey(picture), turn)) / 255


def _grey(picture: Image.Image) -> Image.Image:
    """How bright each pixel is, from 0 to 255."""
    if picture.mode.startswith("I"):  # 16 bits: Pillow would clip, not scale
        return _reduced(Image.fromarray(np.asarray(picture, dtype=np.float32) / 257))
    return (picture.convert("RGB") if picture.mode == "CMYK" else picture).convert("L")


def _all_but(picture: Image.Image, key: int | tuple[int, ...], depth: int) -> Image.Image:
    """Opaque everywhere but where a pixel has the one colour that stands for nothing.

    Args:
        picture: Of one of the modes `_KEYED`.
        key: That colour as the file has it, in numbers of `depth` bits; Pillow scales the pixels to
            8 bits, but those of 16-bit grey, and leaves the colour as it is.
        depth: Bits of a number.
    """
    keys = (key,) if isinstance(key, int) else key
    if picture.mode.startswith("I"):
        kept = np.asarray(picture) != keys[0]
        return Image.fromarray(np.uint8(255) * kept)
    channels = (picture.convert("L") if picture.mode == "1" else picture).split()
    differs = Image.new("L", picture.size, 0)
    for channel, value in zip(channels, keys, strict=True):
        eight = value >> 8 if depth == 16 else value * 255 // ((1 << depth) - 1)
        table = [255 * (level != eight) for level in range(256)]
        differs = ImageChops.lighter(differs, channel.point(table))
    return differs


def _turned(channel: Image.Image, turn: Image.Transpose | None) -> Image.Image:
    return channel if turn is None else channel.transpose(turn)


def _reduced(picture: Image.Image) -> Image.Image:
    """At most a few times larger than the grid, before copies are made of it."""
    factor = max(picture.size) // (4 * SIZE)
    return picture if factor < 2 or picture.mode not in _AVERAGED else picture.reduce(factor)


def _fitted(channel: Image.Image) -> Array:
    """Resize one channel so that its longer side is the grid's."""
    width, height = channel.size
    scale = SIZE / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resampling = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    return np.asarray(channel.resize(size, resampling), dtype=np.float64)


def _centred(darkness: Array) -> Array:
    """Turn upside down, so that row 0 is the lowest, and pad to the square grid."""
    rows, columns = darkness.shape
    density = np.zeros((SIZE, SIZE))
    top, left = (SIZE - rows) // 2, (SIZE - columns) // 2
    density[top : top + rows, left : left + columns] = darkness[::-1]
    return density
