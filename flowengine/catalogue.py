"""The catalogue: every layer and every continuous flow that a project can name.

A spec says what a layer is called, what it computes, where it comes from and which settings it has,
with their limits. The form, the palette, the project file, validation and the documentation table
are all read from here; `flowengine.layers` holds one class for each spec. Loads no torch.
"""

from __future__ import annotations

import typing
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple, Union

import msgspec
from msgspec import UNSET, Meta, Struct

from flowengine.errors import SpecError

Group = Literal["elementwise", "linear", "coupling", "autoregressive", "residual"]
Keeps = Annotated[
    Literal["auto", "x", "y"],
    Meta(
        title="Keeps",
        description="The coordinate that passes unchanged and steers the other; auto alternates "
        "along the stack",
    ),
]
Width = Annotated[
    int,
    Meta(
        ge=1,
        le=512,
        title="Hidden width",
        description="Units in each hidden layer of the conditioner network",
        extra={"unit": "units"},
    ),
]
Depth = Annotated[
    int,
    Meta(
        ge=1,
        le=6,
        title="Hidden layers",
        description="Hidden layers of the conditioner network",
        extra={"unit": "layers"},
    ),
]
Bins = Annotated[
    int,
    Meta(
        ge=2,
        le=64,
        title="Bins",
        description="Pieces of the monotone spline; more bins bend more sharply",
        extra={"unit": "bins"},
    ),
]
Bound = Annotated[
    float,
    Meta(
        ge=0.5,
        le=20.0,
        title="Bound",
        description="The spline acts on [−bound, bound]; outside it is the identity",
        extra={"unit": "data units"},
    ),
]
Coefficient = Annotated[float, Meta(ge=-20.0, le=20.0)]
LayerId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{0,40}$")]


class LayerSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """What every layer of a stack has: an identity, an eye and a lock."""

    title: ClassVar[str]
    group: ClassVar[Group]
    formula: ClassVar[str]
    reference: ClassVar[str]

    id: LayerId = ""
    enabled: bool = True
    frozen: bool = False

    @property
    def kind(self) -> str:
        """The name of this layer in files and on the command line."""
        return kind_of(self)


# --- element-wise and linear layers -------------------------------------------------------------


class ScaleShift(LayerSpec, tag="scale_shift"):
    """Stretch each axis and move it: the change of variables at its simplest, x = 2z + 1."""

    title = "Scale and shift"
    group = "elementwise"
    formula = "x = a · z + b"
    reference = "Papamakarios et al., 2021, arXiv:1912.02762, §2"

    scale_x: Annotated[float, Meta(gt=0, le=20, title="Start scale, x")] = 1.0
    scale_y: Annotated[float, Meta(gt=0, le=20, title="Start scale, y")] = 1.0
    shift_x: Annotated[
        float,
        Meta(ge=-20, le=20, title="Start shift, x", extra={"unit": "data units"}),
    ] = 0.0
    shift_y: Annotated[
        float,
        Meta(ge=-20, le=20, title="Start shift, y", extra={"unit": "data units"}),
    ] = 0.0


class ActNorm(LayerSpec, tag="actnorm"):
    """Scale and shift each axis, started so that the first batch is centred with spread 1."""

    title = "ActNorm"
    group = "elementwise"
    formula = "x = s · z + b"
    reference = "Kingma & Dhariwal, 2018, arXiv:1807.03039, §3.1"


class Rotation(LayerSpec, tag="rotation"):
    """Turn the plane about the origin; areas stay as they are."""

    title = "Rotation"
    group = "linear"
    formula = "x = R(θ) z"
    reference = "Tomczak & Welling, 2016, arXiv:1611.09630"

    angle: Annotated[
        float,
        Meta(ge=-180, le=180, title="Start angle", extra={"unit": "degrees"}),
    ] = 0.0


class Linear(LayerSpec, tag="linear"):
    """Mix both axes by an invertible matrix, kept as a product of two triangles."""

    title = "Linear (LU)"
    group = "linear"
    formula = "x = L U z + b"
    reference = "Oliva et al., 2018, arXiv:1801.09819; Kingma & Dhariwal, 2018, §3.2"


class Swap(LayerSpec, tag="swap"):
    """Exchange the two axes, so that the next coupling acts on the other one."""

    title = "Swap"
    group = "linear"
    formula = "(x₁, x₂) = (z₂, z₁)"
    reference = "Dinh et al., 2014, arXiv:1410.8516, §3.2"


# --- coupling layers ----------------------------------------------------------------------------


class CouplingSpec(LayerSpec):
    """A layer that keeps one coordinate and transforms the other, given the kept one."""

    keeps: Keeps = "auto"
    width: Width = 64
    depth: Depth = 2


class AffineCoupling(CouplingSpec, tag="affine_coupling"):
    """Scale and shift one coordinate by functions of the other (RealNVP)."""

    title = "Affine coupling"
    group = "coupling"
    formula = "x_b = z_b · exp s(z_a) + t(z_a)"
    reference = "Dinh et al., 2017, arXiv:1605.08803, eq. 4-8"


class SplineCoupling(CouplingSpec, tag="spline_coupling"):
    """Bend one coordinate by a monotone rational-quadratic spline chosen by the other (NSF)."""

    title = "Spline coupling"
    group = "coupling"
    formula = "z_b = spline(x_b; knots(x_a))"
    reference = "Durkan et al., 2019, arXiv:1906.04032, eq. 4-8"

    bins: Bins = 12
    bound: Bound = 4.0


# --- residual layers ----------------------------------------------------------------------------


