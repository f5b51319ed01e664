"""The centre of the window: a panel for every lane, all on one clock, over the transport."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from explorer.area.compare_button import CompareButton
from explorer.area.hover import Hover
from explorer.area.panel_grid import PanelGrid
from explorer.area.pinned_run import PinnedRun
from explorer.area.target_reference import TargetReference
from explorer.export.scene import Scene, Sight
from explorer.lanes import CONTINUOUS_PANELS, LANES, lane_title, shown_lanes
from explorer.ledger.lines import UNITS, whole_jacobian
from explorer.metrics.standing import note_of
from explorer.motion import motion
from explorer.panels.camera import Camera
from explorer.panels.clock import FrameClock
from explorer.panels.flow_panel import FlowPanel
from explorer.panels.overlay import Need
from explorer.panels.overlays import OVERLAYS
from explorer.panels.pace import acting_layer, with_rests
from explorer.panels.transport import Transport
from explorer.panels.view_state import ViewState, saved_film, side_by_side
from explorer.stack.names import card_name
from explorer.stack.stack_model import BASE_ID
from explorer.widgets.card import GAP, card
from explorer.words.languages import mark, tr, translator
from flowengine.frame import Frame, frame_of
from flowengine.project import DEFAULT_EXTENT, FLOW_LANES, resolve_keeps
from flowengine.protocol import LaneStatus, Ledger, Metrics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent

    from explorer.metrics.runs import Run
    from explorer.panels.shot import Shown
    from explorer.training.controller import Controller
    from flowengine.project import Lane, LaneState, Project, TargetSpec
    from flowengine.protocol import Direction, Event, LayerFacts, LedgerRow

_FPS_EVERY_MS: Final = 1000
_FRAMES_A_LAYER: Final = 8
_FRAMES_WITHOUT_LAYERS: Final = 32
_FRACTIONS: Final = 24  # of a layer; the cards need not be drawn anew with every frame


class PanelArea(QWidget):
    """Shows what the engines send, moment by moment.

    Signals:
        point_picked: x and y of a point of data space, in data units.
        layer_shown: The id of the layer that acts now and how far it is, from 0 to 1; "" for none.
        fps_changed: Frames a second, or None while nothing moves; about once a second.
        ledger_missed: Why the model whose panel was clicked has no ledger of its own.
        described: A sentence about what is under the mouse; "" where that is nothing.
        compare_chosen: The baselines that should stand beside the flows, a tuple of lanes.
    """

    point_picked = Signal(float, float)
    layer_shown = Signal(str, float)
    fps_changed = Signal(object)
    described = Signal(str)
    ledger_missed = Signal(str)
    compare_chosen = Signal(tuple)

    def __init__(self, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._layer_ids: tuple[str, ...] = ()
        self._layer_told = ("", 0.0)
        self._point: tuple[float, float] | None = None
        self._overlay = TargetReference()
        self._states: Mapping[Lane, LaneState] = {}
        self.clock = FrameClock(self)
        self._camera = Camera(self)
        self._grid = PanelGrid()
        self.pinned = PinnedRun(self._camera, self)
        self.panels: dict[Lane, FlowPanel] = {}
        self.transport = Transport(self.clock)
        self.compare_button = CompareButton()
        self.transport.add_control(self.compare_button)
        self._hover = Hover(lambda: self.all_panels, lambda: self.panels, self)
        self._show_lanes(FLOW_LANES)
        self._fps_timer = QTimer(self)
        self._fps_timer.setInterval(_FPS_EVERY_MS)
        self._fps_timer.timeout.connect(self._tell_fps)
        self._lay_out()
        self._connect()

    # --- what it shows --------------------------------------------------------------------------

    def load(self, lanes: Mapping[Lane, LaneState]) -> None:
        """Show another document: the films it was saved with, which move at once."""
        self.set_marker(None)
        self.pin(None)
        self._states = lanes
        self._camera.home()
        self.clock.set_direction("generate")  # where no film was saved otherwise
        for lane, panel in self.panels.items():
            self._give_film(lane, panel)
            panel.set_figures(None)
            panel.set_message(_waiting(panel))
        direction = self.panels["discrete"].film.direction
        self.clock.set_direction(direction)
        self._follow_direction(direction)
        self.clock.seek(0.0 if direction == "generate" else 1.0)
        self.clock.play()

    def set_project(self, project: Project) -> None:
        """Follow a document: its layers share the clock, its target is outlined."""
        self._show_lanes(shown_lanes(project))
        acting = tuple(layer for layer in resolve_keeps(project.stack) if layer.enabled)
        self._layer_ids = tuple(layer.id for layer in acting)
        self.panels["discrete"].set_layers(len(acting), [card_name(layer) for layer in acting])
        self.transport.set_layers(len(acting))
        title = CONTINUOUS_PANELS.get(project.continuous.kind, lane_title("continuous"))
        self.panels["continuous"].set_title(title)
        self._overlay.set_project(project)
        frame = Frame.of(project.target.extent)
        self._camera.set_frame(frame)
        seen = frame_of(project.target).seen_from(frame)
        self._camera.set_home(seen.data_extent(DEFAULT_EXTENT))
        self._show_target()
        self._tell_layer(self.clock.tau)

    def set_target(self, target: TargetSpec) -> None:
        """Take a target up, where a panel shows its outline or what is missing of it."""
        self._overlay.set_target(target)
        self._show_target()

    def set_figure(self, lane: Lane, value: float | None) -> None:
        """Show the figure that a lane is judged by, see `panels.kinds`; None for a dash."""
        if lane in self.panels:
            self.panels[lane].set_figures(value)

    def pin(self, run: Run | None) -> None:
        """Show the flows of a run beside the present ones, or take them away again."""
        gone = list(self.pinned.panels.values())
        self.pinned.pin(run)
        self._lay_panels()
        for panel in gone:
            self.clock.release(panel)
            panel.deleteLater()
        for panel in self.pinned.panels.values():
            self.transport.listen_to(panel.view)
            self.clock.drive(panel)
        self._show_target()
        self.clock.wake()

    def set_marker(self, point: tuple[float, float] | None) -> None:
        """Point out the point that is asked about."""
        self._point = point
        place = None if point is None else self._camera.frame.normal(point)
        for panel in self.panels.values():
            panel.set_marker(place)
        self.clock.wake()

    def point_out(self, ledger: Ledger, row: LedgerRow) -> None:
        """Draw the ellipse of one step where it has brought the point."""
        normalized = ledger.rows[-1].layer == UNITS
        place, jacobian = row.position, row.jacobian
        if row.layer == UNITS or not normalized:
            place = self._camera.frame.normal(place)
        if row.layer == UNITS:  # the panels show the square before as they show that after it
            jacobian = (1.0, 0.0, 0.0, 1.0)
        self.panels[ledger.lane].set_marker(place, jacobian)

    def receive(self, lane: Lane, message: Event) -> None:
        """Take a message of an engine up, if it is one to see."""
        panel = self.panels.get(lane)
        if panel is None:
            return
        if panel.take(message, self.clock.now()):
            panel.set_message("")
            self.clock.wake()
        elif isinstance(message, Metrics):
            panel.set_figures(getattr(message, panel.measured, None), note_of(message))
        elif isinstance(message, Ledger) and message.point == self._point:
            place = self._camera.frame.normal(message.point)
            panel.set_marker(place, whole_jacobian(message))
        elif isinstance(message, LaneStatus):
            self._show_status(panel, message)

    @property
    def all_panels(self) -> list[FlowPanel]:
        """The panels of the lanes, then those of a run beside them."""
        return [*self.panels.values(), *self.pinned.panels.values()]

    @property
    def facts(self) -> LayerFacts | None:
        """What the cards of the layers show, as the pictures of the stack have it."""
        return self.panels["discrete"].film.facts

    def view_state(self) -> ViewState:
        """What the models show where they arrive, to be kept; without a pinned run."""
        copies = [panel.copy() for panel in self.panels.values()]
        arrival = 1.0 if self.clock.direction == "generate" else 0.0
        return ViewState(side_by_side(copies, arrival), {copy.lane: copy.film for copy in copies})

    def scene(self, name: str) -> Scene:
        """The panels that are seen, to be drawn elsewhere while they go on."""
        panels = (panel for panel in self.all_panels if panel in self._grid.shown)
        return Scene(
            name=name,
            panels=tuple(panel.copy() for panel in panels),
            sight=Sight.of(self._camera),
            tau=self.clock.tau,
            direction=self.clock.direction,
        )

    # --- what a person asks for -----------------------------------------------------------------

    def frame_back(self) -> None:
        """Hold, one frame nearer to the base."""
        self._step(-1)

    def frame_forward(self) -> None:
        """Hold, one frame nearer to the target."""
        self._step(1)

    def go_to(self, tau: float) -> None:
        """Hold at a moment of the clock."""
        self.clock.pause()
        self.clock.seek(tau)

    def show_layer(self, layer_id: str) -> None:
        """Hold where a layer has acted, or at the base."""
        if layer_id == BASE_ID:
            self.transport.to_base()
        elif layer_id in self._layer_ids:
            self.go_to((self._layer_ids.index(layer_id) + 1) / len(self._layer_ids))

    def switch_direction(self) -> None:
        """From generating to normalizing, or back."""
        other: Direction = "normalize" if self.clock.direction == "generate" else "generate"
        self.clock.set_direction(other)

    def enlarge(self) -> None:
        """Give the panel that has the keyboard all the room, or let all share it again."""
        if self._grid.large is not None:
            self._enlarge(None)
            return
        focus = self.focusWidget()
        panels = self.all_panels
        here = [p for p in panels if focus is not None and p.isAncestorOf(focus)]
        self._enlarge((here or panels)[0])

    def enlarge_next(self) -> None:
        """Give the next panel all the room; after the last one all share it again."""
        panels = self.all_panels
        large = next((i for i, panel in enumerate(panels) if panel is self._grid.large), -1)
        self._enlarge(panels[large + 1] if large + 1 < len(panels) else None)

    # --- inside ---------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2 * GAP)
        layout.addWidget(self._grid, 1)
        layout.addWidget(card(self.transport))

    def setFocus(self, reason: Qt.FocusReason = Qt.FocusReason.OtherFocusReason) -> None:
        """Put the keyboard into the first picture.

        By no focus proxy: Tab would pass over what comes before it.
        """
        self.panels["discrete"].view.setFocus(reason)

    def _connect(self) -> None:
        motion.changed.connect(self._follow_motion)
        self.compare_button.chosen.connect(self.compare_chosen)
        self.pinned.ledger_missed.connect(self.ledger_missed)
        self._hover.described.connect(self.described)
        self.pinned.hovered.connect(self._hover.enter)
        self.pinned.left.connect(self._hover.leave)
        self.pinned.options_changed.connect(self._follow_pinned_options)
        self.pinned.enlarged.connect(lambda panel, large: self._enlarge(panel if large else None))
        self.clock.tau_changed.connect(self._tell_layer)
        self.clock.direction_changed.connect(self._follow_direction)
        translator.changed.connect(self.clock.wake)

    def _show_lanes(self, lanes: tuple[Lane, ...]) -> None:
        """Have a panel for each of these lanes, and no other."""
        if lanes == tuple(self.panels):
            return
        for lane in set(self.panels) - set(lanes):
            gone = self.panels.pop(lane)
            self.clock.release(gone)
            gone.deleteLater()
        self.panels = {lane: self.panels.get(lane) or self._new_panel(lane) for lane in lanes}
        self.compare_button.set_lanes(lanes)
        self._ask_for_pictures()
        self._lay_panels()

    def _lay_panels(self) -> None:
        self._grid.set_panels(self.all_panels)
        large = self._grid.large
        self._enlarge(next((panel for panel in self.all_panels if panel is large), None))

    def _new_panel(self, lane: Lane) -> FlowPanel:
        panel = FlowPanel(lane, self._camera, LANES[lane].panel)
        self._give_film(lane, panel)
        panel.set_message(_waiting(panel))
        self._hover.listen_to(panel)
        panel.point_picked.connect(self._pick)
        if why := LANES[lane].why_no_ledger:
            panel.point_picked.connect(lambda: self.ledger_missed.emit(tr(why)))
        panel.options_changed.connect(self._follow_options)
        panel.enlarged.connect(lambda large: self._enlarge(panel if large else None))
        self.transport.listen_to(panel.view)
        self.clock.drive(panel)
        return panel

    def _pick(self, x: float, y: float) -> None:
        """Ask for a point of a picture, in data units."""
        self.point_picked.emit(*self._camera.frame.data((x, y)))

    def _give_film(self, lane: Lane, panel: FlowPanel) -> None:
        state = self._states.get(lane)
        film = saved_film(lane, state.trace if state else b"")
        film.transitions = not motion.reduced
        film.want(direction=self.clock.direction if film.empty else None)
        panel.set_film(film)

    def _enlarge(self, panel: FlowPanel | None) -> None:
        self._grid.enlarge(panel)
        for each in self.all_panels:
            each.set_large(each is panel)
        if panel is not None:
            panel.view.setFocus()

    def _follow_motion(self) -> None:
        for panel in self.panels.values():
            panel.film.transitions = not motion.reduced

    def _step(self, frames: int) -> None:
        layers = len(self._layer_ids)
        count = _FRAMES_A_LAYER * layers if layers else _FRAMES_WITHOUT_LAYERS
        self.go_to((round(self.clock.tau * count) + frames) / count)

    def _tell_layer(self, tau: float) -> None:
        count = len(self._layer_ids)
        shown = with_rests(tau, count)
        layer = acting_layer(shown, count)
        fraction = 0.0 if layer is None else shown * count - layer
        told = (
            "" if layer is None else self._layer_ids[layer],
            round(fraction * _FRACTIONS) / _FRACTIONS,
        )
        if told != self._layer_told:
            self._layer_told = told
            self.layer_shown.emit(*told)

    def _follow_direction(self, direction: Direction) -> None:
        for panel in self.panels.values():
            panel.film.want(direction=direction)
        self._controller.set_view(direction=direction)
        self._show_target()

    def _follow_options(self, _shown: Shown) -> None:
        self._ask_for_pictures()
        self._show_target()
        self.clock.wake()

    def _ask_for_pictures(self) -> None:
        """Have the engines compute what can be seen, and nothing else."""
        needed = dict.fromkeys(get_args(Need), False)
        for name, overlay in OVERLAYS.items():
            if overlay.needs and any(getattr(p.shown, name) for p in self.panels.values()):
                needed[overlay.needs] = True
        self._controller.set_view(**needed)

    def _follow_pinned_options(self) -> None:
        self._show_target()
        self.clock.wake()

    def _show_target(self) -> None:
        self._overlay.show_on(self.panels.values(), self.clock.direction)
        self.pinned.show_target(self.clock.direction)

    def _show_status(self, panel: FlowPanel, status: LaneStatus) -> None:
        panel.set_message(status.reason if status.state == "blocked" else _waiting(panel))

    def _tell_fps(self) -> None:
        statistics = None if self.clock.resting else self.clock.frame_statistics()
        self.fps_changed.emit(statistics.per_second if statistics else None)

    def showEvent(self, event: QShowEvent) -> None:
        """Have the engines send pictures."""
        super().showEvent(event)
        self._fps_timer.start()
        self._controller.set_view(visible=True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Spare the engines pictures that nobody sees."""
        super().hideEvent(event)
        self._fps_timer.stop()
        self._hover.leave()
        self._controller.set_view(visible=False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc shows all panels again."""
        if event.key() == Qt.Key.Key_Escape and self._grid.large is not None:
            self._enlarge(None)
        else:
            super().keyPressEvent(event)


def _waiting(panel: FlowPanel) -> str:
    return mark("The engine is starting …") if panel.film.empty else ""
