"""What a window is made of, for those who have to do with several parts of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorer.area.panel_area import PanelArea
    from explorer.ledger.ledger_view import LedgerView
    from explorer.lessons.note import LessonNote
    from explorer.metrics.metrics_view import MetricsView
    from explorer.models.model_tabs import ModelTabs
    from explorer.target.target_bar import TargetEditor
    from explorer.widgets.card import CardDock
    from explorer.window.actions import Actions
    from explorer.window.banner import Banner
    from explorer.window.menus import Menus
    from explorer.window.status_line import StatusLine


@dataclass(frozen=True)
class Parts:
    """The built widgets of a window, its actions and menus."""

    banner: Banner
    lesson_note: LessonNote
    target: TargetEditor
    models: ModelTabs
    area: PanelArea
    ledger: LedgerView
    metrics: MetricsView
    docks: Mapping[str, CardDock]
    status_line: StatusLine
    actions: Actions
    menus: Menus

    def show_last_figures(self) -> None:
        """Head every panel with what was measured last."""
        for lane, panel in self.area.panels.items():
            self.area.set_figure(lane, self.metrics.latest(lane, panel.measured))
