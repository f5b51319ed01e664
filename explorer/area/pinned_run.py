"""Panels of a run on the shelf, beside those of the present models, all on one clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from explorer.area.target_reference import TargetReference
from explorer.lanes import lane_title
from explorer.panels.film import Film
from explorer.panels.flow_panel import FlowPanel
from explorer.stack.names import card_name
from explorer.words.languages import mark, tr, translator
from flowengine.errors import FlowError
from flowengine.project import FLOW_LANES, resolve_keeps

if TYPE_CHECKING:
    from explorer.metrics.runs import Run
    from explorer.panels.camera import Camera
    from flowengine.project import Lane
    from flowengine.protocol import Direction

_NO_LEDGER: Final = mark("Run {n} is a picture of what was; restore it to ask it about a point")


class PinnedRun(QObject):
    """The flows of one run at most, as they were when it ended.

    Attributes:
        panels: By lane; empty while no run is pinned.
        run: That is pinned; None while there is none.
    """

    ledger_missed = Signal(str)
    """Why a click has no answer."""
    options_changed = Signal(object)
    """What of a picture is switched on, a `Shown`."""
    hovered = Signal(object, float, float)
    """A panel, and the x and y under the mouse."""
    left = Signal()
    enlarged = Signal(object, bool)
    """A panel, and whether it should have all the room."""

    def __init__(self, camera: Camera, parent: QObject) -> None:
        super().__init__(parent)
        self._camera = camera
        self._overlay = TargetReference()
        self.run: Run | None = None
        self.panels: dict[Lane, FlowPanel] = {}
        translator.changed.connect(self.retranslate)

    def pin(self, run: Run | None) -> None:
        """Show a run, or none; lanes that had nothing to show are left out."""
        self.run = run
        self.panels = {}
        if run is None:
            return
        self._overlay.set_project(run.project)
        for lane in FLOW_LANES:
            film = _film(run, lane)
            if film is not None:
                self.panels[lane] = self._panel(run, lane, film)
        self.retranslate()

    def show_target(self, direction: Direction) -> None:
        """Outline and compare with the run's own target."""
        self._overlay.show_on(self.panels.values(), direction)

    def retranslate(self) -> None:
        """Say the titles again."""
        for lane, panel in self.panels.items():
            assert self.run is not None
            number = tr("Run {n}").format(n=self.run.number)
            panel.set_title(f"{number} · {tr(lane_title(lane))}")

    def _panel(self, run: Run, lane: Lane, film: Film) -> FlowPanel:
        panel = FlowPanel(lane, self._camera)
        panel.set_film(film)
        if lane == "discrete":
            acting = [layer for layer in resolve_keeps(run.project.stack) if layer.enabled]
            panel.set_layers(len(acting), [card_name(layer) for layer in acting])
        panel.set_figures(run.history(lane).latest("kl"))
        panel.point_picked.connect(
            lambda: self.ledger_missed.emit(tr(_NO_LEDGER).format(n=run.number))
        )
        panel.hovered.connect(lambda x, y: self.hovered.emit(panel, x, y))
        panel.left.connect(self.left)
        panel.options_changed.connect(self.options_changed)
        panel.enlarged.connect(lambda large: self.enlarged.emit(panel, large))
        return panel


def _film(run: Run, lane: Lane) -> Film | None:
    state = run.lanes.get(lane)
    if state is None or not state.trace:
        return None
    try:
        return Film.from_npz_bytes(state.trace)
    except FlowError:
        return None
