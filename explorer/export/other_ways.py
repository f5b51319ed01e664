"""Films of the direction that the window does not show, so that a page can show both."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from explorer.export.page_film import densities
from explorer.panels.film import Film
from flowengine.project import FLOW_LANES
from flowengine.protocol import HeatFrame, ParticleFrames

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from explorer.training.controller import Controller
    from flowengine.project import Lane
    from flowengine.protocol import Direction, Event

PATIENCE_MS: Final = 60_000  # without anything new, on a machine that has much else to do
_NO_WAY_BACK: Final = ("gan",)  # whose generator has no inverse


class OtherWays(QObject):
    """Asks the engines for the other direction, and for the shown one again when it has come.

    The panels keep their pictures meanwhile: they take no frames of another direction.

    Args:
        controller: Whose engines are asked.
        shown: The films of the panels.
        direction: Gives the direction that the window shows.
    """

    done = Signal(dict)
    """A film for each lane that has the other way and whose engine has sent it."""
    progressed = Signal(float)
    """How much has come, from 0 to 1."""

    def __init__(
        self,
        controller: Controller,
        shown: Mapping[Lane, Film],
        direction: Callable[[], Direction],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._direction = direction
        self._other: Direction = "normalize" if direction() == "generate" else "generate"
        self._gatherings = {
            lane: _Gathering(film, self._other)
            for lane, film in shown.items()
            if lane not in _NO_WAY_BACK and not film.empty
        }
        self._asking = False
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.timeout.connect(self._finish)

    def start(self) -> None:
        """Ask; `done` comes soon where nothing can be asked."""
        self._asking = True
        self._controller.message.connect(self._take)
        self._controller.set_view(direction=self._other)
        can_ask = bool(self._gatherings) and self._controller.running
        self._patience.start(PATIENCE_MS if can_ask else 0)

    def stop(self) -> None:
        """Ask no more, and have the engines send again what is shown; `done` does not follow."""
        if self._asking:
            self._asking = False
            self._patience.stop()
            self._controller.message.disconnect(self._take)
            self._controller.set_view(direction=self._direction())

    def _take(self, lane: Lane, message: Event) -> None:
        gathering = self._gatherings.get(lane)
        if gathering is None or not gathering.take(message):
            return
        self._patience.start(PATIENCE_MS)
        shares = [each.share for each in self._gatherings.values()]
        self.progressed.emit(sum(shares) / len(shares))
        if min(shares) >= 1:
            self._finish()

    def _finish(self) -> None:
        self.stop()
        films = {lane: each.film() for lane, each in self._gatherings.items()}
        self.done.emit({lane: film for lane, film in films.items() if film is not None})


class _Gathering:
    """What has come so far for one lane's other film; a density that is not whole is left out."""

    def __init__(self, shown: Film, direction: Direction) -> None:
        self._shown = shown
        self._direction = direction
        self._wants_heat = shown.lane in FLOW_LANES and bool(densities(shown))
        self._begin(0)

    def _begin(self, generation: int) -> None:
        self._generation = generation
        self._film = Film(self._shown.lane, self._direction)
        self._film.transitions = False
        self._slices: dict[int, float] = {}
        self._heat: dict[int, HeatFrame] = {}

    def take(self, message: Event) -> bool:
        """Take the frames of a message; gives whether more has come than there was."""
        generation = getattr(message, "generation", self._generation)
        if generation > self._generation:
            self._begin(generation)
        before = self.share
        if isinstance(message, HeatFrame):
            if generation == self._generation and message.direction == self._direction:
                self._heat[message.index] = message
        elif self._film.take(message, 0.0) and isinstance(message, ParticleFrames):
            self._slices[message.first] = message.positions.shape[1] / message.total
        return self.share > before

    @property
    def share(self) -> float:
        """How much of the film has come, from 0 to 1."""
        wanted = [self._particles, self._densities] if self._wants_heat else [self._particles]
        wanted += [float(self._film.has_grid)] if self._shown.has_grid else []
        wanted += [float(_has_field(self._film))] if _has_field(self._shown) else []
        return sum(wanted) / len(wanted)

    @property
    def _particles(self) -> float:
        known = sum(self._slices.values())
        return 1.0 if math.isclose(known, 1) else known

    @property
    def _densities(self) -> float:
        return max((len(self._heat) / frame.frames for frame in self._heat.values()), default=0.0)

    def film(self) -> Film | None:
        """The film, if it is of the model that is shown."""
        if self._particles < 1 or self._generation != self._shown.generation:
            return None
        if self._densities == 1:
            for frame in self._heat.values():
                self._film.take(frame, 0.0)
        return self._film


def _has_field(film: Film) -> bool:
    return film.field(0.0, math.inf) is not None
