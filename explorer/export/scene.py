"""What the window shows, taken off it to be drawn elsewhere: its panels, beside each other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from explorer.panels.camera import Camera, View
from flowengine.frame import IDENTITY, Frame

if TYPE_CHECKING:
    from explorer.panels.panel_copy import PanelCopy
    from flowengine.protocol import Direction


class Sight(NamedTuple):
    """What part of the plane is seen: the centre and half the width of a square; see `Camera`."""

    x: float
    y: float
    half_span: float
    frame: Frame = IDENTITY

    @classmethod
    def of(cls, camera: Camera) -> Sight:
        """What a camera sees now."""
        return cls(camera.x, camera.y, camera.half_span, camera.frame)

    def view(self, width: int, height: int, ratio: float) -> View:
        """The view onto a surface of so many pixels, `ratio` of them to a logical one."""
        scale = min(width, height) / (2 * self.half_span)
        return View(width, height, scale, self.x, self.y, ratio, frame=self.frame)


@dataclass(frozen=True)
class Scene:
    """The panels of the window at a moment.

    Attributes:
        name: What the project is called.
        panels: Those that are seen, in their order.
        sight: The part of the plane that all of them show.
        tau: The moment of the clock.
        direction: The way that the films know.
    """

    name: str
    panels: tuple[PanelCopy, ...]
    sight: Sight
    tau: float
    direction: Direction

    @property
    def empty(self) -> bool:
        """Whether no panel has anything to show yet."""
        return all(panel.film.empty for panel in self.panels)


def columns_for(count: int, width: float, height: float, words: float = 0.0) -> int:
    """In how many columns panels stand so that the smaller side of a picture is as long as can be.

    Args:
        count: How many panels.
        width: Of the room for all of them.
        height: Of that room.
        words: How much of a panel's height its words take.
    """

    def smallest(columns: int) -> float:
        return min(width / columns, height / math.ceil(count / columns) - words)

    return max(range(1, count + 1), key=smallest)
