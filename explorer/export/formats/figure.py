"""A figure of the panels at a moment, with axes and scales, for paper or slides."""

from __future__ import annotations

import re
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeVar
from xml.etree import ElementTree

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QImageReader, QPainter, QPen, QPicture
from PySide6.QtWidgets import QCheckBox

from explorer.export.figure_page import FigurePage
from explorer.export.form import Choices, Options
from explorer.export.format import Format
from explorer.export.jobs import CHECKING, DrawnJob, Taken, refuse_cancelled
from explorer.export.sketch import MOST_PANELS, dense_panels, draw_density
from explorer.export.vectors import Drawing, Picture, write
from explorer.theme import theme
from explorer.words.languages import mark, tr
from flowengine.errors import ExportError
from flowengine.files import replacing_path

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

    from explorer.export.jobs import Cancelled, Tell
    from explorer.export.scene import Scene
    from explorer.metrics.curves import CurvesCopy
    from explorer.panels.panel_copy import PanelCopy

_Part = TypeVar("_Part")

KINDS: Final = ("png", "svg", "pdf")
SCALES: Final = (1, 2, 3, 4)
COLOURS: Final = {"paper": mark("Paper"), "dark": mark("Dark")}
_PIXELS_PER_METRE: Final = 96 / 0.0254  # of a PNG at 1×


@dataclass(frozen=True)
class FigureWish:
    """What a figure should be like.

    Attributes:
        kind: How it is written.
        scale: Of a PNG: pixels to a unit.
        colours: The theme that it is drawn in.
        curves: Whether the curves stand below the panels.
    """

    kind: Literal["png", "svg", "pdf"] = "png"
    scale: int = 2
    colours: str = "paper"
    curves: bool = False


class FigureJob(DrawnJob):
    """Makes a figure.

    Args:
        scene: The panels.
        curves: The curves, where they are wished.
        wish: How.
        path: The file to write.
    """

    def __init__(
        self, scene: Scene, curves: CurvesCopy | None, wish: FigureWish, path: Path
    ) -> None:
        if scene.empty:
            raise ExportError("There is nothing to draw yet: the engines are still starting")
        page = FigurePage(scene, curves if wish.curves else None, paper=wish.colours == "paper")
        self._wish = wish
        self._size = page.size
        self._path = path
        parts: Generator[QImage | Drawing | None]
        parts = _drawn(page, wish) if wish.kind == "png" else _recorded(page, scene.name)
        super().__init__(_in_colours(parts, wish.colours), 1, self._figure)

    def _figure(
        self, pieces: Iterator[QImage | Drawing], tell: Tell, cancelled: Cancelled
    ) -> Taken:
        piece = next(pieces, None)
        if piece is None:
            raise ExportError("The figure could not be drawn")
        with replacing_path(self._path) as file:
            if isinstance(piece, QImage):
                if not piece.save(str(file), "PNG"):  # type: ignore[call-overload]  # takes no bytes
                    raise ExportError("The picture could not be written there")
            elif self._wish.kind != "png":
                write(piece, self._wish.kind, file, cancelled)
            refuse_cancelled(cancelled)
            tell(0.95, CHECKING)
            check = self._check(file)
            size = file.stat().st_size
        return Taken(self._path, size, check)

    def _check(self, file: Path) -> str:
        """What a reader finds.

        Raises:
            ExportError: it is not what was drawn.
        """
        kind, wished = self._wish.kind, self._size
        if kind == "png":
            wished = wished * self._wish.scale
        found = {"png": _png_size, "svg": _svg_size, "pdf": _pdf_size}[kind](file)
        if found != wished:
            raise ExportError("The figure cannot be read again; nothing was left behind")
        sentence = (
            tr("read again: {width} × {height} pixels")
            if kind == "png"
            else tr("read again: {width} × {height} points")
        )
        return sentence.format(width=found.width(), height=found.height())


def _drawn(page: FigurePage, wish: FigureWish) -> Generator[QImage | None]:
    """A figure as an image, after a None for each of its parts."""
    image = QImage(page.size * wish.scale, QImage.Format.Format_RGB32)
    image.setDotsPerMeterX(round(_PIXELS_PER_METRE * wish.scale))
    image.setDotsPerMeterY(round(_PIXELS_PER_METRE * wish.scale))
    with _painting(image) as painter:
        painter.scale(wish.scale, wish.scale)
        yield from page.draw(painter)
    yield image


def _recorded(page: FigurePage, title: str) -> Generator[Drawing | None]:
    """A figure as a drawing, after a None for each of its parts."""
    ground, over, pictures = QPicture(), QPicture(), []
    with _painting(ground) as painter:
        yield from page.draw_ground(painter)
    for place, image in page.densities():
        pictures.append(Picture.of(image, place))
        yield None
    with _painting(over) as painter:
        yield from page.draw_over(painter)
    size = page.size.width(), page.size.height()
    yield Drawing(size, title, _bytes_of(ground), pictures, _bytes_of(over))


