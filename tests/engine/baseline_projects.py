"""A small project with a VAE and a GAN beside its flows."""

from __future__ import annotations

from flowengine.project import Project

SMALL: dict[str, object] = {
    "target": {"name": "moons"},
    "stack": [{"kind": "affine_coupling", "width": 8}] * 2,
    "continuous": {"kind": "flow_matching", "width": 8, "depth": 1, "solver_steps": 4},
    "vae": {"kind": "vae", "width": 16, "depth": 2},
    "gan": {"kind": "gan", "width": 16, "depth": 2},
    "compare": ["vae", "gan"],
    "training": {name: {"batch_size": 64} for name in ("discrete", "continuous", "vae", "gan")},
}


def project(**changes: object) -> Project:
    return Project.from_dict(SMALL | changes)
