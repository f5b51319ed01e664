"""The base distributions: where z comes from."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from flowengine.catalogue.specs import BaseSpec


class StandardNormal(BaseSpec, tag="standard_normal"):
    """The bell with mean 0 and spread 1 on both axes."""

    title = "Standard normal"
    formula = "log p(z) = −|z|²/2 − log 2π"
    reference = "Papamakarios et al., 2021, arXiv:1912.02762, §2"


class Uniform(BaseSpec, tag="uniform"):
    """Equally dense all over a square, whose edge is soft so that gradients cross it."""

    title = "Uniform square"
    formula = "p(z) = ∏ (σ((zᵢ + a)/s) − σ((zᵢ − a)/s)) / 2a"
    reference = "Müller et al., 2019, arXiv:1808.03856, §3 (the hard square)"

    half_side: Annotated[
        float,
        Meta(
            ge=0.1,
            le=20.0,
            title="Half side",
            description="From the centre of the square to its edge",
            extra={"unit": "data units"},
        ),
    ] = 2.0
    softness: Annotated[
        float,
        Meta(
            ge=0.005,
            le=0.5,
            title="Soft edge",
            description="How wide the density's fall at the edge is, as a part of the half side",
        ),
    ] = 0.05


class GaussianMixture(BaseSpec, tag="gaussian_mixture"):
    """Several bells, on a circle to begin with; they may train with the model."""

    title = "Mixture of Gaussians"
    formula = "p(z) = Σₖ wₖ N(z; μₖ, diag σₖ²)"
    reference = "Izmailov et al., 2020, arXiv:1912.13025, §3"

    components: Annotated[
        int,
        Meta(ge=1, le=32, title="Components", description="How many bells there are"),
    ] = 4
    radius: Annotated[
        float,
        Meta(
            ge=0.0,
            le=20.0,
            title="Radius",
            description="Of the circle on which the bells have their centres to begin with",
            extra={"unit": "data units"},
        ),
    ] = 2.0
    spread: Annotated[
        float,
        Meta(
            ge=0.02,
            le=10.0,
            title="Spread",
            description="Standard deviation of each bell to begin with",
            extra={"unit": "data units"},
        ),
    ] = 0.6
    parameters: Annotated[
        Literal["fixed", "learned"],
        Meta(
            title="Parameters",
            description="Whether centres, spreads and weights stay or train by likelihood; flow "
            "matching keeps them as they are",
        ),
    ] = "fixed"


class Ring(BaseSpec, tag="ring"):
    """A round band: like the targets with a hole, it is not simply connected."""

    title = "Ring"
    formula = "|z|² ~ logistic around r², cut off at 0; the angle is uniform"
    reference = "Stimper et al., 2022, arXiv:2110.15828, §2 (why the base's topology matters)"

    radius: Annotated[
        float,
        Meta(
            ge=0.1,
            le=20.0,
            title="Radius",
            description="Of the circle along which the band is densest",
            extra={"unit": "data units"},
        ),
    ] = 2.0
    spread: Annotated[
        float,
        Meta(
            ge=0.02,
            le=5.0,
            title="Spread",
            description="Standard deviation of the distance from that circle, for a thin band",
            extra={"unit": "data units"},
        ),
    ] = 0.25
