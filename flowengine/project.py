"""The document: what a person has drawn, stacked and chosen, as one frozen tree.

`Project.from_dict` is the one door through which documents come in, from files, from the command
line and from the window's edits; whatever holds a `Project` may rely on every limit declared here
and in `flowengine.catalogue`. Loads no torch.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, SupportsIndex

import msgspec
import numpy as np
from msgspec import Meta, Struct, field

from flowengine.arrays import FrozenArray
from flowengine.catalogue import (
    AnyBase,
    AnyContinuous,
    AnyLayer,
    AutoregressiveSpec,
    CouplingSpec,
    FlowMatching,
    GanSpec,
    LayerSpec,
    StandardNormal,
    VaeSpec,
    layer_class,
)
from flowengine.errors import ProjectError, Sentence, phrase
from flowengine.foreign import words_of
from flowengine.lesson import Lesson
from flowengine.plain import plain_numbers, with_plain_fields

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from flowengine.catalogue import BaseSpec, ContinuousSpec
    from flowengine.new_project import StackLike, TargetLike

FORMAT: Literal["flow-explorer"] = "flow-explorer"
VERSION: Literal[3] = 3
FlowLane = Literal["discrete", "continuous"]
BaselineLane = Literal["vae", "gan"]
Lane = Literal["discrete", "continuous", "vae", "gan"]
FLOW_LANES: tuple[FlowLane, ...] = ("discrete", "continuous")
BASELINE_LANES: tuple[BaselineLane, ...] = ("vae", "gan")
LANES: tuple[Lane, ...] = (*FLOW_LANES, *BASELINE_LANES)
Extent = tuple[float, float, float, float]
DEFAULT_EXTENT: Extent = (-4.0, 4.0, -4.0, 4.0)
MAX_LAYERS = 128


class _Document(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of the document: frozen, and strict about its fields."""

    __post_init__ = with_plain_fields


class TargetSpec(_Document):
    """The density to fit.

    Attributes:
        source: Where it came from.
        name: What to call it: a preset's name, a file's stem, "drawing" or "formula".
        extent: (x_min, x_max, y_min, y_max) in data units.
        density: Grid of cells, shape (rows, columns), row 0 at y_min; non-negative, of any sum.
            None only for a preset, which is computed when it is needed.
        points: The points that it was made from, shape (n, 2), if it came from points; float64
            where they lie so far from zero that float32 could not tell them apart.
        bandwidth: Standard deviation of the bell about each point along x, in data units, and along
            y the same share of the extent; None where it is chosen from the points.
        formula: What it was computed from, p(x, y) ∝ …, if it came from a formula.
    """

    source: Literal["preset", "drawing", "picture", "points", "array", "formula"] = "preset"
    name: Annotated[str, Meta(min_length=1, max_length=200)] = "moons"
    extent: Extent = DEFAULT_EXTENT
    density: FrozenArray | None = None
    points: FrozenArray | None = None
    bandwidth: Annotated[float, Meta(gt=0)] | None = None
    formula: Annotated[str, Meta(max_length=1000)] = ""


class Recipe(_Document):
    """How one lane is trained."""

    learning_rate: Annotated[
        float,
        Meta(gt=0, le=1, title="Learning rate", description="Peak step size of the optimizer"),
    ] = 1e-2
    batch_size: Annotated[
        int,
        Meta(
            ge=16,
            le=65536,
            title="Batch size",
            description="Target points drawn for each step",
            extra={"unit": "points"},
        ),
    ] = 512
    clip_norm: Annotated[
        float,
        Meta(
            gt=0,
            le=1e6,
            title="Gradient clip",
            description="Longest gradient that a step may follow",
        ),
    ] = 10.0
    sampling: Annotated[
        Literal["sobol", "iid"],
        Meta(
            title="Target points",
            description="Evenly spread (scrambled Sobol) or independent random points",
        ),
    ] = "sobol"


