"""What an engine writes: the trained model, or samples of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from explorer.export.jobs import Job, Taken
from explorer.words.languages import integer, number, tr
from flowengine.protocol import ExportDone, ExportProgress, Failure

if TYPE_CHECKING:
    from explorer.export.form import LaneWish
    from explorer.training.controller import Controller
    from flowengine.protocol import Event


class EngineJob(Job):
    """Asks a lane's engine; its messages find the job by the number of the request.

    Args:
        controller: The door to the engines.
        fmt: How it is written, a key of `flowengine.export.FORMATS`.
        wish: Of which lane; for samples, how many and of which seed.
        path: Where to.
    """

    def __init__(
        self, controller: Controller, fmt: Literal["python", "samples"], wish: LaneWish, path: Path
    ) -> None:
        super().__init__()
        self._controller = controller
        self._fmt = fmt
        self._wish = wish
        self._path = path
        self._request = 0
        self._cancelled = False

    def start(self) -> None:
        """Ask for it."""
        wish = self._wish
        self._request = self._controller.export(
            wish.lane, self._fmt, str(self._path), count=wish.points, seed=wish.seed
        )

    def cancel(self) -> None:
        """Ask to give it up; the engine then says that it did."""
        self._cancelled = True
        self._controller.cancel_export(self._request)

    def receive(self, message: Event) -> bool:
        """Take a message of an engine up; gives whether it belonged to this job."""
        if not isinstance(message, ExportProgress | ExportDone | Failure):
            return False
        if not self._request or message.request != self._request:
            return False
        if isinstance(message, ExportProgress):
            if not self._cancelled:
                self.progressed.emit(message.done, message.doing)
        elif isinstance(message, ExportDone):
            self.done.emit(Taken(Path(message.path), message.bytes, _check(message)))
        elif self._cancelled:
            self.given_up.emit()
        else:
            self.failed.emit(message.text)
        return True


def _check(done: ExportDone) -> str:
    if done.rows:
        return tr("read back: {count} points, largest difference {difference}").format(
            count=integer(done.rows), difference=number(done.largest_difference, 2)
        )
    return tr("reloaded: largest difference {difference}").format(
        difference=number(done.largest_difference, 2)
    )
