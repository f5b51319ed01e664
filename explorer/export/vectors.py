"""A drawing written as SVG or PDF, by a process of its own.

    python -m explorer.export.vectors < DRAWING

Qt writes such a file in one go when its painter ends, for half a second in which no other thread
of Python moves: the window would stand still. So the window draws into a `QPicture`, a few
milliseconds at a time, and this process plays it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NoReturn

import msgspec
from PySide6.QtCore import QMarginsF, QRect, QRectF, QSize, QSizeF
from PySide6.QtGui import QGuiApplication, QImage, QPageSize, QPainter, QPdfWriter, QPicture
from PySide6.QtSvg import QSvgGenerator

from explorer import typeface
from explorer.export.processes import run
from flowengine.errors import ExportError, Sentence, phrase

if TYPE_CHECKING:
    from collections.abc import Callable

_PDF_FINE: Final = 10  # parts of a point that a PDF's numbers count
_POINTS_PER_INCH: Final = 72
_PROGRAM: Final = "Flow Explorer"
_PIXELS: Final = QImage.Format.Format_ARGB32_Premultiplied


class Picture(msgspec.Struct, frozen=True):
    """Pixels; a `QPicture` would compress them, for a tenth of a second each.

    Attributes:
        place: Left, top, width and height, in points.
        size: In pixels.
        pixels: Of ARGB32_Premultiplied, row by row.
    """

    place: tuple[float, float, float, float]
    size: tuple[int, int]
    pixels: bytes

    @classmethod
    def of(cls, image: QImage, place: QRectF) -> Picture:
        """An image at a place."""
        image = image.convertToFormat(_PIXELS)
        at = (place.x(), place.y(), place.width(), place.height())
        return cls(at, (image.width(), image.height()), bytes(image.constBits()))

    def draw(self, painter: QPainter) -> None:
        """Draw it."""
        painter.drawImage(QRectF(*self.place), QImage(self.pixels, *self.size, _PIXELS))


class Drawing(msgspec.Struct, frozen=True):
    """What is to be written.

    Attributes:
        size: Of the page, in points.
        title: What the file says of itself.
        ground: The data of a `QPicture` whose unit is a point.
        pictures: Lie over the ground.
        over: The data of another `QPicture`, over the pictures.
    """

    size: tuple[int, int]
    title: str
    ground: bytes
    pictures: list[Picture]
    over: bytes


class _Work(msgspec.Struct, frozen=True):
    kind: Literal["svg", "pdf"]
    path: str
    drawing: Drawing


def write(
    drawing: Drawing, kind: Literal["svg", "pdf"], path: Path, cancelled: Callable[[], bool]
) -> None:
    """Write a drawing to a file.

    Args:
        drawing: What.
        kind: How.
        path: Where to.
        cancelled: Says whether to give up.

    Raises:
        ExportError: it cannot be written.
        ExportCancelled: `cancelled` said so.
    """
    no_start = phrase("The figure could not be written: {reason}")
    work = msgspec.msgpack.encode(_Work(kind, str(path), drawing))
    status, _, complaint = run([sys.executable, "-m", __name__], no_start, cancelled, work)
    if status:
        lines = complaint.decode(errors="replace").strip().splitlines()
        reason = _complaint(lines[-1]) if lines else phrase("no reason given")
        raise ExportError(no_start, reason=reason)


def main() -> None:
    """Write the drawing that comes in; what can't be done ends the process with a sentence."""
    work = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=_Work)
    # A figure needs no screen, and a program without a window no place among those that have one.
    platform = [] if sys.platform == "win32" else ["-platform", "offscreen"]
    app = QGuiApplication([sys.argv[0], *platform])
    typeface.register()
    device = (_svg if work.kind == "svg" else _pdf)(work.path, work.drawing)
    painter = QPainter()
    if not painter.begin(device):
        _end_with(phrase("{path} cannot be written", path=work.path))
    if isinstance(device, QPdfWriter):
        painter.scale(_PDF_FINE, _PDF_FINE)
    whole = _play(painter, work.drawing.ground)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    for picture in work.drawing.pictures:
        picture.draw(painter)
    whole &= _play(painter, work.drawing.over)
    painter.end()
    if work.kind == "svg":
        _add_letters(Path(work.path))
    del app
    if not whole:
        _end_with(phrase("The drawing is damaged"))


def _end_with(sentence: Sentence) -> NoReturn:
    raise SystemExit(msgspec.json.encode(sentence.record(), enc_hook=Sentence.record).decode())


def _complaint(line: str) -> str:
    """The sentence that such a process has ended with; what Python said of any other end."""
    try:
        return Sentence.from_record(msgspec.json.decode(line))
    except (msgspec.DecodeError, TypeError, KeyError, ValueError):
        return line


def _play(painter: QPainter, data: bytes) -> bool:
    """Play a picture at the size of its units, which Qt would take for parts of an inch."""
    picture = QPicture()
    picture.setData(data)
    painter.save()
    scale = picture.logicalDpiX() / painter.device().logicalDpiX()
    painter.scale(scale, scale)
    played = picture.play(painter)
    painter.restore()
    return played


def _svg(path: str, drawing: Drawing) -> QSvgGenerator:
    device = QSvgGenerator()
    device.setFileName(path)
    device.setSize(QSize(*drawing.size))
    device.setViewBox(QRect(0, 0, *drawing.size))
    device.setResolution(_POINTS_PER_INCH)
    device.setTitle(drawing.title)
    device.setDescription(_PROGRAM)
    return device


def _add_letters(path: Path) -> None:
    """Put the font into an SVG, whose words stay words; a PDF holds it already."""
    text = path.read_text(encoding="utf-8")
    rules = f"<defs><style>{typeface.style_rules()}</style>"
    path.write_text(text.replace("<defs>", rules, 1), encoding="utf-8")


def _pdf(path: str, drawing: Drawing) -> QPdfWriter:
    device = QPdfWriter(path)
    device.setTitle(drawing.title)
    device.setCreator(_PROGRAM)
    device.setResolution(_PDF_FINE * _POINTS_PER_INCH)
    size = QSizeF(*drawing.size)
    page = QPageSize(size, QPageSize.Unit.Point, "", QPageSize.SizeMatchPolicy.ExactMatch)
    device.setPageSize(page)
    device.setPageMargins(QMarginsF(0, 0, 0, 0))
    return device


if __name__ == "__main__":
    main()
