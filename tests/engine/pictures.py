"""Pictures drawn for the tests of targets, and what may become of damaged ones."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from flowengine.errors import TargetError
from flowengine.targets import sources

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import NDArray


def encoded(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def density_of_picture(picture: Image.Image, kind: str = "PNG", **options: Any) -> NDArray[Any]:
    return sources.density_of(sources.spec_from_image(encoded(picture, kind, **options)))


def drawn(
    mode: str = "L",
    size: tuple[int, int] = (64, 64),
    paper: Any = 255,
    ink: Any = 0,
    box: tuple[int, int, int, int] = (0, 0, 31, 31),
) -> Image.Image:
    picture = Image.new(mode, size, paper)
    ImageDraw.Draw(picture).rectangle(box, fill=ink)
    return picture


def png_declaring(width: int, height: int) -> bytes:
    """A PNG whose header promises far more than the file holds."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + head + data + chunk(b"IEND", b"")


def assert_read_or_refused(read: Callable[[], object]) -> None:
    with contextlib.suppress(TargetError):
        read()


GOOD = {
    kind: encoded(drawn("RGB", (40, 30), (250,) * 3, (5,) * 3), kind) for kind in ("PNG", "JPEG")
}
