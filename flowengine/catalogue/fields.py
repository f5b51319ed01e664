"""Settings that several entries of the catalogue share."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

Keeps = Annotated[
    Literal["auto", "x", "y"],
    Meta(
        title="Keeps",
        description="The coordinate that passes unchanged and steers the other; auto alternates "
        "along the stack",
    ),
]
First = Annotated[
    Literal["auto", "x", "y"],
    Meta(
        title="First coordinate",
        description="The coordinate that moves by itself and steers the other; auto alternates "
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
Components = Annotated[
    int,
    Meta(
        ge=2,
        le=32,
        title="Components",
        description="Logistic distributions in the mixture; more of them bend more sharply",
        extra={"unit": "components"},
    ),
]
Coefficient = Annotated[float, Meta(ge=-20.0, le=20.0)]
