"""A transparent sheet for dots and lines, laid over a picture where something is on it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtGui import QImage

from explorer.panels import strokes
from explorer.panels.splat import splat_lines

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PySide6.QtGui import QPainter

    from explorer.panels.camera import View
    from explorer.panels.splat import DotPainter, Lines

    Words = NDArray[np.uint32]


class Sheet:
    """Empty again whenever it has been laid over a picture; it keeps its memory.

    Attributes:
        shades: The colours of lines, as `splat.shades` gives them.
    """

    def __init__(self) -> None:
        self.shades: Words = np.zeros(0, np.uint32)
        self._marks: Words = np.zeros((1, 1), np.uint32)
        self._top, self._bottom = 1, 0

    def fit(self, view: View) -> None:
        """Have the size of a view."""
        if self._marks.shape != (view.height, view.width):
            self._marks = np.zeros((view.height, view.width), np.uint32)
            self._top, self._bottom = view.height, 0

    def draw_lines(self, view: View, lines: list[Lines]) -> None:
        """Draw lines, all in one go."""
        if lines:
            thickness = max(1, math.floor(view.ratio + 0.25))
            self._touch(splat_lines(self._marks, strokes.together(lines), self.shades, thickness))

    def draw_dots(
        self, painter: DotPainter, points: NDArray[np.float32], hue: NDArray[np.uint8]
    ) -> None:
        """Draw dots at points in pixels."""
        self._touch(painter.draw(self._marks, points, hue))

    def draw_picture(self, picture: QImage) -> None:
        """Draw dots that are a picture of the view's size already, ARGB32_Premultiplied."""
        height, width = self._marks.shape
        light = np.frombuffer(picture.constBits(), np.uint8).reshape(height, width, 4)
        marks = self._marks.view(np.uint8).reshape(height, width, 4)
        np.maximum(marks, light, out=marks)
        self._touch(range(height))

    def lay_over(self, painter: QPainter) -> None:
        """Put what is on the sheet over a picture, and take it off the sheet."""
        marks = self._marks[self._top : self._bottom]
        if marks.size:
            painter.drawImage(0, self._top, image_over(marks))
            marks.fill(0)
        self._top, self._bottom = len(self._marks), 0

    def _touch(self, rows: range) -> None:
        if rows:
            self._top = min(self._top, rows.start)
            self._bottom = max(self._bottom, rows.stop)


def image_over(words: Words) -> QImage:
    """An image over the words themselves, shape (height, width), which must outlive it."""
    height, width = words.shape
    layout = QImage.Format.Format_ARGB32_Premultiplied
    return QImage(words.data, width, height, words.strides[0], layout)
