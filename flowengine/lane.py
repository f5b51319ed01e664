"""From a project to one of its models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, overload

from safetensors.torch import load as load_tensors

from flowengine.baselines import build_gan, build_vae
from flowengine.checkpoint import taken_frame
from flowengine.continuous import build_continuous
from flowengine.errors import ProjectError, phrase
from flowengine.frame import frame_of
from flowengine.project import BASELINE_LANES, LANES, Lane, Project, StackRecipe
from flowengine.stack import build

if TYPE_CHECKING:
    from os import PathLike

    from torch import Tensor

    from flowengine.baselines import Gan, Vae
    from flowengine.flow import Flow
    from flowengine.model import Model
    from flowengine.project import FlowLane, Recipe


def build_model(project: Project, lane: Lane) -> Model:
    """The untrained model of a lane, its weights drawn from the project's seed.

    It speaks the units of the project's target.

    Raises:
        SpecError: the lane's model is impossible, e.g. the stack is empty.
    """
    if lane == "vae":
        model: Model = build_vae(project.vae, project.seed)
    elif lane == "gan":
        model = build_gan(project.gan, project.seed)
    else:
        return build_flow(project, lane)
    return model.framed(frame_of(project.target))


def build_flow(project: Project, lane: FlowLane) -> Flow:
    """The untrained flow of a lane; see `build_model`."""
    if lane == "discrete":
        flow: Flow = build(project.stack, project.seed, project.base)
    else:
        flow = build_continuous(project.continuous, project.seed, project.base)
    return flow.framed(frame_of(project.target))


def model_of(project: Project, lane: Lane) -> object:
    """What the document says of a lane's model."""
    if lane in BASELINE_LANES:
        return getattr(project, lane)
    return project.base, project.stack if lane == "discrete" else project.continuous


def stream_of(recipe: Recipe) -> tuple[object, ...]:
    """What decides which points are drawn."""
    return recipe.batch_size, recipe.sampling


def aim_of(recipe: Recipe) -> tuple[object, ...]:
    """What decides where training leads to, as the target does."""
    if not isinstance(recipe, StackRecipe) or recipe.objective == "forward_kl":
        return ()
    weight = recipe.reverse_weight if recipe.objective == "mix" else 1.0
    return recipe.objective, weight


@overload
def load(source: Project | str | PathLike[str], lane: FlowLane = ...) -> Flow: ...
@overload
def load(source: Project | str | PathLike[str], lane: Literal["vae"]) -> Vae: ...
@overload
def load(source: Project | str | PathLike[str], lane: Literal["gan"]) -> Gan: ...
@overload
def load(source: Project | str | PathLike[str], lane: Lane) -> Model: ...
def load(source: Project | str | PathLike[str], lane: Lane = "discrete") -> Model:
    """The trained model of a lane, ready to use: on the CPU, in float32, without gradients.

    Args:
        source: A project, or the path of a project file.
        lane: Which of its models: `discrete`, `continuous`, `vae` or `gan`.

    Raises:
        ProjectError: the file cannot be read, or that lane has not been trained.
    """
    project = source if isinstance(source, Project) else Project.open(source)
    project.check()
    if lane not in LANES:
        raise ProjectError(
            "There is no lane {lane}; a project has {lanes}",
            lane=repr(lane),
            lanes=", ".join(LANES),
        )
    state = project.lanes.get(lane)
    if state is None or not state.weights:
        raise ProjectError(
            "The {lane} lane of {name} has not been trained yet",
            lane=phrase(lane),
            name=repr(project.name),
        )
    model = build_model(project, lane)
    weights = load_tensors(state.weights)
    model = model.framed(taken_frame(weights, lane))
    load_weights(model, weights, lane)
    return model.float().eval().requires_grad_(False)


def load_weights(model: Model, weights: dict[str, Tensor], lane: str) -> None:
    """Set every weight of a model.

    Raises:
        ProjectError: the weights belong to another model.
    """
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise ProjectError(
            "lanes/{lane}/weights.safetensors: expected the weights of this {lane_} "
            "model: {reason}",
            lane=lane,
            lane_=phrase(lane),
            reason=reason,
        ) from None
