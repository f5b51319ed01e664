"""The shelf of runs: looked at, laid over each other, taken down again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QKeySequence, QPixmap, QShortcut
from PySide6.QtWidgets import (
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from explorer.lanes import titles_beside
from explorer.metrics.runs import achieved, best_texts, spent_texts
from explorer.theme import theme
from explorer.widgets.flow_layout import FlowLayout
from explorer.words.languages import tr, translator

if TYPE_CHECKING:
    from explorer.metrics.runs import Run
    from flowengine.project import TargetSpec

MAX_RUNS: Final = 24
_PICTURE: Final = QSize(84, 48)
PICTURE_WIDTH: Final = 2 * _PICTURE.width()  # of a run, for screens of twice the raster
_BOUND: Final = "\u00a0"  # a space at which no line ends: a figure stays with its model
_RUN: Final = Qt.ItemDataRole.UserRole + 1
_ACHIEVED: Final = Qt.ItemDataRole.UserRole + 2


class RunShelf(QWidget):
    """Every run that has ended, the latest first; a tick lays its curves under the present ones.

    Curves of different targets do not compare, so another target takes the ticks away from runs
    that had not been after it, and those stand back.

    Signals:
        overlaid: The runs that are ticked.
        restore_requested: A run to go on from.
        keep_requested: The present run shall stand on the shelf as it is now.
        beside_requested: A run to show beside the present models; None for none.
    """

    overlaid = Signal(list)
    restore_requested = Signal(object)
    keep_requested = Signal()
    beside_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hint = QLabel()
        self._hint.setProperty("role", "muted")
        self._hint.setWordWrap(True)
        self.list = QListWidget()
        self.list.setIconSize(_PICTURE)
        self.list.setWordWrap(True)
        self.list.setProperty("role", "dense")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        # the figures in the tab beside say how high the tabs are; the list takes what there is
        self.list.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.list.setSpacing(2)
        self.list.itemChanged.connect(lambda: self.overlaid.emit(self.ticked()))
        self.list.itemSelectionChanged.connect(self._show_buttons)
        self.list.itemActivated.connect(lambda item: self.restore_requested.emit(item.data(_RUN)))
        self._target: TargetSpec | None = None
        self._pinned = 0  # the number of the run that stands beside the present models
        self.keep, self.beside, self.restore, self.remove = (_chip() for _ in range(4))
        self.beside.setCheckable(True)
        self.beside.clicked.connect(self._ask_beside)
        self.keep.clicked.connect(self.keep_requested)
        self.restore.clicked.connect(self._restore)
        self.remove.clicked.connect(self._remove)
        key, here = QKeySequence(Qt.Key.Key_Delete), Qt.ShortcutContext.WidgetShortcut
        QShortcut(key, self.list, self.remove.click, context=here)
        self._lay_out()
        translator.changed.connect(self.retranslate)
        theme.changed.connect(self._describe_all)
        self.retranslate()

    def add(self, run: Run) -> None:
        """Put a run on the shelf; the oldest one that is not looked at makes room."""
        item = QListWidgetItem()
        item.setData(_RUN, run)
        item.setData(_ACHIEVED, achieved(run))
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(Qt.CheckState.Unchecked)
        item.setIcon(QIcon(QPixmap.fromImage(run.picture)))
        self._describe(item)
        self.list.insertItem(0, item)
        self._make_room()
        self._show_buttons()

    def runs(self) -> list[Run]:
        """The runs on the shelf, the latest first."""
        return [item.data(_RUN) for item in self._items()]

    def ticked(self) -> list[Run]:
        """The runs whose curves are to be seen."""
        on = Qt.CheckState.Checked
        return [item.data(_RUN) for item in self._items() if item.checkState() == on]

    def set_target(self, target: TargetSpec) -> None:
        """Say what is fitted now; ticks stay on the runs that were after the same."""
        if target == self._target:
            return
        before, self._target = self._target, target
        ticked = self.ticked()
        self.list.blockSignals(True)
        for item in self._items():
            after = item.data(_RUN).project.target
            if after != target:
                item.setCheckState(Qt.CheckState.Unchecked)
            if target == after or before in (None, after):
                self._describe(item)
        self.list.blockSignals(False)
        self.list.viewport().update()
        if self.ticked() != ticked:
            self.overlaid.emit(self.ticked())

    def pin(self, run: Run | None) -> None:
        """Say which run stands beside the present models."""
        self._pinned = run.number if run is not None else 0
        self._show_buttons()

    def retranslate(self) -> None:
        """Say every word again."""
        self._hint.setText(
            tr("A run comes here when you reset it or change the target or a model; tick one to "
               "see its curves under the present ones.")
        )  # fmt: skip
        self.list.setAccessibleName(tr("Runs of this session"))
        self.keep.setText(tr("Keep"))
        self.keep.setToolTip(tr("Put the present run on the shelf as it is now"))
        self.beside.setText(tr("Beside"))
        self.beside.setToolTip(tr("Show this run's flows beside the present ones, on one clock"))
        self.restore.setText(tr("Restore"))
        self.restore.setToolTip(tr("Bring back this run's target, models and weights"))
        self.remove.setText(tr("Remove"))
        self.remove.setToolTip(tr("Take this run off the shelf"))
        self._describe_all()

    def _describe_all(self) -> None:
        self.list.blockSignals(True)  # words are no ticks
        for item in self._items():
            self._describe(item)
        self.list.blockSignals(False)
        self.list.viewport().update()

    def _lay_out(self) -> None:
        buttons = FlowLayout(spacing=4)
        for button in (self.keep, self.beside, self.restore, self.remove):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(buttons)
        layout.addWidget(self._hint)
        layout.addWidget(self.list, 1)
        self._show_buttons()

    def _describe(self, item: QListWidgetItem) -> None:
        run: Run = item.data(_RUN)
        elsewhere = self._target is not None and run.project.target != self._target
        reached = item.data(_ACHIEVED)
        titles = titles_beside(tuple(reached.best))
        best = (f"{tr(titles[k])} {v}" for k, v in best_texts(reached).items())
        title = tr("Run {n}").format(n=run.number)
        what = "; ".join(filter(None, (run.name, *run.changes))) or _unchanged(run)
        whole = (text.replace(" ", _BOUND) for text in best)
        label, unit = tr("best KL"), tr("nats")
        figures = f"{label}: {', '.join(whole)} {unit}" if reached.best else ""
        spent = "\n".join(spent_texts(reached))
        item.setText("\n".join(filter(None, (f"{title} · {what}", figures))))
        note = tr("It was after another target: its curves do not compare") if elsewhere else ""
        item.setToolTip("\n".join(filter(None, (title, what, figures, spent, note))))
        item.setForeground(theme.color("text_muted" if elsewhere else "text"))

    def _items(self) -> list[QListWidgetItem]:
        return [self.list.item(row) for row in range(self.list.count())]

    def _make_room(self) -> None:
        ticked = Qt.CheckState.Checked
        spare = [
            item
            for item in self._items()
            if item.checkState() != ticked and item.data(_RUN).number != self._pinned
        ]
        if self.list.count() > MAX_RUNS and spare:
            self.list.takeItem(self.list.row(spare[-1]))

    def _ask_beside(self) -> None:
        for item in self.list.selectedItems():
            run: Run = item.data(_RUN)
            self.beside_requested.emit(None if run.number == self._pinned else run)

    def _restore(self) -> None:
        for item in self.list.selectedItems():
            self.restore_requested.emit(item.data(_RUN))

    def _remove(self) -> None:
        for item in self.list.selectedItems():
            if item.data(_RUN).number == self._pinned:
                self.beside_requested.emit(None)
            self.list.takeItem(self.list.row(item))
        self.overlaid.emit(self.ticked())
        self._show_buttons()

    def _show_buttons(self) -> None:
        chosen = self.list.selectedItems()
        self.beside.setEnabled(bool(chosen))
        self.beside.setChecked(any(item.data(_RUN).number == self._pinned for item in chosen))
        self.restore.setEnabled(bool(chosen))
        self.remove.setEnabled(bool(chosen))
        self._hint.setVisible(not self.list.count())


def _unchanged(run: Run) -> str:
    return tr("the first run") if run.number == 1 else tr("as the run before")


def _chip() -> QPushButton:
    button = QPushButton()
    button.setProperty("role", "chip")
    return button
