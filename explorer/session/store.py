"""The document that the window shows, every edit of it, and the file it lives in.

The document is one frozen `Project`. An edit is a new `Project`; undo goes back to the one before.
What training has made of the lanes is kept aside in `lanes`: it is saved with the document, but it
is no edit and is not undone, save where a run is restored: see `explorer.session.run_restorer`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from explorer.lessons.parts import PART_TITLES
from explorer.settings import settings
from flowengine.errors import FlowError, phrase
from flowengine.project import Project

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from flowengine.project import Lane, LaneState

MAX_RECENT: Final = 10
MAX_UNDO: Final = 100  # edits; each may hold a drawing of a quarter of a MiB
_RECENT_KEY: Final = "files/recent"
_REPLACE_ID: Final = 1  # edits of the same id may merge into one step; there is one kind of edit


class LessonError(FlowError):
    """The lesson of a project locks what an edit would change."""


class ReplaceProject(QUndoCommand):
    """One edit: the document before it and after it."""

    def __init__(
        self, store: Store, before: Project, after: Project, text: str, merge_key: str = ""
    ) -> None:
        super().__init__(text)
        self._store = store
        self._before = before
        self._after = after
        self._merge_key = merge_key

    def id(self) -> int:
        """What Qt compares before it tries to merge two edits."""
        return _REPLACE_ID

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Take up the edit that follows, if both belong to one gesture, such as a slider's drag."""
        if not isinstance(other, ReplaceProject):
            return False
        if not self._merge_key or other._merge_key != self._merge_key:
            return False
        self._after = other._after
        self.setObsolete(self._after == self._before)
        return True

    def redo(self) -> None:
        """Show the document after the edit."""
        self._store._show(self._after)

    def undo(self) -> None:
        """Show the document before the edit."""
        self._store._show(self._before)


