"""From what the window shows to a web page."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Final

import numpy as np

from explorer.export.page_film import STEP
from explorer.export.page_words import PageFigures, fragments, script_words
from explorer.export.web_page import Page, PageLane
from explorer.i18n import tr, translator
from explorer.panels.kinds import KINDS
from explorer.panels.outline import contour, level_holding
from explorer.stack.names import base_name, lowered
from explorer.theme import roles_of
from flowengine.errors import ExportError
from flowengine.targets.presets import PRESETS
from flowengine.targets.sources import density_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from explorer.panels.film import Film
    from explorer.panels.flow_panel import FlowPanel
    from flowengine.project import Project, TargetSpec

_OUTLINE_SHARES: Final = (0.5, 0.9)


def page_of(
    title: str,
    project: Project,
    panels: Sequence[FlowPanel],
    figures: Sequence[PageFigures],
    ways_back: Mapping[str, Film] | None = None,
) -> Page:
    """Take up what panels show now, in the language of the window; they may go on meanwhile.

    Args:
        title: What the page is called.
        project: The document that the panels show.
        panels: From left to right; those that show nothing yet are left out.
        figures: Of each panel.
        ways_back: Of lanes that have one, the film of the other direction.

    Raises:
        ExportError: no panel shows anything yet.
    """
    pairs = [
        (_lane(panel, project, (ways_back or {}).get(panel.film.lane)), own)
        for panel, own in zip(panels, figures, strict=True)
        if not panel.film.empty
    ]
    if not pairs:
        raise ExportError(tr("There is nothing to show yet: no panel has a picture."))
    lanes, shown = [lane for lane, _ in pairs], [own for _, own in pairs]
    base = lowered(tr(project.base.title))
    return Page(
        title=title,
        language=translator.language,
        lanes=lanes,
        words=script_words(base_name(project.base)),
        fragments=fragments(
            lanes, shown, target=target_name(project.target), base=base, precision=STEP / 2
        ),
        themes={name: roles_of(name) for name in ("dark", "light")},
    )


def target_name(target: TargetSpec) -> str:
    """What a target is called in a sentence."""
    if target.source == "drawing":
        return tr("drawing")
    preset = PRESETS.get(target.name) if target.source == "preset" else None
    return tr(preset.title) if preset else target.formula or target.name


def _lane(panel: FlowPanel, project: Project, way_back: Film | None) -> PageLane:
    film, kind = deepcopy(panel.film), KINDS[panel.film.lane]
    outline = _outline(project.target)
    chips = tuple(name for name in kind.chips if _is_there(name, film, outline))
    return PageLane(
        lane=film.lane,
        title=panel.title,
        goes=kind.goes,
        films=[film] if way_back is None else [film, way_back],
        layers=panel.layers,
        chips=chips,
        shown=tuple(name for name in chips if getattr(panel.shown, name)),
        colours=panel.view.colours,
        outline=outline,
        caption=panel.caption,
    )


def _is_there(part: str, film: Film, outline: NDArray[np.float64]) -> bool:
    """Whether there is anything to switch on."""
    at = (0.0, float("inf"))
    return {
        "density": film.heat(*at) is not None,
        "grid": film.has_grid,
        "field": film.field(*at) is not None,
        "outline": len(outline) > 0,
    }.get(part, film.positions(*at) is not None)


def _outline(target: TargetSpec) -> NDArray[np.float64]:
    density = density_of(target)
    levels = [level_holding(density, share) for share in _OUTLINE_SHARES]
    return np.concatenate([contour(density, target.extent, level) for level in levels])
