"""Every function gives the same numbers in whatever mode torch is, or refuses in one sentence."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch.func import grad, vmap

from flowengine import catalogue as c
from flowengine import metrics
from flowengine.catalogue import LAYER_SPECS, kind_of
from flowengine.errors import ModeError
from flowengine.lane import build_model
from flowengine.layers import build_layer
from flowengine.project import LANES, Project, StackRecipe, Training, with_ids
from flowengine.stack import build
from flowengine.trainer import Trainer
from tests.engine.functions import FLOWS, FUNCTIONS, LAYERS, MODELS, STACKS, Asked, small
from tests.engine.strategies import points, randomised

every_function = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
every_model = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
SMALL_PROJECT = Project(
    stack=with_ids(tuple(small(cls) for cls in (c.SplineCoupling, c.ActNorm, c.Planar))),
    compare=("vae", "gan"),
)
WAYS = {
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
}
every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


@pytest.fixture
def double_by_default():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def gradients(asked, x):
    """Of the sum of all that a function gives, by points and by weights; zero where unused."""
    inputs = [x.clone().requires_grad_(), *(w for w in asked.parameters() if w.requires_grad)]
    total = asked(inputs[0]).sum()
    if not total.requires_grad:
        return [torch.zeros_like(w) for w in inputs]
    found = torch.autograd.grad(total, inputs, allow_unused=True)
    return [torch.zeros_like(w) if g is None else g for w, g in zip(inputs, found, strict=True)]


# --- gradients off and on ------------------------------------------------------------------------


@every_function
def test_inference_mode_leaves_nothing_behind(function):
    asked, x = function.asked(), function.start
    with torch.inference_mode():
        first, made_inside = asked(x), x.clone()
    with torch.no_grad():
        torch.testing.assert_close(asked(x), first.clone(), atol=1e-9, rtol=1e-9)
    expected = gradients(asked, x)
    torch.testing.assert_close(asked(made_inside).detach(), first.clone(), atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(gradients(copy.deepcopy(asked), x), expected)


@every_model
def test_a_model_built_in_inference_mode_can_learn(make):
    if make in FLOWS.values() and "build_continuous" in repr(make):
        pytest.skip("built through its lane, see below")
    with torch.inference_mode():
        model = make()
    assert not any(weight.is_inference() for weight in model.parameters())


@pytest.mark.parametrize("lane", LANES)
def test_a_lane_built_in_inference_mode_can_learn(lane):
    with torch.inference_mode():
        model = build_model(SMALL_PROJECT, lane)
    assert not any(weight.is_inference() for weight in model.parameters())


@pytest.mark.parametrize("make", FLOWS.values(), ids=FLOWS)
def test_a_ledger_is_the_same_in_inference_mode(make):
    flow = randomised(make())
    expected = flow.ledger((0.3, -0.8))
    with torch.inference_mode():
        assert flow.ledger((0.3, -0.8)) == expected


@every_function
def test_autocast_takes_no_digit(function):
    asked = function.asked().float()
    x = function.start.float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = asked(x)
    assert y.dtype == torch.float32
    torch.testing.assert_close(y, asked(x), atol=0, rtol=0)


# --- other types, copies, frozen weights, changed results ---------------------------------------


@every_model
def test_a_seed_gives_the_same_model_whatever_the_default_type(make, double_by_default):
    if "build_continuous" in repr(make):
        pytest.skip("built through its lane, see below")
    model = make()
    torch.set_default_dtype(torch.float32)
    for here, there in zip(model.parameters(), make().parameters(), strict=True):
        assert here.dtype == torch.float64
        torch.testing.assert_close(here, there.double(), atol=0, rtol=0)


@pytest.mark.parametrize("lane", LANES)
def test_training_is_the_same_whatever_the_default_type(lane, double_by_default):
    trainer = Trainer(SMALL_PROJECT, lane, device="cpu")
    trainer.step()
    figures = trainer.evaluate()
    if lane in ("discrete", "vae"):
        assert metrics.evaluate(trainer.average, trainer.target).w2 > 0
    torch.set_default_dtype(torch.float32)
    again = Trainer(SMALL_PROJECT, lane, device="cpu")
    again.step()
    assert again.loss == trainer.loss
    assert again.evaluate() == figures


@every_function
def test_a_copy_is_the_same_function(function):
    asked, x = function.asked(), function.start
    gradients(asked, x)
    for model in (copy.deepcopy(asked.model), pickle.loads(pickle.dumps(asked.model))):
        torch.testing.assert_close(Asked(model, function.ask)(x), asked(x), atol=0, rtol=0)


@every_function
def test_any_part_of_the_weights_may_be_frozen(function):
    asked, x = function.asked(), function.start
    _, *expected = gradients(asked, x)
    weights = list(asked.parameters())
    for odd in (0, 1):
        for k, weight in enumerate(weights):
            weight.requires_grad_(k % 2 == odd)
        _, *found = gradients(asked, x)
        torch.testing.assert_close(found, expected[odd::2])


@pytest.mark.parametrize("learns", [0, 1])
@pytest.mark.parametrize("name", STACKS)
def test_the_likelihood_gradient_reaches_what_learns(name, learns):
    flow = randomised(FLOWS[name]()).double()
    for k, weight in enumerate(flow.parameters()):
        weight.requires_grad_(k % 2 == learns)
    x = points(50)
    _, *expected = gradients(Asked(flow, lambda flow, x: -flow.log_prob(x) / len(x)), x)
    with torch.no_grad():
        flow.likelihood_gradient(x)
    found = [weight.grad for weight in flow.parameters() if weight.requires_grad]
    torch.testing.assert_close(found, expected)
    assert all(w.grad is None for w in flow.parameters() if not w.requires_grad)


@pytest.mark.parametrize("make", {**LAYERS, **FLOWS}.values(), ids={**LAYERS, **FLOWS})
def test_a_returned_log_det_may_be_written_to(make):
    model = randomised(make()).double()
    x = points(4)
    for gradients_on in (False, True):
        with torch.set_grad_enabled(gradients_on):
            for map_ in (model.forward, model.inverse):
                _, expected = map_(x)
                _, log_det = map_(x)
                log_det += 1
                log_det[0] = 7
                torch.testing.assert_close(log_det[1:], expected[1:] + 1)
                assert log_det[0] == 7
                torch.testing.assert_close(map_(x)[1], expected)
    for part in (model.partial, model.partial_inverse) if hasattr(model, "partial") else ():
        _, log_det = part(x, 0.5)
        log_det.mul_(2)


# --- transforms and tracing ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["trace", "inverse_trace", "layer_facts"])
def test_pictures_are_refused_where_they_would_be_taken_for_functions(name):
    flow = build([c.AffineCoupling()])

    def pictured(x):
        getattr(flow, name)(x)
        return x.sum()

    with pytest.raises(ModeError, match="gives no derivatives"):
        grad(pictured)(points(3).float())


def test_a_flow_for_many_points_refuses_derivatives():
    many = build([c.AffineCoupling()]).for_many(100_000)
    with torch.no_grad():
        assert many.log_prob(torch.zeros(3, 2)).shape == (3,)
    for move in (many.log_prob, many.forward):
        with pytest.raises(ModeError, match="for_many"):
            move(torch.zeros(3, 2))


class Exported(torch.nn.Module):
    """What torch.export takes of a function: by points alone."""

    def __init__(self, asked):
        super().__init__()
        self.asked = asked.requires_grad_(False)

    def forward(self, x):
        return self.asked(x)


def exported(asked, x):
    batch = torch.export.Dim("batch", min=2, max=4000)
    return torch.export.export(
        Exported(asked), (x,), strict=False, dynamic_shapes={"x": {0: batch}}
    ).module()


EXPORTED = (*(f"{kind}-inverse" for kind in LAYERS), "-log_prob", "-generate", "-iwae")


@pytest.mark.parametrize(
    "function", [f for f in FUNCTIONS if f.name.endswith(EXPORTED)], ids=lambda f: f.name
)
def test_export_with_any_number_of_points(function):
    asked = function.asked()
    program = exported(asked, function.start)
    x = points(17)
    torch.testing.assert_close(program(x), asked(x), atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("cls", [c.SplineCoupling, c.Monotonic, c.Planar], ids=kind_of)
def test_compiled_functions_give_the_same(cls):
    layer = randomised(build_layer(small(cls))).double()
    x = points(9).requires_grad_()
    torch._dynamo.reset()
    compiled = torch.compile(Asked(layer, lambda layer, x: layer.inverse(x)), backend="eager")
    expected = Asked(layer, lambda layer, x: layer.inverse(x))(x)
    torch.testing.assert_close(compiled(x), expected)
    found = torch.autograd.grad(compiled(x).sum(), x)
    torch.testing.assert_close(found, torch.autograd.grad(expected.sum(), x))


def test_what_is_kept_serves_every_mode():
    x = points(5)
    for bins, first in enumerate(
        (
            lambda layer: vmap(lambda p: layer.inverse(p[None])[1])(x),
            lambda layer: grad(lambda p: layer.inverse(p)[1].sum())(x),
            lambda layer: exported(Asked(layer, lambda layer, x: layer.inverse(x)), x),
            lambda layer: torch.inference_mode()(layer.inverse)(x),
        ),
        start=11,
    ):
        layer = randomised(build_layer(c.SplineCoupling(bins=bins, width=4, depth=1))).double()
        first(layer)  # the first to ask for the constants of a spline with so many bins
        layer.requires_grad_(True)
        layer.inverse(x)[1].sum().backward()
        with torch.inference_mode():
            layer.inverse(x)
        assert all(weight.grad.isfinite().all() for weight in layer.parameters())


# --- training ------------------------------------------------------------------------------------


@every_way
@pytest.mark.parametrize("lane", LANES)
def test_a_lane_trains_the_same_in_every_mode(lane, way):
    expected = Trainer(SMALL_PROJECT, lane, device="cpu")
    expected.step()
    expected.step()
    figures = expected.evaluate()
    with way():
        trainer = Trainer(SMALL_PROJECT, lane, device="cpu")
        trainer.step()
        found = trainer.evaluate()
        trainer.step()
        assert trainer.loss == expected.loss
        assert trainer.evaluate() == figures
        assert found != figures
    trainer.step()
    expected.step()
    assert trainer.loss == expected.loss


@pytest.mark.parametrize("objective", ["forward_kl", "reverse_kl"])
@pytest.mark.parametrize("cls", LAYER_SPECS, ids=kind_of)
def test_a_kind_of_layer_trains_the_same_in_every_mode(cls, objective):
    project = Project(
        stack=with_ids((small(cls), small(c.ScaleShift))),
        training=Training(discrete=StackRecipe(objective=objective, batch_size=64)),
    )
    losses = []
    for way in (torch.enable_grad, *WAYS.values()):
        trainer = Trainer(project, "discrete", device="cpu")
        with way():
            trainer.step()
            trainer.step()
        losses.append(trainer.loss)
    assert losses == losses[:1] * len(losses)
