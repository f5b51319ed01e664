"""What each tool leaves, as an outline about the pointer."""

from __future__ import annotations

from PySide6.QtGui import QPainterPath

from explorer.target.brush import Tool
from explorer.target.lettering import text_outline


def tool_outline(tool: Tool, radius: float, text: str, reach: float) -> QPainterPath:
    """The outline of a tool, in data units.

    Args:
        tool: The tool; filling has none, its area is known only when it is done.
        radius: Of the brush.
        text: What the text tool writes.
        reach: From how far the points tool meets a point.
    """
    match tool:
        case Tool.FILL:
            return QPainterPath()
        case Tool.POINTS:
            return circle(reach)
        case Tool.TEXT:
            return text_outline(text, 2 * radius)
        case _:
            return circle(radius)


def circle(radius: float) -> QPainterPath:
    """A circle about the pointer, its radius in data units."""
    path = QPainterPath()
    path.addEllipse(-radius, -radius, 2 * radius, 2 * radius)
    return path
