"""What of the window goes onto a web page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.export.page_source import PageSource
from explorer.export.page_words import PageFigures

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.metrics.metrics_view import MetricsView
    from explorer.shell.stage import Stage
    from flowengine.project import Project


def page_sources(stage: Stage, project: Project, metrics: MetricsView) -> list[PageSource]:
    """The panels that are on the stage, a guest's after the others, with their latest figures."""
    sources = [
        PageSource(panel, project, _figures(lambda name, lane=lane: metrics.latest(lane, name)))
        for lane, panel in stage.panels.items()
    ]
    run = stage.guests.run
    if run is not None:
        sources += [
            PageSource(panel, run.project, _figures(run.history(lane).latest))
            for lane, panel in stage.guests.panels.items()
        ]
    return sources


def _figures(latest: Callable[[str], float | None]) -> PageFigures:
    """A lane's figures; the entropy is what NLL is larger than KL by."""
    kl, nll, w2 = (latest(name) for name in ("kl", "nll", "w2"))
    entropy = None if kl is None or nll is None else nll - kl
    return PageFigures(kl, nll, entropy, w2)