class StackRecipe(Recipe):
    """How the discrete lane is trained: as any lane, and towards which of the two divergences."""

    objective: Annotated[
        Literal["forward_kl", "reverse_kl", "mix"],
        Meta(
            title="Objective",
            description="Forward KL covers every mode of the target, reverse KL seeks some of them",
        ),
    ] = "forward_kl"
    reverse_weight: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            title="Weight of reverse KL",
            description="How much of a mix is reverse KL; the rest is forward KL",
        ),
    ] = 0.5


class StopRule(_Document):
    """When training ends by itself; `value` is in nats, seconds or steps, as the kind says."""

    kind: Annotated[Literal["never", "plateau", "kl", "time", "steps"], Meta(title="Stop")] = (
        "never"
    )
    value: Annotated[float, Meta(ge=0, le=1e9)] = 0.0


class Training(_Document):
    """The recipes of all lanes and the stop rule they share."""

    discrete: StackRecipe = StackRecipe()
    # What it regresses on has no noise: more steps win more than larger batches.
    continuous: Recipe = Recipe(batch_size=256, clip_norm=1.0)
    vae: Recipe = Recipe(batch_size=256)
    # Its losses never settle, so a longer gradient is no sign of danger.
    gan: Recipe = Recipe(learning_rate=3e-3, batch_size=256, clip_norm=1e3)
    stop: StopRule = StopRule()


class LaneState(_Document):
    """What training has made of one lane. Not part of the document's undo.

    Attributes:
        weights: The model, as safetensors bytes.
        state: Optimizer, averages, step and generators, as safetensors bytes.
        history: The curves so far, as npz bytes.
        trace: What the panel last showed, as npz bytes, so that a file opens moving.
    """

    weights: bytes = b""
    state: bytes = b""
    history: bytes = b""
    trace: bytes = b""

    def __repr__(self) -> str:
        sizes = (f"{name}: {len(getattr(self, name))} bytes" for name in self.__struct_fields__)
        return f"LaneState({', '.join(sizes)})"


