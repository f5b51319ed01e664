"""What a stack is trained towards: forward KL, reverse KL, and a mix of both."""

from __future__ import annotations

import math
import typing

import msgspec
import pytest
import torch

import flowengine as fe
from flowengine.catalogue import GaussianMixture, Ring, StandardNormal
from flowengine.errors import ProjectError, ShapeError
from flowengine.objectives import make_stack_loss
from flowengine.project import Project, StackRecipe
from flowengine.targets.smooth import FLOOR, SmoothDensity
from flowengine.trainer import Trainer
from flowengine.training import train
from tests.engine.models import randomised

OBJECTIVES = ("forward_kl", "reverse_kl", "mix")
LEARNED = GaussianMixture(components=3, parameters="learned")


def project(objective: str, *, base=None, **changes) -> Project:
    return Project.from_dict(
        {
            "target": {"name": "eight_gaussians"},
            "base": msgspec.to_builtins(base or StandardNormal()),
            "stack": [{"kind": "linear"}, {"kind": "affine_coupling", "width": 16}],
            "training": {"discrete": {"objective": objective, "batch_size": 128}},
        }
        | changes
    )


def advance(trainer: Trainer, steps: int) -> None:
    for _ in range(steps):
        trainer.step()


def state_of(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}


def same(first: dict, second: dict) -> bool:
    return all(torch.equal(first[name], second[name]) for name in first)


# --- the smooth target --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["eight_gaussians", "checkerboard"])
def test_smooth_density_integrates_to_one_and_stays_near_the_target(name):
    target = fe.targets.preset(name)
    smooth = SmoothDensity(target)
    side = (torch.arange(1200, dtype=torch.float64) + 0.5) / 50 - 12
    points = torch.cartesian_prod(side, side)
    assert float(smooth.log_prob(points).exp().sum()) / 50**2 == pytest.approx(1, abs=1e-3)
    x = target.sample(4096, seed=0)
    assert float((target.log_prob(x) - smooth.log_prob(x)).mean()) == pytest.approx(0, abs=0.05)


def test_smooth_density_equals_the_cells_at_their_centres_and_is_linear_between():
    grid = torch.tensor([[1.0, 2.0, 4.0], [3.0, 0.0, 2.0]])
    target = fe.targets.from_grid(grid.numpy(), (0, 3, 0, 2))
    smooth = SmoothDensity(target)
    centres = torch.tensor([[0.5, 0.5], [1.5, 0.5], [2.5, 0.5], [0.5, 1.5], [1.0, 0.5]]).double()
    expected = torch.tensor([1.0, 2.0, 4.0, 3.0, 1.5]).double() / 12
    torch.testing.assert_close(smooth.log_prob(centres).exp(), expected, atol=FLOOR, rtol=1e-3)


def test_smooth_density_has_a_value_and_a_slope_everywhere():
    grid = torch.zeros(16, 16)
    grid[3, 4] = 1.0
    smooth = SmoothDensity(fe.targets.from_grid(grid.numpy()))
    axis = torch.tensor([0.0, -1.75, -1.5, 4.0, -4.0, -4.25, 4.25, math.nextafter(4.25, 9), 1e6])
    x = torch.cartesian_prod(axis, axis).requires_grad_()
    log_p = smooth.log_prob(x)
    log_p.sum().backward()
    assert torch.isfinite(log_p).all()
    assert torch.isfinite(x.grad).all()
    far = (x.detach() - torch.tensor([-1.75, -2.25])).norm(dim=1) > 1
    inward = (x.grad * (torch.tensor([-1.75, -2.25]) - x.detach())).sum(1)
    assert (inward[far] > 0).all()
    with pytest.raises(ShapeError):
        smooth.log_prob(torch.zeros(2))


def test_smooth_densitys_slope_is_that_of_finite_differences():
    smooth = SmoothDensity(fe.targets.preset("moons"))
    x = (0.013 + 3 * torch.randn(50, 2, dtype=torch.float64, generator=_seeded(1))).requires_grad_()
    assert torch.autograd.gradcheck(smooth.log_prob, (x,), eps=1e-8, atol=1e-4)


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# --- the losses ---------------------------------------------------------------------------------


def test_every_objective_of_the_recipe_is_known():
    hint = typing.get_type_hints(StackRecipe, include_extras=True)["objective"]
    assert typing.get_args(typing.get_args(hint)[0]) == OBJECTIVES


def test_reverse_kl_of_two_gaussians_is_exact():
    """KL(N(0, 1) ‖ N(0, 1.5²)) in the plane, the target on a fine grid."""
    axis = (torch.arange(512, dtype=torch.float64) + 0.5) / 32 - 8
    bell = (-0.5 * (axis / 1.5).square()).exp()
    target = fe.targets.from_grid(torch.outer(bell, bell).numpy(), (-8, 8, -8, 8))
    recipe = StackRecipe(objective="reverse_kl", batch_size=8192)
    flow = fe.build(project("mix").stack[:1]).requires_grad_(False)
    loss = make_stack_loss(recipe, target, 0).loss(flow)
    exact = 2 * (math.log(1.5) + 1 / (2 * 1.5**2) - 0.5)
    assert float(loss) == pytest.approx(exact, abs=3e-3)