class Planar(LayerSpec, tag="planar"):
    """Push the plane along one direction, most strongly near one line."""

    title = "Planar"
    group = "residual"
    formula = "x = z + u · tanh(wᵀz + b)"
    reference = "Rezende & Mohamed, 2015, arXiv:1505.05770, eq. 10-12"


# --- continuous flows ---------------------------------------------------------------------------


class ContinuousSpec(
    Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"
):
    """A velocity field v(x, t), t from 0 (base) to 1 (target), and the solver that follows it."""

    title: ClassVar[str]
    formula: ClassVar[str]
    reference: ClassVar[str]

    width: Width = 64
    depth: Depth = 3
    solver: Annotated[
        Literal["heun", "rk4"],
        Meta(title="Solver", description="Heun: 2 evaluations a step; RK4: 4 evaluations a step"),
    ] = "rk4"
    solver_steps: Annotated[
        int,
        Meta(
            ge=1,
            le=256,
            title="Solver steps",
            description="Equal steps between base and target",
            extra={"unit": "steps"},
        ),
    ] = 8

    @property
    def kind(self) -> str:
        """The name of this flow in files and on the command line."""
        return kind_of(self)


class FlowMatching(ContinuousSpec, tag="flow_matching"):
    """Learn the velocity by regression on straight paths between base and target points."""

    title = "Flow matching"
    formula = "minimise |v((1−t) x₀ + t x₁, t) − (x₁ − x₀)|²"
    reference = "Lipman et al., 2023, arXiv:2210.02747; Tong et al., 2024, arXiv:2302.00482"

    coupling: Annotated[
        Literal["independent", "optimal_transport"],
        Meta(
            title="Pairing",
            description="How base and target points are paired: at random, or each batch by "
            "optimal transport, which straightens the paths",
        ),
    ] = "independent"


class Ffjord(ContinuousSpec, tag="ffjord"):
    """Learn the velocity by maximum likelihood through the solver, with the exact divergence."""

    title = "FFJORD (maximum likelihood)"
    formula = "log p(x) = log p(z) − ∫ div v dt"
    reference = "Grathwohl et al., 2019, arXiv:1810.01367"


# --- reading the catalogue ----------------------------------------------------------------------


class Field(NamedTuple):
    """One setting of a spec, as a form or a table shows it."""

    name: str
    title: str
    description: str
    unit: str
    type: type[int] | type[float] | type[bool] | type[str]
    choices: tuple[str, ...]
    minimum: float | None
    maximum: float | None
    exclusive_minimum: bool
    default: Any


def _concrete(base: type[Struct]) -> tuple[type[Any], ...]:
    found: list[type[Any]] = []
    for cls in base.__subclasses__():
        found += [cls] if cls.__struct_config__.tag != cls.__name__ else _concrete(cls)
    return tuple(found)


LAYER_SPECS: tuple[type[LayerSpec], ...] = _concrete(LayerSpec)
CONTINUOUS_SPECS: tuple[type[ContinuousSpec], ...] = _concrete(ContinuousSpec)

if TYPE_CHECKING:
    AnyLayer = LayerSpec
    AnyContinuous = ContinuousSpec
else:
    AnyLayer = Union[LAYER_SPECS]  # noqa: UP007  the union is built from the classes above
    AnyContinuous = Union[CONTINUOUS_SPECS]  # noqa: UP007

_COMMON = {"id", "enabled", "frozen"}


def kind_of(spec: LayerSpec | ContinuousSpec | type[LayerSpec] | type[ContinuousSpec]) -> str:
    """The kind of a spec or of its class, as written in files: `affine_coupling`."""
    return str(spec.__struct_config__.tag)


def layer_class(kind: str) -> type[LayerSpec]:
    """The spec class of a kind.

    Raises:
        SpecError: no layer of that kind is in the catalogue.
    """
    for cls in LAYER_SPECS:
        if kind_of(cls) == kind:
            return cls
    known = ", ".join(kind_of(cls) for cls in LAYER_SPECS)
    raise SpecError(f"No layer is called {kind!r}; the catalogue has {known}")


def continuous_class(kind: str) -> type[ContinuousSpec]:
    """The spec class of a continuous flow.

    Raises:
        SpecError: no continuous flow of that kind is in the catalogue.
    """
    for cls in CONTINUOUS_SPECS:
        if kind_of(cls) == kind:
            return cls
    known = ", ".join(kind_of(cls) for cls in CONTINUOUS_SPECS)
    raise SpecError(f"No continuous flow is called {kind!r}; the catalogue has {known}")


def fields_of(cls: type[Struct]) -> tuple[Field, ...]:
    """The settings of a spec class, in the order of the form; not the id and the switches."""
    hints = typing.get_type_hints(cls, include_extras=True)
    own = [f for f in msgspec.structs.fields(cls) if f.name not in _COMMON]
    return tuple(_field(f, hints[f.name]) for f in own)


def _field(field: msgspec.structs.FieldInfo, hint: Any) -> Field:  # noqa: ANN401
    meta = next((m for m in getattr(hint, "__metadata__", ()) if isinstance(m, Meta)), Meta())
    base = hint.__origin__ if hasattr(hint, "__metadata__") else hint
    choices: tuple[str, ...] = ()
    if typing.get_origin(base) is Literal:
        choices, base = typing.get_args(base), str
    minimum = meta.ge if meta.ge is not None else meta.gt
    return Field(
        name=field.name,
        title=meta.title or field.name.replace("_", " ").capitalize(),
        description=meta.description or "",
        unit=str((meta.extra or {}).get("unit", "")),
        type=base,
        choices=choices,
        minimum=minimum,
        maximum=meta.le,
        exclusive_minimum=meta.gt is not None,
        default=None if field.default is UNSET else field.default,
    )
