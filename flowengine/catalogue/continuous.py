"""The continuous flows."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from flowengine.catalogue.specs import ContinuousSpec

Path = Annotated[
    Literal["linear", "variance_preserving", "trigonometric"],
    Meta(
        title="Path",
        description="How a base point becomes a target point, xₜ = a x₀ + b x₁: straight with "
        "a = 1 − t, b = t; as in a diffusion with a² + b² = 1; or on a quarter of a circle with "
        "a = cos(π t / 2), b = sin(π t / 2)",
    ),
]
Coupling = Annotated[
    Literal["independent", "optimal_transport", "transport_plan"],
    Meta(
        title="Pairing",
        description="How base and target points are paired: at random; each batch by optimal "
        "transport, which straightens the paths; or by one large transport plan, computed in the "
        "background and renewed from time to time",
    ),
]


class FlowMatching(ContinuousSpec, tag="flow_matching"):
    """Learn the velocity by regression on given paths between base and target points."""

    title = "Flow matching"
    formula = "minimise |v(a x₀ + b x₁, t) − (a′ x₀ + b′ x₁)|²"
    reference = "Lipman et al., 2023, arXiv:2210.02747; Tong et al., 2024, arXiv:2302.00482"

    path: Path = "linear"
    coupling: Coupling = "independent"


class Ffjord(ContinuousSpec, tag="ffjord"):
    """Learn the velocity by maximum likelihood through the solver, with the exact divergence."""

    title = "FFJORD (maximum likelihood)"
    formula = "log p(x) = log p(z) − ∫ div v dt"
    reference = "Grathwohl et al., 2019, arXiv:1810.01367; Finlay et al., 2020, arXiv:2002.02798"

    divergence: Annotated[
        Literal["exact", "hutchinson"],
        Meta(
            title="Divergence in training",
            description="Exact, or Hutchinson's estimate from one random direction for each "
            "point, as in many dimensions; what is shown and measured is exact in either case",
        ),
    ] = "exact"
    kinetic_penalty: Annotated[
        float,
        Meta(
            ge=0.0,
            le=10.0,
            title="Kinetic penalty",
            description="Weight of ∫ |v|² dt in the loss, which shortens the paths",
        ),
    ] = 0.0
    jacobian_penalty: Annotated[
        float,
        Meta(
            ge=0.0,
            le=10.0,
            title="Jacobian penalty",
            description="Weight of ∫ |∂v/∂x|² dt in the loss, which keeps the field smooth",
        ),
    ] = 0.0


class RectifiedFlow(ContinuousSpec, tag="rectified_flow"):
    """Flow matching in rounds: each learns the pairs that the flow of the round before makes."""

    title = "Rectified flow"
    formula = "minimise |v((1−t) x₀ + t x₁, t) − (x₁ − x₀)|²,  x₁ = x₀ + ∫ v₋₁ dt"
    reference = "Liu et al., 2023, arXiv:2209.03003"

    coupling: Coupling = "independent"
    rounds: Annotated[
        int,
        Meta(
            ge=1,
            le=8,
            title="Reflow rounds",
            description="How often the present flow pairs the points anew; each time its paths "
            "become straighter, and its errors are learned as well",
            extra={"unit": "rounds"},
        ),
    ] = 1
    round_steps: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            title="Steps in a round",
            description="Training steps before the points are paired anew",
            extra={"unit": "steps"},
        ),
    ] = 2000
