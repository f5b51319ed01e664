"""How the panels of the lanes differ: what they can show, and the figure they are judged by."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from explorer.panels.overlays import OVERLAYS
from explorer.panels.shot import Shown
from explorer.words.languages import mark

Way = Literal["layers", "time", "straight"]


class Figure(NamedTuple):
    """The figure below a picture.

    Attributes:
        name: As it is written before the value.
        unit: In English; "" for none.
        meaning: A sentence, in English.
        measured: Which field of `protocol.Metrics` holds it.
    """

    name: str
    unit: str
    meaning: str
    measured: str


class PanelKind(NamedTuple):
    """One lane's panel.

    Attributes:
        chips: Parts of the picture with a switch of their own, fields of `Shown`.
        more: Parts whose switches are in a menu.
        shown: What is switched on at first.
        goes: How the picture goes along the clock.
        place: Words of usual length for where the clock is.
        caption: A sentence on the picture, in English, of what it cannot show.
    """

    chips: tuple[str, ...]
    more: tuple[str, ...]
    shown: Shown
    goes: Way
    place: str
    figure: Figure
    caption: str = ""


_KL: Final = Figure(
    "KL",
    mark("nats"),
    mark(
        "How far the model is from the target, on points that it was not trained on: "
        "KL(target ‖ model). 0 is a perfect fit"
    ),
    "kl",
)
_BOUND: Final = Figure(
    "KL ≤",
    mark("nats"),
    mark(
        "How far the model is from the target at the most: KL(target ‖ model) is no larger. A "
        "VAE has no exact likelihood, only a lower bound of log p(x), here by importance sampling "
        "with 64 guesses of z for each point (IWAE); what the bound lacks counts as distance"
    ),
    "kl",
)
_DISTANCE: Final = Figure(
    "W₂",
    mark("data units"),
    mark("Wasserstein distance of samples to the target, in data units: a GAN has no likelihood"),
    "w2",
)


def room_for(kind: PanelKind) -> list[str]:
    """Switches that other panels have in the place of those that this one lacks."""
    longest = max((other.chips for other in KINDS.values()), key=len)
    others = [name for name in longest if name not in kind.chips]
    return others[: len(longest) - len(kind.chips)]


def _kind(lane: str, *, goes: Way, place: str, figure: Figure, caption: str = "") -> PanelKind:
    overlays = OVERLAYS.values()
    return PanelKind(
        chips=tuple(overlay.name for overlay in overlays if lane in overlay.chips),
        more=tuple(overlay.name for overlay in overlays if lane in overlay.more),
        shown=Shown(**{overlay.name: lane in overlay.on for overlay in overlays}),
        goes=goes,
        place=place,
        figure=figure,
        caption=caption,
    )


KINDS: Final[dict[str, PanelKind]] = {
    "discrete": _kind("discrete", goes="layers", place="after layer 8 of 8", figure=_KL),
    "continuous": _kind("continuous", goes="time", place="t = 0.00", figure=_KL),
    "vae": _kind("vae", goes="straight", place="straight line, 100 %", figure=_BOUND),
    "gan": _kind(
        "gan",
        goes="straight",
        place="straight line, 100 %",
        figure=_DISTANCE,
        caption=mark(
            "A GAN has no density to draw: it makes samples and cannot say how likely they are"
        ),
    ),
}
