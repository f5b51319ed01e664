"""The point that is asked about: its ledgers follow the models as they train."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from flowengine.protocol import Ledger, Metrics

if TYPE_CHECKING:
    from explorer.training.controller import Controller
    from flowengine.protocol import Event

_EVERY_MS: Final = 500


class PointQuery(QObject):
    """Asks both lanes about one point, and again while they train, twice a second at most."""

    answered = Signal(object)
    """A `Ledger` of the present point."""
    point_changed = Signal(object)
    """The point, or None where nothing is asked any more."""

    def __init__(self, controller: Controller, parent: QObject) -> None:
        super().__init__(parent)
        self._controller = controller
        self._point: tuple[float, float] | None = None
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(_EVERY_MS)
        self._again.timeout.connect(self.ask_again)

    @property
    def point(self) -> tuple[float, float] | None:
        """The point that is asked about."""
        return self._point

    def ask(self, x: float, y: float) -> None:
        """Ask about another point."""
        self._point = (x, y)
        self.point_changed.emit(self._point)
        self.ask_again()

    def ask_again(self) -> None:
        """Ask about the same point, because the models are others now."""
        if self._point is not None:
            self._controller.query(*self._point)

    def drop(self) -> None:
        """Ask about nothing any more."""
        self._again.stop()
        if self._point is not None:
            self._point = None
            self.point_changed.emit(None)

    def receive(self, message: Event) -> None:
        """Take a message of an engine up: an answer, or a sign that the model has moved on."""
        if isinstance(message, Ledger):
            if message.point == self._point:
                self.answered.emit(message)
        elif isinstance(message, Metrics) and self._point and not self._again.isActive():
            self._again.start()
