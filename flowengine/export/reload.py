"""Loading an export as its users will, in a process without this project, and comparing it."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from safetensors.torch import load_file, save_file

from flowengine.errors import ExportError, phrase
from flowengine.framed import to_data, to_normal

if TYPE_CHECKING:
    from torch import Tensor

    from flowengine.export import Cancelled
    from flowengine.model import Model
    from flowengine.project import Extent

POINTS = 1000
SEED = 20_000
PATIENCE_S = 300.0
SCRIPT = Path(__file__).with_name("fresh_process.py")


class Comparison(NamedTuple):
    """How an export compares with the engine. Values above 1 are compared as parts of themselves.

    Attributes:
        difference: The largest difference of samples, and of log_prob or a VAE's bound on it,
            between the two.
        rounding: The largest difference between the engine and itself in float64: what float32
            leaves undecided at these points, whoever computes it.
    """

    difference: float
    rounding: float


@torch.no_grad()
def compare(
    flow: Model, folder: Path, extent: Extent, cancelled: Cancelled = lambda: False
) -> Comparison:
    """Compare `folder/model.py` with the engine at `POINTS` points and as many latent points.

    Half of the points lie anywhere in twice the extent, so that tails count; half are the model's
    own samples.

    Raises:
        ExportError: the exported model does not run.
    """
    generator = torch.Generator().manual_seed(SEED)
    z = flow.draw(POINTS, generator=generator)
    samples = flow.generate(z)
    around = to_data(flow.frame, _around(flow.frame.normal_extent(extent), POINTS // 2, generator))
    x = torch.cat([around, samples[: POINTS - POINTS // 2]])
    x = torch.nan_to_num(x)
    got = _run_fresh(folder, {"x": x, "z": z}, cancelled)
    if not got:
        return Comparison(0.0, 0.0)
    exact = copy.deepcopy(flow).double()
    expected = {"samples": samples, "seeded": samples}
    rounded = {"samples": exact.generate(z.double())}
    if flow.likelihood != "none":
        expected["density"] = flow.log_likelihood(x)
        rounded["density"] = exact.log_likelihood(x.double())

    def difference(name: str, one: Tensor, other: Tensor) -> float:
        if name != "density":  # points are compared in normalized coordinates
            one, other = (to_normal(flow.frame, x, x) for x in (one, other))
        return _difference(one, other)

    return Comparison(
        difference=max(difference(n, got[n], value) for n, value in expected.items()),
        rounding=max(difference(n, value, expected[n]) for n, value in rounded.items()),
    )


def _around(extent: Extent, count: int, generator: torch.Generator) -> Tensor:
    x_min, x_max, y_min, y_max = extent
    low, size = torch.tensor([x_min, y_min]), torch.tensor([x_max - x_min, y_max - y_min])
    return low + size * (2 * torch.rand(count, 2, generator=generator) - 0.5)


def _run_fresh(folder: Path, points: dict[str, Tensor], cancelled: Cancelled) -> dict[str, Tensor]:
    """What the model gives in a process that knows nothing of this one; empty if cancelled."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as elsewhere:
        given, found = Path(elsewhere, "given.safetensors"), Path(elsewhere, "found.safetensors")
        save_file(points, given)
        # -P and -E: neither this folder, nor PYTHONPATH, nor anything but what is installed.
        command = [sys.executable, "-P", "-E", "-B"]
        command += map(str, [SCRIPT, folder / "model.py", given, found, torch.get_num_threads()])
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        with subprocess.Popen(
            command,
            cwd=elsewhere,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        ) as process:
            try:
                complaint = _wait(process, cancelled)
            finally:
                process.kill()
        if cancelled():
            return {}
        if process.returncode != 0:
            lines = complaint.decode(errors="replace").strip().splitlines()
            reason = lines[-1] if lines else phrase("no reason given")
            raise ExportError("The exported model does not run: {reason}", reason=reason)
        tensors: dict[str, Tensor] = load_file(found)
        return tensors


def _wait(process: subprocess.Popen[bytes], cancelled: Cancelled) -> bytes:
    """What the process says on stderr until it ends, or until the export is cancelled."""
    waited = 0.0
    while waited < PATIENCE_S and not cancelled():
        try:
            return process.communicate(timeout=0.1)[1]
        except subprocess.TimeoutExpired:
            waited += 0.1
    return b""


def _difference(got: Tensor, expected: Tensor) -> float:
    if got.shape != expected.shape:
        return float("inf")
    same = (got == expected) | (got.isnan() & expected.isnan())
    scale = expected.abs().clamp(min=1.0)
    difference = torch.where(same, 0.0, (got - expected).abs() / scale)
    return float(torch.nan_to_num(difference, nan=torch.inf).max())
