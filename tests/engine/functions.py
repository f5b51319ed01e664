"""Every function of the plane that a model offers, for tests of its derivatives in every mode."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import torch
from msgspec import Struct
from torch import Tensor, nn

from flowengine import catalogue as c
from flowengine.baselines import build_gan, build_vae
from flowengine.bases import build_base
from flowengine.catalogue import BASE_SPECS, LAYER_SPECS, fields_of, kind_of
from flowengine.continuous import build_continuous
from flowengine.layers import build_layer
from flowengine.stack import build
from tests.engine.strategies import points, randomised

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flowengine.catalogue import LayerSpec

    Makers = Mapping[str, Callable[[], nn.Module]]
    Asks = Mapping[str, Callable[[Any, Tensor], object]]

SMALL = {"width": 8, "depth": 2, "bins": 5, "components": 3, "units": 4, "solver_steps": 4}
ALPHA = 0.4
TAU = 0.55


class Asked(nn.Module):
    """One function of a model: points, shape (batch, 2), to numbers, shape (batch, k)."""

    def __init__(self, model: nn.Module, ask: Callable[[nn.Module, Tensor], object]) -> None:
        super().__init__()
        self.model = model
        self.ask = ask

    def forward(self, x: Tensor) -> Tensor:
        """All that the function gives, side by side."""
        found = self.ask(self.model, x)
        parts = found if isinstance(found, tuple) else (found,)
        return torch.cat([part.reshape(x.shape[0], -1) for part in parts], 1)


Spec = TypeVar("Spec", bound=Struct)


class Function(NamedTuple):
    """What a test is told of one function."""

    name: str
    make: Callable[[], nn.Module]
    ask: Callable[[nn.Module, Tensor], object]
    start: Tensor

    def asked(self) -> Asked:
        """The function of a model that was shaken away from its start, in float64."""
        return Asked(randomised(self.make(), strength=0.4).double(), self.ask)


def small(cls: type[Spec], **changes: object) -> Spec:
    """A spec of that class whose networks are small."""
    names = {field.name for field in fields_of(cls)}
    return cls(**{n: v for n, v in SMALL.items() if n in names} | changes)


LAYERS = {kind_of(cls()): partial(build_layer, small(cls)) for cls in LAYER_SPECS}
LAYERS["ode"] = partial(build_layer, c.Ode(width=8, depth=1, solver_steps=4))
BASES = {kind_of(cls()): partial(build_base, cls()) for cls in BASE_SPECS}
BASES["learned"] = partial(build_base, c.GaussianMixture(components=3, parameters="learned"))
STACKS: dict[str, list[type[LayerSpec]]] = {
    "run": [c.SplineCoupling, c.Linear, c.AffineCoupling, c.Glow],
    "mixed": [c.MixtureCoupling, c.Planar, c.Iaf, c.Maf, c.Residual],
}
FLOWS = {
    name: partial(build, [small(cls) for cls in stack], 0, c.GaussianMixture(parameters="learned"))
    for name, stack in STACKS.items()
} | {
    kind_of(spec): partial(build_continuous, spec, 0)
    for spec in (small(c.FlowMatching), small(c.Ffjord, solver="heun"))
}
BASELINES: Makers = {
    "vae": partial(build_vae, c.VaeSpec(width=8, depth=2), 0),
    "gan": partial(build_gan, c.GanSpec(width=8, depth=2), 0),
}
MODELS = {**LAYERS, **BASES, **FLOWS, **BASELINES}

OF_LAYERS = {
    "forward": lambda layer, x: layer.forward(x),
    "inverse": lambda layer, x: layer.inverse(x),
    "partial": lambda layer, x: layer.partial(x, ALPHA),
    "partial_inverse": lambda layer, x: layer.partial_inverse(x, ALPHA),
    "partials": lambda layer, x: tuple(
        part.transpose(0, 1) for part in layer.partials(x, torch.tensor([ALPHA, 1.0]).to(x.dtype))
    ),
    "jacobian": lambda layer, x: layer.jacobian(x),
}
OF_BASES = {
    "log_prob": lambda base, x: base.log_prob(x),
    "from_uniform": lambda base, x: base.from_uniform(0.1 + 0.8 * x.sigmoid()),
}
OF_FLOWS = {
    "log_prob": lambda flow, x: flow.log_prob(x),
    "forward": lambda flow, x: flow.forward(x),
    "inverse": lambda flow, x: flow.inverse(x),
    "forward_from": lambda flow, x: flow.forward_from(x, TAU),
    "log_prob_at": lambda flow, x: flow.log_prob_at(x, TAU),
    "positions": lambda flow, x: flow.positions(x),
}
OF_VAES = {
    "encode": lambda vae, x: vae.encode(x),
    "decode": lambda vae, x: vae.decode(x),
    "elbo": lambda vae, x: vae.elbo(x, 4),
    "iwae": lambda vae, x: vae.iwae(x, 4),
    "generate": lambda vae, x: vae.generate(torch.cat([x, x.flip(1)], 1)),
}
OF_GANS = {"generate": lambda gan, x: gan.generate(x), "judge": lambda gan, x: gan.judge(x)}


def _functions() -> list[Function]:
    owners: tuple[tuple[Makers, Asks], ...] = (
        (LAYERS, OF_LAYERS),
        (BASES, OF_BASES),
        (FLOWS, OF_FLOWS),
        ({"vae": BASELINES["vae"]}, OF_VAES),
        ({"gan": BASELINES["gan"]}, OF_GANS),
    )
    return [
        Function(f"{name}-{asked}", make, ask, points(3, seed=5, spread=1.2))
        for models, asks in owners
        for name, make in models.items()
        for asked, ask in asks.items()
    ]


FUNCTIONS = _functions()
