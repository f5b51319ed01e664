"""Commands: from the window to an engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from msgspec import Meta

from flowengine.catalogue import AnyBase, AnyContinuous, AnyLayer, GanSpec, VaeSpec
from flowengine.project import Lane, LaneState, Project, StopRule, TargetSpec
from flowengine.protocol.message import Direction, Message

if TYPE_CHECKING:
    from collections.abc import Sequence


class Load(Message, tag="load"):
    """Take up a lane of a project, with what training has made of it so far (`project.lanes`)."""

    lane: Lane
    project: Project
    state: LaneState = LaneState()
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    generation: int = 0
    training: bool = False


class Pause(Message, tag="pause"):
    """Stop training after the step in progress; queries are still answered."""


class Resume(Message, tag="resume"):
    """Train on."""


class Step(Message, tag="step"):
    """Make `count` training steps, then rest."""

    count: Annotated[int, Meta(ge=1)] = 1


class Reset(Message, tag="reset"):
    """Start again from the first step, with the seed given."""

    seed: int
    generation: int


class SetHyperparameter(Message, tag="set"):
    """Change one field of the lane's recipe between two steps."""

    name: str
    value: float | int | str


class SetStopRule(Message, tag="stop_rule"):
    """Change when training ends by itself."""

    rule: StopRule


class ReplaceTarget(Message, tag="target"):
    """Fit another density from the next step on, starting from the present weights."""

    target: TargetSpec
    generation: int


class EditStack(Message, tag="stack"):
    """Take up another stack; layers whose id and shape are the same keep their weights."""

    stack: tuple[AnyLayer, ...]
    generation: int


class EditContinuous(Message, tag="continuous"):
    """Take up another continuous flow; weights are kept where the network is the same."""

    continuous: AnyContinuous
    generation: int


class EditBase(Message, tag="base"):
    """Start from another base distribution; the flow keeps its weights."""

    base: AnyBase
    generation: int


class EditBaseline(Message, tag="baseline"):
    """Take up another VAE or GAN, in its own lane; weights are kept where they still fit."""

    baseline: VaeSpec | GanSpec
    generation: int


class SetDevice(Message, tag="device"):
    """Go on on another device."""

    device: Literal["auto", "cpu", "cuda", "mps"]


class SetView(Message, tag="view"):
    """Say what the window shows, so that the engine computes this and nothing else."""

    direction: Direction = "generate"
    particles: Annotated[int, Meta(ge=0, le=1_000_000)] = 10_000
    heat: bool = True
    grid: bool = True
    field: bool = True
    exact_field: bool = False
    visible: bool = True


class Query(Message, tag="query"):
    """Ask for the ledger of a point of data space, shape (2,)."""

    request: int
    point: tuple[float, float]


class Trace(Message, tag="trace"):
    """Ask for the key frames of any points, shape (n, 2), from the side that `direction` names."""

    request: int
    points: np.ndarray
    direction: Direction = "generate"


class SolverLab(Message, tag="solver_lab"):
    """Ask how exact each solver follows the lane's field as it is now; takes some seconds."""

    request: int
    points: Annotated[int, Meta(ge=1, le=4096)] = 128


class Checkpoint(Message, tag="checkpoint"):
    """Ask for the lane's whole state; `measured` if its curves must end at its last step.

    To measure may take longer than a person waits for a picture of what was drawn.
    """

    request: int
    measured: bool = True


class Export(Message, tag="export"):
    """Write the trained model, or `count` samples of it, to `path` in the background."""

    request: int
    format: str
    path: str
    count: Annotated[int, Meta(ge=1)] = 10_000
    seed: Annotated[int, Meta(ge=0)] = 0


class CancelExport(Message, tag="cancel_export"):
    """Give up an export; what was written of it goes away."""

    request: int


class Stop(Message, tag="stop"):
    """End the process."""


Command = (
    Load
    | Pause
    | Resume
    | Step
    | Reset
    | SetHyperparameter
    | SetStopRule
    | ReplaceTarget
    | EditStack
    | EditContinuous
    | EditBase
    | EditBaseline
    | SetDevice
    | SetView
    | Query
    | Trace
    | SolverLab
    | Checkpoint
    | Export
    | CancelExport
    | Stop
)

# A later one of these makes an earlier one pointless: a stroke sends ten targets a second.
_SUPERSEDED = (ReplaceTarget, EditStack, EditContinuous, EditBase, EditBaseline, SetView)


def is_superseded(command: Command, later: Sequence[Command | None]) -> bool:
    """Whether a command need not be carried out, because of those that came after it."""
    return isinstance(command, _SUPERSEDED) and any(type(c) is type(command) for c in later)
