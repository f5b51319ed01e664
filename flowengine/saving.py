"""Writing what a lane has learned into a project file that others may train as well."""

from __future__ import annotations

import contextlib
import itertools
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from flowengine.errors import ProjectError
from flowengine.lane import model_of
from flowengine.locks import locked
from flowengine.projectfile import read_project, read_thumbnail, write_project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowengine.project import Lane, LaneState, Project


class SharedProject:
    """A project whose lanes several programs may train at the same time, each writing its own.

    Before every writing, under a lock, the file is looked at again. If it has changed meanwhile,
    only the lane that was trained here is replaced in it. Where its target or model is another by
    now, or somebody else has trained that lane, the work goes to a file of another name beside it,
    and so does what comes later.

    Args:
        source: The project file to begin with.
        output: Where to write; it may be the same file.

    Attributes:
        project: The project as it is to be gone on with.
        path: Where the trained lanes are written.
        moved: Sentences that say why `path` is another than it was at first.

    Raises:
        ProjectError: `source` cannot be read.
    """

    def __init__(self, source: str, output: str) -> None:
        self.path = Path(output)
        self.moved: list[str] = []
        self._seen = _mark(self.path)
        self.project = read_project(source)
        self._thumbnail = read_thumbnail(source)

    def refresh(self, lane: Lane) -> Project:
        """The project with what others have made of it since it was read, if it fits."""
        if _mark(self.path) != self._seen:
            found = self._found()
            if found is not None and _same(found, self.project, lane):
                self.project = found
        return self.project

    def save(self, lane: Lane, state: LaneState) -> None:
        """Write a lane, with all others as they are in the file by now.

        Raises:
            ProjectError: it cannot be written; what was there is as it was.
        """
        with _writing(self.path):
            written = self._write(lane, state)
        if not written:
            before = self.path
            self._write_beside(before.parent, lane, state)
            self.moved.append(
                f"{before} was changed by another program while its {lane} lane was trained, and "
                f"is left as it is; what was trained here is in {self.path}"
            )

    def rescue(self, lane: Lane, state: LaneState) -> None:
        """Write a lane, or, where that cannot be, into the system's folder for such files.

        Raises:
            ProjectError: it can be written neither there nor here.
        """
        try:
            self.save(lane, state)
        except ProjectError as error:
            before = self.path
            if not self._write_far(lane, state):
                raise
            self.moved.append(
                f"{error}; {before} is as it was, and what was trained is in {self.path}"
            )

    def _write_far(self, lane: Lane, state: LaneState) -> bool:
        with contextlib.suppress(ProjectError):
            self._write_beside(Path(tempfile.gettempdir()), lane, state)
            return True
        return False

    def _write(self, lane: Lane, state: LaneState) -> bool:
        """Write to `path`, unless what is there now is something else than what was there."""
        mark = _mark(self.path)
        project, thumbnail = self.project, self._thumbnail
        if mark is not None and mark != self._seen:
            found = self._found()
            if found is None or not _same(found, project, lane):
                return False
            if found.lanes.get(lane) != project.lanes.get(lane):  # trained by others as well
                return False
            project, thumbnail = found, read_thumbnail(self.path)
        project = msgspec.structs.replace(project, lanes={**project.lanes, lane: state})
        write_project(project, self.path, thumbnail=thumbnail)
        self.project, self._thumbnail, self._seen = project, thumbnail, _mark(self.path)
        return True

    def _write_beside(self, folder: Path, lane: Lane, state: LaneState) -> None:
        for number in itertools.count(1):
            name = f"{self.path.stem}-{lane}{f'-{number}' * (number > 1)}{self.path.suffix}"
            place = folder / name
            with _writing(place):
                if place.exists():
                    continue
                before, seen = self.path, self._seen
                self.path, self._seen = place, None
                try:
                    self._write(lane, state)
                except ProjectError:
                    self.path, self._seen = before, seen
                    raise
                return

    def _found(self) -> Project | None:
        try:
            return read_project(self.path)
        except ProjectError:
            return None


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Be the only one who writes a file."""
    try:
        with locked(path):
            yield
    except OSError as error:
        reason = error.strerror or error
        raise ProjectError(
            "{name} could not be written: {reason}", name=path.name, reason=reason
        ) from error


def _mark(path: Path) -> tuple[int, int, int] | None:
    """What tells one writing of a file from another; None while there is no file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _same(found: Project, project: Project, lane: Lane) -> bool:
    """Whether a lane of one project can go on in the other."""
    return found.target == project.target and model_of(found, lane) == model_of(project, lane)
