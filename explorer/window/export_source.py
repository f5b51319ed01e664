"""What a window has to take away."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from explorer.lanes import shown_lanes

if TYPE_CHECKING:
    from explorer.area.panel_area import PanelArea
    from explorer.export.source import Source
    from explorer.metrics.metrics_view import MetricsView
    from explorer.session.session import Session


def source_of(session: Session, area: PanelArea, metrics: MetricsView) -> Source:
    """What there is to take away now."""
    from explorer.export.source import Source  # here: the window is up sooner without it
    from explorer.window.page_sources import other_ways, page

    stem = session.documents.stem
    return Source(
        stem=stem,
        lanes=shown_lanes(session.store.project),
        scene=lambda: area.scene(stem),
        curves=metrics.curves.copy,
        controller=session.controller,
        gather=session.documents.gather,
        page=partial(page, stem, area, session.store, metrics),
        other_ways=partial(other_ways, area, session.controller),
    )
