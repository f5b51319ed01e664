"""A trained model as a Python folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from explorer.export.engine_job import EngineJob
from explorer.export.form import LaneOptions
from explorer.export.format import Format
from explorer.export.sketch import dense_panels, draw_density, fill_ground
from explorer.theme import mix, theme
from explorer.words.languages import mark, tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.export.scene import Scene
    from flowengine.project import Lane

_CODE: Final = (
    (0, 0.42, "accent"),
    (0, 0.7, ""),
    (1, 0.55, "discrete"),
    (1, 0.36, ""),
    (0, 0.6, ""),
)


class ModelOptions(LaneOptions):
    """Which model, and what becomes of it."""

    def __init__(self, lanes: Sequence[Lane]) -> None:
        super().__init__(lanes)
        self.say(
            tr(
                "One readable model.py with sample(n) and a flow's log_prob(x), the weights as "
                "safetensors and a README. It needs torch and safetensors only; afterwards it is "
                "loaded in a fresh process and compared with the model here."
            )
        )


def _draw_picture(painter: QPainter, area: QRectF, scene: Scene) -> None:
    """A page of code beside what it computes."""
    fill_ground(painter, area)
    page = QRectF(area.left() + 10, area.top() + 8, 46, area.height() - 16)
    painter.setPen(QPen(theme.color("border"), 1))
    painter.setBrush(theme.color("surface"))
    painter.drawRoundedRect(page, 3, 3)
    for k, (indent, length, role) in enumerate(_CODE):
        colour = (
            theme.color(role)
            if role
            else mix(theme.color("text_muted"), theme.color("surface"), 0.3)
        )
        y = page.top() + 8 + 7 * k
        painter.setPen(QPen(colour, 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        left = page.left() + 6 + 6 * indent
        painter.drawLine(
            QPointF(left, y), QPointF(left + length * (page.width() - 12 - 6 * indent), y)
        )
    side = 34.0
    square = QRectF(area.right() - side - 10, area.center().y() - side / 2, side, side)
    panels = dense_panels(scene)
    if panels:
        draw_density(painter, square, panels[0], 1.0)


FORMAT: Final = Format(
    id="model",
    place=1,
    title=mark("Trained model"),
    sentence=mark("A Python folder that runs anywhere, without this program"),
    picture=_draw_picture,
    options=lambda source: ModelOptions(source.lanes),
    job=lambda source, wish, path: EngineJob(source.controller, "python", wish, path),
)
