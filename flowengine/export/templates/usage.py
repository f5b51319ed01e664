"""Template: what a user of the exported model calls."""

# ruff: noqa: T201  the exported model prints when it is run

from __future__ import annotations

import torch
from torch import Tensor

from flowengine.export.templates.loading import load, seeded
from flowengine.export.templates.points import points_for


def log_prob(x: Tensor) -> Tensor:
    """The log-density of points, shape (n, 2), in nats, shape (n,); differentiable.

    Raises:
        ValueError: `x` has another shape.
    """
    flow = load()
    x = points_for(flow, x)
    z, log_det = flow.inverse(x)  # type: ignore[operator]
    log_p: Tensor = flow.base.log_prob(z) + log_det  # type: ignore[operator,union-attr]
    lost = log_p.isnan() & ~x.isnan().any(-1)  # far from the data
    return log_p.masked_fill(lost, -torch.inf)


def sample(n: int, seed: int | None = None) -> Tensor:
    """Draw n points, shape (n, 2); the same seed gives the same points."""
    flow = load()
    x: Tensor = flow(flow.base.sample(n, seeded(seed)))[0]  # type: ignore[operator,union-attr]
    return x


def main() -> None:
    """Print a few samples and their densities."""
    points = sample(5, seed=0)
    for (x, y), log_p in zip(points.tolist(), log_prob(points).tolist(), strict=True):
        print(f"x = ({x:.9g}, {y:.9g})   log p(x) = {log_p:9.4f} nats")


if __name__ == "__main__":
    main()
