"""What the window and an engine say to each other, and how it is framed on a pipe.

A frame is a 4-byte little-endian length and that many bytes of MessagePack. Arrays travel as raw
little-endian buffers with dtype and shape; nothing is ever unpickled. Loads no torch.

Display frames share one clock: `tau` runs from 0 at the base to 1 at the target, in both
directions, and all key frames of a lane are listed by ascending `tau`. For a discrete stack of K
layers, layer k acts while `tau` lies in [k/K, (k+1)/K]; for a continuous flow `tau` is t.
"""

from __future__ import annotations

import struct
from typing import IO, TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta, Struct

from flowengine.arrays import FrozenArray
from flowengine.catalogue import AnyBase, AnyContinuous, AnyLayer, GanSpec, VaeSpec
from flowengine.errors import ProtocolError
from flowengine.project import Lane, LaneState, Project, StopRule, TargetSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_FRAME = 1 << 30
Direction = Literal["generate", "normalize"]


class _Message(Struct, frozen=True, kw_only=True, tag_field="type"):
    """One frame."""


# --- commands: window to engine -----------------------------------------------------------------


class Load(_Message, tag="load"):
    """Take up a lane of a project, with what training has made of it so far (`project.lanes`)."""

    lane: Lane
    project: Project
    state: LaneState = LaneState()
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    generation: int = 0
    training: bool = False


class Pause(_Message, tag="pause"):
    """Stop training after the step in progress; queries are still answered."""


class Resume(_Message, tag="resume"):
    """Train on."""


class Step(_Message, tag="step"):
    """Make `count` training steps, then rest."""

    count: Annotated[int, Meta(ge=1)] = 1


class Reset(_Message, tag="reset"):
    """Start again from the first step, with the seed given."""

    seed: int
    generation: int


class SetHyperparameter(_Message, tag="set"):
    """Change one field of the lane's recipe between two steps."""

    name: str
    value: float | int | str


class SetStopRule(_Message, tag="stop_rule"):
    """Change when training ends by itself."""

    rule: StopRule


class ReplaceTarget(_Message, tag="target"):
    """Fit another density from the next step on, starting from the present weights."""

    target: TargetSpec
    generation: int


class EditStack(_Message, tag="stack"):
    """Take up another stack; layers whose id and shape are the same keep their weights."""

    stack: tuple[AnyLayer, ...]
    generation: int


class EditContinuous(_Message, tag="continuous"):
    """Take up another continuous flow; weights are kept where the network is the same."""

    continuous: AnyContinuous
    generation: int


class EditBase(_Message, tag="base"):
    """Start from another base distribution; the flow keeps its weights."""

    base: AnyBase
    generation: int


class EditBaseline(_Message, tag="baseline"):
    """Take up another VAE or GAN, in its own lane; weights are kept where they still fit."""

    baseline: VaeSpec | GanSpec
    generation: int


class SetDevice(_Message, tag="device"):
    """Go on on another device."""

    device: Literal["auto", "cpu", "cuda", "mps"]


class SetView(_Message, tag="view"):
    """Say what the window shows, so that the engine computes this and nothing else."""

    direction: Direction = "generate"
    particles: Annotated[int, Meta(ge=0, le=1_000_000)] = 10_000
    heat: bool = True
    grid: bool = True
    field: bool = True
    exact_field: bool = False
    visible: bool = True


class Query(_Message, tag="query"):
    """Ask for the ledger of a point of data space, shape (2,)."""

    request: int
    point: tuple[float, float]


class Trace(_Message, tag="trace"):
    """Ask for the key frames of any points, shape (n, 2), from the side that `direction` names."""

    request: int
    points: np.ndarray
    direction: Direction = "generate"


class SolverLab(_Message, tag="solver_lab"):
    """Ask how exact each solver follows the lane's field as it is now; takes some seconds."""

    request: int
    points: Annotated[int, Meta(ge=1, le=4096)] = 128


class Checkpoint(_Message, tag="checkpoint"):
    """Ask for the lane's whole state."""

    request: int


