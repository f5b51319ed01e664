"""How the solvers are told apart: each has a colour, and a mark of its own shape."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QIcon, QPainter, QPen, QPixmap, QPolygonF

from explorer.theme import theme

if TYPE_CHECKING:
    from PySide6.QtGui import QColor

RADIUS: Final = 3.2
_LINE: Final = 1.5
_ICON: Final = 12
_SHARPEST: Final = 3  # device pixels of an icon for each logical one


class _Mark(NamedTuple):
    """A regular polygon: its corners, 0 for a circle, by how much it is turned, and its inside."""

    corners: int
    turn: float = 0.0
    filled: bool = True


_MARKS: Final = {
    "euler": _Mark(4, math.pi / 4),
    "midpoint": _Mark(3),
    "heun": _Mark(3, math.pi),
    "rk4": _Mark(0),
    "adams": _Mark(4),
    "dopri5": _Mark(0, filled=False),
}
_ANOTHER: Final = _Mark(5)


def colour_of(solver: str) -> QColor:
    """The colour of a solver; of words for one that has none."""
    return theme.color(f"solver_{solver}" if solver in _MARKS else "text")


def line_of(solver: str) -> QPen:
    """What the line of a solver is drawn with: dashes where it chooses its own steps."""
    style = Qt.PenStyle.DashLine if solver == "dopri5" else Qt.PenStyle.SolidLine
    return QPen(colour_of(solver), _LINE, style)


def draw_mark(painter: QPainter, solver: str, place: QPointF) -> None:
    """Draw the mark of a solver about a place."""
    mark, colour = _MARKS.get(solver, _ANOTHER), colour_of(solver)
    painter.setPen(QPen(colour, _LINE))
    painter.setBrush(colour if mark.filled else theme.color("surface"))
    if mark.corners == 0:
        painter.drawEllipse(place, RADIUS, RADIUS)
        return
    turns = [mark.turn + 2 * math.pi * k / mark.corners for k in range(mark.corners)]
    reach = 1.2 * RADIUS
    tips = [
        QPointF(place.x() + reach * math.sin(turn), place.y() - reach * math.cos(turn))
        for turn in turns
    ]
    painter.drawPolygon(QPolygonF(tips))


def icon_of(solver: str) -> QIcon:
    """The mark of a solver, for its rows."""
    picture = QPixmap(_SHARPEST * _ICON, _SHARPEST * _ICON)
    picture.setDevicePixelRatio(_SHARPEST)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    draw_mark(painter, solver, QPointF(_ICON / 2, _ICON / 2))
    painter.end()
    return QIcon(picture)
