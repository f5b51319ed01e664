"""What layers are called, on their cards and inside sentences."""

from __future__ import annotations

import html
import inspect
import re
from typing import TYPE_CHECKING, Final

from explorer.words.languages import tr
from flowengine.catalogue import AutoregressiveSpec, CouplingSpec, fields_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msgspec import Struct

    from flowengine.catalogue import BaseSpec, LayerSpec

# What is written the same way in every language.
PROPER_NAMES: Final = {
    "x": "x",
    "y": "y",
    "kl": "KL",
    "iid": "i.i.d.",
    "sobol": "Sobol",
    "hutchinson": "Hutchinson",
    "euler": "Euler",
    "heun": "Heun",
    "rk4": "RK4",
    "adams": "Adams",
    "dopri5": "dopri5",
}


def card_name(layer: LayerSpec) -> str:
    """A layer as its card names it, with what it changes ("… · y") or its order ("… · x → y")."""
    title = tr(layer.title)
    if isinstance(layer, AutoregressiveSpec):
        return f"{title} · {order_of(layer)}"
    return f"{title} · {changed_coordinate(layer)}" if isinstance(layer, CouplingSpec) else title


def base_name(base: BaseSpec) -> str:
    """The base as its card names it: "Base · standard normal"."""
    return tr("Base · {base}").format(base=lowered(tr(base.title)))


def base_line(base: BaseSpec) -> str:
    """What stands under the base's name: its law in short, or its settings."""
    fields = fields_of(type(base))
    if not fields:
        return "z ~ N(0, I)"
    values = [(field, getattr(base, field.name)) for field in fields]
    return ", ".join(
        choice_name(value) if field.choices else f"{lowered(tr(field.title))} {value:g}"
        for field, value in values
    )


def changed_coordinate(layer: CouplingSpec) -> str:
    """The coordinate that a coupling transforms: the one that it does not keep."""
    return {"x": "y", "y": "x"}.get(layer.keeps, "x / y")


def order_of(layer: AutoregressiveSpec) -> str:
    """Which coordinate steers which."""
    return {"x": "x → y", "y": "y → x"}.get(layer.first, "x / y")


def about(cls: type[Struct]) -> str:
    """What a spec says it does: the first paragraph of its description in the catalogue."""
    return " ".join((inspect.getdoc(cls) or "").split("\n\n")[0].split())


def formula_html(formula: str) -> str:
    """A formula of the catalogue with its subscripts set below the line: x_b becomes x with b."""
    return re.sub(r"_(\w)", r"<sub>\1</sub>", html.escape(formula))


def in_sentence(layer: LayerSpec) -> str:
    """A layer's title inside a sentence: "spline coupling", but "ActNorm" as it is."""
    return lowered(tr(layer.title))


def lowered(title: str) -> str:
    """A title as it stands inside a sentence; names such as "ActNorm" keep their capitals."""
    first = title.split()[0]
    return title if first[1:] != first[1:].lower() else title[:1].lower() + title[1:]


def layers_in_sentence(layers: Sequence[LayerSpec]) -> str:
    """Layers inside a sentence: "spline coupling", or "3 layers"."""
    if len(layers) == 1:
        return in_sentence(layers[0])
    return tr("{count} layers").format(count=len(layers))


def choice_name(choice: str) -> str:
    """One of the choices of a setting in words: "optimal transport", "RK4"."""
    return tr(choice_words(choice))


def choice_words(choice: str) -> str:
    """The English for a choice as files write it; `forward_kl` is "forward KL"."""
    return " ".join(PROPER_NAMES.get(word, word) for word in choice.split("_"))


def weights_text(count: int) -> str:
    """How many weights there are, in words."""
    if count == 0:
        return tr("no weights")
    if count == 1:
        return tr("1 weight")
    return tr("{count} weights").format(count=f"{count:,}")
