"""Run as a script: load an exported model.py and write down what it computes.

    python fresh_process.py model.py given.safetensors found.safetensors THREADS

This project is made impossible to import, as it will be where the model goes.
"""

from __future__ import annotations

import importlib.util
import sys

import torch
from safetensors.torch import load_file, save_file


def main(model_path: str, given_path: str, found_path: str, threads: str) -> None:
    """Load the model, and save the density or bound at x, the samples of z and those of a seed."""
    torch.set_num_threads(int(threads))  # the engine's: more would add up in another order
    sys.modules["flowengine"] = None  # type: ignore[assignment]  # importing it now fails
    spec = importlib.util.spec_from_file_location("model", model_path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{model_path} is no Python file")
    model = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(model)
    given = load_file(given_path)
    made = model.load()(given["z"])
    found = {
        "samples": made[0] if isinstance(made, tuple) else made,
        "seeded": model.sample(len(given["z"]), seed=20_000),
    }
    density = getattr(model, "log_prob", None) or getattr(model, "iwae", None)
    if density is not None:
        found["density"] = density(given["x"])
    save_file({name: tensor.contiguous() for name, tensor in found.items()}, found_path)


if __name__ == "__main__":
    main(*sys.argv[1:])
