"""Files: what is opened, saved, taken in as a target, and the question before work is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QBuffer, QObject, Signal
from PySide6.QtGui import QGuiApplication, QImage

from explorer import dialogs
from explorer.i18n import tr
from flowengine.errors import FlowError
from flowengine.project import Project, default_stack
from flowengine.targets.sources import spec_from_file, spec_from_image

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from PySide6.QtWidgets import QWidget

    from explorer.store import Store
    from flowengine.project import Lane, LaneState, TargetSpec

    States = dict[Lane, LaneState]

SUFFIX: Final = ".flow"
TARGET_SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".csv", ".npy")


class Documents(QObject):
    """The project's file and the files that become targets.

    Args:
        store: Holds the document.
        checkpoint: Calls back with what training has made of every lane.
        thumbnail: A PNG of the panels as they are now.
        parent: The window that questions are asked on.
    """

    failed = Signal(str)
    """A sentence that says what could not be done, and why."""
    saving = Signal()
    saved = Signal()
    target_chosen = Signal(object, str)
    """A `TargetSpec`, and what the edit is called."""

    def __init__(
        self,
        store: Store,
        checkpoint: Callable[[Callable[[States], None]], None],
        thumbnail: Callable[[], bytes],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._checkpoint = checkpoint
        self._thumbnail = thumbnail
        self._window = parent

    @property
    def name(self) -> str:
        """What the project is called in the window."""
        return self._store.path.name if self._store.path else self.stem + SUFFIX

    @property
    def stem(self) -> str:
        """The project's name without its ending, as names of exports start with it."""
        return self._store.path.stem if self._store.path else self._store.project.name

    def new(self) -> None:
        """Start a new project, once unsaved work is safe."""
        self.leave(lambda: self._store.replace(Project(stack=default_stack())))

    def choose_and_open(self) -> None:
        """Ask for a project file and open it."""
        path = dialogs.ask_open(
            self._window, tr("Open a project"), f"{tr('Flow Explorer projects')} (*{SUFFIX})"
        )
        if path is not None:
            self.open(path)

    def open(self, path: Path) -> None:
        """Open a project file, once unsaved work is safe."""
        self.leave(lambda: self._try(lambda: self._store.open(path)))

    def save(self, then: Callable[[], None] | None = None) -> None:
        """Save to the project's own file, or ask for one; `then` follows once it is written."""
        if self._store.path is None:
            self.save_as(then)
        else:
            self._save_to(self._store.path, then)

    def save_as(self, then: Callable[[], None] | None = None) -> None:
        """Ask for a file and save to it; `then` follows once it is written."""
        path = dialogs.ask_save(
            self._window,
            tr("Save the project"),
            self.name,
            f"{tr('Flow Explorer projects')} (*{SUFFIX})",
        )
        if path is not None:
            self._save_to(path if path.suffix else path.with_suffix(SUFFIX), then)

    def leave(self, then: Callable[[], None]) -> None:
        """Do what ends the present document; before that, ask what becomes of unsaved work."""
        if not self._store.unsaved:
            then()
            return
        answer = dialogs.ask(self._window, self.name)
        if answer == "save":
            self.save(then)
        elif answer == "discard":
            then()

    def choose_and_import(self) -> None:
        """Ask for a picture, points or an array, and take it as the target."""
        patterns = " ".join(f"*{suffix}" for suffix in TARGET_SUFFIXES)
        path = dialogs.ask_open(
            self._window,
            tr("Import a target"),
            f"{tr('Pictures, points and arrays')} ({patterns})",
        )
        if path is not None:
            self.take([path])

    def take(self, paths: Iterable[Path]) -> None:
        """Take a file that was dropped or chosen: a project is opened, another is the target."""
        path = next(iter(paths), None)
        if path is None:
            return
        if path.suffix.lower() == SUFFIX:
            self.open(path)
        else:
            self._try(lambda: self._choose(spec_from_file(path)))

    def paste(self) -> None:
        """Take the picture on the clipboard as the target."""
        image = QGuiApplication.clipboard().image()
        if image.isNull():
            self.failed.emit(tr("There is no picture on the clipboard."))
        else:
            self._try(lambda: self._choose(spec_from_image(_png(image), tr("pasted picture"))))

    def _choose(self, spec: TargetSpec) -> None:
        self.target_chosen.emit(spec, tr("Take {name} as the target").format(name=spec.name))

    def _save_to(self, path: Path, then: Callable[[], None] | None) -> None:
        document = self._store.project  # the lanes that come back will be those of this moment

        def write(lanes: States) -> None:
            if self._try(lambda: self._store.save(path, document, lanes, self._thumbnail())):
                self.saved.emit()
                if then is not None:
                    then()

        self.saving.emit()
        self._checkpoint(write)

    def _try(self, act: Callable[[], None]) -> bool:
        try:
            act()
        except FlowError as error:
            self.failed.emit(str(error))
            return False
        return True


def _png(image: QImage) -> bytes:
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data().data())
