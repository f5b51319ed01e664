"""Work that an engine does in threads beside training, on copies of the model."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from flowengine.continuous.lab import LabJob
from flowengine.export.job import ExportJob

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowengine.continuous import ContinuousFlow
    from flowengine.model import Model
    from flowengine.project import Lane, Project
    from flowengine.protocol import Event, Export, SolverLab

PATIENCE_S = 2.0  # at the end, for an export to take away what it has written


class Beside:
    """Exports, any number of them, and one run of the solver lab."""

    def __init__(self, send: Callable[[Event], None]) -> None:
        self._send = send
        self._exports: dict[int, ExportJob] = {}
        self._lab: LabJob | None = None

    def export(self, command: Export, model: Model, project: Project, lane: Lane) -> None:
        """Take the model away as it is now; the job answers by itself."""
        self._exports = {r: job for r, job in self._exports.items() if job.is_alive()}
        job = ExportJob(command, copy.deepcopy(model).cpu(), project, lane, self._send)
        self._exports[command.request] = job
        job.start()

    def measure_solvers(self, command: SolverLab, flow: ContinuousFlow) -> None:
        """Compare solvers on the flow as it is now; an earlier comparison is given up."""
        if self._lab is not None:
            self._lab.cancel()
        self._lab = LabJob(command, copy.deepcopy(flow).cpu(), self._send)
        self._lab.start()

    def cancel(self, request: int) -> None:
        """Give up an export, if it still runs."""
        if request in self._exports:
            self._exports[request].cancel()

    def end(self) -> None:
        """Give up all exports and leave nothing half written."""
        for job in self._exports.values():
            job.cancel()
        for job in self._exports.values():
            job.join(PATIENCE_S)
