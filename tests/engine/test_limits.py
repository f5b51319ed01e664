"""A catalogue's limits hold wherever a document enters, and targets refuse what is none."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
import torch

import flowengine as fe
from flowengine import catalogue
from flowengine.bases import build_base
from flowengine.catalogue import (
    BASE_SPECS,
    CONTINUOUS_SPECS,
    LAYER_SPECS,
    GanSpec,
    VaeSpec,
    fields_of,
)
from flowengine.errors import FlowError, ProjectError, SpecError, TargetError
from flowengine.lane import build_model
from flowengine.layers import build_layer
from flowengine.project import Project, Recipe, StackRecipe, Training, default_stack
from flowengine.trainer import Trainer

SPECS = (*LAYER_SPECS, *BASE_SPECS, *CONTINUOUS_SPECS, VaeSpec, GanSpec)


def outside():
    """Every setting of every spec, at a value that its limits do not allow."""
    for cls in SPECS:
        for field in fields_of(cls):
            values = []
            if field.choices:
                values.append("nothing of the kind")
            elif field.type in (int, float):
                if field.maximum is not None:
                    values.append(field.type(field.maximum * 2 + 1))
                if field.minimum is not None:
                    values.append(field.type(field.minimum - 1 - abs(field.minimum)))
                values += [float("nan")] * (field.type is float)
            for value in values:
                spec = msgspec.structs.replace(cls(), **{field.name: value})
                yield pytest.param(spec, id=f"{cls.__name__}-{field.name}-{value}")


@pytest.mark.parametrize("spec", list(outside()))
def test_a_setting_out_of_its_limits_is_refused_at_every_door(spec):
    if isinstance(spec, catalogue.LayerSpec):
        doors = [
            lambda: fe.build([spec]),
            lambda: build_layer(spec),
            lambda: Trainer(Project(stack=(spec,)), "discrete", device="cpu"),
        ]
    elif isinstance(spec, catalogue.BaseSpec):
        doors = [
            lambda: fe.build([catalogue.Rotation()], 0, spec),
            lambda: build_base(spec),
            lambda: Trainer(Project(stack=default_stack(), base=spec), "discrete", device="cpu"),
        ]
    elif isinstance(spec, catalogue.ContinuousSpec):
        doors = [
            lambda: build_model(Project(continuous=spec), "continuous"),
            lambda: Trainer(Project(continuous=spec), "continuous", device="cpu"),
        ]
    else:
        lane = spec.kind
        project = Project(**{lane: spec})
        doors = [
            lambda: build_model(project, lane),
            lambda: Trainer(project, lane, device="cpu"),
        ]
    for door in doors:
        with pytest.raises((SpecError, ProjectError)):
            door()


@pytest.mark.parametrize(
    "project",
    [
        Project(stack=default_stack(), seed=-1),
        Project(stack=default_stack() * 33),
        Project(stack=default_stack(), training=Training(discrete=StackRecipe(batch_size=0))),
        Project(stack=default_stack(), training=Training(vae=Recipe(learning_rate=2.0))),
    ],
)
def test_a_document_out_of_its_limits_is_not_trained(project):
    with pytest.raises(FlowError):
        Trainer(project, "discrete", device="cpu")


def test_an_edit_out_of_the_limits_leaves_training_as_it_was():
    project = Project(stack=default_stack())
    trainer = Trainer(project, "discrete", device="cpu")
    bad = msgspec.structs.replace(project, stack=(catalogue.ScaleShift(scale_x=2000.0),))
    with pytest.raises(ProjectError, match=r"at `\$.stack\[0\].scale_x`"):
        trainer.edit(bad)
    assert trainer.project is project


def test_what_is_within_the_limits_builds_as_it_is():
    layer = catalogue.AffineCoupling(width=np.int64(8))
    assert isinstance(fe.build([layer]).active[0].spec.width, int)


# --- targets --------------------------------------------------------------------------------------


@pytest.mark.parametrize("extent", [None, "abcd", "0123", 5, (0, 1, 2), (0, 1, "a", 2), object()])
def test_an_extent_that_is_none_is_a_target_error(extent):
    with pytest.raises(TargetError, match="The extent must be four finite numbers"):
        fe.targets.from_grid(np.ones((4, 4)), extent)


@pytest.mark.parametrize("bandwidth", ["0.1", [0.1], True, 0, -1, float("nan"), object()])
def test_a_bandwidth_that_is_none_is_a_target_error(bandwidth):
    with pytest.raises(TargetError, match="The bandwidth must be a finite number above 0"):
        fe.targets.from_points(np.eye(2), bandwidth)


def test_tensors_of_any_kind_are_points_and_densities():
    points = torch.randn(50, 2)
    plain = fe.targets.from_points(points)
    for given in (points.clone().requires_grad_(), points.double().requires_grad_() * 1):
        assert fe.targets.from_points(given).extent == pytest.approx(plain.extent)
    grid = torch.rand(4, 4)
    learned = fe.targets.from_grid(grid.clone().requires_grad_())
    assert learned.entropy == fe.targets.from_grid(grid).entropy
