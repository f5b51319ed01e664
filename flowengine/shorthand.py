"""Parts of a document as a person writes them on one line. Loads no torch."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from flowengine.catalogue import base_class, continuous_class, layer_class
from flowengine.errors import SpecError
from flowengine.project import BASELINE_LANES, MAX_LAYERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowengine.catalogue import BaseSpec, ContinuousSpec, LayerSpec
    from flowengine.project import BaselineLane


def parse_stack(text: str) -> tuple[LayerSpec, ...]:
    """Read a stack as written on the command line: `"actnorm,affine_coupling*8,linear"`.

    Raises:
        SpecError: a part is no kind of layer, or a count is no whole number from 1 to 128.
    """
    layers: list[LayerSpec] = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        match = re.fullmatch(r"(\w+)\s*(?:\*\s*(\d{1,3}))?", part)
        if match is None or (match[2] and not 1 <= int(match[2]) <= MAX_LAYERS):
            raise SpecError(
                'A stack is written like "actnorm,affine_coupling*8", with counts '
                "from 1 to {max_layers}; got {part}",
                max_layers=MAX_LAYERS,
                part=repr(part),
            )
        layers += [layer_class(match[1])()] * int(match[2] or 1)
    if not 1 <= len(layers) <= MAX_LAYERS:
        raise SpecError(
            "A stack has from 1 to {max_layers} layers, got {layers}",
            max_layers=MAX_LAYERS,
            layers=len(layers),
        )
    return tuple(
        msgspec.structs.replace(layer, id=f"layer-{i + 1}") for i, layer in enumerate(layers)
    )


def stack_text(stack: Sequence[LayerSpec]) -> str:
    """A stack as `parse_stack` reads it, without the layers' settings: `"actnorm, linear*2"`."""
    runs = [(kind, len(list(run))) for kind, run in groupby(layer.kind for layer in stack)]
    return ", ".join(kind if count == 1 else f"{kind}*{count}" for kind, count in runs)


def parse_continuous(text: str) -> ContinuousSpec:
    """Read the kind of a continuous flow as written on the command line.

    Raises:
        SpecError: there is no such kind.
    """
    return continuous_class(text)()


def parse_base(text: str) -> BaseSpec:
    """Read the kind of a base distribution as written on the command line.

    Raises:
        SpecError: there is no such kind.
    """
    return base_class(text)()


def parse_compare(text: str) -> tuple[BaselineLane, ...]:
    """Read which baselines stand beside the flows, as written on the command line: `"vae,gan"`.

    Raises:
        SpecError: a part is no baseline, or one is named twice.
    """
    named = [part.strip() for part in text.split(",") if part.strip()]
    known = tuple(lane for lane in BASELINE_LANES if lane in named)
    if len(known) != len(named):
        raise SpecError(
            "Baselines are {baseline_lanes}, each named once; got {text}",
            baseline_lanes=" and ".join(BASELINE_LANES),
            text=repr(text),
        )
    return known
