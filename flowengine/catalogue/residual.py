"""Layers that add something to the identity; most of them are inverted numerically."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from flowengine.catalogue.fields import Depth, Width
from flowengine.catalogue.specs import LayerSpec


class Planar(LayerSpec, tag="planar"):
    """Push the plane along one direction, most strongly near one line."""

    title = "Planar"
    group = "residual"
    formula = "x = z + u · tanh(wᵀz + b)"
    reference = "Rezende & Mohamed, 2015, arXiv:1505.05770, eq. 10-12"


class Radial(LayerSpec, tag="radial"):
    """Push the plane away from one point, or draw it towards the point."""

    title = "Radial"
    group = "residual"
    formula = "x = z + β (z − c) / (α + |z − c|)"
    reference = "Rezende & Mohamed, 2015, arXiv:1505.05770, eq. 13-14"


class Sylvester(LayerSpec, tag="sylvester"):
    """Push the plane along two directions at once: a planar layer with two units."""

    title = "Sylvester"
    group = "residual"
    formula = "x = z + Q R tanh(S Qᵀz + b); R, S triangular, Q a rotation"
    reference = "van den Berg et al., 2018, arXiv:1803.05649, eq. 8-11"


class Residual(LayerSpec, tag="residual"):
    """Add to each point what a contracting network says there, which can be undone (i-ResNet)."""

    title = "Residual"
    group = "residual"
    formula = "z = x + g(x), |g(x) − g(y)| ≤ L |x − y|, L < 1"
    reference = "Behrmann et al., 2019, arXiv:1811.00995; Chen et al., 2019, arXiv:1906.02735"

    width: Width = 32
    depth: Depth = 2
    lipschitz: Annotated[
        float,
        Meta(
            ge=0.1,
            le=0.97,
            title="Lipschitz bound",
            description="What the network may at most stretch a distance by; below 1, so that "
            "the layer can be inverted",
        ),
    ] = 0.97


class Ode(LayerSpec, tag="ode"):
    """Let a velocity field carry the plane for a while: a continuous flow as one layer."""

    title = "ODE block"
    group = "residual"
    formula = "dx/dt = v(x, t), from z at t = 0 to x at t = 1"
    reference = "Chen et al., 2018, arXiv:1806.07366; Grathwohl et al., 2019, arXiv:1810.01367"

    width: Width = 32
    depth: Depth = 2
    solver_steps: Annotated[
        Annotated[int, Meta(ge=4, le=64)] | Literal["auto"],
        Meta(
            title="Solver steps",
            description="Equal steps of the fourth-order solver (RK4) through the layer; auto "
            "takes as many as the field asks for",
            extra={"unit": "steps"},
        ),
    ] = "auto"
