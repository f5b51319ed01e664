"""The continuous flows."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from flowengine.catalogue.specs import ContinuousSpec


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
