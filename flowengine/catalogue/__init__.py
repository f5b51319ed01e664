"""The catalogue: every layer and every continuous flow that a project can name.

A spec says what a layer is called, what it computes, where it comes from and which settings it has,
with their limits. The form, the palette, the project file, validation and the documentation table
are all read from here; `flowengine.layers` holds one class for each spec. Loads no torch.

Each family has a module; a new spec in one of them is in the catalogue.
"""

from flowengine.catalogue.continuous import Ffjord, FlowMatching, RectifiedFlow
from flowengine.catalogue.coupling import AffineCoupling, CouplingSpec, SplineCoupling
from flowengine.catalogue.elementwise import ActNorm, ScaleShift
from flowengine.catalogue.linear import Linear, Rotation, Swap
from flowengine.catalogue.reading import Field, continuous_class, fields_of, layer_class
from flowengine.catalogue.registry import (
    CONTINUOUS_SPECS,
    LAYER_SPECS,
    AnyContinuous,
    AnyLayer,
)
from flowengine.catalogue.residual import Planar
from flowengine.catalogue.specs import ContinuousSpec, Group, LayerSpec, kind_of

__all__ = [
    "CONTINUOUS_SPECS",
    "LAYER_SPECS",
    "ActNorm",
    "AffineCoupling",
    "AnyContinuous",
    "AnyLayer",
    "ContinuousSpec",
    "CouplingSpec",
    "Ffjord",
    "Field",
    "FlowMatching",
    "Group",
    "LayerSpec",
    "Linear",
    "Planar",
    "RectifiedFlow",
    "Rotation",
    "ScaleShift",
    "SplineCoupling",
    "Swap",
    "continuous_class",
    "fields_of",
    "kind_of",
    "layer_class",
]
