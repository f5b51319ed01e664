"""When a lane stops by itself."""

from __future__ import annotations

import math

import pytest

from flowengine.errors import SpecError
from flowengine.project import StopRule
from flowengine.stopping import stop_reason
from flowengine.trainer import Trainer
from flowengine.training import train
from tests.engine.trainers import advance, project


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (StopRule(kind="steps", value=4), "4 steps"),
        (StopRule(kind="time", value=1e-6), "s of training"),
        (StopRule(kind="kl", value=50.0), "KL reached"),
    ],
)
def test_stop_rules_say_why(rule, reason):
    trainer = Trainer(project(), "discrete")
    assert stop_reason(trainer, rule) is None
    advance(trainer, 4)
    trainer.evaluate()
    assert reason in stop_reason(trainer, rule)
    assert stop_reason(trainer, StopRule()) is None


def test_plateau_is_noticed_only_when_kl_has_stopped_falling():
    trainer = Trainer(project(), "discrete")
    trainer.step_count = 2000
    falling = [(s, 0.0, 0.0, 1.0 - s / 2000) for s in range(0, 2001, 100)]
    trainer.history = falling
    assert stop_reason(trainer, StopRule(kind="plateau")) is None
    trainer.history = [(s, v, v, max(k, 0.6)) for s, v, _, k in falling]
    assert "stopped falling" in stop_reason(trainer, StopRule(kind="plateau"))


def test_a_plateau_is_one_of_the_present_target():
    trainer = Trainer(project(), "discrete")
    trainer.step_count = 2000
    flat = [(s, 0.0, 2.0, 0.6, 0.1) for s in range(0, 2001, 100)]
    trainer.history = [*flat[:-3], (1700, 0.0, math.inf, math.nan, math.nan), *flat[-3:]]
    assert stop_reason(trainer, StopRule(kind="plateau")) is None


def test_train_until_kl_stops_there():
    trainer = Trainer(project(), "discrete")
    report = train(trainer, until_kl=0.9, seconds=60)
    assert report.stopped_by == "kl"
    assert report.kl <= 0.9


def test_train_without_a_limit_is_refused():
    with pytest.raises(SpecError, match="limit"):
        train(Trainer(project(), "discrete"))
