"""A transparent sheet for dots and lines, laid over a picture where something is on it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QImage

from explorer.panels import strokes
from explorer.panels.splat import Box, splat_lines

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
        self._touched = Box()

    def fit(self, view: View) -> None:
        """Have the size of a view."""
        if self._marks.shape != (view.height, view.width):
            self._marks = np.zeros((view.height, view.width), np.uint32)
            self._touched = Box()

    def draw_lines(self, view: View, lines: list[Lines]) -> None:
        """Draw lines, all in one go."""
        if lines:
            thickness = max(1, math.floor(view.weight + 0.5))
            drawn = splat_lines(self._marks, strokes.together(lines), self.shades, thickness)
            self._touched = self._touched.with_(drawn)

    def draw_dots(
        self, painter: DotPainter, points: NDArray[np.float32], hue: NDArray[np.uint8]
    ) -> None:
        """Draw dots at points in pixels."""
        self._touched = self._touched.with_(painter.draw(self._marks, points, hue))

    def draw_picture(self, picture: QImage) -> None:
        """Draw dots that are a picture of the view's size already, ARGB32_Premultiplied."""
        height, width = self._marks.shape
        light = np.frombuffer(picture.constBits(), np.uint8).reshape(height, width, 4)
        marks = self._marks.view(np.uint8).reshape(height, width, 4)
        np.maximum(marks, light, out=marks)
        self._touched = Box(0, 0, width, height)

    def lay_over(self, painter: QPainter) -> Box:
        """Put what is on the sheet over a picture, and take it off the sheet; tells where."""
        box, self._touched = self._touched, Box()
        if box:
            left, top, right, bottom = box
            part = QRect(left, 0, right - left, bottom - top)
            painter.drawImage(QPoint(left, top), image_over(self._marks[top:bottom]), part)
            self._marks[top:bottom, left:right].fill(0)
        return box


def image_over(words: Words) -> QImage:
    """An image over the words themselves, shape (height, width), which must outlive it."""
    height, width = words.shape
    layout = QImage.Format.Format_ARGB32_Premultiplied
    return QImage(words.data, width, height, words.strides[0], layout)