class Export(_Message, tag="export"):
    """Write the trained model to `path` in the background."""

    request: int
    format: str
    path: str


class CancelExport(_Message, tag="cancel_export"):
    """Give up an export; what was written of it goes away."""

    request: int


class Stop(_Message, tag="stop"):
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


# --- events: engine to window -------------------------------------------------------------------


class DeviceInfo(Struct, frozen=True):
    """A device that this engine can train on."""

    kind: Literal["cpu", "cuda", "mps"]
    name: str


class Ready(_Message, tag="ready"):
    """The engine has started; the first event of all."""

    devices: tuple[DeviceInfo, ...]
    torch: str
    pid: int


class LaneStatus(_Message, tag="status"):
    """What the lane is doing now; sent after every change."""

    lane: Lane
    generation: int
    state: Literal["training", "paused", "stopped", "blocked"]
    step: int
    device: str
    weights: int
    reason: str = ""


class Metrics(_Message, tag="metrics"):
    """Figures of the lane on its held-out points, in nats. `seconds` is training time alone.

    Attributes:
        nll: None where the model has no likelihood.
        kl: Likewise.
        bound: "iwae" where nll and kl are upper bounds, by that bound on the likelihood: a figure
            is then written "NLL ≤". None where they are exact.
        w2: Sliced 2-Wasserstein distance of the model's samples, in data units; it is measured
            seldom, and None where it was not.
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


class ParticleFrames(_Message, tag="particles"):
    """Key frames of some of the particles: those from index `first` on.

    Attributes:
        tau: Shape (frames,), ascending from 0 to 1.
        positions: Shape (frames, n, 2), float32, in data units.
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


class GridFrames(_Message, tag="grid"):
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


class HeatFrame(_Message, tag="heat"):
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


class FieldFrames(_Message, tag="field"):
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


class LayerFacts(_Message, tag="layers"):
    """The facts of every enabled layer, in the order of the stack."""

    generation: int
    step: int
    layers: tuple[LayerFact, ...]


class LedgerRow(Struct, frozen=True):
    """One line of a ledger.

    Attributes:
        layer: The layer's id, or `"base"`, or for a continuous flow `"t"`.
        title: The layer's name, or the time.
        tau: The clock after this line.
        position: Where the point is after this line, in data units.
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


class Ledger(_Message, tag="ledger"):
    """The change of variables of one point, from the base to the point itself."""

    lane: Lane
    generation: int
    request: int
    point: tuple[float, float]
    rows: tuple[LedgerRow, ...]
    log_prob: float
    target_log_prob: float | None
    round_trip_error: float


class TraceReply(_Message, tag="traced"):
    """The answer to `Trace`; see `ParticleFrames` for the shapes."""

    request: int
    tau: np.ndarray
    positions: np.ndarray
    log_det: np.ndarray


class SolverLabRow(Struct, frozen=True, kw_only=True):
    """What a solver came to.

    Attributes:
        solver: Its name, as in a project.
        steps: Equal steps from base to target; 0 for one that chooses its own.
        tolerance: Of such a one; 0 for the others.
        evaluations: Of the field, to carry the points from the base to the target.
        log_prob_evaluations: Of the field and its divergence, for their log_prob.
        position_error: Mean distance from the reference, in data units.
        log_prob_error: Mean absolute difference from the reference, in nats.
    """

    solver: str
    steps: int = 0
    tolerance: float = 0.0
    evaluations: int
    log_prob_evaluations: int
    position_error: float
    log_prob_error: float


class SolverLabReply(_Message, tag="solver_lab_done"):
    """The answer to `SolverLab`: the fixed-step solvers, coarse steps first, then dopri5."""

    request: int
    rows: tuple[SolverLabRow, ...]


class CheckpointReply(_Message, tag="checkpointed"):
    """The lane's whole state; `request` is 0 for one that the engine sent by itself."""

    lane: Lane
    generation: int
    request: int
    state: LaneState


class ExportProgress(_Message, tag="export_progress"):
    """How far an export is: `done` from 0 to 1, and what is being done."""

    request: int
    done: float
    doing: str


