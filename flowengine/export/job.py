"""An export beside training: a thread of the engine that tells how far it is."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from flowengine.errors import FlowError, phrase
from flowengine.export import run_export
from flowengine.foreign import words_of
from flowengine.protocol import ExportDone, ExportProgress, Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowengine.model import Model
    from flowengine.project import Lane, Project
    from flowengine.protocol import Event, Export


class ExportJob(threading.Thread):
    """Writes a frozen copy of a model, or samples of it, while the lane trains on."""

    def __init__(
        self,
        command: Export,
        flow: Model,
        project: Project,
        lane: Lane,
        send: Callable[[Event], None],
    ) -> None:
        super().__init__(name=f"export {command.request}", daemon=True)
        self._command = command
        self._flow = flow
        self._project = project
        self._lane = lane
        self._send = send
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Give up at the next safe moment; what was written goes away."""
        self._cancelled.set()

    def run(self) -> None:
        """Write, check, and say how it ended."""
        request = self._command.request
        try:
            result = run_export(
                self._flow,
                self._command.format,
                self._command.path,
                project=self._project,
                lane=self._lane,
                count=self._command.count,
                seed=self._command.seed,
                on_progress=self._tell,
                cancelled=self._cancelled.is_set,
            )
        except FlowError as error:
            self._send(Failure(request=request, error=type(error).__name__, text=error.sentence))
        except OSError as error:
            path = self._command.path
            text = phrase(
                "{path} could not be written: {strerror}",
                path=path,
                strerror=words_of(error.strerror or error),
            )
            self._send(Failure(request=request, error="ExportError", text=text))
        else:
            self._send(
                ExportDone(
                    request=request,
                    path=str(result.path),
                    bytes=result.bytes,
                    largest_difference=result.largest_difference,
                    rows=result.rows,
                )
            )

    def _tell(self, done: float, doing: str) -> None:
        self._send(ExportProgress(request=self._command.request, done=done, doing=doing))
