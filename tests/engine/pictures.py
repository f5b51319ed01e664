"""Pictures drawn for the tests of targets, and what may become of damaged ones."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib

from PIL import Image, ImageDraw

from flowengine.errors import TargetError
from flowengine.targets import sources


def encoded(picture, kind="PNG", **options):
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def density_of_picture(picture, kind="PNG", **options):
    return sources.density_of(sources.spec_from_image(encoded(picture, kind, **options)))


def drawn(mode="L", size=(64, 64), paper=255, ink=0, box=(0, 0, 31, 31)):
    picture = Image.new(mode, size, paper)
    ImageDraw.Draw(picture).rectangle(box, fill=ink)
    return picture


def png_declaring(width, height):
    """A PNG whose header promises far more than the file holds."""

    def chunk(name, body):
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + head + data + chunk(b"IEND", b"")


def assert_read_or_refused(read):
    with contextlib.suppress(TargetError):
        read()


GOOD = {
    kind: encoded(drawn("RGB", (40, 30), (250,) * 3, (5,) * 3), kind) for kind in ("PNG", "JPEG")
}
