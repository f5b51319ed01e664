"""What an engine answers when it is asked about points."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from flowengine.protocol import Ledger, TraceReply

if TYPE_CHECKING:
    from flowengine.protocol import Query, Trace
    from flowengine.trainer import Trainer


def ledger_of(trainer: Trainer, query: Query, generation: int) -> Ledger:
    """The change of variables of a point under the averaged model, written out.

    Raises:
        ShapeError: it is no point.
        AbsentError: the model has no ledger.
    """
    page = trainer.average.ledger(query.point)
    point = torch.tensor([trainer.frame.normal(query.point)], device=trainer.device)
    target = float(trainer.normal_target.log_prob(point)) - trainer.frame.log_area
    return Ledger(
        lane=trainer.lane,
        generation=generation,
        request=query.request,
        point=query.point,
        rows=page.rows,
        log_prob=page.log_prob,
        target_log_prob=None if math.isnan(target) else target,
        round_trip_error=page.round_trip_error,
    )


def trace_of(trainer: Trainer, wish: Trace) -> TraceReply:
    """What points pass through under the averaged model.

    Raises:
        ShapeError: they are no points.
    """
    flow = trainer.average
    wide = flow.frame.is_fine and trainer.device.type != "mps" and wish.direction == "normalize"
    kind = torch.float64 if wide else torch.float32
    points = torch.tensor(wish.points, dtype=kind, device=trainer.device)
    trace = (flow.trace if wish.direction == "generate" else flow.inverse_trace)(points)
    tau, positions, log_det, _ = (part.cpu().numpy() for part in trace)
    return TraceReply(request=wish.request, tau=tau, positions=positions, log_det=log_det)
