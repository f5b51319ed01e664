"""A copy of the project with everything trained; the window's own file stays what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from explorer.export.jobs import Taken, ThreadJob, refuse_cancelled
from explorer.words.languages import mark, tr
from flowengine.errors import ExportError
from flowengine.files import replacing_path
from flowengine.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from explorer.export.jobs import Cancelled, Tell
    from explorer.panels.view_state import ViewState
    from flowengine.project import Lane, LaneState

    Then = Callable[[Project, dict[Lane, LaneState], ViewState], None]
    Gather = Callable[[Then], None]

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
