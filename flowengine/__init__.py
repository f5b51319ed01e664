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

if TYPE_CHECKING:
    from flowengine import errors as errors
    from flowengine import export as export
    from flowengine import layers as layers
    from flowengine import targets as targets
    from flowengine.api import TrainResult as TrainResult
    from flowengine.api import build as build
    from flowengine.api import evaluate as evaluate
    from flowengine.api import train as train
    from flowengine.continuous import ContinuousFlow as ContinuousFlow
    from flowengine.errors import AbsentError as AbsentError
    from flowengine.errors import DeviceError as DeviceError
    from flowengine.errors import ExportError as ExportError
    from flowengine.errors import FlowError as FlowError
    from flowengine.errors import FormulaError as FormulaError
    from flowengine.errors import NumericsError as NumericsError
    from flowengine.errors import ProjectError as ProjectError
    from flowengine.errors import ProtocolError as ProtocolError
    from flowengine.errors import ShapeError as ShapeError
    from flowengine.errors import SpecError as SpecError
    from flowengine.errors import TargetError as TargetError
    from flowengine.lane import load as load
    from flowengine.project import Project as Project
    from flowengine.stack import DiscreteFlow as DiscreteFlow
    from flowengine.trainer import Trainer as Trainer

_ERRORS = (
    *("AbsentError", "DeviceError", "ExportError", "FlowError", "FormulaError", "NumericsError"),
    *("ProjectError", "ProtocolError", "ShapeError", "SpecError", "TargetError"),
)
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
    **dict.fromkeys(_ERRORS, "flowengine.errors"),
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
    return sorted({*globals(), *__all__})
