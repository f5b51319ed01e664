"""Choose what to take away and where to, and watch it being written."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from explorer import dialogs
from explorer.export.formats import FORMATS, size_text
from explorer.i18n import number, tr
from explorer.lanes import LANE_TITLES, lane_title
from explorer.theme import set_role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowengine.project import Lane
    from flowengine.protocol import ExportDone

_LONGEST_NAME = 200  # bytes; the files beside it have a little more, and a system takes 255
_LONGEST_SHOWN = 160
_LEAST_FOR_ESTIMATE = 0.05  # below this share done, a guess of the time left is worth nothing


class ExportDialog(QDialog):
    """Asks for a lane, a format and a place; then shows how far the engine is.

    Args:
        stem: What the project is called; the proposed name starts with it.
        folder: Where the export is proposed to go.
        lanes: What there is to export.
    """

    export_requested = Signal(str, str, str)
    """Lane, format and path: what to write where."""
    cancel_requested = Signal()

    def __init__(
        self,
        stem: str,
        folder: Path,
        parent: QWidget | None = None,
        lanes: Sequence[Lane] = tuple(LANE_TITLES),
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Export a trained model"))
        self.setMinimumWidth(520)
        self._stem = stem
        self._running = False
        self._began = 0.0
        self._build_place(folder)
        self._build_choices(lanes)
        self._build_progress()
        self._build_buttons()
        self._lay_out()
        self._propose_name()

    @property
    def lane(self) -> Lane:
        """The lane that is chosen."""
        return next(lane for lane, button in self._lanes.items() if button.isChecked())

    @property
    def format(self) -> str:
        """The format that is chosen."""
        return FORMATS[self._formats.checkedId()].id

    @property
    def destination(self) -> Path:
        """Where the export goes."""
        return Path(self._folder.text()) / self._name.text()

    def choose_lane(self, lane: Lane) -> None:
        """Choose a lane."""
        self._lanes[lane].setChecked(True)

    def start(self) -> None:
        """Ask for the export, if its place is free."""
        trouble = self._trouble()
        if trouble:
            self.set_failed(trouble)
            return
        self._running = True
        self._began = time.monotonic()
        self._show_running(True)
        self.set_progress(0.0, tr("starting"))
        self.export_requested.emit(self.lane, self.format, str(self.destination))

    def set_progress(self, done: float, doing: str) -> None:
        """Show how far the export is: `done` from 0 to 1, and what is being done."""
        self._bar.setValue(round(1000 * done))
        self._say(f"{tr(doing)}{self._time_left(done)}", "muted")

    def set_done(self, done: ExportDone) -> None:
        """Show what was written, and the check that was made on it."""
        self._running = False
        self._bar.setValue(1000)
        self._show_running(False)
        self._say(done_text(done), "success")
        self._start.hide()
        self._close.setText(tr("Close"))
        self._close.setFocus()

    def set_failed(self, text: str) -> None:
        """Show why nothing was written."""
        self._running = False
        self._show_running(False)
        self._bar.hide()
        self._say(text, "error")

    def set_cancelled(self) -> None:
        """Show that the export was given up."""
        self.set_failed(tr("Cancelled; nothing was left behind."))

    def reject(self) -> None:
        """Cancel a running export; close the dialog where none runs."""
        if self._running:
            self.cancel_requested.emit()
            return
        super().reject()

    def _trouble(self) -> str:
        if not self._name.text().strip():
            return tr("Give the export a name.")
        folder = self._folder.text()
        if not os.path.isdir(folder):  # unlike Path.is_dir, at ease with any text at all
            return tr("There is no folder {path}.").format(path=_short(folder))
        if len(self._name.text().encode()) > _LONGEST_NAME:
            return tr("The name is too long for a file.")
        if os.path.lexists(self.destination):
            return tr("{path} is there already; choose another name.").format(path=self.destination)
        return ""

    def _time_left(self, done: float) -> str:
        if done < _LEAST_FOR_ESTIMATE:
            return ""
        left = (time.monotonic() - self._began) * (1 - done) / done
        return " · " + tr("about {seconds} s left").format(seconds=math.ceil(left))

    def _build_choices(self, lanes: Sequence[Lane]) -> None:
        group = QButtonGroup(self)
        self._lanes = {lane: QRadioButton(tr(lane_title(lane))) for lane in lanes}
        for button in self._lanes.values():
            group.addButton(button)
        self._lanes["discrete"].setChecked(True)
        group.buttonToggled.connect(self._propose_name)
        self._formats = QButtonGroup(self)
        for index, form in enumerate(FORMATS):
            button = QRadioButton(tr(form.title))
            button.setToolTip(tr(form.description))
            self._formats.addButton(button, index)
        self._formats.button(0).setChecked(True)

    def _build_place(self, folder: Path) -> None:
        self._folder = QLineEdit(str(folder))
        self._folder.setAccessibleName(tr("Folder"))
        self._name = QLineEdit()
        self._name.setAccessibleName(tr("Name"))
        self._browse = QPushButton(tr("Browse…"))
        self._browse.clicked.connect(self._choose_folder)

    def _build_progress(self) -> None:
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(tr("Progress of the export"))
        self._bar.hide()
        self._message = QLabel()
        self._message.setWordWrap(True)
        self._message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def _build_buttons(self) -> None:
        self._start = QPushButton(tr("Export"))
        self._start.setProperty("role", "do")
        self._start.setDefault(True)
        self._start.clicked.connect(self.start)
        self._close = QPushButton(tr("Cancel"))
        self._close.clicked.connect(self.reject)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setVerticalSpacing(10)
        form.addRow(tr("Model"), _row(*self._lanes.values()))
        form.addRow(tr("As"), self._described_formats())
        place = QHBoxLayout()
        place.setSpacing(8)
        place.addWidget(self._folder, 1)
        place.addWidget(self._browse)
        form.addRow(tr("In"), place)
        form.addRow(tr("Name"), self._name)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self._close)
        buttons.addWidget(self._start)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 18, 18, 18)
        layout.setSpacing(14)
        layout.addLayout(form)
        layout.addWidget(self._bar)
        layout.addWidget(self._message)
        layout.addStretch(1)
        layout.addLayout(buttons)

    def _described_formats(self) -> QWidget:
        holder = QWidget()
        layout = QVBoxLayout(holder)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for index, choice in enumerate(FORMATS):
            description = QLabel(tr(choice.description))
            description.setProperty("role", "muted")
            description.setWordWrap(True)
            layout.addWidget(self._formats.button(index))
            layout.addWidget(description)
        return holder

    def _propose_name(self) -> None:
        self._name.setText(f"{self._stem}-{self.lane}")

    def _choose_folder(self) -> None:
        chosen = dialogs.ask_folder(self, tr("Export into"))
        if chosen is not None:
            self._folder.setText(str(chosen))

    def _show_running(self, running: bool) -> None:
        self._bar.show()
        inputs = (*self._lanes.values(), *self._formats.buttons())
        for widget in (*inputs, self._folder, self._name, self._browse, self._start):
            widget.setEnabled(not running)

    def _say(self, text: str, role: str) -> None:
        set_role(self._message, role)
        self._message.setText(text)
        needed = self.layout().totalHeightForWidth(self.width())
        self.resize(self.width(), max(self.height(), needed))


def done_text(done: ExportDone) -> str:
    """What was written, how large it is, and the check that was made on it."""
    return tr("{path}, {size}; reloaded: largest difference {difference}").format(
        path=done.path, size=size_text(done.bytes), difference=number(done.largest_difference, 2)
    )


def _short(path: str) -> str:
    """A path that was typed, as much of it as a sentence has room for."""
    return path if len(path) <= _LONGEST_SHOWN else f"{path[:_LONGEST_SHOWN]}…"


def _row(*widgets: QWidget) -> QWidget:
    holder = QWidget()
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(16)
    for widget in widgets:
        layout.addWidget(widget)
    layout.addStretch(1)
    return holder
