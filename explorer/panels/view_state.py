"""What the panels show at a moment, ready to be kept: a picture of them, and their films."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter

from explorer.panels.camera import View
from explorer.panels.film import Film
from explorer.panels.shot import Shown
from explorer.widgets.png import png_of
from flowengine.errors import FlowError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from explorer.panels.panel_copy import PanelCopy
    from flowengine.project import Lane, LaneState

_WIDTH: Final = 480
_SIDE: Final = 240  # of the picture of one lane, in pixels
_GAP: Final = 8
_SHOWN: Final = 8.5  # data units across it


def side_by_side(panels: Sequence[PanelCopy], tau: float) -> QImage:
    """The lanes at one moment: the density of each, or the particles of one that has none."""
    picture = QImage(
        len(panels) * (_SIDE + _GAP) - _GAP, _SIDE, QImage.Format.Format_ARGB32_Premultiplied
    )
    picture.fill(Qt.GlobalColor.transparent)
    view = View(_SIDE, _SIDE, _SIDE / _SHOWN, 0.0, 0.0, 1.0)
    painter = QPainter(picture)
    for place, panel in enumerate(panels):
        dense = panel.film.heat_known
        shown = Shown(
            density=dense, points=not dense, grid=False, trails=False, field=False, outline=False
        )
        shot = dataclasses.replace(panel.shot(tau), shown=shown)
        rasterizer = panel.rasterizer()
        rasterizer.ground.labelled = False  # what nobody can read would be a smear in a corner
        painter.drawImage(place * (_SIDE + _GAP), 0, rasterizer.render(view, shot))
    painter.end()
    return picture


class ViewState(NamedTuple):
    """Taken in a few milliseconds; what takes longer may be done on any thread.

    Attributes:
        picture: Of the lanes, see `side_by_side`.
        films: Of every lane, the panels' own going on without them.
    """

    picture: QImage
    films: Mapping[Lane, Film]

    def small(self, width: int = _WIDTH) -> QImage:
        """The picture, no wider than it is looked at, in pixels."""
        return self.picture.scaledToWidth(width, Qt.TransformationMode.SmoothTransformation)

    def png(self) -> bytes:
        """The picture as it is kept in a file."""
        return png_of(self.small())

    def with_films(self, lanes: Mapping[Lane, LaneState]) -> dict[Lane, LaneState]:
        """The lanes with what their panels show; a lane that shows nothing keeps what it had."""
        packed = {lane: film.to_npz_bytes() for lane, film in self.films.items()}
        return {k: replace(s, trace=packed.get(k) or s.trace) for k, s in lanes.items()}


def saved_film(lane: Lane, trace: bytes) -> Film:
    """The film that a lane was saved with, or an empty one if it has none that can be read."""
    if not trace:
        return Film(lane)
    try:
        film = Film.from_npz_bytes(trace)
    except FlowError:
        return Film(lane)  # a picture only: the engine will send another
    film.want(generation=0)  # the engines count generations anew
    return film
