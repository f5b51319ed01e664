"""Files: what is opened, saved, taken in as a target, and the question before work is lost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QMimeData, QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication, QImage

from explorer import dialogs
from explorer.session.background import BackgroundJobs
from explorer.session.store import remember_recent, write_document
from explorer.session.target_reader import TargetReader
from explorer.widgets.png import png_of
from explorer.words.languages import integer, mark, tr
from flowengine.errors import FlowError, phrase
from flowengine.project import Project, default_stack
from flowengine.targets.sources import spec_from_file, spec_from_image, spec_from_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from PySide6.QtCore import QUrl
    from PySide6.QtWidgets import QWidget

    from explorer.panels.view_state import ViewState
    from explorer.session.store import Store
    from explorer.training.controller import Controller
    from flowengine.project import Lane, LaneState, TargetSpec

    States = dict[Lane, LaneState]

SUFFIX: Final = ".flow"
_PICTURES: Final = (".png", ".jpg", ".jpeg")
TARGET_SUFFIXES: Final = (*_PICTURES, ".csv", ".npy")
_LARGE: Final = 256 * 1024  # bytes, or letters: more is read in the background
_LARGEST_SIDE: Final = 1024


class Documents(QObject):
    """The project's file and the files that become targets.

    Args:
        store: Holds the document.
        controller: Its engines hold what training has made of every lane.
        view_state: What the panels show now.
        parent: The window that questions are asked on.
    """

    failed = Signal(object)
    """A sentence that says what could not be done, and why."""
    saving = Signal()
    saved = Signal()
    target_chosen = Signal(object, str)
    """A `TargetSpec`, and what the edit is called."""
    noted = Signal(str)
    """A sentence on what is being done, or was left out."""

    def __init__(
        self,
        store: Store,
        controller: Controller,
        view_state: Callable[[], ViewState],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._controller = controller
        self._view_state = view_state
        self._jobs = BackgroundJobs(self)
        self._missed = False  # whether a lane came too late for the save that is under way
        controller.saved_without.connect(self._note_missed)
        self._opened = 0  # documents so far: what was saved may not be the present one any more
        store.loaded.connect(self._count)
        self._window = parent
        self._reader = TargetReader(self)
        for ended in (self._reader.done, self._reader.failed):
            ended.connect(lambda _what: self.noted.emit(""))  # it is not being read any more
        self._reader.done.connect(self._choose)
        self._reader.failed.connect(self.failed)
        self._left_out = ""  # what is said of other files once a target has been taken

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
        self.begin(Project(stack=default_stack()))

    def begin(self, project: Project) -> None:
        """Start from a document that has no file yet, once unsaved work is safe."""
        self.leave(lambda: self._store.replace(project))

    def choose_and_open(self) -> None:
        """Ask for a project file and open it."""
        path = dialogs.ask_open(self._window, tr("Open a project"), _project_files())
        if path is not None:
            self.open(path)

    def open(self, path: Path) -> None:
        """Open a project file, once unsaved work is safe."""
        self.leave(lambda: self._open(path))

    def _open(self, path: Path) -> None:
        self._try(lambda: self._store.open(path))

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
            _project_files(),
        )
        if path is None:
            return
        named = path if path.suffix.lower() == SUFFIX else path.with_name(path.name + SUFFIX)
        if named != path and named.exists():  # the dialog has asked about another name
            name = named.name
            self.failed.emit(
                phrase("{name} is there already; to replace it, write its name whole", name=name)
            )
            return
        self._save_to(named, then)

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
        kinds = tr("Pictures, points and arrays")
        path = dialogs.ask_open(self._window, tr("Import a target"), f"{kinds} ({patterns})")
        if path is not None:
            self.take([path])

    def take(self, paths: Iterable[Path]) -> None:
        """Take a file that was dropped or chosen: a project is opened, another is the target.

        Of several files the first that can be either is taken, and it is said which.
        """
        given = list(paths)
        known = [path for path in given if path.suffix.lower() in (SUFFIX, *TARGET_SUFFIXES)]
        path = next(iter(known or given), None)
        if path is None:
            return
        self._reader.forget()
        text = tr("{name} was taken; {count} other files were left out")
        others = integer(len(given) - 1)
        self._left_out = text.format(name=path.name, count=others) if len(given) > 1 else ""
        if path.suffix.lower() == SUFFIX:
            self.open(path)
            self._say_left_out()
        elif path.suffix.lower() in _PICTURES or _size(path) > _LARGE:
            self.noted.emit(tr("Reading {name} …").format(name=path.name))
            self._reader.read(lambda: spec_from_file(path))
        else:
            self._try(lambda: self._choose(spec_from_file(path)))

    def paste(self) -> None:
        """Take what is on the clipboard as the target."""
        data = QGuiApplication.clipboard().mimeData()  # None where it was never filled
        self.take_data(data or QMimeData(), tr("pasted"))

    def take_data(self, data: QMimeData, name: str) -> None:
        """Take what was pasted or dropped: files, a picture, or a table written as text."""
        self._left_out = ""
        paths = local_paths(data.urls())
        if paths:
            self.take(paths)
        elif data.hasImage():
            self._take_image(QImage(data.imageData()), name)
        elif data.hasText():
            text = data.text()
            if len(text) > _LARGE:
                self._reader.read(lambda: spec_from_table(text, name))
            else:
                self._reader.forget()
                self._try(lambda: self._choose(spec_from_table(text, name)))
        else:
            self.failed.emit(
                mark(
                    "There is nothing here to take as the target: expected a picture, a table of "
                    "numbers or a file. Copy one of these first."
                )
            )

    def _take_image(self, image: QImage, name: str) -> None:
        if image.isNull():
            self.failed.emit(mark("This picture cannot be read; it may be too large."))
            return
        if max(image.width(), image.height()) > _LARGEST_SIDE:  # all a target can show
            image = image.scaled(
                _LARGEST_SIDE,
                _LARGEST_SIDE,
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
        self._reader.forget()
        self._try(lambda: self._choose(spec_from_image(png_of(image), name)))

    def _choose(self, spec: TargetSpec) -> None:
        self.target_chosen.emit(spec, tr("Take {name} as the target").format(name=spec.name))
        self._say_left_out()  # after what is said of the training that begins

    def _say_left_out(self) -> None:
        if self._left_out:
            self.noted.emit(self._left_out)
        self._left_out = ""

    def _save_to(self, path: Path, then: Callable[[], None] | None) -> None:
        document = self._store.project  # the lanes that come back will be those of this moment

        target, opened = path.absolute(), self._opened

        def write(lanes: States) -> None:
            seen = self._view_state()
            self._jobs.run(lambda: put(lanes, seen), tell, self.failed.emit)

        def put(lanes: States, seen: ViewState) -> States:
            filmed = seen.with_films(lanes)
            write_document(target, document, filmed, seen.png())
            return filmed

        def tell(lanes: States) -> None:
            if opened == self._opened:
                self._store.note_saved(target, document, lanes)
                if self._missed:  # what it sent is in no file
                    self._store.mark_trained()
                self.saved.emit()
            else:
                remember_recent(target)
            if then is not None:
                then()

        self.saving.emit()
        self._missed = False
        self._checkpoint(write)

    def gather(self, then: Callable[[Project, States, ViewState], None]) -> None:
        """Call back with the present document, what training has made of it, and the panels."""
        document = self._store.project
        self._checkpoint(lambda lanes: then(document, lanes, self._view_state()))

    def _checkpoint(self, then: Callable[[States], None]) -> None:
        """Ask the engines for the lanes; where none run, they are as they were opened."""
        if self._controller.running:
            self._controller.request_checkpoints(then)
        else:
            then(dict(self._store.lanes))

    def finish(self) -> None:
        """Wait for a file that is still being written."""
        self._jobs.finish()

    def _note_missed(self, _lane: str) -> None:
        self._missed = True

    def _count(self) -> None:
        self._opened += 1

    def _try(self, act: Callable[[], None]) -> bool:
        try:
            act()
        except FlowError as error:
            self.failed.emit(error.sentence)
            return False
        return True


def _project_files() -> str:
    """What a dialog shows, and calls so."""
    kind = tr("Flow Explorer projects")
    return f"{kind} (*{SUFFIX})"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # whoever reads it will say what is wrong


def local_paths(urls: Iterable[QUrl]) -> list[Path]:
    """Those of them that are files of this machine."""
    return [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]


def takes(data: QMimeData) -> bool:
    """Whether there is anything for `Documents.take_data`: a project, a picture, numbers."""
    suffixes = {path.suffix.lower() for path in local_paths(data.urls())}
    return bool(suffixes & {SUFFIX, *TARGET_SUFFIXES}) or data.hasImage()
