"""What part of the plane the panels show; all panels share one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from PySide6.QtCore import QObject, Signal

from flowengine.frame import IDENTITY, Frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from flowengine.project import Extent

HOME_HALF_SPAN: Final = 4.2
_BASE: Final = 4.0  # half the side of the square that the base needs
_SMALLEST_HALF_SPAN: Final = 0.02
_LARGEST_HALF_SPAN: Final = 60.0
_FARTHEST: Final = 100.0


class View(NamedTuple):
    """How data becomes pixels on one surface.

    Attributes:
        width: Pixels across; device pixels where the surface has a finer raster than the window.
        height: Pixels down.
        scale: Pixels per unit of the target's normalized coordinates, the same on both axes.
        x: Coordinates of the centre.
        y: Coordinates of the centre; upwards, while pixels count downwards.
        ratio: Device pixels per logical pixel, for what has a size on the screen.
        boldness: How many times as thick as usual dots and lines are: a lecture hall is large.
        frame: Leads from the coordinates of the picture to the data's own units, for numbers.
    """

    width: int
    height: int
    scale: float
    x: float
    y: float
    ratio: float
    boldness: float = 1.0
    frame: Frame = IDENTITY

    @property
    def weight(self) -> float:
        """The thickness of a usual line in pixels."""
        return self.ratio * self.boldness

    @property
    def halved(self) -> View:
        """The same part of the plane on a surface of half as many pixels each way.

        Of an odd number of pixels it has one more than half: it covers the surface when enlarged.
        """
        width, height = -(-self.width // 2), -(-self.height // 2)
        return self._replace(
            width=width,
            height=height,
            scale=self.scale / 2,
            x=self.x + (2 * width - self.width) / (2 * self.scale),
            y=self.y - (2 * height - self.height) / (2 * self.scale),
            ratio=self.ratio / 2,
        )

    def pixels(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """Data coordinates, shape (..., 2), as pixels."""
        pixels = np.empty(points.shape, np.float32)
        np.multiply(points[..., 0], self.scale, out=pixels[..., 0], casting="unsafe")
        np.multiply(points[..., 1], -self.scale, out=pixels[..., 1], casting="unsafe")
        pixels[..., 0] += np.float32(self.width / 2 - self.scale * self.x)
        pixels[..., 1] += np.float32(self.height / 2 + self.scale * self.y)
        return pixels

    def data(self, x: float, y: float) -> tuple[float, float]:
        """A pixel as data coordinates."""
        return (
            self.x + (x - self.width / 2) / self.scale,
            self.y - (y - self.height / 2) / self.scale,
        )


class Camera(QObject):
    """The centre and the half width of the square that is surely in view.

    In the target's normalized coordinates, in which its extent is [-4, 4]².

    Attributes:
        frame: Leads from there to data units.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.x = 0.0
        self.y = 0.0
        self.half_span = HOME_HALF_SPAN
        self.frame = IDENTITY
        self._home = (self.x, self.y, self.half_span)

    def set_frame(self, frame: Frame) -> None:
        """Have what is shown measured in the units of a target."""
        if frame != self.frame:
            self.frame = frame
            self.changed.emit()

    def set_home(self, extent: Extent) -> None:
        """Count this part of the plane to the whole picture, beside the square of the base.

        Who looks at the whole picture goes on to do so; who has gone elsewhere stays there.
        """
        at_home = (self.x, self.y, self.half_span) == self._home
        x_min, x_max, y_min, y_max = extent
        left, right = min(x_min, -_BASE), max(x_max, _BASE)
        bottom, top = min(y_min, -_BASE), max(y_max, _BASE)
        half_span = max(right - left, top - bottom) / 2 * (HOME_HALF_SPAN / _BASE)
        self._home = (left + right) / 2, (bottom + top) / 2, min(half_span, _LARGEST_HALF_SPAN)
        if at_home:
            self.home()

    def view(self, width: float, height: float, ratio: float = 1.0) -> View:
        """The view onto a surface of so many logical pixels, of `ratio` device pixels each.

        A pixel of the screen that is covered in part counts as a whole one: it would keep what was
        there before.
        """
        across, down = (max(math.ceil(round(side * ratio, 6)), 1) for side in (width, height))
        scale = min(across, down) / (2 * self.half_span)
        return View(across, down, scale, self.x, self.y, ratio, frame=self.frame)

    def home(self) -> None:
        """Show the whole picture again."""
        self._move(*self._home)

    def pan(self, dx: float, dy: float) -> None:
        """Move the centre by data units."""
        self._move(self.x + dx, self.y + dy, self.half_span)

    def zoom(self, factor: float, about: tuple[float, float] | None = None) -> None:
        """Show `factor` times as much of the plane, keeping the point `about` where it is."""
        span = min(max(self.half_span * factor, _SMALLEST_HALF_SPAN), _LARGEST_HALF_SPAN)
        kept = span / self.half_span
        x, y = about or (self.x, self.y)
        self._move(x + (self.x - x) * kept, y + (self.y - y) * kept, span)

    def _move(self, x: float, y: float, half_span: float) -> None:
        x, y = min(max(x, -_FARTHEST), _FARTHEST), min(max(y, -_FARTHEST), _FARTHEST)
        if (x, y, half_span) != (self.x, self.y, self.half_span):
            self.x, self.y, self.half_span = x, y, half_span
            self.changed.emit()
