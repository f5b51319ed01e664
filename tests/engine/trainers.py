"""A small project to train, and what tests ask of its trainer."""

from __future__ import annotations

import torch

from flowengine.project import Project
from flowengine.trainer import Trainer


def project(**changes: object) -> Project:
    return Project.from_dict(
        {
            "target": {"name": "eight_gaussians"},
            "stack": [{"kind": "spline_coupling", "width": 16}] * 2,
            "continuous": {"kind": "flow_matching", "width": 16, "depth": 2},
            "training": {
                "discrete": {"learning_rate": 0.02, "batch_size": 128},
                "continuous": {"batch_size": 128},
                "vae": {"batch_size": 64},
                "gan": {"batch_size": 64},
            },
            "vae": {"width": 16},
            "gan": {"width": 16, "depth": 2},
        }
        | changes
    )


def advance(trainer: Trainer, steps: int) -> None:
    for _ in range(steps):
        trainer.step()


def weights_of(flow: torch.nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in flow.parameters()])
