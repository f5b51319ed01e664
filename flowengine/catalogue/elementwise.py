"""Layers that act on each axis by itself."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

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
