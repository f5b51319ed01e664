"""The lanes as the window tells of them, one record each; the theme has a colour for each name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import Qt

from explorer.words.languages import mark
from flowengine.catalogue import GanSpec, VaeSpec
from flowengine.project import FLOW_LANES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowengine.project import Lane, Project


class LaneWords(NamedTuple):
    """What is said of a lane, in English.

    Attributes:
        title: Its name.
        short: Its name where more lanes than the flows stand beside one another.
        within: Its name within a sentence.
        panel: What stands over its panel; "" where that goes by what the project has chosen.
        stroke: How its curves are drawn.
        dash: The same as a letter.
        add: What setting it beside the flows is called; "" for a flow, which every project has.
        take_away: What taking it away again is called.
        likelihood: What its likelihood lacks; "" where it is exact.
        why_no_ledger: What answers whoever asks it for a ledger; "" where it has one.
    """

    title: str
    short: str
    within: str
    stroke: Qt.PenStyle
    dash: str
    panel: str = ""
    add: str = ""
    take_away: str = ""
    likelihood: str = ""
    why_no_ledger: str = ""


LANES: Final[dict[Lane, LaneWords]] = {
    "discrete": LaneWords(
        title=mark("Discrete"),
        short=mark("Stack"),
        within=mark("discrete"),
        panel=mark("Discrete · layer by layer"),
        stroke=Qt.PenStyle.SolidLine,
        dash="━",
    ),
    "continuous": LaneWords(
        title=mark("Continuous"),
        short=mark("CNF"),
        within=mark("continuous"),
        stroke=Qt.PenStyle.DashLine,
        dash="╍",
    ),
    "vae": LaneWords(
        title=mark("VAE"),
        short=mark("VAE"),
        within=mark("VAE"),
        panel=mark("VAE · a bound, no exact likelihood"),
        stroke=Qt.PenStyle.DashDotLine,
        dash="╼",
        add=mark("Compare with a VAE"),
        take_away=mark("Take the VAE away"),
        likelihood=mark(
            "≤: an upper bound, by 64 importance samples. A VAE has no exact likelihood"
        ),
        why_no_ledger=VaeSpec.why_no_ledger,
    ),
    "gan": LaneWords(
        title=mark("GAN"),
        short=mark("GAN"),
        within=mark("GAN"),
        panel=mark("GAN · no likelihood"),
        stroke=Qt.PenStyle.DotLine,
        dash="┅",
        add=mark("Compare with a GAN"),
        take_away=mark("Take the GAN away"),
        likelihood=mark("A GAN has no likelihood: its generator gives samples and no density"),
        why_no_ledger=GanSpec.why_no_ledger,
    ),
}
"""In the order of their panels."""

CONTINUOUS_PANELS: Final = {
    "flow_matching": mark("Continuous · flow matching"),
    "rectified_flow": mark("Continuous · rectified flow"),
    "ffjord": mark("Continuous · FFJORD"),
}
"""What stands over the panel of a continuous flow, by its objective."""

LANE_ORDER: Final[tuple[Lane, ...]] = tuple(LANES)


def lane_title(lane: Lane) -> str:
    """The English name of a lane."""
    return LANES[lane].title


def titles_beside(lanes: Sequence[Lane]) -> dict[Lane, str]:
    """The English names of all lanes, short ones where more than two are shown."""
    many = len(lanes) > len(FLOW_LANES)
    return {lane: words.short if many else words.title for lane, words in LANES.items()}


def shown_lanes(project: Project) -> tuple[Lane, ...]:
    """The lanes that a project wants to see, in the order of their panels."""
    shown = project.shown_lanes
    return tuple(lane for lane in LANE_ORDER if lane in shown)
