"""MP4 films by the ffmpeg program that comes with imageio-ffmpeg: one process for each film."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

from explorer.export.jobs import refuse_cancelled
from explorer.i18n import tr, tr_sentence
from flowengine.errors import ExportError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_PATIENCE_S: Final = 0.1
_QUALITY: Final = "18"  # constant rate factor: 0 is lossless, and from 18 on losses can be seen
# Without its name a player takes the matrix of HD for granted, and ffmpeg that of old television.
_COLOURS: Final = (
    "-vf", "scale=out_color_matrix=bt709:out_range=tv", "-colorspace", "bt709",
    "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
)  # fmt: skip
_PART: Final = re.compile(r"^\[[^]]*\]\s*")  # of the program, in which it went wrong
_NICENESS: Final = 10  # as the engines: the window comes first
_FLAGS: Final = (
    0x08000000 | 0x00004000 if sys.platform == "win32" else 0
)  # no console, below normal


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
            tr(
                "MP4 needs the program ffmpeg, which was not found: install the package "
                "imageio-ffmpeg, or choose GIF"
            )
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
    with _running(command, subprocess.DEVNULL) as process:
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
    with _running(command, subprocess.PIPE) as process:
        while True:
            refuse_cancelled(cancelled)
            with contextlib.suppress(subprocess.TimeoutExpired):
                listing, complaint = process.communicate(timeout=_PATIENCE_S)
                break
        _refuse(process.returncode, complaint)
    text = listing.decode(errors="replace")
    size = re.search(r"#dimensions 0: (\d+)x(\d+)", text)
    frames = sum(not line.startswith("#") for line in text.splitlines())
    width, height = (int(side) for side in size.groups()) if size else (0, 0)
    return Found(frames, width, height)


@contextlib.contextmanager
def _running(arguments: list[str], output: int) -> Iterator[subprocess.Popen[bytes]]:
    """An ffmpeg that has ended, one way or the other, when the block ends.

    Raises:
        ExportError: it cannot be started.
    """
    command = [program(), "-hide_banner", "-nostats", "-loglevel", "error", *arguments]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.PIPE,
            creationflags=_FLAGS,
        )
    except OSError as error:
        sentence = tr("MP4 needs the program ffmpeg, which cannot be started: {reason}")
        raise ExportError(
            sentence.format(reason=tr_sentence(error.strerror or str(error)))
        ) from None
    try:
        if hasattr(os, "setpriority"):
            os.setpriority(os.PRIO_PROCESS, process.pid, _NICENESS)
        yield process
    finally:
        process.kill()
        with contextlib.suppress(BrokenPipeError):
            process.communicate()


def _refuse(status: int, complaint: bytes) -> None:
    if status:
        lines = complaint.decode(errors="replace").strip().splitlines()
        reason = _PART.sub("", lines[0]) if lines else tr("no reason given")
        raise ExportError(tr("ffmpeg could not make the film: {reason}").format(reason=reason))
