"""Linear layers."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from flowengine.catalogue.specs import LayerSpec


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


class Householder(LayerSpec, tag="householder"):
    """Mirror the plane in a line through the origin; areas stay as they are."""

    title = "Householder"
    group = "linear"
    formula = "x = z − 2 v vᵀz / vᵀv"
    reference = "Tomczak & Welling, 2016, arXiv:1611.09630"

    angle: Annotated[
        float,
        Meta(
            ge=-90,
            le=90,
            title="Start of the mirror",
            description="Angle between the mirror and the x axis",
            extra={"unit": "degrees"},
        ),
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
