"""A project from what a person writes in Python: names, specs, targets, arrays. Loads no torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeAlias, TypeVar

import msgspec
import numpy as np

from flowengine.catalogue import BaseSpec, ContinuousSpec, LayerSpec
from flowengine.errors import SpecError
from flowengine.numbers import check_seed
from flowengine.project import Project, TargetSpec, default_stack, with_ids
from flowengine.shorthand import parse_base, parse_compare, parse_continuous, parse_stack
from flowengine.targets.sources import spec_from_array, spec_from_points, spec_from_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike

    from flowengine.project import BaselineLane
    from flowengine.targets import GridTarget

    TargetLike: TypeAlias = "GridTarget | TargetSpec | str | Path | ArrayLike"
    StackLike: TypeAlias = "str | LayerSpec | Sequence[str | LayerSpec] | None"


_Part = TypeVar("_Part")


def new_project(
    target: TargetLike,
    stack: StackLike,
    continuous: str | ContinuousSpec,
    base: str | BaseSpec,
    compare: str | Sequence[str],
    seed: SupportsIndex,
    name: str,
) -> Project:
    """See `Project.new`."""
    spec = target_spec(target)
    project = Project(
        name=name or spec.name,
        seed=check_seed(seed),
        target=spec,
        base=_part(base, BaseSpec, parse_base),
        stack=default_stack() if stack is None else stack_specs(stack),
        continuous=_part(continuous, ContinuousSpec, parse_continuous),
        compare=_baselines(compare),
    )
    arrays: dict[str, Any] = {}
    return Project.from_dict(project.to_dict(arrays), arrays)


def target_spec(target: TargetLike) -> TargetSpec:
    """What a document says of a target; see `Project.new` for what it may be.

    Raises:
        TargetError: it is none.
        FormulaError: it is a formula that cannot be read.
    """
    if isinstance(target, TargetSpec):
        return target
    if isinstance(target, str | Path):
        return spec_from_text(str(target))
    known = getattr(target, "spec", None)
    if isinstance(known, TargetSpec):
        return known
    if hasattr(target, "density") and hasattr(target, "extent"):
        return spec_from_array(target.density.cpu().numpy(), extent=target.extent)
    array = np.asarray(target)
    is_points = array.ndim == 2 and array.shape[1] == 2
    return spec_from_points(array) if is_points else spec_from_array(array)


def stack_specs(stack: str | LayerSpec | Sequence[str | LayerSpec]) -> tuple[LayerSpec, ...]:
    """The layers of a stack, each with an id, from a text, a spec, or a mixture of both.

    Raises:
        SpecError: a part is no layer of the catalogue.
        ProjectError: two layers claim the same id.
    """
    if isinstance(stack, str):
        return parse_stack(stack)
    if isinstance(stack, LayerSpec):
        return with_ids((stack,))
    layers: list[LayerSpec] = []
    for part in stack:
        if isinstance(part, str):
            layers += (msgspec.structs.replace(layer, id="") for layer in parse_stack(part))
        elif isinstance(part, LayerSpec):
            layers.append(part)
        else:
            raise SpecError(
                "A stack is a text, or a list of texts and of layers such as "
                "flowengine.layers.ActNorm(), got {part}",
                part=repr(part),
            )
    return with_ids(tuple(layers))


def _part(given: str | _Part, kind: type[_Part], parse: Callable[[str], _Part]) -> _Part:
    """A spec as it is, or of the kind that a text names."""
    if isinstance(given, str):
        return parse(given)
    if isinstance(given, kind):
        return given
    raise SpecError(
        "Expected the name of a kind or a {kind}, got {given}",
        kind=kind.__name__,
        given=repr(given),
    )


def _baselines(compare: str | Sequence[str]) -> tuple[BaselineLane, ...]:
    return parse_compare(compare if isinstance(compare, str) else ",".join(compare))
