"""Layers that add something to the identity and are inverted numerically."""

from __future__ import annotations

from flowengine.catalogue.specs import LayerSpec


class Planar(LayerSpec, tag="planar"):
    """Push the plane along one direction, most strongly near one line."""

    title = "Planar"
    group = "residual"
    formula = "x = z + u · tanh(wᵀz + b)"
    reference = "Rezende & Mohamed, 2015, arXiv:1505.05770, eq. 10-12"
