"""The format `python`: a folder with one `model.py` that needs torch and safetensors alone."""

from __future__ import annotations

import copy
import importlib
import inspect
import textwrap
from typing import TYPE_CHECKING, cast

from safetensors.torch import save

from flowengine.baselines import Gan, Vae
from flowengine.catalogue import fields_of
from flowengine.continuous import ContinuousFlow, solvers
from flowengine.continuous.tamed import StraightField
from flowengine.errors import ExportError
from flowengine.export import ExportCancelled, baselines
from flowengine.export.assemble import PACKAGE, assemble, has_template, in_frame
from flowengine.export.readme import readme
from flowengine.export.reload import compare
from flowengine.stack import DiscreteFlow
from flowengine.targets import from_spec

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from flowengine.bases import Base
    from flowengine.catalogue import BaseSpec, LayerSpec
    from flowengine.export import Cancelled, Progress
    from flowengine.flow import Flow
    from flowengine.layers import Layer
    from flowengine.model import Model
    from flowengine.project import Lane, Project

TOLERANCE = 1e-4


def export_python(
    flow: Model,
    folder: Path,
    *,
    project: Project,
    lane: Lane,
    progress: Progress,
    cancelled: Cancelled,
) -> float:
    """Write `model.py`, `weights.safetensors` and `README.md` into an empty folder and check them.

    Returns:
        The largest difference of log_prob and samples between the engine and a fresh process.

    Raises:
        ExportError: a layer has no template, or the difference is over `TOLERANCE` and also over
            ten times the engine's own rounding errors.
        ExportCancelled: `cancelled` said so.
    """
    progress(0.0, "writing the model")
    flow = copy.deepcopy(flow).cpu().float().eval().requires_grad_(False)
    if isinstance(flow, ContinuousFlow):
        flow = _frozen(flow, project)
    if isinstance(flow, DiscreteFlow):
        for layer in flow.active:
            layer.settle()
    source = model_source(flow, project.name, lane)
    (folder / "model.py").write_text(source, encoding="utf-8")
    weights = weights_of(flow)
    (folder / "weights.safetensors").write_bytes(save(weights))
    _refuse_cancelled(cancelled)

    progress(0.2, "loading it in a fresh process")
    found = compare(flow, folder, project.target.extent, cancelled)
    _refuse_cancelled(cancelled)
    # A model so sharp that float32 cannot decide its values must not be held to them.
    allowed = max(TOLERANCE, 10 * found.rounding)
    if not found.difference <= allowed:
        raise ExportError(
            "The exported model differs from the engine's by {difference}, and at "
            "most {allowed} is allowed; nothing was written",
            difference=f"{found.difference:.2g}",
            allowed=f"{allowed:.2g}",
        )
    progress(0.9, "writing the README")
    count = sum(weight.numel() for weight in weights.values())
    if isinstance(flow, Vae | Gan):
        text = baselines.readme_of(flow, project, weights=count, found=found)
    else:
        text = readme(project, lane, weights=count, found=found, steps=_steps_of(flow))
    (folder / "README.md").write_text(text, encoding="utf-8")
    progress(1.0, "done")
    return found.difference


def model_source(flow: Model, name: str, lane: str) -> str:
    """The text of `model.py` for this very model.

    Raises:
        ExportError: there is no template for a layer or for this kind of flow.
    """
    if isinstance(flow, Vae | Gan):
        return baselines.source_of(flow, _title(name))
    if isinstance(flow, DiscreteFlow):
        kinds = [layer.spec.kind for layer in flow.active]
        templates, build = [*kinds, "discrete_flow"], _build_discrete(flow)
    elif isinstance(flow, ContinuousFlow):
        adams = flow.fixed_solver == solvers.ADAMS
        templates = [_field_of(flow).lower(), "continuous_adams" if adams else "continuous_flow"]
        build = _build_continuous(flow)
    else:
        raise ExportError("The python export does not know {flow} yet", flow=type(flow).__name__)
    for kind in templates:
        if not has_template(kind):
            raise ExportError(
                "The python export does not know the layer {kind} yet", kind=repr(kind)
            )
    framed = [] if flow.frame.is_identity else ["framed"]
    templates = [f"base_{flow.base.spec.kind}", *templates, *framed, "usage"]
    return assemble(templates, docstring=_docstring(name, lane), build=in_frame(build, flow))


def weights_of(flow: Model) -> dict[str, Tensor]:
    """The tensors of the exported model, by the names that its own classes give them."""
    prefix = "" if flow.frame.is_identity else "core."
    return {f"{prefix}{name}": weight for name, weight in _core_weights(flow).items()}


