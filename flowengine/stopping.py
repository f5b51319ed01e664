"""When training ends by itself."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from flowengine.checkpoint import HISTORY_COLUMNS, is_change
from flowengine.errors import Sentence, phrase

if TYPE_CHECKING:
    from flowengine.project import StopRule
    from flowengine.trainer import Trainer

PLATEAU_NATS = 2e-3
PLATEAU_STEPS = 500
PLATEAU_SHARE = 0.5


def stop_reason(trainer: Trainer, rule: StopRule) -> Sentence | None:
    """A sentence that says why training should end now, or None while it should go on.

    A plateau is reached when the best KL of the later half of the run, and of no fewer than
    `PLATEAU_STEPS` steps, is not `PLATEAU_NATS` (or the rule's own value) better than the best
    before it; in a lane without a likelihood, when its W2 is not, in normalized units. No KL of
    what is not a density ends anything.
    """
    if rule.kind == "steps" and trainer.step_count >= rule.value:
        return phrase("{step_count} steps are done", step_count=trainer.step_count)
    if rule.kind == "time" and trainer.seconds >= rule.value:
        return phrase("{seconds} s of training are over", seconds=f"{trainer.seconds:.1f}")
    if rule.kind == "kl" and trainer.history and trainer.history[-1][3] <= rule.value:
        kl = trainer.confirmed().kl
        if kl is not None and kl <= rule.value and trainer.mass.is_one:
            return phrase("KL reached {kl} nats", kl=f"{kl:.3g}")
    if rule.kind == "plateau":
        figure = "w2" if trainer.average.likelihood == "none" else "kl"
        unit = max(trainer.target.frame.scale) if figure == "w2" else 1.0
        flat = _is_flat(trainer, figure, (rule.value or PLATEAU_NATS) * unit)
        if flat and (figure == "w2" or trainer.mass.is_one):
            return phrase("{figure} has stopped falling", figure=figure.upper())
    return None


def _is_flat(trainer: Trainer, figure: str, margin: float) -> bool:
    since = trainer.step_count - max(PLATEAU_STEPS, int(PLATEAU_SHARE * trainer.step_count))
    column = HISTORY_COLUMNS.index(figure)
    rows = list(itertools.takewhile(lambda row: not is_change(row), reversed(trainer.history)))
    known = [(row[0], row[column]) for row in rows if not math.isnan(row[column])]
    before = [value for step, value in known if step <= since]
    after = [value for step, value in known if step > since]
    return bool(before and after) and min(after) > min(before) - margin
