"""The devices that this machine can train on."""

from __future__ import annotations

import platform

import torch

from flowengine.errors import DeviceError, Sentence, phrase
from flowengine.protocol import DeviceInfo


def available_devices() -> tuple[DeviceInfo, ...]:
    """CPU first, then what else torch can use here."""
    devices = [DeviceInfo(kind="cpu", name=platform.processor() or platform.machine() or "CPU")]
    if torch.cuda.is_available():
        devices.append(DeviceInfo(kind="cuda", name=torch.cuda.get_device_name()))
    if torch.backends.mps.is_available():
        devices.append(DeviceInfo(kind="mps", name="Apple GPU"))
    return tuple(devices)


def choose_device(name: str | torch.device) -> torch.device:
    """The device of that name; `auto` takes CUDA where there is one, and else the CPU.

    Args:
        name: `auto`, a kind of device (`cuda`), one of several (`cuda:1`), or torch's own object.

    Raises:
        DeviceError: this machine has no such device.
    """
    here = [device.kind for device in available_devices()]
    if name == "auto":
        return torch.device("cuda" if "cuda" in here else "cpu")
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError):  # no name that torch knows
        device = None
    if device is None or device.type not in here or (device.index or 0) >= _count(device.type):
        raise DeviceError(
            "There is no {name} device here; this machine has {here}",
            name=name,
            here=", ".join(here),
        )
    return device


def _count(kind: str) -> int:
    return torch.cuda.device_count() if kind == "cuda" else 1


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether a device had no memory left; MPS says so in words alone."""
    return isinstance(error, torch.OutOfMemoryError) or "out of memory" in str(error)


def left_for_cpu(device: torch.device, error: RuntimeError) -> Sentence:
    """A sentence that says why the CPU goes on in the place of a device."""
    name, text = device.type, " ".join(str(error).split())
    return phrase(
        "The {name} device ran out of memory, so the CPU goes on: {text}", name=name, text=text
    )
