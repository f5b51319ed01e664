"""From the Export dialog to the job, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QStandardPaths, Signal

from explorer.words.languages import tr
from flowengine.errors import FlowError

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from explorer.export.dialog import ExportDialog
    from explorer.export.format import Format
    from explorer.export.jobs import Job, Taken
    from explorer.export.source import Source
    from flowengine.protocol import Event


class Exporter(QObject):
    """Runs one job at a time.

    Attributes:
        dialog: What is asked and told; None while it is closed.
        job: What is being written; None while nothing is.

    Args:
        source: Gives what there is to take away now.
        parent: The window that the dialog belongs to.
    """

    finished = Signal(str)
    """What was written, and the check that was made on it."""

    def __init__(self, source: Callable[[], Source], parent: QWidget) -> None:
        super().__init__(parent)
        self._source = source
        self._window = parent
        self._present: Source | None = None
        self._last = ""
        self.dialog: ExportDialog | None = None
        self.job: Job | None = None

    def open(self, folder: Path | None) -> ExportDialog:
        """Ask what to take away, unless something is being written; the window goes on.

        Args:
            folder: Where the project lies; None for one that has no file yet.
        """
        from explorer.export.dialog import ExportDialog  # here: the window is up sooner without it

        if self.dialog is not None and self.job is not None:
            return self.dialog
        if self.dialog is not None:
            self.dialog.close()
        self._present = self._source()
        dialog = ExportDialog(self._present, folder or _documents_folder(), self._window)
        if self._last:
            dialog.choose(self._last)
        dialog.wished.connect(self._start)
        dialog.cancel_requested.connect(self._cancel)
        dialog.finished.connect(self._forget)
        self.dialog = dialog
        dialog.open()
        return dialog

    def receive(self, message: Event) -> bool:
        """Take a message of an engine up; gives whether it belonged to the running export."""
        return self.job is not None and self.job.receive(message)

    def finish(self) -> None:
        """Give up what is being written, and wait until nothing of it is left."""
        if self.job is not None:
            self.job.finish()

    def _start(self, choice: Format, wish: object, path: Path) -> None:
        assert self._present is not None
        self._last = choice.id
        try:
            job = choice.job(self._present, wish, path)
        except FlowError as error:
            self._tell_failed(error.sentence)
            return
        job.setParent(self)
        job.progressed.connect(self._tell_progress)
        job.done.connect(self._tell_done)
        job.failed.connect(self._tell_failed)
        job.given_up.connect(self._tell_given_up)
        self.job = job
        job.start()

    def _cancel(self) -> None:
        if self.job is not None:
            self.job.cancel()

    def _tell_progress(self, done: float, doing: str) -> None:
        if self.dialog is not None:
            self.dialog.set_progress(done, doing)

    def _tell_done(self, taken: Taken) -> None:
        self._end_job()
        if self.dialog is not None:
            self.dialog.set_done(taken)
        self.finished.emit(tr("Exported {what}").format(what=taken.text))

    def _tell_failed(self, text: str) -> None:
        self._end_job()
        if self.dialog is not None:
            self.dialog.set_failed(text)

    def _tell_given_up(self) -> None:
        self._end_job()
        if self.dialog is not None:
            self.dialog.set_cancelled()

    def _end_job(self) -> None:
        if self.job is not None:
            self.job.deleteLater()
            self.job = None

    def _forget(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None


def _documents_folder() -> Path:
    place = QStandardPaths.StandardLocation.DocumentsLocation
    folder = Path(QStandardPaths.writableLocation(place))
    return folder if folder.is_dir() else Path.home()