class Project(_Document):
    """A whole project; see `TargetSpec`, `BaseSpec`, `LayerSpec`, `ContinuousSpec`, `Training`."""

    format: Literal["flow-explorer"] = FORMAT
    version: Literal[3] = VERSION
    name: Annotated[str, Meta(max_length=200)] = "Untitled"
    seed: Annotated[int, Meta(ge=0, le=2**31 - 1, title="Seed")] = 0
    target: TargetSpec = TargetSpec()
    base: AnyBase = StandardNormal()
    stack: Annotated[tuple[AnyLayer, ...], Meta(max_length=MAX_LAYERS)] = ()
    continuous: AnyContinuous = FlowMatching()
    vae: VaeSpec = VaeSpec()
    gan: GanSpec = GanSpec()
    compare: tuple[BaselineLane, ...] = ()
    training: Training = Training()
    lesson: Lesson = Lesson()
    lanes: dict[Lane, LaneState] = field(default_factory=dict)

    @property
    def shown_lanes(self) -> tuple[Lane, ...]:
        """The lanes that stand beside each other: both flows, and what they are compared with."""
        return (*FLOW_LANES, *self.compare)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], arrays: Mapping[str, Any] | None = None) -> Project:
        """Admit a document: check every field and limit, and name every layer.

        Args:
            data: What `to_dict` gives, or what a person wrote.
            arrays: The arrays that `data` refers to by name as `{"array": name}`; an array may
                also stand in `data` itself, as nested lists or as an ndarray.

        Raises:
            ProjectError: something is unknown, missing or out of range; the message gives the path
                within the document, e.g. ``expected `int` >= 1 at `$.stack[2].width` ``.
        """
        data = plain_numbers(data)
        _refuse_non_finite(data, "$")

        def decode(kind: type, value: Any) -> Any:  # noqa: ANN401
            if kind is FrozenArray:
                return _admit_array(value, arrays or {})
            raise NotImplementedError

        try:
            project = msgspec.convert(data, cls, dec_hook=decode)
        except (msgspec.ValidationError, ValueError, TypeError) as error:
            raise ProjectError(broken_limit(error)) from None
        return project._checked()

    def to_dict(self, arrays: dict[str, FrozenArray] | None = None) -> dict[str, Any]:
        """The document as plain values, without the trained lanes.

        Args:
            arrays: Filled with the arrays of the document by name, to which the result then refers
                as `{"array": name}`. Without it the arrays stand in the result themselves.
        """
        names: dict[str, FrozenArray] = {} if arrays is None else arrays
        plain: dict[str, Any] = msgspec.to_builtins(
            msgspec.structs.replace(
                self,
                lanes={},
                target=msgspec.structs.replace(self.target, density=None, points=None),
            )
        )
        del plain["lanes"]
        for name in ("density", "points"):
            array = getattr(self.target, name)
            if array is None:
                del plain["target"][name]
            elif arrays is None:
                plain["target"][name] = array
            else:
                names[name] = array
                plain["target"][name] = {"array": name}
        return plain

    @classmethod
    def new(
        cls,
        target: TargetLike = "moons",
        *,
        stack: StackLike = None,
        continuous: str | ContinuousSpec = "flow_matching",
        base: str | BaseSpec = "standard_normal",
        compare: str | Sequence[str] = (),
        seed: SupportsIndex = 0,
        name: str = "",
    ) -> Project:
        """An untrained project, every part as specs or as the command line writes it.

        Args:
            target: A target, what a document says of one, a preset's name, a file,
                `"formula:exp(-r^2)"`; or an array: points if it has shape (n, 2), in data units,
                else a density, row 0 at y_min.
            stack: Layers, base first: specs, or a text like `"actnorm, affine_coupling*8"`; four
                spline couplings if left out.
            continuous: The continuous flow: a spec or its kind.
            base: What both flows start from: a spec or its kind.
            compare: What is trained beside them: `"vae"`, `"gan"`, or both.
            seed: Of all weights and all data; from 0 to 2^31 - 1.
            name: What to call it; the target's name if left out.

        Raises:
            TargetError: the target is none.
            SpecError: a part is not of the catalogue.
            ProjectError: a setting is out of its limits.
        """
        from flowengine.new_project import new_project

        return new_project(target, stack, continuous, base, compare, seed, name)

    def __repr__(self) -> str:
        from flowengine.shorthand import stack_text

        trained = ", ".join(self.lanes) or "nothing"
        return (
            f"Project({self.name!r}, target={self.target.name!r}, stack={stack_text(self.stack)!r},"
            f" continuous={self.continuous.kind!r}, base={self.base.kind!r}, seed={self.seed},"
            f" trained: {trained})"
        )

    @classmethod
    def open(cls, path: str | PathLike[str]) -> Project:
        """Read a project file, with its trained lanes.

        Raises:
            ProjectError: the file is missing, damaged, foreign or hostile.
        """
        from flowengine.projectfile import read_project

        return read_project(path)

    def save(self, path: str | PathLike[str], *, thumbnail: bytes = b"") -> None:
        """Write a project file whole or not at all; `thumbnail` is a PNG.

        Raises:
            ProjectError: the file cannot be written there.
        """
        from flowengine.projectfile import write_project

        write_project(self, path, thumbnail=thumbnail)

    def check(self) -> None:
        """Refuse what `from_dict` would refuse: a project made by hand has passed no door yet.

        Raises:
            ProjectError: something is out of range.
        """
        arrays: dict[str, FrozenArray] = {}
        try:
            plain = self.to_dict(arrays)
        except TypeError as error:
            raise ProjectError(broken_limit(error)) from None
        Project.from_dict(plain, arrays)

    def _checked(self) -> Project:
        _check_target(self.target)
        if len(set(self.compare)) < len(self.compare):
            raise ProjectError(
                "expected each baseline once at `$.compare`, got {compare}", compare=self.compare
            )
        return msgspec.structs.replace(self, stack=with_ids(self.stack))


def default_stack() -> tuple[LayerSpec, ...]:
    """The stack of a new project: four spline couplings that take turns."""
    return with_ids((layer_class("spline_coupling")(),) * 4)


def new_layer_id() -> str:
    """An identity that no other layer has had: weights and undo go by it."""
    return uuid.uuid4().hex[:8]


