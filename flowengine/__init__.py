"""Flow Explorer's engine: exact discrete and continuous normalizing flows in the plane.

Public names load on first use, so that `import flowengine` costs no torch:

    import flowengine as fe

    project = fe.Project.new(fe.targets.preset("moons"), stack="actnorm, affine_coupling*8")
    result = fe.train(project, lane="discrete", seconds=10)
    result.flow.log_prob([[0.0, 0.5]])
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from flowengine import errors as _errors

if TYPE_CHECKING:
    from flowengine import export as export
    from flowengine import layers as layers
    from flowengine import targets as targets
    from flowengine.api import TrainResult as TrainResult
    from flowengine.api import build as build
    from flowengine.api import evaluate as evaluate
    from flowengine.api import train as train
    from flowengine.continuous import ContinuousFlow as ContinuousFlow
    from flowengine.errors import *  # noqa: F403
    from flowengine.lane import load as load
    from flowengine.project import Project as Project
    from flowengine.stack import DiscreteFlow as DiscreteFlow
    from flowengine.trainer import Trainer as Trainer

_HOMES = {
    "ContinuousFlow": "flowengine.continuous",
    "DiscreteFlow": "flowengine.stack",
    "Project": "flowengine.project",
    "TrainResult": "flowengine.api",
    "Trainer": "flowengine.trainer",
    "build": "flowengine.api",
    "evaluate": "flowengine.api",
    "load": "flowengine.lane",
    "train": "flowengine.api",
    **{name: "flowengine.errors" for name in vars(_errors) if name.endswith("Error")},
}
_MODULES = ("errors", "export", "layers", "targets")
__all__ = [*_HOMES, *_MODULES]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name in _MODULES:
        return importlib.import_module(f"flowengine.{name}")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'flowengine' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
