"""A copy of the project with everything trained; the window's own file stays what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPen

from explorer.export.form import Options
from explorer.export.format import Format
from explorer.export.jobs import Taken, ThreadJob, refuse_cancelled
from explorer.export.sketch import MOST_PANELS, dense_panels, draw_density, fill_ground
from explorer.theme import theme
from explorer.words.languages import mark, tr
from flowengine.errors import ExportError
from flowengine.files import replacing_path
from flowengine.project import Project

if TYPE_CHECKING:
    from pathlib import Path

    from explorer.export.jobs import Cancelled, Tell
    from explorer.export.scene import Scene
    from explorer.export.source import Gather, Source
    from explorer.panels.view_state import ViewState
    from flowengine.project import Lane, LaneState

_COLLECTING = mark("asking the engines for what was trained")
_WRITING = mark("writing the project")
_READING = mark("opening it again")


class ProjectJob(ThreadJob):
    """Writes the document as it is now.

    Args:
        gather: Calls back with the document, what training has made of its lanes, and the look of
            the panels.
        path: The file to write.
    """

    def __init__(self, gather: Gather, path: Path) -> None:
        super().__init__(self._write)
        self._gather = gather
        self._path = path
        self._gathered: tuple[Project, dict[Lane, LaneState], ViewState] | None = None

    def start(self) -> None:
        """Ask the engines, then write."""
        self.progressed.emit(0.0, _COLLECTING)
        self._gather(self._go_on)

    def cancel(self) -> None:
        """Give up; while the engines are asked there is nothing to wait for."""
        waiting = self._gathered is None and not self.cancelled
        super().cancel()
        if waiting:
            self.given_up.emit()

    def _go_on(self, document: Project, lanes: dict[Lane, LaneState], look: ViewState) -> None:
        if not self.cancelled:
            self._gathered = document, lanes, look
            super().start()

    def _write(self, tell: Tell, cancelled: Cancelled) -> Taken:
        assert self._gathered is not None
        document, states, look = self._gathered
        tell(0.3, _WRITING)
        lanes = look.with_films(states)
        whole = replace(document, name=self._path.stem[:200], lanes=lanes)
        refuse_cancelled(cancelled)
        with replacing_path(self._path) as file:
            whole.save(file, thumbnail=look.png())
            tell(0.7, _READING)
            if Project.open(file) != whole:
                raise ExportError("The copy opens as another project; nothing was left behind")
            refuse_cancelled(cancelled)
            size = file.stat().st_size
        return Taken(self._path, size, _check(lanes))


def _check(lanes: dict[Lane, LaneState]) -> str:
    if not lanes:
        return tr("opened again: the same project, nothing trained yet")
    return tr("opened again: the same project, trained models {count}").format(count=len(lanes))


def _project_options(_source: Source) -> Options:
    options = Options(suffix=".flow", part="copy")
    options.say(
        tr(
            "Target, stack, recipes, and the weights, curves and pictures of every trained model. "
            "The project that is open stays the one that Save writes to."
        )
    )
    return options


def _draw_picture(painter: QPainter, area: QRectF, scene: Scene) -> None:
    """The window: its panels, its bar and what stands beside them."""
    fill_ground(painter, area)
    frame = area.adjusted(9, 7, -9, -7)
    painter.setPen(QPen(theme.color("border"), 1))
    painter.setBrush(theme.color("window"))
    painter.drawRoundedRect(frame, 3, 3)
    bar = QRectF(frame.left() + 1, frame.top() + 1, frame.width() - 2, 6)
    painter.fillRect(bar, theme.color("surface"))
    painter.fillRect(QRectF(frame.right() - 14, frame.top() + 2.5, 10, 3), theme.color("accent"))
    for left in (frame.left() + 4, frame.right() - 15):
        painter.fillRect(
            QRectF(left, frame.top() + 11, 11, frame.height() - 15), theme.color("surface_raised")
        )
    panels = dense_panels(scene)[:MOST_PANELS]
    side = 25.0
    for k, panel in enumerate(panels):
        left = frame.left() + 18 + k * (side + 2)
        draw_density(painter, QRectF(left, frame.top() + 13, side, side), panel, 1.0)


FORMAT: Final = Format(
    id="project",
    place=6,
    title=mark("Project"),
    sentence=mark("A copy of everything, to go on with elsewhere"),
    picture=_draw_picture,
    options=_project_options,
    job=lambda source, _wish, path: ProjectJob(source.gather, path),
)
