"""GIF films, written frame by frame, so that a long one needs no more memory than a short one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from PIL import GifImagePlugin, Image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from explorer.export.ffmpeg import Found

_COLOURS: Final = 256
_SAMPLED: Final = 4  # every such pixel, across and down, counts in the choice of colours
RATES: Final = (10, 20, 25)  # frames a second: a GIF counts hundredths of a second


class Samples(NamedTuple):
    """Frames of a film, a few from all over it, whose colours stand for all."""

    frames: tuple[bytes, ...]


def encode(pieces: Iterator[Samples | bytes], path: Path, size: tuple[int, int], rate: int) -> None:
    """Write frames as a GIF that starts over when it ends.

    All frames share one table of colours, so that what rests does not flicker.

    Args:
        pieces: First `Samples`, then frames of 4 bytes a pixel: blue, green, red, nothing.
        path: The file to write.
        size: Width and height in pixels.
        rate: Frames a second, one of `RATES`.
    """
    samples = next(pieces)
    assert isinstance(samples, Samples)
    table = _table([_image(frame, size) for frame in samples.frames])
    with path.open("xb") as stream:
        for number, piece in enumerate(pieces):
            assert isinstance(piece, bytes)
            frame = _image(piece, size).quantize(palette=table, dither=Image.Dither.NONE)
            if number == 0:
                head, _ = GifImagePlugin.getheader(frame, info={"loop": 0})
                stream.write(b"".join(head))
            stream.write(b"".join(GifImagePlugin.getdata(frame, duration=1000 // rate)))
        stream.write(b";")


def play_through(path: Path) -> Found:
    """Decode every frame of a GIF."""
    from explorer.export.ffmpeg import Found

    with Image.open(path) as film:
        frames = getattr(film, "n_frames", 1)
        for number in range(frames):
            film.seek(number)
            film.load()
        return Found(frames, *film.size)


def _image(frame: bytes, size: tuple[int, int]) -> Image.Image:
    return Image.frombuffer("RGB", size, frame, "raw", "BGRX", 0, 1)


def _table(images: list[Image.Image]) -> Image.Image:
    """The colours that stand for those of some images best."""
    width, height = (max(side // _SAMPLED, 1) for side in images[0].size)
    sheet = Image.new("RGB", (width, height * len(images)))
    for k, image in enumerate(images):
        small = image.resize((width, height), Image.Resampling.NEAREST)
        sheet.paste(small, (0, height * k))
    return sheet.quantize(_COLOURS, method=Image.Quantize.FASTOCTREE)
