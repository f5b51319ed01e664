"""What a window has to take away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.export.source import Source
from explorer.lanes import shown_lanes

if TYPE_CHECKING:
    from explorer.main_window import MainWindow


def source_of(window: MainWindow) -> Source:
    """What there is to take away now."""
    stem = window.documents.stem
    return Source(
        stem=stem,
        lanes=shown_lanes(window.store.project),
        scene=lambda: window.stage.scene(stem),
        curves=window.metrics.curves.copy,
        controller=window.controller,
        gather=window.documents.gather,
    )
