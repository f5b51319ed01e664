"""What the panels show at a moment, ready to be kept: a picture of them, and their films."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.structs import replace
from PySide6.QtCore import QBuffer, Qt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QImage

    from explorer.panels.film import Film
    from flowengine.project import Lane, LaneState

_WIDTH: Final = 480


class Look(NamedTuple):
    """Taken in a few milliseconds; what takes longer may be done on any thread.

    Attributes:
        picture: Of the panels.
        films: Of every lane, the panels' own going on without them.
    """

    picture: QImage
    films: Mapping[Lane, Film]

    def small(self, width: int = _WIDTH) -> QImage:
        """The picture, no wider than it is looked at, in pixels."""
        return self.picture.scaledToWidth(width, Qt.TransformationMode.SmoothTransformation)

    def png(self) -> bytes:
        """The picture as it is kept in a file."""
        buffer = QBuffer()
        buffer.open(QBuffer.OpenModeFlag.WriteOnly)
        self.small().save(buffer, "PNG")
        return bytes(buffer.data().data())

    def with_films(self, lanes: Mapping[Lane, LaneState]) -> dict[Lane, LaneState]:
        """The lanes with what their panels show; a lane that shows nothing keeps what it had."""
        packed = {lane: film.to_npz_bytes() for lane, film in self.films.items()}
        return {k: replace(s, trace=packed.get(k) or s.trace) for k, s in lanes.items()}
