"""What there is to take away: the window's side of an export."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from explorer.export.other_ways import OtherWays
    from explorer.export.scene import Scene
    from explorer.export.web_page import Page
    from explorer.metrics.curves import CurvesCopy
    from explorer.panels.film import Film
    from explorer.panels.view_state import ViewState
    from explorer.training.controller import Controller
    from flowengine.project import Lane, LaneState, Project

    Then = Callable[[Project, dict[Lane, LaneState], ViewState], None]
    Gather = Callable[[Then], None]


@dataclass(frozen=True)
class Source:
    """What there is to take away.

    Attributes:
        stem: What the project is called; a proposed name starts with it.
        lanes: Its models.
        scene: Gives what the panels show now.
        curves: Gives the curves as they are now.
        controller: The door to the engines.
        gather: Calls back with the document and all that was trained.
        page: Makes a page of what the panels show now, with films of the other direction.
        other_ways: Makes what asks the engines for such films.
    """

    stem: str
    lanes: tuple[Lane, ...]
    scene: Callable[[], Scene]
    curves: Callable[[], CurvesCopy]
    controller: Controller
    gather: Gather
    page: Callable[[Mapping[Lane, Film]], Page]
    other_ways: Callable[[], OtherWays]
