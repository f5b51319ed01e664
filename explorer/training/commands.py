"""From two versions of a document to the commands that lead an engine from one to the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowengine.project import BASELINE_LANES
from flowengine.protocol import (
    EditBase,
    EditBaseline,
    EditContinuous,
    EditStack,
    ReplaceTarget,
    Reset,
    SetHyperparameter,
    SetStopRule,
)

if TYPE_CHECKING:
    from flowengine.project import Lane, Project
    from flowengine.protocol import Command


def changes_structure(lane: Lane, old: Project, new: Project) -> bool:
    """Whether pictures of `old` must not be shown as pictures of `new`."""
    return old.target != new.target or old.seed != new.seed or _models_differ(lane, old, new)


def _models_differ(lane: Lane, old: Project, new: Project) -> bool:
    if lane in BASELINE_LANES:  # these start from a normal whatever the flows start from
        return bool(getattr(old, lane) != getattr(new, lane))
    own = "stack" if lane == "discrete" else "continuous"
    return old.base != new.base or bool(getattr(old, own) != getattr(new, own))


def commands_between(lane: Lane, old: Project, new: Project, generation: int) -> list[Command]:
    """The fewest commands that take a lane's engine from one document to another."""
    commands: list[Command] = []
    if old.target != new.target:
        commands.append(ReplaceTarget(target=new.target, generation=generation))
    if old.base != new.base and lane not in BASELINE_LANES:
        commands.append(EditBase(base=new.base, generation=generation))
    if lane == "discrete" and old.stack != new.stack:
        commands.append(EditStack(stack=new.stack, generation=generation))
    if lane == "continuous" and old.continuous != new.continuous:
        commands.append(EditContinuous(continuous=new.continuous, generation=generation))
    if lane in BASELINE_LANES and getattr(old, lane) != getattr(new, lane):
        commands.append(EditBaseline(baseline=getattr(new, lane), generation=generation))
    before, after = getattr(old.training, lane), getattr(new.training, lane)
    for name in after.__struct_fields__:
        value = getattr(after, name)
        if value != getattr(before, name):
            commands.append(SetHyperparameter(name=name, value=value))
    if old.training.stop != new.training.stop:
        commands.append(SetStopRule(rule=new.training.stop))
    if old.seed != new.seed:
        commands.append(Reset(seed=new.seed, generation=generation))
    return commands
