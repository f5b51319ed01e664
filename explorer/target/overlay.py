"""What is drawn over the density: the brush's footprint, the axes of symmetry, words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QPainter,
    QPainterPath,
    QPen,
    QPolygonF,
    QRegion,
    QTransform,
)

from explorer.theme import theme

if TYPE_CHECKING:
    from collections.abc import Sequence

_MARGIN = 6.0
_CROSS = 3.0
_RIM = 3.0
_MOST_DOTS = 300


def paint_footprints(painter: QPainter, outlines: Sequence[QPainterPath], *, dashed: bool) -> None:
    """Draw what the next press will leave, and fainter its images under the symmetry.

    A light line inside a dark one shows on every colour of the map.

    Args:
        painter: Of the widget.
        outlines: Under the pointer itself first.
        dashed: Whether the tool takes away.
    """
    line = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(_faint("panel_text", 0.5), 1.0))
    for image in outlines[1:]:
        painter.drawPath(image)
    for pen in (QPen(theme.color("panel"), 3.0), QPen(theme.color("panel_text"), 1.25, line)):
        painter.setPen(pen)
        painter.drawPath(outlines[0])


def footprint_rect(outline: QPainterPath) -> QRect:
    """The pixels that `paint_footprints` may touch for one outline."""
    return outline.boundingRect().adjusted(-_RIM, -_RIM, _RIM, _RIM).toAlignedRect()


def cross_rect(centre: QPointF) -> QRect:
    """The pixels that `paint_cross` may touch."""
    reach = _CROSS + _RIM
    return QRectF(centre, centre).adjusted(-reach, -reach, reach, reach).toAlignedRect()


def paint_points(painter: QPainter, view: QTransform, points: QPolygonF) -> None:
    """Draw points as dots on a dark rim, as large at every zoom; many of them as specks.

    Args:
        painter: Of the widget.
        view: From data units to pixels.
        points: In data units.
    """
    few = points.size() <= _MOST_DOTS
    rim, core = (6.0, 4.0) if few else (3.0, 1.0)
    cap = Qt.PenCapStyle.RoundCap if few else Qt.PenCapStyle.SquareCap
    painter.save()
    painter.setRenderHint(
        QPainter.RenderHint.Antialiasing, on=few
    )  # round dots cost ten times more
    painter.setTransform(view, combine=True)
    for colour, width in ((_faint("panel", 0.8), rim), (theme.color("panel_text"), core)):
        # a cosmetic pen would be half as wide on a screen of twice the density
        painter.setPen(QPen(colour, width / view.m11(), Qt.PenStyle.SolidLine, cap))
        painter.drawPoints(points)
    painter.restore()


def paint_cross(painter: QPainter, centre: QPointF) -> None:
    """Mark a point for those who steer by the keyboard and see no mouse pointer."""
    arms = [
        QLineF(centre - QPointF(_CROSS, 0), centre + QPointF(_CROSS, 0)),
        QLineF(centre - QPointF(0, _CROSS), centre + QPointF(0, _CROSS)),
    ]
    for colour, width in ((theme.color("panel"), 3.0), (theme.color("panel_text"), 1.25)):
        painter.setPen(QPen(colour, width))
        painter.drawLines(arms)


def paint_axes(painter: QPainter, frame: QRectF, fold: int) -> None:
    """Draw the lines that a symmetry divides the plane by."""
    mirrored = fold % 2 == 0
    count = fold if mirrored else 2 * fold
    step = 1 if mirrored else 2
    reach = frame.width() + frame.height()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(_faint("panel_text", 0.28), 1.0, Qt.PenStyle.DotLine))
    painter.save()
    painter.setClipRect(frame, Qt.ClipOperation.IntersectClip)
    for i in range(0, count, step):
        angle = math.pi / 2 + 2 * math.pi * i / count
        ray = QPointF(math.cos(angle), -math.sin(angle)) * reach
        painter.drawLine(frame.center(), frame.center() + ray)
    painter.restore()


def paint_line_ahead(painter: QPainter, start: QPointF, end: QPointF) -> None:
    """Show where the straight line of a Shift-click will run."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(_faint("panel_text", 0.7), 1.0, Qt.PenStyle.DashLine))
    painter.drawLine(start, end)


def paint_frame(painter: QPainter, within: QRectF, colour: QColor, width: int) -> None:
    """Draw a frame just outside of a rectangle, on whole pixels of the screen.

    A pen would leave a side out where a scale of 125 % puts it between two pixels.
    """
    to_screen = painter.deviceTransform()
    thick = max(1, int(width * to_screen.m11()))
    inner = to_screen.mapRect(within).toRect()
    outer = inner.adjusted(-thick, -thick, thick, thick)
    painter.save()
    painter.setWorldTransform(to_screen.inverted()[0] * painter.worldTransform())
    for side in QRegion(outer).subtracted(QRegion(inner)):  # type: ignore[attr-defined]  # stubs
        painter.fillRect(side, colour)
    painter.restore()


def paint_hint(painter: QPainter, frame: QRectF, text: str) -> None:
    """Write an invitation across the empty canvas."""
    painter.setPen(theme.color("panel_muted"))
    painter.drawText(frame, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, text)


def caption_rect(frame: QRectF, metrics: QFontMetricsF, text: str, *, at_top: bool) -> QRectF:
    """Where a caption of one line or more stands: in the lower left corner, or the upper one."""
    size = metrics.size(0, text)
    width, height = size.width() + 2 * _MARGIN, size.height() + 2
    y = frame.top() + _MARGIN if at_top else frame.bottom() - _MARGIN - height
    return QRectF(frame.left() + _MARGIN, y, width, height)


def broken_caption(frame: QRectF, metrics: QFontMetricsF, parts: Sequence[str]) -> str:
    """The parts of a caption beside each other, or one below the other where that is too wide."""
    line = "   ".join(parts)
    fits = metrics.horizontalAdvance(line) + 4 * _MARGIN <= frame.width()
    return line if fits else "\n".join(parts)


def paint_invitation(painter: QPainter, frame: QRectF, text: str) -> None:
    """Ask for the first stroke low on a picture that is there already, smaller on a small one."""
    painter.save()
    font = painter.font()
    room = frame.width() - 6 * _MARGIN
    too_wide = max(1.0, QFontMetricsF(font).horizontalAdvance(text) / room)
    font.setPointSizeF(font.pointSizeF() / too_wide)
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    width, height = metrics.horizontalAdvance(text) + 4 * _MARGIN, metrics.height() + _MARGIN
    left, top = frame.center().x() - width / 2, frame.bottom() - _MARGIN - height
    where = QRectF(left, top, width, height)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.on_panel("accent"), 1.0))
    painter.setBrush(_faint("panel", 0.85))
    painter.drawRoundedRect(where, where.height() / 2, where.height() / 2)
    painter.drawText(where, Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()


def paint_caption(painter: QPainter, where: QRectF, text: str) -> None:
    """Write figures over the picture, on a ground that keeps them readable."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_faint("panel", 0.75))
    painter.drawRoundedRect(where, 4, 4)
    painter.setPen(theme.color("panel_text"))
    painter.drawText(where, Qt.AlignmentFlag.AlignCenter, text)


def _faint(role: str, opacity: float) -> QColor:
    colour = theme.color(role)
    colour.setAlphaF(opacity)
    return colour