@pytest.mark.parametrize("base", [StandardNormal(), LEARNED, Ring()], ids=lambda b: b.kind)
def test_reverse_kl_has_the_gradient_of_its_own_quadrature(base):
    """The mean over the model's points, and the integral over the plane, fall alike."""
    target = fe.targets.preset("moons")
    flow = randomised(fe.build(project("mix").stack[:1], 0, base), 0.2).double().requires_grad_()
    recipe = StackRecipe(objective="reverse_kl", batch_size=1 << 14)
    loss = make_stack_loss(recipe, target, 3)
    loss.streams["reverse."]._dtype = torch.float64
    found = torch.autograd.grad(loss.loss(flow), list(flow.parameters()))
    side = (torch.arange(500, dtype=torch.float64) + 0.5) / 25 - 10
    x = torch.cartesian_prod(side, side)
    log_q = flow.log_prob(x)
    integral = (log_q.exp() * (log_q - SmoothDensity(target).log_prob(x))).sum() / 25**2
    exact = torch.autograd.grad(integral, list(flow.parameters()))
    for name, got, expected in zip(dict(flow.named_parameters()), found, exact, strict=True):
        torch.testing.assert_close(got, expected, atol=0.05, rtol=0.02, msg=name)


def test_a_mix_weighs_both_divergences():
    target = fe.targets.preset("moons")
    flow = fe.build(project("mix").stack).requires_grad_(False)
    losses = {
        name: float(make_stack_loss(StackRecipe(objective=name), target, 0).loss(flow))
        for name in OBJECTIVES[:2]
    }
    for weight in (0.0, 0.25, 1.0):
        recipe = StackRecipe(objective="mix", reverse_weight=weight)
        expected = (1 - weight) * losses["forward_kl"] + weight * losses["reverse_kl"]
        loss = make_stack_loss(recipe, target, 0).loss(flow)
        assert float(loss) == pytest.approx(expected, rel=1e-5)


# --- training -----------------------------------------------------------------------------------


def test_forward_kl_covers_all_modes_and_reverse_kl_seeks_one():
    """A single Gaussian on eight of them: the textbook case (Bishop, 2006, §10.1.2)."""
    start = {"kind": "scale_shift", "shift_x": 1.5, "scale_x": 0.5, "scale_y": 0.5}
    found = {}
    for objective in OBJECTIVES[:2]:
        recipe = {"objective": objective, "learning_rate": 0.05, "batch_size": 256}
        changes = {"stack": [start], "training": {"discrete": recipe}}
        trainer = Trainer(project(objective, **changes), "discrete")
        train(trainer, steps=300)
        samples = trainer.average.sample(2000, generator=_seeded(0))
        found[objective] = samples.mean(0), samples.std(0), trainer
    mean, spread, _ = found["forward_kl"]
    torch.testing.assert_close(mean, torch.zeros(2), atol=0.15, rtol=0)
    assert (spread > 1.2).all()
    mean, spread, trainer = found["reverse_kl"]
    torch.testing.assert_close(mean, torch.tensor([2.0, 0.0]), atol=0.1, rtol=0)
    torch.testing.assert_close(spread, torch.full((2,), 0.2), atol=0.05, rtol=0)
    assert trainer.loss == pytest.approx(math.log(8), abs=0.1)  # one mode of eight, and that well


@pytest.mark.parametrize("base", [StandardNormal(), LEARNED], ids=lambda b: b.kind)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_resumed_run_equals_the_uninterrupted_one(objective, base):
    recipe = {"discrete": {"objective": objective, "batch_size": 1024}}
    document = project(objective, base=base, training=recipe)
    through = Trainer(document, "discrete")
    advance(through, 6)
    saved = {"discrete": through.state()}
    resumed = Trainer(msgspec.structs.replace(document, lanes=saved), "discrete")
    advance(through, 12)  # past the end of a block of points
    advance(resumed, 12)
    assert same(state_of(through), state_of(resumed))
    assert through.loss == resumed.loss


def test_the_objective_changes_in_mid_run_and_the_streams_that_stay_go_on():
    trainer = Trainer(project("forward_kl"), "discrete")
    advance(trainer, 30)
    weights = state_of(trainer)
    trainer.edit(project("mix"))
    assert trainer.step_count == 30
    assert trainer.schedule_step <= trainer.schedule.warm_up
    assert set(state_of(trainer)) == set(weights)
    first, second = (
        loss.state() for loss in (trainer.objective, Trainer(project("mix"), "discrete").objective)
    )
    assert first["offset"] == 30 * 128
    assert second["offset"] == 0
    advance(trainer, 3)
    assert math.isfinite(trainer.loss)


def test_a_weight_that_plays_no_part_changes_nothing():
    trainer = Trainer(project("forward_kl"), "discrete")
    advance(trainer, 30)
    objective, step = trainer.objective, trainer.schedule_step
    plain = project("forward_kl").to_dict()
    plain["training"]["discrete"]["reverse_weight"] = 0.9
    trainer.edit(Project.from_dict(plain))
    assert trainer.objective is objective
    assert trainer.schedule_step == step


def test_a_state_from_another_objective_is_taken_up():
    trainer = Trainer(project("forward_kl"), "discrete")
    advance(trainer, 5)
    saved = {"discrete": trainer.state()}
    again = Trainer(msgspec.structs.replace(project("reverse_kl"), lanes=saved), "discrete")
    advance(again, 2)
    assert again.step_count == 7


def test_what_a_recipe_does_not_allow_is_named():
    for change in ({"objective": "both"}, {"reverse_weight": 1.5}):
        with pytest.raises(ProjectError, match=rf"training\.discrete\.{next(iter(change))}"):
            project("mix", training={"discrete": change})
    with pytest.raises(ProjectError, match="unknown field `objective`"):
        project("mix", training={"continuous": {"objective": "mix"}})
