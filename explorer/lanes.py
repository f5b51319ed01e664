"""What the lanes are called, and which are shown; the theme has a colour named like each lane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from explorer.words.languages import mark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowengine.project import Lane, Project

LANE_TITLES: Final[dict[Lane, str]] = {
    "discrete": mark("Discrete"),
    "continuous": mark("Continuous"),
}
"""The flows, which every project has."""

BASELINE_TITLES: Final[dict[Lane, str]] = {"vae": mark("VAE"), "gan": mark("GAN")}
"""What a project can set beside its flows."""

ALL_TITLES: Final[dict[Lane, str]] = {**LANE_TITLES, **BASELINE_TITLES}
SHORT_TITLES: Final[dict[Lane, str]] = {
    "discrete": mark("Stack"),
    "continuous": mark("CNF"),
    **BASELINE_TITLES,
}
"""For where more lanes than the flows stand beside one another."""

PANEL_TITLES: Final = {
    "discrete": mark("Discrete · layer by layer"),
    "flow_matching": mark("Continuous · flow matching"),
    "rectified_flow": mark("Continuous · rectified flow"),
    "ffjord": mark("Continuous · FFJORD"),
    "vae": mark("VAE · a bound, no exact likelihood"),
    "gan": mark("GAN · no likelihood"),
}
"""Over a lane's panel; the continuous flow's goes by its objective."""

LANE_ORDER: Final[tuple[Lane, ...]] = tuple(ALL_TITLES)


def lane_title(lane: Lane) -> str:
    """The English name of any lane."""
    return ALL_TITLES[lane]


def titles_beside(lanes: Sequence[Lane]) -> dict[Lane, str]:
    """The English names of all lanes, short ones where more than two are shown."""
    return SHORT_TITLES if len(lanes) > len(LANE_TITLES) else ALL_TITLES


def shown_lanes(project: Project) -> tuple[Lane, ...]:
    """The lanes that a project wants to see, in the order of their panels."""
    shown = project.shown_lanes
    return tuple(lane for lane in LANE_ORDER if lane in shown)
