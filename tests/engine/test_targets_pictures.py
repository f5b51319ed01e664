"""Pictures as targets: dark is dense, and a sentence for what is no picture."""

from __future__ import annotations

import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from flowengine.errors import TargetError
from flowengine.targets import sources
from flowengine.targets.pictures import picture_density
from tests.engine.pictures import (
    GOOD,
    assert_read_or_refused,
    density_of_picture,
    drawn,
    encoded,
    png_declaring,
)


@pytest.mark.parametrize(
    ("kind", "mode"), [("PNG", "L"), ("PNG", "RGB"), ("PNG", "P"), ("PNG", "1")]
)
@pytest.mark.parametrize("size", [(64, 64), (512, 512)])
def test_dark_is_dense_and_row_zero_is_the_lowest(kind, mode, size):
    picture = drawn(size=size, box=(0, 0, size[0] // 2 - 1, size[1] // 2 - 1)).convert(mode)
    density = density_of_picture(picture, kind)
    assert density.shape == (256, 256)
    assert density[140:, :116].min() > 0.99  # dark upper left: high rows, low columns
    assert density[:116].max() < 0.01
    assert density[:, 140:].max() < 0.01


def test_jpeg_paper_counts_as_empty():
    density = density_of_picture(drawn("RGB", (600, 600), (255,) * 3, (0,) * 3), "JPEG")
    assert (density[:100] == 0).all()
    assert density[-3:, :3].min() > 0.9


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_a_real_alpha_channel_is_the_density(mode):
    clear, ink = (
        ((255, 255, 255, 0), (255, 255, 255, 255)) if mode == "RGBA" else ((9, 0), (9, 255))
    )
    density = density_of_picture(drawn(mode, paper=clear, ink=ink))
    assert density[140:, :116].min() > 0.99
    assert density[:116].max() < 0.01


def test_an_alpha_channel_without_transparency_says_nothing():
    opaque = drawn("RGBA", paper=(255, 255, 255, 255), ink=(0, 0, 0, 255))
    np.testing.assert_array_equal(density_of_picture(opaque), density_of_picture(drawn()))


def test_a_transparent_palette_colour_is_no_density():
    picture = drawn().convert("P")
    paper = picture.getpixel((60, 60))
    density = density_of_picture(picture, transparency=paper)
    assert density[140:, :116].min() > 0.99
    assert density[:116].max() < 0.01


def test_sixteen_bits_are_scaled_not_clipped():
    values = np.linspace(0, 65535, 64).astype(np.uint16) * np.ones((64, 1), np.uint16)
    density = density_of_picture(Image.fromarray(values))
    np.testing.assert_allclose(density[128, [3, 128, 252]], [1, 0.5, 0], atol=0.04)


@pytest.mark.parametrize("size", [(400, 100), (100, 400), (3, 1), (2000, 2), (1, 1)])
def test_aspect_ratio_is_kept_by_padding(size):
    density = density_of_picture(Image.new("L", size, 0))
    filled = density > 0.5
    columns, rows = filled.any(0).sum(), filled.any(1).sum()
    assert max(columns, rows) == 256
    assert min(columns, rows) == max(1, round(256 * min(size) / max(size)))
    margin = np.flatnonzero(filled.any(1))[0] - (255 - np.flatnonzero(filled.any(1))[-1])
    assert abs(margin) <= 1


def test_a_photograph_is_turned_as_its_camera_says():
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    density = density_of_picture(drawn("RGB", (64, 64), (255,) * 3, (0,) * 3), "JPEG", exif=exif)
    assert density[:110, 146:].min() > 0.9
    assert density[146:].max() < 0.1


def test_a_large_picture_is_read_small():
    wide = Image.new("L", (20_000, 400), 255)
    ImageDraw.Draw(wide).rectangle((0, 0, 9_999, 399), fill=0)
    for kind in ("PNG", "JPEG"):
        density = density_of_picture(wide, kind)
        assert (density[:, :120].max(0) > 0.9).all()
        assert density[:, 136:].max() < 0.1


@pytest.mark.parametrize(
    "size", [(20_001, 1), (12_000, 12_000), (20_000, 20_000), (2**31 - 1, 2**31 - 1)]
)
def test_a_picture_that_declares_too_much_is_refused_before_it_is_decoded(size):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(TargetError) as refused:
            sources.spec_from_image(png_declaring(*size))
    width, height = size
    assert str(refused.value) == (
        f"The picture has {width:,} × {height:,} pixels; a picture may have 20,000 on a side and "
        "100,000,000 in all"
    )


def test_a_photograph_that_declares_too_much_is_refused_with_its_size():
    """Beyond what Pillow itself would open: its size stands in the frame's head alone."""
    data = bytearray(GOOD["JPEG"])
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", 65_000, 64_000)
    with pytest.raises(TargetError, match=r"has 64,000 × 65,000 pixels; .* 20,000 on a side"):
        sources.spec_from_image(bytes(data))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "The picture is not a PNG or JPEG picture"),
        (b"hello", "is not a PNG or JPEG picture"),
        (b"GIF89a" + bytes(50), "is not a PNG or JPEG picture"),
        (b"\x89PNG\r\n\x1a\n", "is not a PNG or JPEG picture|damaged"),
        (png_declaring(5000, 5000), "is a damaged picture"),
        (encoded(Image.new("L", (9, 9), 255)), "is blank"),
        (encoded(Image.new("RGBA", (9, 9), (255, 255, 255, 0))), "is blank"),
    ],
)
def test_what_is_no_picture_is_refused_in_a_sentence(data, message):
    with pytest.raises(TargetError, match=message):
        sources.spec_from_image(data)


