"""A sentence about what is under the mouse in a panel, for as long as it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from explorer.lanes import lane_title
from explorer.ledger.lines import point_text
from explorer.panels.readings import readings
from explorer.words.languages import tr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from explorer.panels.flow_panel import FlowPanel
    from flowengine.project import Lane

_EVERY_MS: Final = 250


class Hover(QObject):
    """Says what a panel shows at a point, again and again: the numbers live.

    Signals:
        described: The sentence; "" where the mouse is over no panel.

    Args:
        panels: Those that stand in the area now, those of a pinned run too.
        own: Those of the present models, by lane.
        parent: The area.
    """

    described = Signal(str)

    def __init__(
        self,
        panels: Callable[[], list[FlowPanel]],
        own: Callable[[], Mapping[Lane, FlowPanel]],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._panels = panels
        self._own = own
        self._over: tuple[FlowPanel, tuple[float, float]] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self._describe)

    def listen_to(self, panel: FlowPanel) -> None:
        """Follow the mouse over a panel."""
        panel.hovered.connect(lambda x, y: self.enter(panel, x, y))
        panel.left.connect(self.leave)

    def enter(self, panel: FlowPanel, x: float, y: float) -> None:
        """The mouse is over a point of the picture."""
        self._over = panel, (x, y)
        self._timer.start()
        self._describe()

    def leave(self) -> None:
        """The mouse has gone, or the panels have."""
        self._over = None
        self._timer.stop()
        self.described.emit("")

    def _describe(self) -> None:
        if self._over is None or self._over[0] not in self._panels():
            return
        panel, point = self._over
        frame = panel.view.frame
        said = readings(panel.view, point)
        names = {own: tr(lane_title(lane)) for lane, own in self._own().items()}
        head = f"{names.get(panel, panel.title)}, {point_text(frame.data(point), frame.scale)}"
        self.described.emit(f"{head}: {', '.join(said)}" if said else head)
