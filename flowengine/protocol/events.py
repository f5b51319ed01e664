"""Events: from an engine to the window."""

from __future__ import annotations

from typing import Literal

import numpy as np
from msgspec import Struct

from flowengine.errors import Sentence
from flowengine.project import Lane, LaneState
from flowengine.protocol.message import Direction, Message


class DeviceInfo(Struct, frozen=True):
    """A device that this engine can train on."""

    kind: Literal["cpu", "cuda", "mps"]
    name: str


class Ready(Message, tag="ready"):
    """The engine has started; the first event of all."""

    devices: tuple[DeviceInfo, ...]
    torch: str
    pid: int


class LaneStatus(Message, tag="status"):
    """What the lane is doing now; sent after every change."""

    lane: Lane
    generation: int
    state: Literal["training", "paused", "stopped", "blocked"]
    step: int
    device: str
    weights: int
    reason: Sentence = Sentence("")


class Metrics(Message, tag="metrics"):
    """Figures of the lane on its held-out points, in nats. `seconds` is training time alone.

    Attributes:
        nll: None where the model has no likelihood.
        kl: Likewise.
        bound: "iwae" where nll and kl are upper bounds, by that bound on the likelihood: a figure
            is then written "KL ≤". None where they are exact.
        w2: Sliced 2-Wasserstein distance of the model's samples, in data units; it is measured
            seldom, and None where it was not.
        mass: ∫ q dx over the whole plane, where the model has a likelihood: measured every few
            seconds. Where it is not 1, nll and kl are those of the density q / mass; None where it
            could not be measured, and so are they.
        mass_error: What it may be off by.
        normalized: Whether nothing that was measured speaks against a density.
        steps: Of a continuous flow: the solver's steps in force; None where they are not known.
        steps_error: What they leave of an error in log_prob, in nats; None where it is not known.
    """

    lane: Lane
    generation: int
    step: int
    seconds: float
    steps_per_second: float
    loss: float
    nll: float | None
    kl: float | None
    entropy: float
    bound: Literal["iwae"] | None = None
    w2: float | None = None
    mass: float | None = None
    mass_error: float | None = None
    normalized: bool = True
    steps: int | None = None
    steps_error: float | None = None


class ParticleFrames(Message, tag="particles"):
    """Key frames of some of the particles: those from index `first` on.

    Attributes:
        tau: Shape (frames,), ascending from 0 to 1.
        positions: Shape (frames, n, 2), float32, in normalized coordinates, as in all pictures:
            the target's extent is [-4, 4]² there.
        total: How many particles there are in all.
    """

    lane: Lane
    generation: int
    step: int
    direction: Direction
    tau: np.ndarray
    first: int
    total: int
    positions: np.ndarray


class GridFrames(Message, tag="grid"):
    """Key frames of a square mesh of the base, which the panel draws as the warped grid.

    Attributes:
        positions: Shape (frames, rows, columns, 2), float32.
        log_det: Shape (frames, rows, columns): log|det| accumulated from the base, in nats.
    """

    lane: Lane
    generation: int
    step: int
    tau: np.ndarray
    positions: np.ndarray
    log_det: np.ndarray


class HeatFrame(Message, tag="heat"):
    """The exact density at one moment of the clock.

    Attributes:
        index: Which of the `frames` equally spaced moments: tau = index / (frames - 1).
        density: Shape (n, n), float32, row 0 at y_min, at the cell centres of `extent`.
    """

    lane: Lane
    generation: int
    step: int
    direction: Direction
    index: int
    frames: int
    extent: tuple[float, float, float, float]
    density: np.ndarray


class FieldFrames(Message, tag="field"):
    """The velocity of a continuous flow on a square mesh of `extent`.

    Attributes:
        tau: Shape (frames,).
        velocity: Shape (frames, n, n, 2), data units per unit of t; row 0 at y_min.
        exact: Not the field that was learned, but the one that it should be.
    """

    lane: Lane
    generation: int
    step: int
    extent: tuple[float, float, float, float]
    tau: np.ndarray
    velocity: np.ndarray
    exact: bool = False


