"""The same two stacks in other libraries, built as each library's own users build them."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HIDDEN = 64
DEPTH = 2
BINS = 8
BOUND = 5.0
COUPLINGS = {"RealNVP-8": 8, "spline coupling-4": 4}
LOG_2PI = math.log(2 * math.pi)


class Peer(NamedTuple):
    """A flow of another library.

    Attributes:
        library: What it is called.
        log_prob: From points, shape (n, 2), to nats, shape (n,).
        sample: From a number to points, shape (n, 2).
        weights: What the optimizer moves.
    """

    library: str
    log_prob: Callable[[Tensor], Tensor]
    sample: Callable[[int], Tensor]
    weights: Iterable[nn.Parameter]


def peers(stack: str) -> list[Peer]:
    """A stack of `COUPLINGS` in every library: 64-64 conditioners, and 8 bins on [−5, 5]."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # each has some of its own to give about newer torch
        return [make(stack) for make in (zuko_flow, normflows_flow, nflows_flow)]


def zuko_flow(stack: str, passes: int | None = 2) -> Peer:
    """Zuko's RealNVP or NSF; `passes` 2 makes couplings of it, None autoregressive transforms."""
    import zuko

    count, hidden = COUPLINGS[stack], (HIDDEN,) * DEPTH
    if stack == "RealNVP-8":
        flow = zuko.flows.RealNVP(2, 0, transforms=count, hidden_features=hidden)
    else:
        flow = zuko.flows.NSF(
            2, 0, transforms=count, hidden_features=hidden, bins=BINS, passes=passes
        )
    name = "zuko" if passes else "zuko, autoregressive"
    return Peer(
        name,
        lambda x: flow().log_prob(x),
        lambda n: flow().sample((n,)),
        list(flow.parameters()),
    )


def normflows_flow(stack: str) -> Peer:
    """What normflows' own examples build: affine couplings that swap, or RQ splines with LU."""
    import normflows as nf

    layers: list[nn.Module] = []
    for _ in range(COUPLINGS[stack]):
        if stack == "RealNVP-8":
            conditioner = nf.nets.MLP([1, *(HIDDEN,) * DEPTH, 2], init_zeros=True)
            layers += [nf.flows.AffineCouplingBlock(conditioner), nf.flows.Permute(2, mode="swap")]
        else:
            coupling = nf.flows.CoupledRationalQuadraticSpline(
                2, 1, HIDDEN, num_bins=BINS, tail_bound=BOUND
            )
            layers += [coupling, nf.flows.LULinearPermute(2)]
    flow = nf.NormalizingFlow(nf.distributions.DiagGaussian(2, trainable=False), layers)
    return Peer("normflows", flow.log_prob, lambda n: flow.sample(n)[0], list(flow.parameters()))


def nflows_flow(stack: str) -> Peer:
    """nflows' coupling transforms with plain networks, and masks in turns."""
    from nflows import transforms

    def conditioner(inputs: int, outputs: int) -> nn.Module:
        return _WithoutContext(
            nn.Linear(inputs, HIDDEN),
            nn.ReLU(),
            nn.Linear(HIDDEN, HIDDEN),
            nn.ReLU(),
            nn.Linear(HIDDEN, outputs),
        )

    layers = []
    for i in range(COUPLINGS[stack]):
        mask = torch.tensor([1, -1] if i % 2 else [-1, 1])
        if stack == "RealNVP-8":
            layers.append(transforms.AffineCouplingTransform(mask, conditioner))
        else:
            layers.append(
                transforms.PiecewiseRationalQuadraticCouplingTransform(
                    mask, conditioner, num_bins=BINS, tails="linear", tail_bound=BOUND
                )
            )
    flow = transforms.CompositeTransform(layers)

    def log_prob(x: Tensor) -> Tensor:
        z, log_det = flow(x)
        return log_det - 0.5 * z.square().sum(1) - LOG_2PI

    return Peer(
        "nflows", log_prob, lambda n: flow.inverse(torch.randn(n, 2))[0], list(flow.parameters())
    )


class _WithoutContext(nn.Sequential):
    """A network that nflows calls with a context, which there is none of."""

    def forward(self, x: Tensor, _context: None = None) -> Tensor:
        return super().forward(x)