def _bytes_of(picture: QPicture) -> bytes:
    return bytes(memoryview(picture.data()))  # type: ignore[arg-type]  # said to be an object


@contextmanager
def _painting(device: QImage | QPicture) -> Iterator[QPainter]:
    """A painter that ends before what it paints on, even where the drawing is given up."""
    painter = QPainter(device)
    try:
        yield painter
    finally:
        painter.end()


def _in_colours(parts: Generator[_Part], colours: str) -> Generator[_Part]:
    """Let every part be drawn in the colours of a theme."""
    with closing(parts):
        while True:
            with theme.painting_in(colours):
                try:
                    part = next(parts)
                except StopIteration:
                    return
            yield part


def _png_size(file: Path) -> QSize:
    image = QImageReader(str(file), b"png").read()
    return image.size()


def _svg_size(file: Path) -> QSize:
    """The size of an SVG that is whole; Qt's reader would hold the window up while it reads."""
    try:
        width, height = ElementTree.parse(file).getroot().get("viewBox", "").split()[2:]
    except (ElementTree.ParseError, ValueError):
        return QSize()
    return QSize(int(width), int(height))


def _pdf_size(file: Path) -> QSize:
    """The size of the only page of a PDF that is whole."""
    data = file.read_bytes()
    pages = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", data)
    if not (data.startswith(b"%PDF-") and data.rstrip().endswith(b"%%EOF") and len(pages) == 1):
        return QSize()
    width, height = (round(float(side)) for side in pages[0])
    return QSize(width, height)


class FigureOptions(Options):
    """How it is written, how fine, in which colours."""

    def __init__(self) -> None:
        super().__init__(part="figure")
        self.kind = Choices({kind: kind.upper() for kind in KINDS})
        self.scale = Choices({scale: f"{scale}×" for scale in SCALES})
        self.scale.choose(2)
        self.colours = Choices({name: tr(text) for name, text in COLOURS.items()})
        self.curves = QCheckBox(tr("with the curves"))
        self.rows.addRow(tr("As"), self.kind)
        self.rows.addRow(tr("Scale"), self.scale)
        self.rows.addRow(tr("Colours"), self.colours)
        self.rows.addRow("", self.curves)
        self.say(
            tr(
                "The moment that the clock shows, with axes and scales. In SVG and PDF the "
                "particles, lines and words stay sharp at any size; the density is a picture."
            )
        )
        self.kind.changed.connect(self._follow_kind)

    @property
    def suffix(self) -> str:
        """As it is written."""
        return f".{self.kind.value}"

    def wish(self) -> FigureWish:
        """What the figure should be like."""
        return FigureWish(
            kind=self.kind.value,
            scale=self.scale.value,
            colours=self.colours.value,
            curves=self.curves.isChecked(),
        )

    def _follow_kind(self) -> None:
        self.rows.setRowVisible(self.scale, self.kind.value == "png")
        self.changed.emit()


def _draw_picture(painter: QPainter, area: QRectF, scene: Scene) -> None:
    """Two plots with axes on white paper."""
    with theme.painting_in("paper"):
        painter.fillRect(area, theme.color("window"))
        panels: Sequence[PanelCopy | None] = dense_panels(scene)[:MOST_PANELS] or [None]
        side = min(38.0, (area.width() - 20) / len(panels) - 8)
        room = area.width() / len(panels)
        for k, panel in enumerate(panels):
            middle = area.left() + room * (k + 0.5) + 3
            plot = QRectF(middle - side / 2, area.center().y() - side / 2 - 2, side, side)
            if panel is not None:
                draw_density(painter, plot, panel, scene.tau, paper=True)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("text_muted"), 1))
            painter.drawLine(plot.topLeft(), plot.bottomLeft())
            painter.drawLine(plot.bottomLeft(), plot.bottomRight())
            for tick in (0.1, 0.5, 0.9):
                x, y = plot.left() + tick * side, plot.top() + tick * side
                painter.drawLine(QPointF(x, plot.bottom()), QPointF(x, plot.bottom() + 3))
                painter.drawLine(QPointF(plot.left(), y), QPointF(plot.left() - 3, y))


FORMAT: Final = Format(
    id="figure",
    place=3,
    title=mark("Figure"),
    sentence=mark("The panels at this moment, for paper or slides"),
    picture=_draw_picture,
    options=lambda _source: FigureOptions(),
    job=lambda source, wish, path: FigureJob(source.scene(), source.curves(), wish, path),
)
