"""What every entry of the catalogue has."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from flowengine.catalogue.fields import Depth, Width
from flowengine.plain import with_plain_fields

Likelihood = Literal["exact", "bound", "none"]
Group = Literal["elementwise", "linear", "coupling", "autoregressive", "residual"]
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

    __post_init__ = with_plain_fields

    @property
    def kind(self) -> str:
        """The name of this layer in files and on the command line."""
        return kind_of(self)


class BaseSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """A simple distribution of the plane, which a flow turns into the target."""

    title: ClassVar[str]
    formula: ClassVar[str]
    reference: ClassVar[str]

    __post_init__ = with_plain_fields

    @property
    def kind(self) -> str:
        """The name of this base in files and on the command line."""
        return kind_of(self)


class ContinuousSpec(
    Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"
):
    """A velocity field v(x, t), t from 0 (base) to 1 (target), and the solver that follows it."""

    title: ClassVar[str]
    formula: ClassVar[str]
    reference: ClassVar[str]

    width: Width = 64
    depth: Depth = 4
    solver: Annotated[
        Literal["euler", "midpoint", "heun", "rk4", "adams", "dopri5"],
        Meta(
            title="Solver",
            description="Euler: 1 evaluation a step; midpoint and Heun: 2; RK4: 4; Adams: 1 and "
            "one to begin with, the most exact from some 30 steps on in a field that has come to "
            "rest, and lost in one that changes; dopri5 carries samples and particles in steps of "
            "its own choice, and what needs a density in RK4 steps",
        ),
    ] = "rk4"
    solver_steps: Annotated[
        Annotated[int, Meta(ge=1, le=256)] | Literal["auto"],
        Meta(
            title="Solver steps",
            description="Steps between base and target; auto takes as many as the field asks for",
            extra={"unit": "steps"},
        ),
    ] = "auto"
    tolerance: Annotated[
        float,
        Meta(
            ge=1e-6,
            le=1e-1,
            title="Tolerance",
            description="Error that dopri5 allows itself in a step; the other solvers do not ask",
            extra={"unit": "data units"},
        ),
    ] = 1e-5

    __post_init__ = with_plain_fields

    @property
    def kind(self) -> str:
        """The name of this flow in files and on the command line."""
        return kind_of(self)


class BaselineSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """A model that flows are compared with: points of a latent normal go to points of the plane.

    Attributes:
        likelihood: Whether log p(x) is known exactly, is bounded from below, or does not exist.
        why_no_ledger: The sentence that answers whoever asks for a ledger.
        path_note: What the picture of a point on its way from the latent plane is, and is not.
    """

    title: ClassVar[str]
    formula: ClassVar[str]
    reference: ClassVar[str]
    likelihood: ClassVar[Likelihood]
    why_no_ledger: ClassVar[str]
    path_note: ClassVar[str] = (
        "Points go straight from z to where they are made: a drawing aid, not a path of the model"
    )

    __post_init__ = with_plain_fields

    @property
    def kind(self) -> str:
        """The name of this model in files and on the command line."""
        return kind_of(self)


AnySpec = LayerSpec | ContinuousSpec | BaseSpec | BaselineSpec


def kind_of(spec: AnySpec | type[AnySpec]) -> str:
    """The kind of a spec or of its class, as written in files: `affine_coupling`."""
    return str(spec.__struct_config__.tag)
