"""The catalogue: every layer, every continuous flow and every base that a project can name.

A spec says what a layer is called, what it computes, where it comes from and which settings it has,
with their limits. The form, the palette, the project file, validation and the documentation table
are all read from here; `flowengine.layers` holds one class for each spec. Loads no torch.

Each family has a module; a new spec in one of them is in the catalogue.
"""

from flowengine.catalogue.autoregressive import (
    AutoregressiveSpec,
    Iaf,
    Maf,
    Monotonic,
    SplineAutoregressive,
)
from flowengine.catalogue.baselines import GanSpec, VaeSpec
from flowengine.catalogue.bases import GaussianMixture, Ring, StandardNormal, Uniform
from flowengine.catalogue.continuous import Ffjord, FlowMatching, RectifiedFlow
from flowengine.catalogue.coupling import (
    AdditiveCoupling,
    AffineCoupling,
    CouplingSpec,
    Glow,
    MixtureCoupling,
    SplineCoupling,
)
from flowengine.catalogue.elementwise import ActNorm, LeakyRelu, ScaleShift, SinhArcsinh, Spline
from flowengine.catalogue.linear import Householder, Linear, Rotation, Swap
from flowengine.catalogue.reading import (
    Field,
    admitted,
    base_class,
    continuous_class,
    fields_of,
    layer_class,
)
from flowengine.catalogue.registry import (
    BASE_SPECS,
    BASELINE_SPECS,
    CONTINUOUS_SPECS,
    LAYER_SPECS,
    AnyBase,
    AnyContinuous,
    AnyLayer,
)
from flowengine.catalogue.residual import Ode, Planar, Radial, Residual, Sylvester
from flowengine.catalogue.specs import (
    BaselineSpec,
    BaseSpec,
    ContinuousSpec,
    Group,
    LayerSpec,
    Likelihood,
    kind_of,
)

__all__ = [
    "BASELINE_SPECS",
    "BASE_SPECS",
    "CONTINUOUS_SPECS",
    "LAYER_SPECS",
    "ActNorm",
    "AdditiveCoupling",
    "AffineCoupling",
    "AnyBase",
    "AnyContinuous",
    "AnyLayer",
    "AutoregressiveSpec",
    "BaseSpec",
    "BaselineSpec",
    "ContinuousSpec",
    "CouplingSpec",
    "Ffjord",
    "Field",
    "FlowMatching",
    "GanSpec",
    "GaussianMixture",
    "Glow",
    "Group",
    "Householder",
    "Iaf",
    "LayerSpec",
    "LeakyRelu",
    "Likelihood",
    "Linear",
    "Maf",
    "MixtureCoupling",
    "Monotonic",
    "Ode",
    "Planar",
    "Radial",
    "RectifiedFlow",
    "Residual",
    "Ring",
    "Rotation",
    "ScaleShift",
    "SinhArcsinh",
    "Spline",
    "SplineAutoregressive",
    "SplineCoupling",
    "StandardNormal",
    "Swap",
    "Sylvester",
    "Uniform",
    "VaeSpec",
    "admitted",
    "base_class",
    "continuous_class",
    "fields_of",
    "kind_of",
    "layer_class",
]
