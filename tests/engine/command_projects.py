"""A project whose lanes train in milliseconds."""

from __future__ import annotations

from flowengine.catalogue import (
    AffineCoupling,
    FlowMatching,
    SplineCoupling,
)
from flowengine.project import Project, with_ids


def small_project() -> Project:
    """A project whose lanes train in milliseconds."""
    return Project(
        name="small",
        stack=with_ids((AffineCoupling(width=8), SplineCoupling(width=8, depth=1, bins=4))),
        continuous=FlowMatching(width=8, depth=1, solver_steps=4),
    )
