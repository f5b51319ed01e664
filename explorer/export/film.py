"""A film of the panels: the clock runs from the base to the target, and back where that is wished.

What the window shows is copied first; the film is drawn from the copy, frame by frame, while the
window goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from explorer.export import ffmpeg, gif
from explorer.export.frame import FramePainter
from explorer.export.jobs import CHECKING, DrawnJob, Taken, refuse_cancelled
from explorer.words.languages import integer, mark, number, tr
from flowengine.errors import ExportError
from flowengine.files import replacing_path

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from PySide6.QtGui import QImage

    from explorer.export.jobs import Cancelled, Tell
    from explorer.export.scene import Scene
    from flowengine.protocol import Direction

_HOLD_FIRST: Final = 0.06  # of the film: it rests where it begins
_HOLD_LAST: Final = 0.12  # and longer where it arrives
_CHECKED: Final = 0.95  # share of the work that is done when all is written
_SAMPLED: Final = 5  # moments whose colours stand for those of a whole GIF


class Size(NamedTuple):
    """A size of films in pixels, and its name."""

    width: int
    height: int
    name: str

    @property
    def text(self) -> str:
        """The size for people."""
        sides = f"{self.width} × {self.height}"
        return f"{sides} · {tr(self.name)}" if self.name else sides


SIZES: Final[dict[str, tuple[Size, ...]]] = {
    "mp4": (
        Size(1280, 720, "720p"),
        Size(1920, 1080, "1080p"),
        Size(1080, 1080, mark("square")),
    ),
    "gif": (
        Size(640, 360, mark("small")),
        Size(960, 540, mark("large")),
        Size(540, 540, mark("square")),
    ),
}
RATES: Final[dict[str, tuple[int, ...]]] = {"mp4": (24, 25, 30, 60), "gif": gif.RATES}
USUAL_RATE: Final = {"mp4": 30, "gif": 20}
LONGEST_S: Final = {"mp4": 120, "gif": 20}
USUAL_S: Final = {"mp4": 10, "gif": 6}


@dataclass(frozen=True)
class FilmWish:
    """What a film should be like.

    Attributes:
        kind: How it is written.
        width: In pixels, even.
        height: In pixels, even.
        seconds: How long it is.
        rate: Frames a second.
        back: Whether the clock runs back again.
        colours: The theme that it is drawn in.
    """

    kind: Literal["mp4", "gif"] = "mp4"
    width: int = 1280
    height: int = 720
    seconds: float = 10
    rate: int = 30
    back: bool = False
    colours: str = "dark"

    @property
    def frames(self) -> int:
        """How many frames it has."""
        return max(round(self.seconds * self.rate), 2)


class Moment(NamedTuple):
    """Where the clock is in a frame, and whether it goes from the base to the target."""

    tau: float
    forward: bool


def moments(frames: int, direction: Direction, *, back: bool) -> list[Moment]:
    """Where the clock is in every frame: it rests at the beginning and longer at the end.

    Args:
        frames: How many there are.
        direction: "generate" begins at the base, "normalize" at the target.
        back: Whether it runs back in the second half.
    """
    forth = frames - frames // 2 if back else frames
    way = _way(forth, direction == "generate")
    return way + _way(frames - forth, direction != "generate") if back else way


def _way(frames: int, forward: bool) -> list[Moment]:
    running = 1 - _HOLD_FIRST - _HOLD_LAST
    shares = ((k / max(frames - 1, 1) - _HOLD_FIRST) / running for k in range(frames))
    held = (min(max(share, 0.0), 1.0) for share in shares)
    return [Moment(share if forward else 1 - share, forward) for share in held]


class FilmJob(DrawnJob):
    """Makes a film.

    Args:
        scene: What is filmed.
        wish: How.
        path: The file to write.
    """

    def __init__(self, scene: Scene, wish: FilmWish, path: Path) -> None:
        if scene.empty:
            raise ExportError("There is nothing to film yet: the engines are still starting")
        self._wish = wish
        self._path = path
        super().__init__(_drawing(scene, wish), wish.frames, self._film)

    def _film(self, pieces: Iterator[Any], tell: Tell, cancelled: Cancelled) -> Taken:
        wish = self._wish
        size = wish.width, wish.height
        with replacing_path(self._path) as file:
            if wish.kind == "mp4":
                ffmpeg.encode(pieces, file, size, wish.rate)
            else:
                gif.encode(pieces, file, size, wish.rate)
            tell(_CHECKED, CHECKING)
            found = (
                ffmpeg.play_through(file, cancelled)
                if wish.kind == "mp4"
                else gif.play_through(file)
            )
            if found != (wish.frames, *size):
                raise _unlike(found, wish)
            refuse_cancelled(cancelled)
            bytes_written = file.stat().st_size
        return Taken(self._path, bytes_written, _check(found, wish))


def _drawing(scene: Scene, wish: FilmWish) -> Generator[gif.Samples | bytes | None]:
    """The frames, each after a None for each of its parts."""
    painter = FramePainter(scene, (wish.width, wish.height), wish.colours)
    clock = moments(wish.frames, scene.direction, back=wish.back)
    if wish.kind == "gif":
        chosen = []
        for k in range(_SAMPLED):
            yield from painter.draw(k / (_SAMPLED - 1))
            chosen.append(_pixels(painter.image))
        yield gif.Samples(tuple(chosen))
    for moment in clock:
        yield from painter.draw(moment.tau, forward=moment.forward)
        yield _pixels(painter.image)


def _pixels(image: QImage) -> bytes:
    return bytes(image.constBits())


def _check(found: ffmpeg.Found, wish: FilmWish) -> str:
    return tr("played through: {frames} frames of {width} × {height}, {seconds} s").format(
        frames=integer(found.frames),
        width=found.width,
        height=found.height,
        seconds=number(found.frames / wish.rate),
    )


def _unlike(found: ffmpeg.Found, wish: FilmWish) -> ExportError:
    return ExportError(
        "The film holds {frames} frames of {width} × {height} where {wished} of {wide} × {high} "
        "were drawn; nothing was left behind",
        frames=integer(found.frames),
        width=found.width,
        height=found.height,
        wished=integer(wish.frames),
        wide=wish.width,
        high=wish.height,
    )
