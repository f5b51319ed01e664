"""From the Export dialog to the engine and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QStandardPaths, Signal

from explorer.export.dialog import ExportDialog, done_text
from explorer.i18n import tr
from explorer.lanes import LANE_TITLES
from flowengine.protocol import ExportDone, ExportProgress, Failure

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from explorer.training.controller import Controller
    from flowengine.project import Lane
    from flowengine.protocol import Event


class Exporter(QObject):
    """Runs one export at a time; its messages find the dialog by the number of the request.

    Attributes:
        lanes: What there is to export.
    """

    finished = Signal(str)
    """What was written, and the check that was made on it."""

    def __init__(self, controller: Controller, parent: QWidget) -> None:
        super().__init__(parent)
        self._controller = controller
        self._window = parent
        self._request = 0
        self.dialog: ExportDialog | None = None
        self.lanes: tuple[Lane, ...] = tuple(LANE_TITLES)

    def open(self, stem: str, folder: Path | None) -> ExportDialog:
        """Ask what to export; the dialog does not stop the window.

        Args:
            stem: What the project is called.
            folder: Where the project lies; None for one that has no file yet.
        """
        if self.dialog is not None:
            self.dialog.close()
        dialog = ExportDialog(stem, folder or _documents_folder(), self._window, self.lanes)
        dialog.export_requested.connect(self._start)
        dialog.cancel_requested.connect(self._cancel)
        dialog.finished.connect(self._forget)
        self.dialog = dialog
        dialog.open()
        return dialog

    def receive(self, message: Event) -> bool:
        """Take a message of an engine up; gives whether it belonged to the running export."""
        if not isinstance(message, ExportProgress | ExportDone | Failure):
            return False
        if not self._request or message.request != self._request:
            return False
        if isinstance(message, ExportDone):
            self._request = 0
            self.finished.emit(tr("Exported {what}").format(what=done_text(message)))
        elif isinstance(message, Failure):
            self._request = 0
        if self.dialog is not None:
            _show(self.dialog, message)
        return True

    def _start(self, lane: str, fmt: str, path: str) -> None:
        self._request = self._controller.export(lane, fmt, path)

    def _cancel(self) -> None:
        self._controller.cancel_export(self._request)

    def _forget(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None


def _show(dialog: ExportDialog, message: ExportProgress | ExportDone | Failure) -> None:
    if isinstance(message, ExportProgress):
        dialog.set_progress(message.done, message.doing)
    elif isinstance(message, ExportDone):
        dialog.set_done(message)
    else:
        dialog.set_failed(message.text)


def _documents_folder() -> Path:
    place = QStandardPaths.StandardLocation.DocumentsLocation
    folder = Path(QStandardPaths.writableLocation(place))
    return folder if folder.is_dir() else Path.home()