@given(st.sampled_from(sorted(GOOD)), st.integers(0, 400), st.binary(min_size=1, max_size=8))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_picture_is_read_or_refused_and_nothing_else(kind, place, junk):
    data = bytearray(GOOD[kind])
    place %= len(data)
    data[place : place + len(junk)] = junk
    for damaged in (bytes(data), bytes(data[:place])):
        assert_read_or_refused(lambda damaged=damaged: sources.spec_from_image(damaged))


# --- what is transparent, and which way up ----------------------------------------------------


def png(depth: int, colours: int, rows: list[bytes], size: int, *chunks: tuple[bytes, bytes]):
    """A PNG of any depth and kind of colours, written by hand."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", size, size, depth, colours, 0, 0, 0)
    lines = zlib.compress(b"".join(b"\0" + row for row in rows))
    parts = [(b"IHDR", head), *chunks, (b"IDAT", lines), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


SIDE = 64
FIGURE = np.zeros((SIDE, SIDE), bool)
FIGURE[: SIDE // 2, : SIDE // 2] = True  # the upper left quarter


def keyed(depth: int, colours: int) -> bytes:
    """A figure on a ground of the one transparent colour, both of them dark."""
    ground, figure = 1 if depth > 1 else 0, 2 if depth > 2 else 1
    if depth == 2:
        figure = 2
    each = 3 if colours == 2 else 1
    values = np.where(FIGURE, figure, ground)
    if depth == 16:
        rows = [np.repeat(row.astype(">u2"), each).tobytes() for row in values * 257]
        key = struct.pack(f">{each}H", *[ground * 257] * each)
    else:
        bits = (values[..., None] >> np.arange(depth)[::-1]) & 1
        rows = [np.packbits(np.repeat(row, each, axis=0).reshape(-1)).tobytes() for row in bits]
        key = struct.pack(f">{each}H", *[ground] * each)
    return png(depth, colours, rows, SIDE, (b"tRNS", key))


@pytest.mark.parametrize(
    ("depth", "colours"), [(1, 0), (2, 0), (4, 0), (8, 0), (16, 0), (8, 2), (16, 2)]
)
def test_the_transparent_colour_is_no_density_in_any_depth(depth, colours):
    density = picture_density(keyed(depth, colours), "p")
    assert density[130:254, 2:126].min() > 0.9
    assert density[:126].max() < 0.05
    assert density[:, 130:].max() < 0.05


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "I;16"])
def test_every_mode_is_turned_as_its_exif_says(mode):
    turned = Image.Exif()
    turned[0x0112] = 6
    grey = Image.fromarray(np.where(FIGURE, 0, 255).astype(np.uint8))
    if mode == "I;16":
        picture = Image.fromarray(np.where(FIGURE, 0, 65535).astype(np.uint16))
    elif mode == "PA":
        picture = grey.convert("P")
        picture.info["transparency"] = bytes(range(256))
    else:
        picture = grey.convert(mode)
    stream = io.BytesIO()
    picture.save(stream, "PNG", exif=turned)
    density = picture_density(stream.getvalue(), "p")
    # a quarter turn to the right takes the upper left corner to the upper right one
    if mode == "PA":  # opaque where it is white
        density = 1 - density
    assert density[130:254, 130:254].min() > 0.9
    assert density[:126, :].max() < 0.1


def test_a_mask_counts_where_it_is_opaque():
    picture = Image.new("RGBA", (SIDE, SIDE), (255, 255, 255, 0))
    picture.paste((255, 255, 255, 255), (0, 0, SIDE // 2, SIDE // 2))
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    density = picture_density(stream.getvalue(), "p")
    assert density[130:254, 2:126].min() > 0.9
    assert density[:126].max() < 0.05