class ExportDone(_Message, tag="exported"):
    """An export ended well.

    Attributes:
        bytes: Size of everything written.
        largest_difference: Of log_prob and samples after reloading, against the engine.
    """

    request: int
    path: str
    bytes: int
    largest_difference: float


class Notice(_Message, tag="notice"):
    """Something a person should know, in a sentence; training goes on.

    Attributes:
        remedy: What would keep it from happening again: a learning rate half as high, or nothing.
    """

    lane: Lane
    text: str
    remedy: Literal["", "halve_rate"] = ""


class Failure(_Message, tag="failure"):
    """A command could not be carried out; `request` is the query's, or 0."""

    request: int
    error: str
    text: str


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


# --- frames on a pipe ---------------------------------------------------------------------------

_DTYPES = {"<f4", "<f8", "<f2", "<i4", "<i8", "|u1"}


def _pack(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, FrozenArray):
        value = value.values
    if isinstance(value, np.ndarray):
        array = np.ascontiguousarray(value)
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        return {"dtype": array.dtype.str, "shape": array.shape, "data": array.tobytes()}
    raise NotImplementedError(f"{type(value).__name__} does not travel")


def _unpack(kind: type, value: Any) -> Any:  # noqa: ANN401
    if kind is not np.ndarray and kind is not FrozenArray:
        raise NotImplementedError
    dtype, shape, data = value["dtype"], value["shape"], value["data"]
    if dtype not in _DTYPES:
        raise ValueError(f"expected an array of {sorted(_DTYPES)}, got {dtype!r}")
    array: NDArray[Any] = np.frombuffer(data, dtype=dtype).reshape(shape)
    return array if kind is np.ndarray else FrozenArray(array)


_encoder = msgspec.msgpack.Encoder(enc_hook=_pack)
_commands = msgspec.msgpack.Decoder(Command, dec_hook=_unpack)
_events = msgspec.msgpack.Decoder(Event, dec_hook=_unpack)


def encode(message: Command | Event) -> bytes:
    """The bytes of a message, without the length."""
    return _encoder.encode(message)


def decode_command(data: bytes) -> Command:
    """Read a command.

    Raises:
        ProtocolError: the bytes are no command.
    """
    return _decode(_commands, data)  # type: ignore[no-any-return]


def decode_event(data: bytes) -> Event:
    """Read an event.

    Raises:
        ProtocolError: the bytes are no event.
    """
    return _decode(_events, data)  # type: ignore[no-any-return]


def _decode(decoder: msgspec.msgpack.Decoder[Any], data: bytes) -> Any:  # noqa: ANN401
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, ValueError, TypeError, KeyError) as error:
        raise ProtocolError(f"A message could not be read: {error}") from None


def write_frame(stream: IO[bytes], message: Command | Event) -> None:
    """Write one message and flush.

    Raises:
        OSError: the other side is gone.
    """
    data = encode(message)
    stream.write(struct.pack("<I", len(data)))
    stream.write(data)
    stream.flush()


def read_frame(stream: IO[bytes]) -> bytes | None:
    """The bytes of the next message, or None where the stream ends between two messages.

    Raises:
        ProtocolError: the stream ends inside a message, or announces one over `MAX_FRAME` bytes.
    """
    head = _read_exactly(stream, 4)
    if not head:
        return None
    if len(head) < 4:
        raise ProtocolError("The stream ended inside the length of a message")
    (length,) = struct.unpack("<I", head)
    if length > MAX_FRAME:
        raise ProtocolError(f"A message may have {MAX_FRAME} bytes, this one announces {length}")
    data = _read_exactly(stream, length)
    if len(data) < length:
        raise ProtocolError(f"The stream ended {length - len(data)} bytes short of a message's end")
    return data


def _read_exactly(stream: IO[bytes], count: int) -> bytes:
    chunks: list[bytes] = []
    missing = count
    while missing and (chunk := stream.read(missing)):
        chunks.append(chunk)
        missing -= len(chunk)
    return b"".join(chunks)
