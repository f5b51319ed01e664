"""The catalogue: every layer and every continuous flow that a project can name.

A spec says what a layer is called, what it computes, where it comes from and which settings it has,
with their limits. The form, the palette, the project file, validation and the documentation table
are all read from here; `flowengine.layers` holds one class for each spec. Loads no torch.

Each family has a module; a new spec in one of them is in the catalogue.
"""

from flowengine.catalogue.baselines import GanSpec, VaeSpec
from flowengine.catalogue.continuous import Ffjord, FlowMatching
from flowengine.catalogue.coupling import AffineCoupling, CouplingSpec, SplineCoupling
from flowengine.catalogue.elementwise import ActNorm, ScaleShift
from flowengine.catalogue.linear import Linear, Rotation, Swap
from flowengine.catalogue.reading import Field, continuous_class, fields_of, layer_class
from flowengine.catalogue.registry import (
    BASELINE_SPECS,
    CONTINUOUS_SPECS,
    LAYER_SPECS,
    AnyContinuous,
    AnyLayer,
)
from flowengine.catalogue.residual import Planar
from flowengine.catalogue.specs import (
    BaselineSpec,
    ContinuousSpec,
    Group,
    LayerSpec,
    Likelihood,
    kind_of,
)

__all__ = [
    "BASELINE_SPECS",
    "CONTINUOUS_SPECS",
    "LAYER_SPECS",
    "ActNorm",
    "AffineCoupling",
    "AnyContinuous",
    "AnyLayer",
    "BaselineSpec",
    "ContinuousSpec",
    "CouplingSpec",
    "Ffjord",
    "Field",
    "FlowMatching",
    "GanSpec",
    "Group",
    "LayerSpec",
    "Likelihood",
    "Linear",
    "Planar",
    "Rotation",
    "ScaleShift",
    "SplineCoupling",
    "Swap",
    "VaeSpec",
    "continuous_class",
    "fields_of",
    "kind_of",
    "layer_class",
]
