"""What a panel shows, taken off it: any moment of it can be drawn elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.panels.kinds import KINDS
from explorer.panels.pace import acting_layer, with_rests
from explorer.panels.rasterizer import Rasterizer
from explorer.panels.shot import Shot, Shown, shot_at
from explorer.words.languages import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from explorer.panels.difference import Reference
    from explorer.panels.film import Film
    from explorer.panels.kinds import Way
    from flowengine.project import Lane


@dataclass(frozen=True)
class PanelCopy:
    """One panel as it was: its words, its film, and what of it is switched on.

    Attributes:
        lane: Whose panel it is.
        title: In the language of the window.
        figure: The lane's figure with its unit: "KL 0.012 nats".
        caption: What the picture cannot show; "" for a flow.
        film: A film of its own, which nothing changes any more.
        shown: What is switched on.
        colours: The density's colour map.
        outline: The target's contour, segments of shape (n, 4) in data units.
        reference: What the density is compared with where the difference is shown.
        layers: The titles of the layers that share the clock.
    """

    lane: Lane
    title: str
    figure: str
    caption: str
    film: Film
    shown: Shown
    colours: str
    outline: NDArray[np.float64]
    reference: Reference | None
    layers: tuple[str, ...]

    def pace(self, tau: float) -> float:
        """The moment shown at a moment of the clock."""
        return with_rests(tau, len(self.layers))

    def places(self, tau: float) -> list[str]:
        """Where the clock is, in words, the longest form first."""
        return places(KINDS[self.lane].goes, self.layers, self.pace(tau))

    def rasterizer(self) -> Rasterizer:
        """Something that draws this panel as it was drawn in the window."""
        rasterizer = Rasterizer(self.lane)
        rasterizer.ground.colours = self.colours
        rasterizer.ground.reference = self.reference
        rasterizer.ground.set_outline(self.outline)
        return rasterizer

    def shot(self, tau: float, frame: int = 0, *, forward: bool = True) -> Shot:
        """What to draw at a moment of the clock.

        Args:
            tau: The moment of the clock.
            frame: Which of several pictures it is; each is drawn as if the one before were long
                past, so that nothing of it is left.
            forward: Whether the clock goes from the base to the target.
        """
        settled = max(self.film.moving_until, 0.0)
        return shot_at(
            self.film, tau, settled + 1 + frame, self.shown, pace=self.pace, forward=forward
        )


def places(goes: Way, layers: Sequence[str], tau: float) -> list[str]:
    """Where a shown moment is, in words, the longest form first.

    Args:
        goes: How the picture goes along the clock.
        layers: The titles of the layers that share the clock; "" for one without.
        tau: The moment.
    """
    count = len(layers)
    if goes == "time":
        return [tr("t = {t}").format(t=f"{tau:.2f}")]
    if goes == "straight":
        return [tr("straight line, {share} %").format(share=round(100 * tau)), f"{tau:.0%}"]
    if not count:
        return [""]
    layer = acting_layer(tau, count)
    if layer is not None:
        place = tr("layer {n} of {count}").format(n=layer + 1, count=count)
        name = layers[layer]
        return [f"{place} · {tr(name)}", place] if name else [place]
    done = round(tau * count)
    return [tr("after layer {n} of {count}").format(n=done, count=count) if done else tr("base")]