class Store(QObject):
    """The one holder of the document; editors propose, the store admits.

    Attributes:
        project: The document now, without its lanes.
        lanes: What training had made of each lane when the document was opened or last saved.
        path: The file that the document was opened from or saved to; None for a new one.
        teaching: Whether the document's lesson is being prepared, and so binds nobody.
    """

    changed = Signal(object, object)
    """An edit, an undo or a redo: the document before, the document after."""
    loaded = Signal()
    """Another document has taken the place of the former: opened, or new."""
    path_changed = Signal()
    unsaved_changed = Signal(bool)
    refused = Signal(object)
    """Why an edit could not be made."""
    teaching_changed = Signal(bool)

    def __init__(self, project: Project, lanes: Mapping[Lane, LaneState] | None = None) -> None:
        super().__init__()
        self.undo_stack = QUndoStack(self)
        self.undo_stack.setUndoLimit(MAX_UNDO)
        self.undo_stack.cleanChanged.connect(self._tell_unsaved)
        self._trained = False
        self.project = replace(project, lanes={})
        self.lanes: dict[Lane, LaneState] = dict(lanes or project.lanes)
        self.path: Path | None = None
        self.teaching = False

    @property
    def modified(self) -> bool:
        """Whether there is an edit that no file holds."""
        return not self.undo_stack.isClean()

    @property
    def unsaved(self) -> bool:
        """Whether there is an edit, or training, that no file holds."""
        return self.modified or self._trained

    def mark_trained(self, _lane: str = "") -> None:
        """Say that a lane has been trained since the document was opened or saved."""
        self._set_trained(True)

    def set_teaching(self, teaching: bool) -> None:
        """Prepare the document's lesson, or let it bind again."""
        if teaching != self.teaching:
            self.teaching = teaching
            self.teaching_changed.emit(teaching)

    def apply(self, project: Project, text: str, merge_key: str = "") -> None:
        """Make an edit.

        Args:
            project: The document as it shall be.
            text: What the edit is called in the Edit menu: "Draw", "Add a layer".
            merge_key: Edits that follow each other with the same key become one step of undo.

        Raises:
            ProjectError: the document breaks a limit; nothing has changed.
            LessonError: its lesson locks what would change; nothing has changed.
        """
        admitted = self.admit(project)
        if admitted != self.project:
            command = ReplaceProject(self, self.project, admitted, text, merge_key)
            self.undo_stack.push(command)

    @property
    def folder(self) -> Path | None:
        """Where the document's file lies; None for one that has no file yet."""
        return self.path.parent if self.path else None

    def edit(self, project: Project, text: str, merge_key: str) -> bool:
        """Make an edit as `apply` does, or say why it can't be."""
        try:
            self.apply(project, text, merge_key)
        except FlowError as error:
            self.refused.emit(error.sentence)
            return False
        return True

    def admit(self, project: Project) -> Project:
        """The document as an edit may make it.

        Raises:
            ProjectError: it breaks a limit.
            LessonError: the lesson of the present one locks what would change.
        """
        self._heed_lesson(project)
        return Project.from_dict(project.to_dict())

    def replace(self, project: Project, path: Path | None = None) -> None:
        """Put another document in the place of this one; its edits are forgotten."""
        self.project = replace(project, lanes={})
        self.lanes = dict(project.lanes)
        self.path = path
        self.undo_stack.clear()
        self._set_trained(False)
        self.set_teaching(False)
        self.loaded.emit()
        self.path_changed.emit()

    def open(self, path: str | PathLike[str]) -> None:
        """Read a project file and take its document up.

        Raises:
            ProjectError: the file is missing, damaged, foreign or hostile; nothing has changed.
        """
        target = Path(path).absolute()
        self.replace(Project.open(target), target)
        remember_recent(target)

    def note_saved(self, target: Path, document: Project, lanes: Mapping[Lane, LaneState]) -> None:
        """Take up that `write_document` has written a document.

        Args:
            target: The file, which becomes the store's.
            document: What was written: the present document, or the one that `lanes` belong to if
                it has been edited since; that edit then stays unsaved.
            lanes: What training had made of each lane of `document`.
        """
        self.lanes = dict(lanes)
        self.path = target
        if document == self.project:
            self.undo_stack.setClean()
            self._set_trained(False)
        remember_recent(target)
        self.path_changed.emit()

    def _heed_lesson(self, project: Project) -> None:
        part = None if self.teaching else self.project.lesson.forbids(self.project, project)
        if part is not None:
            title = PART_TITLES[part]
            raise LessonError(
                "In this lesson “{title}” stays as it is; View → Teacher mode opens it",
                title=phrase(title),
            )

    def _set_trained(self, trained: bool) -> None:
        if trained != self._trained:
            self._trained = trained
            self._tell_unsaved()

    def _tell_unsaved(self) -> None:
        self.unsaved_changed.emit(self.unsaved)

    def _show(self, project: Project) -> None:
        before, self.project = self.project, project
        self.changed.emit(before, project)


def write_document(
    path: Path, document: Project, lanes: Mapping[Lane, LaneState], thumbnail: bytes
) -> None:
    """Write a document and its lanes, named after the file; any thread may do it.

    Raises:
        ProjectError: the file cannot be written there; a file that was there is still whole.
    """
    whole = replace(document, name=path.stem[:200], lanes=dict(lanes))
    whole.save(path, thumbnail=thumbnail)


def recent_files() -> list[Path]:
    """The project files opened or saved last that are still there, the latest first."""
    stored = settings().value(_RECENT_KEY, [])
    names = [stored] if isinstance(stored, str) else stored if isinstance(stored, list) else []
    return [path for name in names if (path := Path(name)).is_file()]


def remember_recent(path: Path) -> None:
    """Put a file first among the recent ones."""
    others = [known for known in recent_files() if known != path]
    settings().setValue(_RECENT_KEY, [str(p) for p in [path, *others][:MAX_RECENT]])