def _steps_of(flow: Model) -> str:
    """A paragraph for the README, or nothing."""
    if not isinstance(flow, ContinuousFlow):
        return ""
    text = f"The velocity field is followed in {flow.step_count} steps ({flow.fixed_solver})"
    if flow.accuracy is not None and flow.accuracy.steps == flow.step_count:
        text += f", which leaves an error of at most {flow.accuracy.log_prob_error:.1e} nats"
    return f"{text}.\n\n"


def _frozen(flow: ContinuousFlow, project: Project) -> ContinuousFlow:
    """The flow with one number of steps for all points: what was set by hand, or is enough."""
    if flow.spec.solver_steps == "auto" and flow.accuracy is None:
        flow.settle(from_spec(project.target).normalized(flow.frame))
    frozen = flow.with_solver(flow.spec.solver, flow.step_count)
    frozen.accuracy = flow.accuracy
    return frozen


def _core_weights(flow: Model) -> dict[str, Tensor]:
    if isinstance(flow, Vae | Gan):
        return baselines.weights_of(flow)
    if not isinstance(flow, ContinuousFlow):
        flow = cast("DiscreteFlow", flow)
        return {
            f"layers.{i}.{name}": weight.detach().clone()
            for i, layer in enumerate(flow.active)
            for name, weight in layer.named_parameters()
        } | _base_weights(flow)
    named = [*flow.named_parameters(), *flow.velocity.named_buffers(prefix="velocity")]
    return {
        name.replace("network.whitening.", ""): weight.detach().clone() for name, weight in named
    } | _base_weights(flow)


def _base_weights(flow: Flow) -> dict[str, Tensor]:
    """The tensors of the base, whether they were learned or are fixed."""
    tensors = dict(flow.base.named_parameters()) | dict(flow.base.named_buffers())
    return {f"base.{name}": tensor.detach().clone() for name, tensor in tensors.items()}


def _title(name: str) -> str:
    # A project's name may hold anything; nothing in it may end the docstring or escape from it.
    shown = "".join(c if c.isprintable() and c not in '"\\' else " " for c in name)
    return textwrap.fill(
        f"Exported from the Flow Explorer project {shown.strip() or 'Untitled'}.", 100
    )


def _docstring(name: str, lane: str) -> str:
    return f"""A trained {lane} normalizing flow in the plane.

{_title(name)}

    python model.py             a few samples and their densities

    import model
    model.log_prob(x)           points (n, 2) to log-densities (n,), in nats
    model.sample(1000, seed=0)  points (1000, 2)
    model.load()                the torch module itself, with forward (z to x) and inverse (x to z)

The weights lie beside this file; torch and safetensors are all that it needs.
"""


def _build_discrete(flow: DiscreteFlow) -> str:
    parts = [_call_base(flow.base), *map(_call, flow.active)]
    calls = "".join(f"        {part},\n" for part in parts)
    return (
        'def build() -> Flow:\n    """The base and the layers of this model, base first."""\n'
        f"    return Flow(\n{calls}    )\n"
    )


def _build_continuous(flow: ContinuousFlow) -> str:
    spec, solver = flow.spec, flow.fixed_solver
    named = "" if solver == solvers.ADAMS else f"        solver={_text(solver)},\n"
    return (
        'def build() -> Flow:\n    """The base, the network and the solver of this model."""\n'
        f"    return Flow(\n        {_call_base(flow.base)},\n"
        f"        {_field_of(flow)}(width={spec.width}, depth={spec.depth}),\n"
        f"{named}        solver_steps={flow.step_count},\n    )\n"
    )


def _field_of(flow: ContinuousFlow) -> str:
    """The class of the velocity field."""
    return "Straightened" if isinstance(flow.velocity, StraightField) else "Whitened"


def _call(layer: Layer) -> str:
    """The line that makes a layer."""
    return _call_of(layer.settled_spec, layer.spec.kind)


def _call_base(base: Base) -> str:
    """The line that makes a base."""
    return _call_of(base.spec, f"base_{base.spec.kind}")


def _call_of(spec: LayerSpec | BaseSpec, template: str) -> str:
    """The line that makes a part: its class and those of its settings that the class takes."""
    name = type(spec).__name__
    module = importlib.import_module(f"{PACKAGE}.{template}")
    taken = inspect.signature(getattr(module, name)).parameters
    settings = [field.name for field in fields_of(type(spec)) if field.name in taken]
    given = ", ".join(f"{s}={_text(getattr(spec, s))}" for s in settings)
    return f"{name}({given})"


def _text(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _refuse_cancelled(cancelled: Cancelled) -> None:
    if cancelled():
        raise ExportCancelled("The export was cancelled; nothing was written")