def with_ids(stack: tuple[LayerSpec, ...]) -> tuple[LayerSpec, ...]:
    """The same layers, each with an id of its own; those that have one keep it.

    Raises:
        ProjectError: two layers claim the same id.
    """
    taken = [layer.id for layer in stack if layer.id]
    twice = next((name for name in taken if taken.count(name) > 1), None)
    if twice is not None:
        raise ProjectError(
            "Every layer needs an id of its own, but {twice} stands twice in the stack",
            twice=repr(twice),
        )
    numbers = (f"layer-{n}" for n in range(1, 2 * MAX_LAYERS + 2))
    free = (name for name in numbers if name not in taken)
    return tuple(
        layer if layer.id else msgspec.structs.replace(layer, id=next(free)) for layer in stack
    )


def resolve_keeps(stack: tuple[LayerSpec, ...]) -> tuple[LayerSpec, ...]:
    """Replace every "auto" by the coordinate that really steers: kept, or first to move.

    A coupling or autoregressive layer left to itself is steered by the coordinate that the one
    before it was not; the first of them is steered by x.
    """
    resolved: list[LayerSpec] = []
    steering = "y"
    for layer in stack:
        name = _steering_field(layer)
        if name:
            chosen = getattr(layer, name)
            steering = chosen if chosen != "auto" else ("y" if steering == "x" else "x")
            layer = msgspec.structs.replace(layer, **{name: steering})
        resolved.append(layer)
    return tuple(resolved)


def _steering_field(layer: LayerSpec) -> str:
    """The setting that names the coordinate by which a layer is steered; "" if none has to."""
    if isinstance(layer, CouplingSpec):
        return "keeps"
    return "first" if isinstance(layer, AutoregressiveSpec) else ""


def _admit_array(value: Any, arrays: Mapping[str, Any]) -> FrozenArray:  # noqa: ANN401
    if isinstance(value, FrozenArray):
        return value
    if isinstance(value, Mapping):
        name = str(value.get("array"))
        if set(value) != {"array"} or name not in arrays:
            raise ValueError(f"expected an array that the project holds, got {dict(value)!r}")
        value = arrays[name]
        wide = name == "points" and getattr(value, "dtype", None) == np.float64
        return value if isinstance(value, FrozenArray) else FrozenArray(value, wide=wide)
    return FrozenArray(value)


def _check_target(target: TargetSpec) -> None:
    x_min, x_max, y_min, y_max = target.extent
    if not (x_min < x_max and y_min < y_max):
        raise ProjectError(
            "expected x_min < x_max and y_min < y_max at `$.target.extent`, got {extent}",
            extent=target.extent,
        )
    if target.density is None and target.source != "preset":
        raise ProjectError(
            "expected a density at `$.target.density` of a {source}", source=phrase(target.source)
        )
    if target.density is not None:
        grid = target.density.values
        if grid.ndim != 2 or not all(2 <= n <= 4096 for n in grid.shape):
            raise ProjectError(
                "expected a grid of 2 to 4096 rows and columns at "
                "`$.target.density`, got shape {shape}",
                shape=grid.shape,
            )
        if not np.isfinite(grid).all() or (grid < 0).any():
            raise ProjectError("expected finite values >= 0 at `$.target.density`")
    if target.points is not None:
        points = target.points.values
        if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
            raise ProjectError(
                "expected finite points of shape (n, 2) at `$.target.points`, got shape {shape}",
                shape=points.shape,
            )


def _refuse_non_finite(value: Any, path: str) -> None:  # noqa: ANN401
    if isinstance(value, float) and not math.isfinite(value):
        raise ProjectError(
            "expected a finite number at `{path}`, got {value}", path=path, value=value
        )
    if isinstance(value, Mapping):
        for key, item in value.items():
            _refuse_non_finite(item, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            _refuse_non_finite(item, f"{path}[{i}]")


def broken_limit(error: Exception) -> Sentence:
    """Turn msgspec's "Expected `int` >= 1 - at `$.a`" into "expected `int` >= 1 at `$.a`"."""
    text = str(error).replace(" - at ", " at ")
    return words_of(text[:1].lower() + text[1:])
