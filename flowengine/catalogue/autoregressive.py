"""Layers that move one coordinate by free numbers, and the other by what the first one says."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from flowengine.catalogue.fields import Bins, Bound, Depth, First, Width
from flowengine.catalogue.specs import LayerSpec


class AutoregressiveSpec(LayerSpec):
    """A layer that moves both coordinates in turn: the first steers how the second moves."""

    first: First = "auto"
    width: Width = 64
    depth: Depth = 2


class Maf(AutoregressiveSpec, tag="maf"):
    """Scale and shift each coordinate by functions of those before it, as seen in the data."""

    title = "MAF"
    group = "autoregressive"
    formula = "z_2 = (x_2 − t(x_1)) · exp(−s(x_1)), z_1 likewise with constants"
    reference = "Papamakarios et al., 2017, arXiv:1705.07057, eq. 3-5"


class Iaf(AutoregressiveSpec, tag="iaf"):
    """The inverse of a MAF: each coordinate moves by functions of those before it in the base."""

    title = "IAF"
    group = "autoregressive"
    formula = "x_2 = (z_2 − t(z_1)) · exp(−s(z_1)), x_1 likewise with constants"
    reference = "Kingma et al., 2016, arXiv:1606.04934, §3"


class SplineAutoregressive(AutoregressiveSpec, tag="spline_autoregressive"):
    """Bend both coordinates by monotone splines: one free, one chosen by the first coordinate."""

    title = "Spline autoregressive"
    group = "autoregressive"
    formula = "z_1 = spline(x_1), z_2 = spline(x_2; knots(x_1))"
    reference = "Durkan et al., 2019, arXiv:1906.04032, §3.2"

    bins: Bins = 12
    bound: Bound = 4.0


class Monotonic(AutoregressiveSpec, tag="monotonic"):
    """Bend each coordinate by a small network that can only rise (neural autoregressive flow)."""

    title = "Monotonic network"
    group = "autoregressive"
    formula = "z_2 = logit Σ_j w_j σ(a_j (x_2 − c_j)); w, a > 0, c from x_1"
    reference = "Huang et al., 2018, arXiv:1804.00779, eq. 8-9"

    units: Annotated[
        int,
        Meta(
            ge=2,
            le=64,
            title="Sigmoids",
            description="Steps that the rising network is made of; more of them bend more sharply",
            extra={"unit": "units"},
        ),
    ] = 12
