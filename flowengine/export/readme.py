"""The README of an exported model."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowengine.export.reload import Comparison
    from flowengine.project import Lane, Project

_OPENING = """\
# {name}: a trained {kind}

| file | what it is |
|---|---|
| `model.py` | the model; read it, change it, take it along |
| `weights.safetensors` | its {weights:,} trained weights, averaged over the last steps |

```
pip install torch safetensors
python model.py
```

"""
_TEXT = """\
```python
import torch
import model

x = torch.tensor([[0.0, 1.0], [2.0, -1.0]])
model.log_prob(x)            # log-densities in nats, shape (2,); differentiable in x
model.sample(1000, seed=0)   # points, shape (1000, 2)

flow = model.load()          # the torch module
x, log_det = flow(flow.base.sample(5))    # generate: base to data
z, log_det = flow.inverse(x)              # normalize: data to base
```

The base is the {base} in the plane. The density was fitted to the target
"{target}" over x from {extent[0]:.10g} to {extent[1]:.10g} and y from {extent[2]:.10g} to
{extent[3]:.10g}.

{steps}Checked when it was written: `model.py` was loaded in a fresh process without
Flow Explorer, and its log-densities and samples were compared with the engine's at 1,000 points;
the largest
difference was {difference:.1e} (relative where values exceed 1; computing in float64 instead of
float32 changes the engine's own values by {rounding:.1e}).
"""


def opening(project: Project, kind: str, weights: int) -> str:
    """What every exported folder is and holds, and how it is run."""
    name = project.name.strip() or "Untitled"
    return _OPENING.format(name=name, kind=kind, weights=weights)


def readme(
    project: Project, lane: Lane, *, weights: int, found: Comparison, steps: str = ""
) -> str:
    """What the folder holds, how it is used, and how well it was checked.

    Args:
        project: What was exported.
        lane: Which of its models.
        weights: Their number.
        found: What the check came to.
        steps: A paragraph on the solver's steps, if there is a solver.
    """
    return opening(project, f"{lane} normalizing flow", weights) + _TEXT.format(
        base=project.base.title.lower().replace("gaussian", "Gaussian"),
        target=project.target.name,
        steps=steps,
        extent=project.target.extent,
        difference=found.difference,
        rounding=found.rounding,
    )
