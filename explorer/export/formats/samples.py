"""Points of a model as a table or an array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from explorer.export.engine_job import EngineJob
from explorer.export.form import Choices, LaneOptions, LaneWish, number_box
from explorer.export.format import Format
from explorer.export.sketch import draw_points, fill_ground
from explorer.theme import mix, theme
from explorer.words.languages import mark, tr
from flowengine.export import MAX_SAMPLES, USUAL_SAMPLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.export.scene import Scene
    from flowengine.project import Lane

_LARGEST_SEED: Final = 2**31 - 1


class SamplesOptions(LaneOptions):
    """Which model, how many points, how written."""

    def __init__(self, lanes: Sequence[Lane]) -> None:
        super().__init__(lanes)
        self.count = number_box(tr("Points"), 1, MAX_SAMPLES, USUAL_SAMPLES)
        self.count.setGroupSeparatorShown(True)
        self.seed = number_box(tr("Seed"), 0, _LARGEST_SEED, 0)
        self.seed.setToolTip(tr("The same seed gives the same points"))
        self.kind = Choices({"csv": "CSV", "npy": "NPY"})
        self.kind.changed.connect(self.changed)
        self.rows.addRow(tr("As"), self.kind)
        self.rows.addRow(tr("Points"), self.count)
        self.rows.addRow(tr("Seed"), self.seed)
        self.say(
            tr(
                "CSV has a line for each point: x, y and, for a flow, log_prob in nats. NPY is a "
                "NumPy array of shape (n, 2)."
            )
        )

    @property
    def suffix(self) -> str:
        """As it is written."""
        return f".{self.kind.value}"

    @property
    def part(self) -> str:
        """The lane's name, and what it is."""
        return f"{self.lane}-samples"

    def wish(self) -> LaneWish:
        """The lane, the number and the seed."""
        return LaneWish(self.lane, self.count.value(), self.seed.value())


def _draw_picture(painter: QPainter, area: QRectF, scene: Scene) -> None:
    """Points, and the rows of a table."""
    fill_ground(painter, area)
    side = area.height() - 12
    square = QRectF(area.left() + 6, area.top() + 6, side, side)
    known = [panel for panel in scene.panels if not panel.film.empty]
    if known:
        draw_points(painter, square, known[0], scene)
    line = mix(theme.color("text_muted"), theme.color("surface_raised"), 0.45)
    painter.setPen(QPen(line, 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    for row in range(5):
        y = area.top() + 12 + 9 * row
        for column in range(2):
            x = square.right() + 12 + 18 * column
            painter.drawLine(QPointF(x, y), QPointF(x + 10, y))


FORMAT: Final = Format(
    id="samples",
    place=4,
    title=mark("Samples"),
    sentence=mark("Points of a model as a table or an array"),
    picture=_draw_picture,
    options=lambda source: SamplesOptions(source.lanes),
    job=lambda source, wish, path: EngineJob(source.controller, "samples", wish, path),
)
