"""From a project to one of its models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safetensors.torch import load as load_tensors

from flowengine.continuous import build_continuous
from flowengine.errors import ProjectError
from flowengine.project import LANES, Lane, Project
from flowengine.stack import build

if TYPE_CHECKING:
    from os import PathLike

    from torch import Tensor

    from flowengine.flow import Flow


def build_flow(project: Project, lane: Lane) -> Flow:
    """The untrained model of a lane, its weights drawn from the project's seed.

    Raises:
        SpecError: the lane's model is impossible, e.g. the stack is empty.
    """
    if lane == "discrete":
        stack: Flow = build(project.stack, project.seed, project.base)
        return stack
    return build_continuous(project.continuous, project.seed, project.base)


def load(source: Project | str | PathLike[str], lane: Lane = "discrete") -> Flow:
    """The trained model of a lane, ready to use: on the CPU, in float32, without gradients.

    Args:
        source: A project, or the path of a project file.
        lane: Which of its models.

    Raises:
        ProjectError: the file cannot be read, or that lane has not been trained.
    """
    project = source if isinstance(source, Project) else Project.open(source)
    if lane not in LANES:
        raise ProjectError(f"There is no lane {lane!r}; a project has {', '.join(LANES)}")
    state = project.lanes.get(lane)
    if state is None or not state.weights:
        raise ProjectError(f"The {lane} lane of {project.name!r} has not been trained yet")
    flow = build_flow(project, lane)
    load_weights(flow, load_tensors(state.weights), lane)
    return flow.eval().requires_grad_(False)


def load_weights(flow: Flow, weights: dict[str, Tensor], lane: str) -> None:
    """Set every weight of a flow.

    Raises:
        ProjectError: the weights belong to another model.
    """
    try:
        flow.load_state_dict(weights)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise ProjectError(
            f"lanes/{lane}/weights.safetensors: expected the weights of this {lane} flow: {reason}"
        ) from None
