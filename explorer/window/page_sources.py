"""What of the window goes onto a web page."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from explorer.export.other_ways import OtherWays
from explorer.export.page_source import PageSource, page_of
from explorer.export.page_words import PageFigures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from explorer.area.panel_area import PanelArea
    from explorer.export.web_page import Page
    from explorer.metrics.metrics_view import MetricsView
    from explorer.panels.film import Film
    from explorer.session.store import Store
    from explorer.training.controller import Controller
    from flowengine.project import Lane, Project


def page_sources(
    area: PanelArea,
    project: Project,
    metrics: MetricsView,
    other_ways: Mapping[Lane, Film] | None = None,
) -> list[PageSource]:
    """The panels that are in the area, a pinned run's last, with their latest figures.

    Args:
        area: Holds the panels.
        project: The document that they show.
        metrics: What was measured of it.
        other_ways: What `OtherWays` has brought.
    """
    ways = other_ways or {}
    sources = [
        PageSource(panel, project, _figures(partial(metrics.latest, lane)), ways.get(lane))
        for lane, panel in area.panels.items()
    ]
    run = area.pinned.run
    if run is not None:
        sources += [
            PageSource(panel, run.project, _figures(run.history(lane).latest))
            for lane, panel in area.pinned.panels.items()
        ]
    return sources


def page(
    title: str, area: PanelArea, store: Store, metrics: MetricsView, films: Mapping[Lane, Film]
) -> Page:
    """A page of what the area shows now; `films` are of the other direction."""
    return page_of(title, page_sources(area, store.project, metrics, films))


def other_ways(area: PanelArea, controller: Controller) -> OtherWays:
    """What asks the engines for the direction that the area does not show."""
    films = {lane: panel.film for lane, panel in area.panels.items()}
    return OtherWays(controller, films, lambda: area.clock.direction, area)


def _figures(latest: Callable[[str], float | None]) -> PageFigures:
    """A lane's figures; the entropy is what NLL is larger than KL by."""
    kl, nll, w2 = (latest(name) for name in ("kl", "nll", "w2"))
    entropy = None if kl is None or nll is None else nll - kl
    return PageFigures(kl, nll, entropy, w2)
