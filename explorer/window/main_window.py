"""The window: docks, menus, and the wires between store, editors, panels and engines."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace
from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import QMainWindow, QVBoxLayout, QWidget

from explorer.area.overlay_switches import PictureKeys
from explorer.area.panel_area import Stage
from explorer.export.exporter import Exporter
from explorer.export.window_source import source_of
from explorer.help.first_hint import FirstHint
from explorer.help.help import HelpDesk
from explorer.lanes import LANE_ORDER, shown_lanes
from explorer.ledger.ledger_view import LedgerView
from explorer.lessons.controller import LessonDesk
from explorer.lessons.note import LessonNote
from explorer.metrics.metrics_view import MetricsView
from explorer.models.model_tabs import ModelTabs
from explorer.session.documents import Documents, local_paths, takes
from explorer.session.engine_events import Switchboard
from explorer.session.point_query import Inquiry
from explorer.session.run_actions import RunDesk
from explorer.session.run_keeper import RunKeeper
from explorer.session.run_restorer import RunRestorer
from explorer.session.training_actions import TrainingDesk
from explorer.target.target_bar import TargetEditor
from explorer.training.commands import changes_structure
from explorer.widgets.card import GAP
from explorer.window.actions import Actions
from explorer.window.appearance import Appearance
from explorer.window.banner import Banner
from explorer.window.docks import docks_of
from explorer.window.keys import focus_next, keeps_for_itself
from explorer.window.layout import Arrangement
from explorer.window.menus import Menus
from explorer.window.particle_choice import ParticleChoice
from explorer.window.presentation import Presentation
from explorer.window.status_line import StatusLine
from explorer.window.top_bar import TopBar
from explorer.window.undo_keys import follow_edits
from explorer.words.languages import mark, tr, translator
from flowengine.errors import FlowError
from flowengine.project import FLOW_LANES

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent

    from explorer.session.store import Store
    from explorer.training.controller import Controller
    from flowengine import protocol
    from flowengine.project import Lane, LaneState, Project, TargetSpec

SMALLEST: Final = (1100, 700)
LEAST: Final = (1100, 660)  # on a screen that is too low for more, such as one of 1280x720
USUAL: Final = (1440, 900)
FRAME: Final = (12, 44)  # logical pixels that a desktop's frame and title bar may take


class MainWindow(QMainWindow):
    """Shows a store's document and drives a controller's engines.

    The engines are started by whoever makes the window, once it has been painted.
    """

    def __init__(self, store: Store, controller: Controller) -> None:
        super().__init__()
        self.store = store
        self.controller = controller
        self._closing = False
        self._build_parts()
        self._build_frame()
        self._connect_document()
        self._connect_editors()
        self._connect_engines()
        translator.changed.connect(self._show_title)
        self._load()
        self.arrangement.restore()
        self.lesson.apply()  # the arrangement of the last run shows what this project may hide
        self.stage.setFocus()

    def start_engines(self) -> None:
        """Give the document to the engines, and start them if they do not run."""
        self.controller.start(self.store.project, self.store.lanes)

    def _reload_engines(self) -> None:
        if self.controller.running:
            self.start_engines()

    # --- what the window is made of -------------------------------------------------------------

    def _build_parts(self) -> None:
        self.banner = Banner()
        self.lesson_note = LessonNote()
        self.target = TargetEditor(header=False)
        self.first_hint = FirstHint(self.store, self.target.canvas, self)
        self.models = ModelTabs(self.store.project)
        self.stage = Stage(self.controller)
        self.ledger = LedgerView()
        self.metrics = MetricsView()
        self.documents = Documents(self.store, self._checkpoint, self.stage.look, self)
        self.exporter = Exporter(partial(source_of, self), self)
        self.training = TrainingDesk(self.store, self.controller, self.edit, self)
        self.inquiry = Inquiry(self.controller, self)
        self.presentation = Presentation(self)
        self.runs = RunKeeper(self.store, self.controller, self.stage.look, self)
        self.restorer = RunRestorer(self.store, self.controller, self)
        self.help = HelpDesk(self)

    def _build_frame(self) -> None:
        room = self.screen().availableSize() - QSize(*FRAME)
        self.setMinimumSize(QSize(*SMALLEST).boundedTo(room).expandedTo(QSize(*LEAST)))
        # The desktop frames the window, and the whole of it must be on the screen.
        self.resize(QSize(*USUAL).boundedTo(room))
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.actions_ = Actions(self)
        self.appearance = Appearance(self.actions_, self)
        self.picture = PictureKeys(self.actions_, self.stage)
        self.particles = ParticleChoice(self.actions_, self.controller, self)
        self.top_bar = TopBar(self.actions_, self)
        self.addToolBar(self.top_bar)
        self.status_line = StatusLine(self)
        self.setStatusBar(self.status_line)
        self._build_centre()
        self._build_docks()
        self.menus = Menus(self)
        self.lesson = LessonDesk(self)
        self.presentation.entering.connect(self.lesson.release)
        self.presentation.changed.connect(self.lesson.apply)
        self.presentation.restored.connect(self.lesson.apply)
        self.switchboard = Switchboard(self)
        self.run_desk = RunDesk(self)

    def _build_centre(self) -> None:
        centre = QWidget()
        layout = QVBoxLayout(centre)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.setSpacing(2 * GAP)
        layout.addWidget(self.banner)
        layout.addWidget(self.lesson_note)
        layout.addWidget(self.stage, 1)
        self.setCentralWidget(centre)

    def _build_docks(self) -> None:
        self.docks = docks_of(self)
        left = [self.docks["target"], self.docks["models"]]
        right = [self.docks["ledger"], self.docks["metrics"]]
        self.arrangement = Arrangement(self, left, right)

    # --- wires ----------------------------------------------------------------------------------

    def _connect_document(self) -> None:
        self.store.changed.connect(self._follow_edit)
        self.store.loaded.connect(self._load)
        self.store.loaded.connect(self._reload_engines)
        self.store.path_changed.connect(self._show_title)
        self.store.unsaved_changed.connect(self._show_title)
        follow_edits(self.actions_, self.store.undo_stack)
        self.documents.failed.connect(self.banner.show_error)
        self.documents.saving.connect(lambda: self.status_line.say(mark("Saving …")))
        self.documents.saved.connect(self._say_saved)
        self.documents.noted.connect(self.status_line.say)
        self.documents.target_chosen.connect(self._take_target)

    def _connect_editors(self) -> None:
        self.target.target_edited.connect(self._edit_target)
        self.target.target_preview.connect(self._preview_target)
        self.target.import_requested.connect(self.documents.choose_and_import)
        self.target.files_dropped.connect(lambda urls: self.documents.take(local_paths(urls)))
        self.target.figure_changed.connect(self.docks["target"].set_figure)
        self.target.filled.connect(self.docks["target"].set_filled)
        self.models.edited.connect(self.edit)
        self.models.layer_activated.connect(self.stage.show_layer)
        self.models.solvers_asked.connect(self.switchboard.measure_solvers)
        self.models.offer_lab()
        self.models.figure_changed.connect(self.docks["models"].set_figure)
        self.stage.layer_shown.connect(self.models.set_active_layer)
        self.stage.point_picked.connect(self.inquiry.ask)
        self.stage.fps_changed.connect(self.status_line.set_fps)
        self.stage.ledger_missed.connect(self.status_line.say)
        self.stage.described.connect(self.status_line.hint)
        self.stage.compare_chosen.connect(self._compare)
        self.inquiry.point_changed.connect(self.stage.set_marker)
        self.inquiry.point_changed.connect(self.ledger.set_asked)
        self.inquiry.answered.connect(self.ledger.set_ledger)
        self.ledger.tau_picked.connect(self.stage.go_to)
        self.ledger.step_chosen.connect(self._point_out)
        self.ledger.copied.connect(self.status_line.say)
        self.ledger.point_changed.connect(self.docks["ledger"].set_figure)

    def _connect_engines(self) -> None:
        self.controller.message.connect(self.switchboard.receive)
        self.controller.training_changed.connect(self.top_bar.set_training)
        self.controller.training_changed.connect(self.switchboard.say_training)
        self.controller.devices_changed.connect(self.top_bar.devices.set_devices)
        self.controller.message.connect(self.top_bar.devices.receive)
        self.controller.notice.connect(self.status_line.say)
        self.controller.engine_lost.connect(self.status_line.set_engine_lost)
        self.controller.saved_without.connect(self.store.mark_trained)
        self.top_bar.devices.picked.connect(self.controller.set_device)
        self.training.restarting.connect(self.runs.keep)
        self.training.restarted.connect(self.metrics.clear)
        self.training.restarted.connect(lambda: self.runs.begin({}))
        self.training.restarted.connect(self.inquiry.ask_again)
        self.exporter.finished.connect(self.status_line.say)

    # --- the document ---------------------------------------------------------------------------

    def _load(self) -> None:
        """Show another document, moving as it was when it was saved."""
        self.inquiry.drop()
        self.ledger.clear()
        self.banner.dismiss()
        self.training.rest()
        self.metrics.load(self.store.lanes)
        self.stage.load(self.store.lanes)
        self.metrics.shelf.set_guest(None)
        self.status_line.forget_saved()
        self._show(self.store.project)
        self.models.forget_facts()
        if self.stage.facts is not None:  # the engines will measure them again
            self.models.set_facts(self.stage.facts)
        self.show_last_figures()
        self._show_title()

    def _show(self, project: Project) -> None:
        self.target.set_target(project.target)
        self.models.set_project(project)
        self.stage.set_project(project)
        self.metrics.set_lanes(shown_lanes(project))
        self.status_line.set_lanes(shown_lanes(project))
        self.metrics.shelf.set_target(project.target)
        self.lesson.apply()

    def show_last_figures(self) -> None:
        """Head every panel with what was measured last."""
        for lane, panel in self.stage.panels.items():
            self.stage.set_figure(lane, self.metrics.latest(lane, panel.measured))

    def _follow_edit(self, before: Project, after: Project) -> None:
        self._show(after)
        for lane in LANE_ORDER:
            if changes_structure(lane, before, after):
                self.metrics.mark_change(lane)
        self.show_last_figures()
        self.controller.set_project(after)
        if any(changes_structure(lane, before, after) for lane in FLOW_LANES):
            self.inquiry.ask_again()

    def edit(self, project: Project, text: str, merge_key: str) -> bool:
        """Make an edit, or say why it can't be; the editors then show what stands."""
        try:
            self.store.apply(project, text, merge_key)
        except FlowError as error:
            self.banner.show_error(str(error))
            self._show(self.store.project)
            return False
        return True

    def _edit_target(self, target: TargetSpec, text: str, merge_key: str) -> None:
        if self.edit(replace(self.store.project, target=target), text, merge_key):
            self.training.follow_drawing()

    def _compare(self, baselines: tuple[Lane, ...]) -> None:
        self.edit(replace(self.store.project, compare=baselines), tr("Compare"), "")

    def _take_target(self, target: TargetSpec, text: str) -> None:
        self.banner.dismiss()  # whatever another file had wrong
        self._edit_target(target, text, "")

    def _preview_target(self, target: TargetSpec) -> None:
        self.runs.follow_preview(target)
        self.stage.set_target(target)
        self.controller.preview_target(target)
        self.training.follow_drawing()

    def _show_title(self) -> None:
        self.top_bar.set_project(self.documents.name, self.store.unsaved)
        self.status_line.set_unsaved(self.store.unsaved)
        self.setWindowTitle(f"{self.documents.name}[*] – Flow Explorer")
        self.setWindowModified(self.store.unsaved)

    def _say_saved(self) -> None:
        self.status_line.set_saved_now()
        self.status_line.say(tr("Saved {name}").format(name=self.documents.name))

    def _checkpoint(self, then: Callable[[dict[Lane, LaneState]], None]) -> None:
        """Ask the engines for the lanes; where none run, they are as they were opened."""
        if self.controller.running:
            self.controller.request_checkpoints(then)
        else:
            then(dict(self.store.lanes))

    # --- what is pointed out ----------------------------------------------------------------------

    def _point_out(self, ledger: protocol.Ledger, row: protocol.LedgerRow | None) -> None:
        """Draw the ellipse of one step where it has brought the point, or that of the whole way."""
        if row is None:
            self.stage.receive(ledger.lane, ledger)
        else:
            self.stage.point_out(ledger, row)
        self.stage.clock.wake()

    # --- menus ----------------------------------------------------------------------------------

    def export_model(self) -> None:
        """Ask what to take away, how, and where to."""
        path = self.store.path
        self.exporter.open(path.parent if path else None)

    def paste(self) -> None:
        """Take what is on the clipboard up: layers into the stack, anything else as the target."""
        if not self.models.paste_layers():
            self.documents.paste()

    def search_layers(self) -> None:
        """Find a layer by typing."""
        self.docks["models"].show()
        self.docks["models"].raise_()
        self.models.search_layers()

    def focus_next_part(self) -> None:
        """Put the keyboard into the next part of the window that is shown."""
        parts = [dock.widget() for dock in self.docks.values() if dock.isVisible()]
        parts.insert(1, self.stage)
        focus_next(parts, self.focusWidget())

    # --- Qt's own -------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Leave a control its own keys: Space presses a button, Home moves a slider."""
        if event.type() == QEvent.Type.ShortcutOverride and keeps_for_itself(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves a presentation."""
        if event.key() == Qt.Key.Key_Escape and self.presentation.active:
            self.presentation.leave()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Welcome projects, pictures, tables and arrays."""
        if takes(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open a project, or take a file or a picture as the target."""
        event.acceptProposedAction()
        self.documents.take_data(event.mimeData(), tr("dropped"))

    def closeEvent(self, event: QCloseEvent) -> None:
        """End the engines, once unsaved work is safe."""
        if not self._closing:
            self.documents.leave(self._confirm_closing)
        if not self._closing:
            event.ignore()
            return
        self.presentation.leave()
        self.lesson.release()
        self.arrangement.remember()
        self.exporter.finish()
        self.documents.finish()
        self.controller.stop()
        event.accept()

    def _confirm_closing(self) -> None:
        """Close for good; comes later than the question where saving takes its time."""
        self._closing = True
        self.close()
