"""A film of the panels: the clock runs from the base to the target, and back where that is wished.

What the window shows is copied first; the film is drawn from the copy, frame by frame, while the
window goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPolygonF
from PySide6.QtWidgets import QCheckBox, QComboBox

from explorer.export import ffmpeg, gif
from explorer.export.form import Choices, Options, number_box, row_of
from explorer.export.format import Format
from explorer.export.frame import FramePainter
from explorer.export.jobs import CHECKING, DrawnJob, Taken, refuse_cancelled
from explorer.export.sketch import dense_panels, draw_density
from explorer.theme import mix, theme
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


_COLOURS: Final = {"dark": mark("Dark"), "light": mark("Light")}
_MOMENTS: Final = (0.0, 0.55, 1.0)


class FilmOptions(Options):
    """How large, how long, how fast, and in which colours."""

    def __init__(self) -> None:
        super().__init__(part="film")
        self.kind = Choices({"mp4": "MP4", "gif": "GIF"})
        self.measure = QComboBox()
        self.measure.setAccessibleName(tr("Size"))
        self.seconds = number_box(tr("Length"), 1, LONGEST_S["mp4"], USUAL_S["mp4"])
        self.seconds.setSuffix(" s")
        self.rate = QComboBox()
        self.rate.setAccessibleName(tr("Frames a second"))
        self.back = QCheckBox(tr("and back again"))
        self.colours = Choices({name: tr(text) for name, text in _COLOURS.items()})
        self.colours.choose(theme.name)
        self.rows.addRow(tr("As"), self.kind)
        self.rows.addRow(tr("Size"), self.measure)
        self.rows.addRow(tr("Length"), row_of(self.seconds, self.back))
        self.rows.addRow(tr("Frames a second"), self.rate)
        self.rows.addRow(tr("Colours"), self.colours)
        self._note = self.say("")
        self.kind.changed.connect(self._follow_kind)
        for signal in (self.seconds.valueChanged, self.rate.currentIndexChanged):
            signal.connect(self._tell)
        self._follow_kind()

    @property
    def suffix(self) -> str:
        """As it is written."""
        return f".{self.kind.value}"

    def wish(self) -> FilmWish:
        """What the film should be like."""
        size = SIZES[self.kind.value][self.measure.currentIndex()]
        return FilmWish(
            kind=self.kind.value,
            width=size.width,
            height=size.height,
            seconds=self.seconds.value(),
            rate=RATES[self.kind.value][self.rate.currentIndex()],
            back=self.back.isChecked(),
            colours=self.colours.value,
        )

    def _follow_kind(self) -> None:
        kind = self.kind.value
        self.measure.clear()
        self.measure.addItems([size.text for size in SIZES[kind]])
        self.rate.clear()
        self.rate.addItems([str(rate) for rate in RATES[kind]])
        self.rate.setCurrentIndex(RATES[kind].index(USUAL_RATE[kind]))
        self.seconds.setMaximum(LONGEST_S[kind])
        self.seconds.setValue(USUAL_S[kind])
        self._tell()
        self.changed.emit()

    def _tell(self) -> None:
        if self.rate.currentIndex() >= 0:
            self._note.setText(
                tr(
                    "{frames} frames of what the panels show, as it is switched on and zoomed now, "
                    "in the direction that is chosen there."
                ).format(frames=integer(self.wish().frames))
            )


def _draw_picture(painter: QPainter, area: QRectF, scene: Scene) -> None:
    """A strip of film: the way from the base to the target."""
    painter.fillRect(area, theme.color("panel"))
    hole = mix(theme.color("panel"), theme.color("panel_text"), 0.45)
    for k in range(9):
        for y in (area.top() + 3, area.bottom() - 7):
            painter.fillRect(QRectF(area.left() + 4 + 11.3 * k, y, 6, 4), hole)
    panels = dense_panels(scene)
    side = (area.width() - 4 * 4) / 3
    for k, tau in enumerate(_MOMENTS):
        frame = QRectF(area.left() + 4 + k * (side + 4), area.center().y() - side / 2, side, side)
        if panels:
            draw_density(painter, frame, panels[-1], tau)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("accent"))
    x, y = area.center().x(), area.center().y()
    painter.drawPolygon(
        QPolygonF([QPointF(x - 6, y - 8), QPointF(x + 9, y), QPointF(x - 6, y + 8)])
    )


FORMAT: Final = Format(
    id="film",
    place=2,
    title=mark("Film"),
    sentence=mark("The panels from base to target, as MP4 or GIF"),
    picture=_draw_picture,
    options=lambda _source: FilmOptions(),
    job=lambda source, wish, path: FilmJob(source.scene(), wish, path),
)