class LayerFact(Struct, frozen=True):
    """What a layer's card shows.

    Attributes:
        mean_log_det: Mean log|det| over the lane's latent batch, in nats.
        grid: Shape (n, n, 2): where the layer alone sends a square mesh of [-3, 3]².
    """

    id: str
    weights: int
    mean_log_det: float
    grid: np.ndarray


class LayerFacts(Message, tag="layers"):
    """The facts of every enabled layer, in the order of the stack."""

    generation: int
    step: int
    layers: tuple[LayerFact, ...]


class LedgerRow(Struct, frozen=True):
    """One line of a ledger.

    Attributes:
        layer: The layer's id, `"base"`, `"units"`, or for a continuous flow `"t"`.
        title: The layer's name, or the time.
        tau: The clock after this line.
        position: Where the point is after this line: in normalized coordinates, but for the line
            `"units"`, which leads from there to data units and is left out where both are the same.
        log_det: log|det J| of this line alone, in nats.
        log_prob: The density after this line: base log-density minus the log_dets so far.
        jacobian: 2x2 Jacobian of this line, row-major.
    """

    layer: str
    title: str
    tau: float
    position: tuple[float, float]
    log_det: float
    log_prob: float
    jacobian: tuple[float, float, float, float]


class Ledger(Message, tag="ledger"):
    """The change of variables of one point, from the base to the point itself.

    Attributes:
        target_log_prob: What the target has there, in nats: -inf where its density is 0, which
            MessagePack carries as it is; None where it is not known.
    """

    lane: Lane
    generation: int
    request: int
    point: tuple[float, float]
    rows: tuple[LedgerRow, ...]
    log_prob: float
    target_log_prob: float | None
    round_trip_error: float


class TraceReply(Message, tag="traced"):
    """The answer to `Trace`; see `ParticleFrames` for the shapes."""

    request: int
    tau: np.ndarray
    positions: np.ndarray
    log_det: np.ndarray


class SolverLabRow(Struct, frozen=True, kw_only=True):
    """What a solver came to.

    Attributes:
        solver: Its name, as in a project.
        steps: Fixed steps from base to target; 0 for one that chooses its own.
        tolerance: Of such a one; 0 for the others.
        evaluations: Of the field, to carry the points from the base to the target.
        log_prob_evaluations: Of the field and its divergence, for their log_prob.
        position_error: Mean distance from the reference, in normalized coordinates.
        log_prob_error: Mean absolute difference from the reference, in nats.
    """

    solver: str
    steps: int = 0
    tolerance: float = 0.0
    evaluations: int
    log_prob_evaluations: int
    position_error: float
    log_prob_error: float


class SolverLabReply(Message, tag="solver_lab_done"):
    """The answer to `SolverLab`: the fixed-step solvers, coarse steps first, then dopri5."""

    request: int
    rows: tuple[SolverLabRow, ...]


class CheckpointReply(Message, tag="checkpointed"):
    """The lane's whole state; `request` is 0 for one that the engine sent by itself."""

    lane: Lane
    generation: int
    request: int
    state: LaneState


class ExportProgress(Message, tag="export_progress"):
    """How far an export is: `done` from 0 to 1, and what is being done."""

    request: int
    done: float
    doing: str


class ExportDone(Message, tag="exported"):
    """An export ended well.

    Attributes:
        bytes: Size of everything written.
        largest_difference: Of log_prob and samples after reloading, against the engine.
        rows: How many samples were read back; 0 for a model.
    """

    request: int
    path: str
    bytes: int
    largest_difference: float
    rows: int = 0


class Notice(Message, tag="notice"):
    """Something a person should know, in a sentence; training goes on.

    Attributes:
        remedy: What would keep it from happening again: a learning rate half as high, or nothing.
    """

    lane: Lane
    text: Sentence
    remedy: Literal["", "halve_rate"] = ""


class Failure(Message, tag="failure"):
    """A command could not be carried out; `request` is the query's, or 0."""

    request: int
    error: str
    text: Sentence


Event = (
    Ready
    | LaneStatus
    | Metrics
    | ParticleFrames
    | GridFrames
    | HeatFrame
    | FieldFrames
    | LayerFacts
    | Ledger
    | TraceReply
    | SolverLabReply
    | CheckpointReply
    | ExportProgress
    | ExportDone
    | Notice
    | Failure
)
