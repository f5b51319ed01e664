"""First and second derivatives of every function, by points and by weights, are the right ones."""

from __future__ import annotations

import pytest
import torch
from torch.autograd import forward_ad
from torch.func import functional_call, grad, hessian, jvp, vjp, vmap
from torch.utils.checkpoint import checkpoint

from tests.engine.functions import FUNCTIONS

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")  # by torch
every_function = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
STEP = 1e-6
TOO_SLOW = ("ode-jacobian", "mixed-positions", "monotonic-jacobian", "mixture_coupling-jacobian")
BOTH_WAYS = ("-forward", "-inverse", "-log_prob", "-generate", "-iwae")
QUICK = ("-inverse", "-log_prob", "-generate", "-iwae", "-jacobian")


class Scalar:
    """A weighted sum of all that a function gives, as a function of points and weights alike."""

    def __init__(self, function):
        self.asked = function.asked()
        self.x = function.start.clone().requires_grad_(True)
        # a base's choice has its derivatives elsewhere, see `choice_ratio`
        weights = dict(self.asked.named_parameters())
        choosing = ("model.logits",) if function.name == "learned-from_uniform" else ()
        self.inputs = [self.x, *(w for name, w in weights.items() if name not in choosing)]
        self.generator = torch.Generator().manual_seed(11)
        with torch.no_grad():
            self.shares = self.noise(self.asked(self.x))

    def noise(self, like):
        return torch.randn(like.shape, generator=self.generator, dtype=torch.float64)

    def direction(self):
        return [self.noise(tensor) for tensor in self.inputs]

    def value(self):
        return (self.asked(self.x) * self.shares).sum()

    def gradient(self):
        return gradients(self.value(), [self.x])[0]

    def slope(self, along, *, create_graph=False):
        """The derivative along a direction, by autograd."""
        found = gradients(self.value(), self.inputs, create_graph=create_graph)
        return sum((g * d).sum() for g, d in zip(found, along, strict=True))

    def difference(self, of, along):
        """The derivative of a number along a direction, by central differences."""
        ends = []
        for side in (1, -1):
            self.move(along, side * STEP)
            ends.append(of().detach())
            self.move(along, -side * STEP)
        return (ends[0] - ends[1]) / (2 * STEP)

    @torch.no_grad()
    def move(self, along, by):
        for tensor, part in zip(self.inputs, along, strict=True):
            tensor.add_(part, alpha=by)


@every_function
def test_first_and_second_derivatives_are_those_of_differences(function):
    scalar = Scalar(function)
    u, v = scalar.direction(), scalar.direction()
    slope = scalar.slope(u, create_graph=True)
    curvature = sum((g * d).sum() for g, d in zip(gradients(slope, scalar.inputs), v, strict=True))
    expected = scalar.difference(scalar.value, u), scalar.difference(lambda: scalar.slope(u), v)
    torch.testing.assert_close(slope.detach(), expected[0], atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(curvature, expected[1], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    "function",
    [f for f in FUNCTIONS if "-partial" not in f.name and f.name not in TOO_SLOW],
    ids=lambda f: f.name,
)
def test_transforms_give_what_autograd_gives(function):
    scalar = Scalar(function)
    x, shares, asked = scalar.x.detach(), scalar.shares, scalar.asked

    def total(points):
        return (asked(points) * shares).sum()

    def at_one(point, share):
        return (asked(point[None])[0] * share).sum()

    (slope,) = gradients(total(scalar.x), [scalar.x], create_graph=True)
    curvature = torch.stack([gradients(slope[:, i].sum(), [scalar.x])[0] for i in (0, 1)], 1)
    slope = slope.detach()
    value = asked(x).detach()
    close(grad(total)(x), slope)
    close(vjp(asked, x)[1](shares)[0], slope)
    along = scalar.noise(x)
    given, moved = jvp(asked, (x,), (along,))
    close(given, value)
    close((moved * shares).sum(1), (slope * along).sum(1))
    close(vmap(lambda point: asked(point[None])[0])(x), value)
    close(vmap(grad(at_one))(x, shares), slope)
    close(vmap(hessian(at_one))(x, shares), curvature)


@pytest.mark.parametrize(
    "function", [f for f in FUNCTIONS if f.name.endswith(BOTH_WAYS)], ids=lambda f: f.name
)
def test_other_ways_to_a_derivative_give_the_same(function):
    scalar = Scalar(function)
    x, along, asked = scalar.x.detach(), scalar.noise(scalar.x), scalar.asked
    _, expected = jvp(asked, (x,), (along,))
    whole = torch.autograd.functional.jacobian(asked, x, vectorize=True)  # (batch, k, batch, 2)
    close(torch.einsum("ikjd,jd->ik", whole, along), expected)
    with forward_ad.dual_level():
        moved = forward_ad.unpack_dual(asked(forward_ad.make_dual(x, along))).tangent
        close(torch.zeros_like(expected) if moved is None else moved, expected)
    again = checkpoint(asked, scalar.x, use_reentrant=False)  # asks for what was saved once only
    close(gradients((again * scalar.shares).sum(), [scalar.x])[0], scalar.gradient())


@pytest.mark.parametrize(
    "function", [f for f in FUNCTIONS if f.name.endswith(QUICK)], ids=lambda f: f.name
)
def test_many_models_at_once_give_what_each_of_them_gives(function):
    asked, x = function.asked(), function.start
    weights = dict(asked.named_parameters())
    if not weights:
        pytest.skip("there is nothing to learn")
    generator = torch.Generator().manual_seed(2)
    many = {
        name: torch.stack([w.detach(), w.detach() + 0.1 * torch.rand((), generator=generator)])
        for name, w in weights.items()
    }

    def total(parameters):
        return functional_call(asked, parameters, (x,)).sum()

    values, slopes = vmap(lambda p: (total(p), grad(total)(p)))(many)
    for k in range(2):
        each = {name: w[k].clone().requires_grad_() for name, w in many.items()}
        value = total(each)
        close(values[k], value.detach())
        for name, g in zip(each, gradients(value, list(each.values())), strict=True):
            close(slopes[name][k], g)


def gradients(value, inputs, *, create_graph=False):
    """By autograd, zero where an input plays no part."""
    if not value.requires_grad:
        return [torch.zeros_like(x) for x in inputs]
    found = torch.autograd.grad(
        value, inputs, create_graph=create_graph, retain_graph=True, allow_unused=True
    )
    return [torch.zeros_like(x) if g is None else g for x, g in zip(inputs, found, strict=True)]


def close(got, expected):
    torch.testing.assert_close(got.detach(), expected, atol=1e-8, rtol=1e-6)
