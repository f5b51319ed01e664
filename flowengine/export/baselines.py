"""What a VAE's or a GAN's folder says: the model's text, its weights, its README."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowengine.export.assemble import assemble, in_frame
from flowengine.export.readme import opening

if TYPE_CHECKING:
    from torch import Tensor

    from flowengine.baselines import Gan, Vae
    from flowengine.export.reload import Comparison
    from flowengine.project import Project

_CALLS = {
    "vae": """\
    model.sample(1000, seed=0)  points (1000, 2)
    model.iwae(x, 64)           a lower bound on log p(x), in nats: points (n, 2) to (n,)
    model.elbo(x)               a looser one
""",
    "gan": """\
    model.sample(1000, seed=0)  points (1000, 2); a GAN has no density
""",
}
_NAMES = {"vae": "variational autoencoder", "gan": "generative adversarial network"}
_EXAMPLES = {
    "vae": """\
x = torch.tensor([[0.0, 1.0], [2.0, -1.0]])
model.iwae(x, 64)            # lower bounds on log p(x) in nats, shape (2,); more samples, tighter
model.elbo(x)                # a looser lower bound
""",
    "gan": "",
}
_HONESTY = {
    "vae": "A VAE has no exact density: log p(x) is bounded from below, and NLL from above.",
    "gan": "A GAN has no density: there is no log p(x), and nothing leads from x back to z.",
}
_README = """\
```python
import torch
import model

model.sample(1000, seed=0)   # points, shape (1000, 2)
{example}
net = model.load()           # the torch module
x = net(torch.randn(5, net.noise))
```

{honesty} It was fitted to the target "{target}"
over x from {extent[0]:.10g} to {extent[1]:.10g} and y from {extent[2]:.10g} to {extent[3]:.10g}.

Checked when it was written: `model.py` was loaded in a fresh process without Flow Explorer, and
what it gives was compared with the engine's at 1,000 points; the largest difference was
{difference:.1e} (relative where values exceed 1).
"""


def source_of(model: Vae | Gan, title: str) -> str:
    """The text of `model.py` for this very model; `title` is a line of its docstring."""
    spec = model.spec
    name = type(model).__name__
    build = (
        f'def build() -> {name}:\n    """The networks of this model."""\n'
        f"    return {name}(latent={spec.latent}, width={spec.width}, depth={spec.depth})\n"
    )
    docstring = f"""A trained {_NAMES[spec.kind]} in the plane.

{title}

    python model.py             a few samples

    import model
{_CALLS[spec.kind]}    model.load()                the torch module itself

The weights lie beside this file; torch and safetensors are all that it needs.
"""
    framed = [] if model.frame.is_identity else ["framed"]
    names = [spec.kind, *framed, "sampling", f"usage_{spec.kind}"]
    return assemble(names, docstring=docstring, build=in_frame(build, model))


def weights_of(model: Vae | Gan) -> dict[str, Tensor]:
    """The tensors of the exported model; a GAN's critic has done its work and stays behind."""
    return {
        name: weight.detach().clone()
        for name, weight in model.named_parameters()
        if not name.startswith("critic.")
    }


def readme_of(model: Vae | Gan, project: Project, *, weights: int, found: Comparison) -> str:
    """What the folder holds, how it is used, what it cannot give, and how well it was checked."""
    kind = model.spec.kind
    return opening(project, _NAMES[kind], weights) + _README.format(
        example=_EXAMPLES[kind],
        honesty=_HONESTY[kind],
        target=project.target.name,
        extent=project.target.extent,
        difference=found.difference,
    )
