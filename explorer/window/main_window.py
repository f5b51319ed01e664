"""The window: docks, menus, and the wires between store, editors, panels and engines."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace
from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QMainWindow, QVBoxLayout, QWidget

from explorer.area.panel_area import PanelArea
from explorer.export.exporter import Exporter
from explorer.help.helper import Helper
from explorer.lanes import LANE_ORDER, shown_lanes
from explorer.ledger.ledger_view import LedgerView
from explorer.lessons.note import LessonNote
from explorer.metrics.metrics_view import MetricsView
from explorer.models.model_tabs import ModelTabs
from explorer.session.documents import Documents, local_paths, takes
from explorer.session.point_query import PointQuery
from explorer.session.run_keeper import RunKeeper
from explorer.session.run_restorer import RunRestorer
from explorer.session.session import Session
from explorer.session.training_actions import TrainingActions
from explorer.target.target_bar import TargetEditor
from explorer.training.commands import changes_structure
from explorer.widgets.card import GAP
from explorer.widgets.keys import asked_key, keeps_for_itself
from explorer.window.action_table import ACTIONS, ActionReach
from explorer.window.actions import Actions
from explorer.window.appearance import Appearance
from explorer.window.banner import Banner
from explorer.window.docks import docks_of
from explorer.window.engine_events import EngineEvents
from explorer.window.export_source import source_of
from explorer.window.first_hint import FirstHint
from explorer.window.layout import WindowLayout
from explorer.window.lesson_controller import LessonController
from explorer.window.menus import Menus
from explorer.window.overlay_switches import OverlaySwitches
from explorer.window.particle_choice import ParticleChoice
from explorer.window.parts import Parts
from explorer.window.presentation import Presentation
from explorer.window.run_actions import RunActions
from explorer.window.status_line import StatusLine
from explorer.window.top_bar import TopBar
from explorer.window.undo_keys import follow_edits
from explorer.words.languages import mark, tr, translator
from flowengine.project import FLOW_LANES

if TYPE_CHECKING:
    from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent

    from explorer.session.store import Store
    from explorer.training.controller import Controller
    from flowengine import protocol
    from flowengine.project import Lane, Project, TargetSpec

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
        self._build_widgets()
        self._build_session()
        self._build_frame()
        self._build_controllers()
        self._connect_document()
        self._connect_editors()
        self._connect_engines()
        translator.changed.connect(self._show_title)
        self._load()
        self.layout_.restore()
        self.lesson.apply()  # the arrangement of the last run shows what this project may hide
        self.area.setFocus()

    def start_engines(self) -> None:
        """Give the document to the engines, and start them if they do not run."""
        self.controller.start(self.store.project, self.store.lanes)

    def _reload_engines(self) -> None:
        if self.controller.running:
            self.start_engines()

    # --- what the window is made of -------------------------------------------------------------

    def _build_widgets(self) -> None:
        self.banner = Banner()
        self.lesson_note = LessonNote()
        self.target = TargetEditor(header=False)
        self.first_hint = FirstHint(self.store, self.target.canvas, self)
        self.models = ModelTabs(self.store.project)
        self.area = PanelArea(self.controller)
        self.ledger = LedgerView()
        self.metrics = MetricsView()
        self.status_line = StatusLine(self)

    def _build_session(self) -> None:
        store, controller, view = self.store, self.controller, self.area.view_state
        self.session = Session(
            store=store,
            controller=controller,
            documents=Documents(store, controller, view, self),
            training=TrainingActions(store, controller, self),
            points=PointQuery(controller, self),
            runs=RunKeeper(store, controller, view, self),
            restorer=RunRestorer(store, controller, self),
        )
        self.exporter = Exporter(partial(source_of, self.session, self.area, self.metrics), self)

    def _build_frame(self) -> None:
        room = self.screen().availableSize() - QSize(*FRAME)
        self.setMinimumSize(QSize(*SMALLEST).boundedTo(room).expandedTo(QSize(*LEAST)))
        # The desktop frames the window, and the whole of it must be on the screen.
        self.resize(QSize(*USUAL).boundedTo(room))
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.actions_ = Actions(ACTIONS, self)
        self.top_bar = TopBar(self.actions_, self)
        self.addToolBar(self.top_bar)
        self.setStatusBar(self.status_line)
        self._build_centre()
        self.docks = docks_of(
            self,
            target=self.target,
            models=self.models,
            ledger=self.ledger,
            metrics=self.metrics,
        )
        left = [self.docks["target"], self.docks["models"]]
        right = [self.docks["ledger"], self.docks["metrics"]]
        self.layout_ = WindowLayout(self, left, right)

    def _build_centre(self) -> None:
        centre = QWidget()
        layout = QVBoxLayout(centre)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.setSpacing(2 * GAP)
        layout.addWidget(self.banner)
        layout.addWidget(self.lesson_note)
        layout.addWidget(self.area, 1)
        self.setCentralWidget(centre)

    def _build_controllers(self) -> None:
        actions, session = self.actions_, self.session
        self.presentation = Presentation(self)
        self.overlays = OverlaySwitches(actions, self.area)
        self.menus = Menus(self, actions, session.documents, self.docks, self.overlays)
        self.parts = Parts(
            banner=self.banner,
            lesson_note=self.lesson_note,
            target=self.target,
            models=self.models,
            area=self.area,
            ledger=self.ledger,
            metrics=self.metrics,
            docks=self.docks,
            status_line=self.status_line,
            actions=actions,
            menus=self.menus,
        )
        self.help = Helper(self, self._palette_entries, actions.keys)
        self.lesson = LessonController(session, self.parts, self)
        self.engine_events = EngineEvents(session, self.parts, self.exporter, self)
        self.run_actions = RunActions(session, self.parts, self)
        actions.connect_to(
            ActionReach(
                window=self,
                store=self.store,
                documents=session.documents,
                training=session.training,
                exporter=self.exporter,
                models=self.models,
                area=self.area,
                docks=self.docks,
                overlays=self.overlays,
                presentation=self.presentation,
                lesson=self.lesson,
                appearance=Appearance(actions, self),
                particles=ParticleChoice(actions, self.controller, self),
                layout=self.layout_,
                help=self.help,
            )
        )

    def _palette_entries(self, parent: QObject) -> list[tuple[str, QAction]]:
        from explorer.window.palette_entries import palette_entries  # here: it is sooner up

        return palette_entries(self.parts, self.help.show_glossary, parent)

    # --- wires ----------------------------------------------------------------------------------

    def _connect_document(self) -> None:
        store, documents = self.store, self.session.documents
        store.changed.connect(self._follow_edit)
        store.loaded.connect(self._load)
        store.loaded.connect(self._reload_engines)
        store.path_changed.connect(self._show_title)
        store.unsaved_changed.connect(self._show_title)
        store.refused.connect(self._refuse)
        follow_edits(self.actions_, store.undo_stack)
        documents.failed.connect(self.banner.show_error)
        documents.saving.connect(lambda: self.status_line.say(mark("Saving …")))
        documents.saved.connect(self._say_saved)
        documents.noted.connect(self.status_line.say)
        documents.target_chosen.connect(self._take_target)
        self.presentation.entering.connect(self.lesson.release)
        self.presentation.changed.connect(self.lesson.apply)
        self.presentation.restored.connect(self.lesson.apply)
        self.layout_.was_reset.connect(self.lesson.apply)

    def _connect_editors(self) -> None:
        documents, points = self.session.documents, self.session.points
        self.target.target_edited.connect(self._edit_target)
        self.target.target_preview.connect(self._preview_target)
        self.target.import_requested.connect(documents.choose_and_import)
        self.target.files_dropped.connect(lambda urls: documents.take(local_paths(urls)))
        self.target.figure_changed.connect(self.docks["target"].set_figure)
        self.target.filled.connect(self.docks["target"].set_filled)
        self.models.edited.connect(self.store.edit)
        self.models.layer_activated.connect(self.area.show_layer)
        self.models.solvers_asked.connect(self.engine_events.measure_solvers)
        self.models.offer_lab()
        self.models.figure_changed.connect(self.docks["models"].set_figure)
        self.area.layer_shown.connect(self.models.set_active_layer)
        self.area.point_picked.connect(points.ask)
        self.area.fps_changed.connect(self.status_line.set_fps)
        self.area.ledger_missed.connect(self.status_line.say)
        self.area.described.connect(self.status_line.hint)
        self.area.compare_chosen.connect(self._compare)
        points.point_changed.connect(self.area.set_marker)
        points.point_changed.connect(self.ledger.set_asked)
        points.answered.connect(self.ledger.set_ledger)
        self.ledger.tau_picked.connect(self.area.go_to)
        self.ledger.step_chosen.connect(self._point_out)
        self.ledger.copied.connect(self.status_line.say)
        self.ledger.point_changed.connect(self.docks["ledger"].set_figure)

    def _connect_engines(self) -> None:
        controller, training = self.controller, self.session.training
        controller.message.connect(self.engine_events.receive)
        controller.training_changed.connect(self.top_bar.set_training)
        controller.training_changed.connect(self.engine_events.say_training)
        controller.devices_changed.connect(self.top_bar.devices.set_devices)
        controller.message.connect(self.top_bar.devices.receive)
        controller.notice.connect(self.status_line.say)
        controller.engine_lost.connect(self.status_line.set_engine_lost)
        controller.saved_without.connect(self.store.mark_trained)
        self.top_bar.devices.picked.connect(controller.set_device)
        training.restarting.connect(self.session.runs.keep)
        training.restarted.connect(self.metrics.clear)
        training.restarted.connect(lambda: self.session.runs.begin({}))
        training.restarted.connect(self.session.points.ask_again)
        self.exporter.finished.connect(self.status_line.say)

    # --- the document ---------------------------------------------------------------------------

    def _load(self) -> None:
        """Show another document, moving as it was when it was saved."""
        self.session.points.drop()
        self.ledger.clear()
        self.banner.dismiss()
        self.session.training.rest()
        self.metrics.load(self.store.lanes)
        self.area.load(self.store.lanes)
        self.metrics.shelf.pin(None)
        self.status_line.forget_saved()
        self._show(self.store.project)
        self.models.forget_facts()
        if self.area.facts is not None:  # the engines will measure them again
            self.models.set_facts(self.area.facts)
        self.parts.show_last_figures()
        self._show_title()

    def _show(self, project: Project) -> None:
        self.target.set_target(project.target)
        self.models.set_project(project)
        self.area.set_project(project)
        self.metrics.set_lanes(shown_lanes(project))
        self.status_line.set_lanes(shown_lanes(project))
        self.metrics.shelf.set_target(project.target)
        self.lesson.apply()

    def _follow_edit(self, before: Project, after: Project) -> None:
        self._show(after)
        for lane in LANE_ORDER:
            if changes_structure(lane, before, after):
                self.metrics.mark_change(lane)
        self.parts.show_last_figures()
        self.controller.set_project(after)
        if any(changes_structure(lane, before, after) for lane in FLOW_LANES):
            self.session.points.ask_again()

    def _refuse(self, why: str) -> None:
        """Say why an edit can't be; the editors then show what stands."""
        self.banner.show_error(why)
        self._show(self.store.project)

    def _edit_target(self, target: TargetSpec, text: str, merge_key: str) -> None:
        if self.store.edit(replace(self.store.project, target=target), text, merge_key):
            self.session.training.follow_drawing()

    def _compare(self, baselines: tuple[Lane, ...]) -> None:
        self.store.edit(replace(self.store.project, compare=baselines), tr("Compare"), "")

    def _take_target(self, target: TargetSpec, text: str) -> None:
        self.banner.dismiss()  # whatever another file had wrong
        self._edit_target(target, text, "")

    def _preview_target(self, target: TargetSpec) -> None:
        self.session.runs.follow_preview(target)
        self.area.set_target(target)
        self.controller.preview_target(target)
        self.session.training.follow_drawing()

    def _show_title(self) -> None:
        self.top_bar.set_project(self.session.documents.name, self.store.unsaved)
        self.status_line.set_unsaved(self.store.unsaved)
        self.setWindowTitle(f"{self.session.documents.name}[*] – Flow Explorer")
        self.setWindowModified(self.store.unsaved)

    def _say_saved(self) -> None:
        self.status_line.set_saved_now()
        self.status_line.say(tr("Saved {name}").format(name=self.session.documents.name))

    # --- what is pointed out ----------------------------------------------------------------------

    def _point_out(self, ledger: protocol.Ledger, row: protocol.LedgerRow | None) -> None:
        """Draw the ellipse of one step where it has brought the point, or that of the whole way."""
        if row is None:
            self.area.receive(ledger.lane, ledger)
        else:
            self.area.point_out(ledger, row)
        self.area.clock.wake()

    # --- Qt's own -------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Leave a control its own keys: Space presses a button, Home moves a slider."""
        key = asked_key(event)
        if key is not None and keeps_for_itself(key):
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
        self.session.documents.take_data(event.mimeData(), tr("dropped"))

    def closeEvent(self, event: QCloseEvent) -> None:
        """End the engines, once unsaved work is safe."""
        if not self._closing:
            self.session.documents.leave(self._confirm_closing)
        if not self._closing:
            event.ignore()
            return
        self.presentation.leave()
        self.lesson.release()
        self.layout_.remember()
        self.exporter.finish()
        self.session.documents.finish()
        self.controller.stop()
        event.accept()

    def _confirm_closing(self) -> None:
        """Close for good; comes later than the question where saving takes its time."""
        self._closing = True
        self.close()
