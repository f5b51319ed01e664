"""Layers that act on each axis by itself."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from flowengine.catalogue.fields import Bins, Bound
from flowengine.catalogue.specs import LayerSpec


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


class SinhArcsinh(LayerSpec, tag="sinh_arcsinh"):
    """Lean each axis to one side, and make its tails heavier or lighter."""

    title = "Sinh-arcsinh"
    group = "elementwise"
    formula = "x = sinh(t · (arcsinh z + s))"
    reference = "Jones & Pewsey, 2009, Biometrika 96(4); Dillon et al., 2017, arXiv:1711.10604"


class LeakyRelu(LayerSpec, tag="leaky_relu"):
    """Stretch or shrink the negative half of each axis: the simplest bend there is."""

    title = "Leaky ReLU"
    group = "elementwise"
    formula = "x = z for z ≥ 0, a · z for z < 0"
    reference = "He et al., 2015, arXiv:1502.01852, eq. 1"


class Spline(LayerSpec, tag="spline"):
    """Bend each axis by a monotone spline of its own (Gaussianization)."""

    title = "Axis splines"
    group = "elementwise"
    formula = "z = spline(x) on each axis"
    reference = "Durkan et al., 2019, arXiv:1906.04032; Meng et al., 2020, arXiv:2003.01941"

    bins: Bins = 12
    bound: Bound = 4.0
