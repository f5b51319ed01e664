"""Choose what to take away and where to, and watch it being written."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from explorer import dialogs
from explorer.export.choice_card import ChoiceCard
from explorer.export.formats import FORMATS
from explorer.theme import set_role
from explorer.words.languages import tr, tr_sentence

if TYPE_CHECKING:
    from explorer.export.form import Options
    from explorer.export.format import Format
    from explorer.export.jobs import Taken
    from explorer.export.source import Source
    from flowengine.project import Lane

_LONGEST_NAME = 200  # bytes; the files beside it have a little more, and a system takes 255
_LONGEST_SHOWN = 160
_LEAST_FOR_ESTIMATE = 0.05  # below this share done, a guess of the time left is worth nothing
_OPTIONS_WIDTH: Final = 368  # or more, where letters are large


class ExportDialog(QDialog):
    """Asks what, how and where to; then shows how far it is.

    Args:
        source: What there is to take away.
        folder: Where it is proposed to go.
    """

    wished = Signal(object, object, object)
    """A `Format`, the wish of its form, and the path."""
    cancel_requested = Signal()

    def __init__(self, source: Source, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Export"))
        self._stem = source.stem
        self._running = False
        self._began = 0.0
        self._named = False
        self._taken = folder
        self._build_place(folder)
        self._build_choices(source)
        self._build_progress()
        self._build_buttons()
        self._lay_out()
        self.choose("model")
        self._propose_name()
        self._folder.textChanged.connect(self._propose_name)

    # --- what is chosen -------------------------------------------------------------------------

    @property
    def choice(self) -> Format:
        """What is chosen."""
        return FORMATS[self._group.checkedId()]

    @property
    def options(self) -> Options:
        """The form of what is chosen."""
        return self._forms[self.choice.id]

    @property
    def destination(self) -> Path:
        """Where it goes."""
        name, suffix = self._name.text().strip(), self.options.suffix
        named = name.lower().endswith(suffix)  # true of a folder, which has no ending
        return Path(self._folder.text()) / (name if named else name + suffix)

    def choose(self, name: str) -> None:
        """Choose one of `FORMATS` by its id."""
        self._cards[name].setChecked(True)

    def choose_lane(self, lane: Lane) -> None:
        """Choose a lane."""
        self.options.choose_lane(lane)

    # --- how it goes ----------------------------------------------------------------------------

    def start(self) -> None:
        """Ask for it, if its place is free."""
        trouble = self._trouble()
        if trouble:
            self.set_failed(trouble)
            return
        self._running = True
        self._began = time.monotonic()
        self._show_running(True)
        self.set_progress(0.0, tr("starting"))
        self.wished.emit(self.choice, self.options.wish(), self.destination)

    def set_progress(self, done: float, doing: str) -> None:
        """Show how far it is: `done` from 0 to 1, and what is being done."""
        self._bar.setValue(round(1000 * done))
        self._say(f"{tr(doing)}{self._time_left(done)}", "muted")

    def set_done(self, taken: Taken) -> None:
        """Show what was written, and the check that was made on it."""
        self._running = False
        self._bar.setValue(1000)
        self._show_running(False)
        self._say(taken.text, "success")
        self._taken = taken.path
        self._show.show()
        self._close.setText(tr("Close"))
        self._close.setFocus()
        self._named = False
        self._propose_name()

    def set_failed(self, text: str) -> None:
        """Show why nothing was written."""
        self._end(tr_sentence(text), "error")

    def set_cancelled(self) -> None:
        """Show that it was given up."""
        self._end(tr("Cancelled; nothing was left behind."), "muted")

    def reject(self) -> None:
        """Cancel what is running; close the dialog where nothing runs."""
        if self._running:
            self._close.setEnabled(False)
            self._say(tr("Cancelling …"), "muted")
            self.cancel_requested.emit()
            return
        super().reject()

    def _end(self, text: str, role: str) -> None:
        was_running, self._running = self._running, False
        self._show_running(False)
        if was_running:
            self._start.setFocus()
        self._bar.hide()
        self._say(text, role)

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
        if not _LEAST_FOR_ESTIMATE <= done < 1:
            return ""
        left = (time.monotonic() - self._began) * (1 - done) / done
        return " · " + tr("about {seconds} s left").format(seconds=math.ceil(left))

    # --- what it is made of ---------------------------------------------------------------------

    def _build_choices(self, source: Source) -> None:
        scene = source.scene()
        self._group = QButtonGroup(self)
        self._cards: dict[str, ChoiceCard] = {}
        self._forms: dict[str, Options] = {}
        self._stack = QStackedWidget()
        for index, choice in enumerate(FORMATS):
            card, form = ChoiceCard(choice, scene), choice.options(source)
            self._cards[choice.id], self._forms[choice.id] = card, form
            self._group.addButton(card, index)
            self._stack.addWidget(form)
            form.changed.connect(self._propose_name)
        self._group.idToggled.connect(self._follow_choice)

    def _build_place(self, folder: Path) -> None:
        self._folder = QLineEdit(str(folder))
        self._folder.setAccessibleName(tr("Folder"))
        self._name = QLineEdit()
        self._name.setAccessibleName(tr("Name"))
        self._name.textEdited.connect(self._keep_name)
        self._suffix = QLabel()
        self._suffix.setProperty("role", "muted")
        self._browse = QPushButton(tr("Browse…"))
        self._browse.setAutoDefault(False)
        self._browse.clicked.connect(self._choose_folder)

    def _build_progress(self) -> None:
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(tr("Progress of the export"))
        self._bar.hide()
        self._message = QLabel()
        self._message.setWordWrap(True)
        self._message.setTextFormat(Qt.TextFormat.PlainText)
        self._message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def _build_buttons(self) -> None:
        self._start = QPushButton(tr("Export"))
        self._start.setProperty("role", "do")
        self._start.setDefault(True)
        self._start.clicked.connect(self.start)
        self._close = QPushButton(tr("Cancel"))
        self._close.clicked.connect(self.reject)
        self._show = QPushButton(tr("Show in folder"))
        self._show.setAutoDefault(False)
        self._show.setToolTip(tr("Open the folder that holds what was exported"))
        self._show.clicked.connect(self._show_in_folder)
        self._show.hide()

    def _lay_out(self) -> None:
        cards = QVBoxLayout()
        cards.setSpacing(8)
        for card in self._cards.values():
            cards.addWidget(card)
        cards.addStretch(1)
        halves = QHBoxLayout()
        halves.setSpacing(16)
        halves.addLayout(cards)
        halves.addWidget(self._details(), 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self._message, 1)
        buttons.addWidget(self._show)
        buttons.addWidget(self._close)
        buttons.addWidget(self._start)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 18, 18, 18)
        layout.setSpacing(12)
        layout.addLayout(halves, 1)
        layout.addWidget(self._bar)
        layout.addLayout(buttons)

    def _details(self) -> QWidget:
        self._title = QLabel()
        self._title.setProperty("role", "title")
        place = QFormLayout()
        place.setVerticalSpacing(10)
        place.addRow(tr("In"), _row(self._folder, self._browse))
        place.addRow(tr("Name"), _row(self._name, self._suffix))
        frame = QFrame()
        frame.setProperty("role", "card")
        layout = QVBoxLayout(frame)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(14)
        layout.addStrut(_OPTIONS_WIDTH)
        layout.addWidget(self._title)
        layout.addWidget(self._stack)
        layout.addStretch(1)
        layout.addLayout(place)
        return frame

    # --- what follows from what -----------------------------------------------------------------

    def _follow_choice(self, index: int, chosen: bool) -> None:
        if chosen:
            self._title.setText(tr(FORMATS[index].title))
            self._bar.hide()
            self._say("", "muted")
            self._stack.setCurrentIndex(index)
            self._propose_name()

    def _keep_name(self) -> None:
        self._named = bool(self._name.text())

    def _propose_name(self) -> None:
        """Propose a name that is free, unless a person has given one."""
        self._suffix.setText(self.options.suffix)
        self._suffix.setVisible(bool(self.options.suffix))  # or the name would end too early
        if not self._named:
            name = f"{self._stem}-{self.options.part}"
            self._name.setText(name)
            number = 2
            while number < 1000 and os.path.lexists(self.destination):
                self._name.setText(f"{name}-{number}")
                number += 1

    def _choose_folder(self) -> None:
        chosen = dialogs.ask_folder(self, tr("Export into"))
        if chosen is not None:
            self._folder.setText(str(chosen))

    def _show_running(self, running: bool) -> None:
        self._bar.show()
        self._close.setEnabled(True)
        self._close.setText(tr("Cancel"))
        if running:  # before what has the keyboard goes dead
            self._close.setFocus()
        inputs = (*self._cards.values(), self._stack, self._folder, self._name)
        for widget in (*inputs, self._browse, self._start):
            widget.setEnabled(not running)

    def _show_in_folder(self) -> None:
        folder = self._taken.parent
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            self._say(tr("The folder {path} could not be opened.").format(path=folder), "error")

    def _say(self, text: str, role: str) -> None:
        self._show.hide()  # it belongs to what was said before
        set_role(self._message, role)
        self._message.setText(text)


def _short(path: str) -> str:
    """A path that was typed, as much of it as a sentence has room for."""
    return path if len(path) <= _LONGEST_SHOWN else f"{path[:_LONGEST_SHOWN]}…"


def _row(first: QWidget, second: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(8)
    row.addWidget(first, 1)
    row.addWidget(second)
    return row
