"""Flow Explorer's engine: exact discrete and continuous normalizing flows in the plane.

Public names load on first use, so that `import flowengine` costs no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowengine import targets as targets
    from flowengine.continuous import ContinuousFlow as ContinuousFlow
    from flowengine.lane import load as load
    from flowengine.project import Project as Project
    from flowengine.stack import DiscreteFlow as DiscreteFlow
    from flowengine.stack import build as build
    from flowengine.trainer import Trainer as Trainer

_HOMES = {
    "ContinuousFlow": "flowengine.continuous",
    "DiscreteFlow": "flowengine.stack",
    "Project": "flowengine.project",
    "Trainer": "flowengine.trainer",
    "build": "flowengine.stack",
    "load": "flowengine.lane",
}
__all__ = [*_HOMES, "targets"]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name == "targets":
        return importlib.import_module("flowengine.targets")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'flowengine' has no attribute {name!r}")
