"""From what panels show to a web page."""

from __future__ import annotations

import math
from copy import deepcopy
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import numpy as np

from explorer.export.page_film import STEP, densities
from explorer.export.page_words import PageFigures, fragments, script_words
from explorer.export.web_page import Page, PageLane
from explorer.panels.kinds import KINDS
from explorer.panels.outline import contour, level_holding
from explorer.stack.names import base_name, lowered
from explorer.theme import roles_of
from explorer.words.languages import tr, translator
from flowengine.errors import ExportError
from flowengine.project import DEFAULT_EXTENT
from flowengine.targets.presets import PRESETS
from flowengine.targets.sources import density_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from explorer.panels.film import Film
    from explorer.panels.shot import Shown
    from flowengine.project import Project, TargetSpec

_OUTLINE_SHARES: Final = (0.5, 0.9)


class ShownPanel(Protocol):
    """What a page needs to know of a panel; titles are in the language of the window."""

    @property
    def title(self) -> str:
        """As it stands over the picture."""

    @property
    def caption(self) -> str:
        """What the picture cannot show."""

    @property
    def film(self) -> Film:
        """What is shown."""

    @property
    def shown(self) -> Shown:
        """What of it is switched on."""

    @property
    def colours(self) -> str:
        """The density's colour map."""

    @property
    def layers(self) -> tuple[str, ...]:
        """The titles of the layers that share the clock."""


class PageSource(NamedTuple):
    """One panel for a page.

    Attributes:
        panel: The panel.
        project: The document that it shows.
        figures: How well it fits.
        other_way: A film of the same model in the direction that is not shown.
    """

    panel: ShownPanel
    project: Project
    figures: PageFigures = PageFigures()
    other_way: Film | None = None


def page_of(title: str, sources: Sequence[PageSource]) -> Page:
    """Take up what panels show now, in the language of the window; they may go on meanwhile.

    Args:
        title: What the page is called.
        sources: From left to right; those that show nothing yet are left out.

    Raises:
        ExportError: no panel shows anything yet.
    """
    there = [source for source in sources if not source.panel.film.empty]
    if not there:
        raise ExportError("There is nothing to show yet: no panel has a picture.")
    project = there[0].project
    lanes = [_lane(source) for source in there]
    return Page(
        title=title,
        language=translator.language,
        lanes=lanes,
        words=script_words(base_name(project.base)),
        fragments=fragments(
            lanes,
            [source.figures for source in there],
            target=target_name(project.target),
            base=lowered(tr(project.base.title)),
            precision=STEP / 2,
        ),
        themes={name: roles_of(name) for name in ("dark", "light")},
    )


def target_name(target: TargetSpec) -> str:
    """What a target is called in a sentence."""
    if target.source == "drawing":
        return tr("drawing")
    preset = PRESETS.get(target.name) if target.source == "preset" else None
    return tr(preset.title) if preset else target.formula or target.name


def _lane(source: PageSource) -> PageLane:
    panel, film = source.panel, deepcopy(source.panel.film)
    other = source.other_way
    if other is not None and other.direction == film.direction:  # it has been turned meanwhile
        other = None
    kind = KINDS[film.lane]
    outline = _outline(source.project.target)
    chips = tuple(name for name in kind.chips if _is_there(name, film, outline))
    return PageLane(
        lane=film.lane,
        title=panel.title,
        goes=kind.goes,
        films=[film] if other is None else [film, other],
        layers=panel.layers,
        chips=chips,
        shown=tuple(name for name in chips if getattr(panel.shown, name)),
        colours=panel.colours,
        outline=outline,
        caption=panel.caption,
    )


def _is_there(part: str, film: Film, outline: NDArray[np.float64]) -> bool:
    """Whether there is anything to switch on."""
    if part == "density":
        return bool(densities(film))
    if part == "field":
        return film.field(0.0, math.inf) is not None
    if part == "grid":
        return film.has_grid
    return len(outline) > 0 if part == "outline" else film.positions(0.0, math.inf, 0) is not None


def _outline(target: TargetSpec) -> NDArray[np.float64]:
    density = density_of(target)
    levels = [level_holding(density, share) for share in _OUTLINE_SHARES]
    return np.concatenate([contour(density, DEFAULT_EXTENT, level) for level in levels])
