"""A figure of the panels at a moment, with axes and scales, for paper or slides."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QRect, QSize, QSizeF
from PySide6.QtGui import QImage, QImageReader, QPageSize, QPainter, QPdfWriter
from PySide6.QtSvg import QSvgGenerator, QSvgRenderer

from explorer.export.figure_page import FigurePage
from explorer.export.jobs import CHECKING, DrawnJob, Taken, refuse_cancelled
from explorer.i18n import mark, tr
from explorer.theme import theme
from flowengine.errors import ExportError
from flowengine.files import replacing_path

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from explorer.export.jobs import Cancelled, Tell
    from explorer.export.scene import Scene
    from explorer.metrics.curves import CurvesCopy

KINDS: Final = ("png", "svg", "pdf")
SCALES: Final = (1, 2, 3, 4)
COLOURS: Final = {"paper": mark("Paper"), "dark": mark("Dark")}
_PDF_FINE: Final = 10  # parts of a point that a PDF's numbers count
_POINTS_PER_INCH: Final = 72
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
            raise ExportError(tr("There is nothing to draw yet: the engines are still starting"))
        page = FigurePage(scene, curves if wish.curves else None, paper=wish.colours == "paper")
        self._wish = wish
        self._size = page.size
        self._path = path
        super().__init__(_drawing(page, wish, scene.name), 1, self._figure)

    def _figure(self, pieces: Iterator[QImage | bytes], tell: Tell, cancelled: Cancelled) -> Taken:
        piece = next(pieces, None)
        if piece is None:
            raise ExportError(tr("The figure could not be drawn"))
        with replacing_path(self._path) as file:
            if isinstance(piece, QImage):
                if not piece.save(str(file), "PNG"):
                    raise ExportError(tr("The picture could not be written there"))
            else:
                file.write_bytes(piece)
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
            raise ExportError(tr("The figure cannot be read again; nothing was left behind"))
        sentence = (
            tr("read again: {width} × {height} pixels")
            if kind == "png"
            else tr("read again: {width} × {height} points")
        )
        return sentence.format(width=found.width(), height=found.height())


def _drawing(page: FigurePage, wish: FigureWish, name: str) -> Generator[QImage | bytes | None]:
    """A figure, after a None for each of its parts: an image, or the bytes of a file."""
    size, buffer = page.size, QBuffer()
    device: QImage | QSvgGenerator | QPdfWriter
    if wish.kind == "png":
        device = QImage(size * wish.scale, QImage.Format.Format_RGB32)
        device.setDotsPerMeterX(round(_PIXELS_PER_METRE * wish.scale))
        device.setDotsPerMeterY(round(_PIXELS_PER_METRE * wish.scale))
        painter = QPainter(device)
        painter.scale(wish.scale, wish.scale)
    else:
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        device = _svg(buffer, size, name) if wish.kind == "svg" else _pdf(buffer, size, name)
        painter = QPainter(device)
        if wish.kind == "pdf":
            painter.scale(_PDF_FINE, _PDF_FINE)
    try:
        yield from _in_colours(page.draw(painter), wish.colours)
    finally:
        painter.end()
    yield device if isinstance(device, QImage) else bytes(buffer.data().data())


def _in_colours(parts: Iterator[None], colours: str) -> Generator[None]:
    """Let every part be drawn in the colours of a theme."""
    while True:
        with theme.painting_in(colours):
            try:
                next(parts)
            except StopIteration:
                return
        yield


def _svg(buffer: QBuffer, size: QSize, name: str) -> QSvgGenerator:
    device = QSvgGenerator()
    device.setOutputDevice(buffer)
    device.setSize(size)
    device.setViewBox(QRect(0, 0, size.width(), size.height()))
    device.setResolution(_POINTS_PER_INCH)
    device.setTitle(name)
    device.setDescription("Flow Explorer")
    return device


def _pdf(buffer: QBuffer, size: QSize, name: str) -> QPdfWriter:
    device = QPdfWriter(buffer)
    device.setTitle(name)
    device.setCreator("Flow Explorer")
    device.setResolution(_PDF_FINE * _POINTS_PER_INCH)
    page = QPageSize(QSizeF(size), QPageSize.Unit.Point, "", QPageSize.SizeMatchPolicy.ExactMatch)
    device.setPageSize(page)
    device.setPageMargins(QMarginsF(0, 0, 0, 0))
    return device


def _png_size(file: Path) -> QSize:
    image = QImageReader(str(file), b"png").read()
    return image.size()


def _svg_size(file: Path) -> QSize:
    reader = QSvgRenderer(str(file))
    return reader.viewBox().size() if reader.isValid() else QSize()


def _pdf_size(file: Path) -> QSize:
    """The size of the only page of a PDF that is whole."""
    data = file.read_bytes()
    pages = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", data)
    if not (data.startswith(b"%PDF-") and data.rstrip().endswith(b"%%EOF") and len(pages) == 1):
        return QSize()
    width, height = (round(float(side)) for side in pages[0])
    return QSize(width, height)
