"""A small picture made large, smoothly: the cells of a density on a screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from explorer.panels.sheet import image_over

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from explorer.panels.camera import View

    Words = NDArray[np.uint32]

_FINE: Final = 900_000  # pixels from which on a picture is enlarged in two steps
_STEP: Final = 2
_BESIDE: Final = 2  # cells around those that can be seen, for what lies between two of them


class Enlarger:
    """Draws pictures of cells onto surfaces of any size; it keeps its memory."""

    def __init__(self) -> None:
        self._soft = QImage()

    def draw(self, painter: QPainter, view: View, area: QRectF, words: Words) -> QRect:
        """Draw cells over an area, in pixels of the view.

        Args:
            painter: Where to.
            view: What it draws on.
            area: Of all cells.
            words: ARGB32_Premultiplied, top row first. Cells without colour cost nothing.

        Returns:
            The pixels that may have changed.
        """
        seen = _seen(words)
        if seen is None:
            return QRect()
        across, down = area.width() / words.shape[1], area.height() / words.shape[0]
        part = QRectF(
            area.left() + seen.left() * across,
            area.top() + seen.top() * down,
            seen.width() * across,
            seen.height() * down,
        )
        surface = QRect(0, 0, view.width, view.height)
        if view.width * view.height <= _FINE:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(part, image_over(words), QRectF(seen))
            return part.toAlignedRect().intersected(surface)
        return self._draw_in_two_steps(painter, surface, part, words, seen)

    def _draw_in_two_steps(
        self, painter: QPainter, surface: QRect, part: QRectF, words: Words, seen: QRect
    ) -> QRect:
        """Enlarge smoothly to half the size and then by whole pixels: it shows on no density."""
        width, height = -(-surface.width() // _STEP), -(-surface.height() // _STEP)
        if (self._soft.width(), self._soft.height()) != (width, height):
            self._soft = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
        halved = QRectF(part.topLeft() / _STEP, part.size() / _STEP)
        soft = halved.toAlignedRect().intersected(self._soft.rect())
        halving = QPainter(self._soft)
        halving.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        halving.fillRect(soft, Qt.GlobalColor.transparent)
        halving.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        halving.drawImage(halved, image_over(words), QRectF(seen))
        halving.end()
        large = QRect(soft.topLeft() * _STEP, soft.size() * _STEP)
        painter.drawImage(large, self._soft, soft)
        return large.intersected(surface)


def _seen(words: Words) -> QRect | None:
    """The columns and rows around all cells that have a colour."""
    rows, columns = np.flatnonzero(words.any(axis=1)), np.flatnonzero(words.any(axis=0))
    if not rows.size:
        return None
    top, left = max(int(rows[0]) - _BESIDE, 0), max(int(columns[0]) - _BESIDE, 0)
    bottom = min(int(rows[-1]) + _BESIDE + 1, words.shape[0])
    right = min(int(columns[-1]) + _BESIDE + 1, words.shape[1])
    return QRect(left, top, right - left, bottom - top)
