"""What a window has to take away."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from explorer.lanes import shown_lanes

if TYPE_CHECKING:
    from explorer.export.source import Source
    from explorer.window.main_window import MainWindow


def source_of(window: MainWindow) -> Source:
    """What there is to take away now."""
    from explorer.export.page_sources import other_ways, page
    from explorer.export.source import Source  # here: the window is up sooner without it

    stem = window.documents.stem
    return Source(
        stem=stem,
        lanes=shown_lanes(window.store.project),
        scene=lambda: window.stage.scene(stem),
        curves=window.metrics.curves.copy,
        controller=window.controller,
        gather=window.documents.gather,
        page=partial(page, stem, window.stage, window.store, window.metrics),
        other_ways=partial(other_ways, window.stage, window.controller),
    )
