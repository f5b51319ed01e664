"""MP4 films by the ffmpeg program that comes with imageio-ffmpeg: one process for each film."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from explorer.export.processes import run, running
from flowengine.errors import ExportError, phrase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_QUALITY: Final = "18"  # constant rate factor: 0 is lossless, and from 18 on losses can be seen
# Without its name a player takes the matrix of HD for granted, and ffmpeg that of old television.
_COLOURS: Final = (
    "-vf", "scale=out_color_matrix=bt709:out_range=tv", "-colorspace", "bt709",
    "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
)  # fmt: skip
_PART: Final = re.compile(r"^\[[^]]*\]\s*")  # of the program, in which it went wrong
_NO_START: Final = phrase("MP4 needs the program ffmpeg, which cannot be started: {reason}")
_QUIET: Final = ("-hide_banner", "-nostats", "-loglevel", "error")


class Found(NamedTuple):
    """What a film was found to hold when it was played through."""

    frames: int
    width: int
    height: int


def program() -> str:
    """Where ffmpeg is.

    Raises:
        ExportError: there is none; the sentence says what to do.
    """
    try:
        from imageio_ffmpeg import get_ffmpeg_exe  # here, as few films are made

        return str(get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        raise ExportError(
            "MP4 needs the program ffmpeg, which was not found: install the package "
            "imageio-ffmpeg, or choose GIF"
        ) from None


def encode(frames: Iterator[bytes], path: Path, size: tuple[int, int], rate: int) -> None:
    """Write frames as H.264, to be played anywhere.

    Args:
        frames: Of 4 bytes a pixel: blue, green, red, nothing. Whatever they raise ends the process.
        path: The file to write.
        size: Width and height in pixels, both even.
        rate: Frames a second.

    Raises:
        ExportError: there is no ffmpeg, or it says that it cannot write the film.
    """
    command = [
        "-f", "rawvideo", "-pix_fmt", "bgra", "-s", f"{size[0]}x{size[1]}", "-r", str(rate),
        "-i", "pipe:0", "-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", _QUALITY,
        *_COLOURS, "-pix_fmt", "yuv420p", "-movflags", "+faststart", "-f", "mp4", "-y", str(path),
    ]  # fmt: skip
    with running([program(), *_QUIET, *command], _NO_START) as process:
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it will have said why it went
            for frame in frames:
                process.stdin.write(frame)
        _, complaint = process.communicate()
        _refuse(process.returncode, complaint)


def play_through(path: Path, cancelled: Callable[[], bool]) -> Found:
    """Decode every frame of a film.

    Raises:
        ExportError: it cannot be decoded.
        ExportCancelled: `cancelled` said so.
    """
    command = ["-i", str(path), "-map", "0:v:0", "-f", "framecrc", "-"]
    command = [program(), *_QUIET, *command]
    status, listing, complaint = run(command, _NO_START, cancelled)
    _refuse(status, complaint)
    text = listing.decode(errors="replace")
    size = re.search(r"#dimensions 0: (\d+)x(\d+)", text)
    frames = sum(not line.startswith("#") for line in text.splitlines())
    width, height = (int(side) for side in size.groups()) if size else (0, 0)
    return Found(frames, width, height)


def _refuse(status: int, complaint: bytes) -> None:
    if status:
        lines = complaint.decode(errors="replace").strip().splitlines()
        reason = _PART.sub("", lines[0]) if lines else phrase("no reason given")
        raise ExportError("ffmpeg could not make the film: {reason}", reason=reason)
