"""What points pass through between base and target: of a batch, and of one point in figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor

    from flowengine.protocol import LedgerRow


class Trace(NamedTuple):
    """What a batch passes through, by ascending clock, whichever side it started from.

    Attributes:
        tau: Shape (frames,), float32, from 0 at the base to 1 at the target.
        positions: Shape (frames, batch, 2), in data units, also those of the base and on the way:
            all are shown through the flow's frame.
        log_det: Shape (frames, batch): log|det| of the map from the base, as it is shown, to this
            frame, in nats.
        log_prob: Shape (frames, batch): log-density of the model at this frame, in nats.
    """

    tau: Tensor
    positions: Tensor
    log_det: Tensor
    log_prob: Tensor


class LedgerPage(NamedTuple):
    """The change of variables of one point, written out.

    Attributes:
        rows: From the base (first row, log_det 0) to the point itself, in the flow's normalized
            coordinates; where these are not data units, the last row leads there.
        log_prob: log p(x), in nats; equal to the last row's.
        round_trip_error: Distance between the point and forward(inverse(point)), in data units.
    """

    rows: tuple[LedgerRow, ...]
    log_prob: float
    round_trip_error: float
