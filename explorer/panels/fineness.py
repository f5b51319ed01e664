"""When a very large picture that moves is drawn coarsely, so that it still moves smoothly."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from explorer.panels.camera import View

_LARGE: Final = 2_500_000  # pixels; smaller pictures are always drawn at the screen's raster
BUDGET: Final = 0.012  # seconds for a picture: two of them and the way to the screen make 33 ms
_CHEAP: Final = 0.4  # of the budget that a coarse picture may take at the most to be drawn finely
_REMEMBERED: Final = 9  # pictures


def is_large(view: View) -> bool:
    """Whether a picture has so many pixels that drawing all of them each time may be too slow."""
    return view.width * view.height >= _LARGE


class Fineness:
    """Whether the next picture of a moving film should be drawn with half as many pixels each way.

    A picture that rests is always fine. One that moves is coarse where it is large and the pictures
    before it took longer than would leave room for 30 in a second, and fine again once they are so
    cheap that fine ones would be quick enough.

    Attributes:
        budget: Seconds that a picture may take.
    """

    def __init__(self) -> None:
        self.budget = BUDGET
        self._coarse = False
        self._took: deque[float] = deque(maxlen=_REMEMBERED)
        self._content: object = None
        self._large = False

    def wants_coarse(self, view: View, content: object) -> bool:
        """Choose for a picture.

        Args:
            view: What it would fill at the screen's raster.
            content: Equal to that of the picture before if nothing has moved.
        """
        rests, self._content = content == self._content, content
        self._large = is_large(view)
        return self._coarse and self._large and not rests

    def took(self, seconds: float, *, coarse: bool) -> None:
        """Learn how long that picture took to draw."""
        if not self._large or coarse is not self._coarse:
            return
        self._took.append(seconds)
        if len(self._took) < _REMEMBERED:
            return
        usual = sorted(self._took)[_REMEMBERED // 2]
        if (usual < _CHEAP * self.budget) if coarse else (usual > self.budget):
            self._coarse = not coarse
            self._took.clear()
