"""Looking things up in the catalogue, and reading what a spec declares."""

from __future__ import annotations

import functools
import types
import typing
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct

from flowengine.catalogue.registry import BASE_SPECS, CONTINUOUS_SPECS, LAYER_SPECS
from flowengine.catalogue.specs import BaselineSpec, BaseSpec, ContinuousSpec, LayerSpec, kind_of
from flowengine.errors import SpecError
from flowengine.foreign import words_of


class Field(NamedTuple):
    """One setting of a spec, as a form or a table shows it.

    Attributes:
        word: What may stand instead of a number: "auto"; "" where nothing may.
    """

    name: str
    title: str
    description: str
    unit: str
    type: type[int] | type[float] | type[bool] | type[str]
    choices: tuple[str, ...]
    minimum: float | None
    maximum: float | None
    exclusive_minimum: bool
    default: Any
    word: str = ""


_COMMON = {"id", "enabled", "frozen"}


def layer_class(kind: str) -> type[LayerSpec]:
    """The spec class of a kind.

    Raises:
        SpecError: no layer of that kind is in the catalogue.
    """
    for cls in LAYER_SPECS:
        if kind_of(cls) == kind:
            return cls
    known = ", ".join(kind_of(cls) for cls in LAYER_SPECS)
    raise SpecError(
        "No layer is called {kind}; the catalogue has {known}", kind=repr(kind), known=known
    )


def continuous_class(kind: str) -> type[ContinuousSpec]:
    """The spec class of a continuous flow.

    Raises:
        SpecError: no continuous flow of that kind is in the catalogue.
    """
    for cls in CONTINUOUS_SPECS:
        if kind_of(cls) == kind:
            return cls
    known = ", ".join(kind_of(cls) for cls in CONTINUOUS_SPECS)
    raise SpecError(
        "No continuous flow is called {kind}; the catalogue has {known}",
        kind=repr(kind),
        known=known,
    )


def base_class(kind: str) -> type[BaseSpec]:
    """The spec class of a base distribution.

    Raises:
        SpecError: no base of that kind is in the catalogue.
    """
    for cls in BASE_SPECS:
        if kind_of(cls) == kind:
            return cls
    known = ", ".join(kind_of(cls) for cls in BASE_SPECS)
    raise SpecError(
        "No base is called {kind}; the catalogue has {known}", kind=repr(kind), known=known
    )


S = TypeVar("S", bound=LayerSpec | ContinuousSpec | BaseSpec | BaselineSpec)


def admitted(spec: S) -> S:
    """The same spec if every setting is within its limits: making one by hand checks nothing.

    Raises:
        SpecError: one is not; the message names it, the limit and what came.
    """
    try:
        return msgspec.convert(msgspec.to_builtins(spec, enc_hook=_plain_number), type(spec))
    except (msgspec.ValidationError, TypeError) as error:
        text = str(error).replace(" - at ", " at ")
        raise SpecError(
            "{spec}: {text}", spec=kind_of(spec), text=words_of(text[:1].lower() + text[1:])
        ) from None


def _plain_number(value: Any) -> Any:  # noqa: ANN401
    """A number of NumPy's, for what is read."""
    if not hasattr(value, "item"):
        raise TypeError(f"expected a number or a text, got {type(value).__name__}")
    return value.item()


@functools.cache
def fields_of(cls: type[Struct]) -> tuple[Field, ...]:
    """The settings of a spec class, in the order of the form; not the id and the switches."""
    hints = typing.get_type_hints(cls, include_extras=True)
    own = [f for f in msgspec.structs.fields(cls) if f.name not in _COMMON]
    return tuple(_field(f, hints[f.name]) for f in own)


def _field(field: msgspec.structs.FieldInfo, hint: Any) -> Field:  # noqa: ANN401
    base, meta = _parted(hint)
    choices: tuple[str, ...] = ()
    word, limits = "", meta
    if typing.get_origin(base) is types.UnionType or typing.get_origin(base) is typing.Union:
        number, instead = typing.get_args(base)
        (word,) = typing.get_args(instead)
        base, limits = _parted(number)
    elif typing.get_origin(base) is Literal:
        choices, base = typing.get_args(base), str
    minimum = limits.ge if limits.ge is not None else limits.gt
    return Field(
        name=field.name,
        title=meta.title or field.name.replace("_", " ").capitalize(),
        description=meta.description or "",
        unit=str((meta.extra or {}).get("unit", "")),
        type=base,
        choices=choices,
        minimum=minimum,
        maximum=limits.le,
        exclusive_minimum=limits.gt is not None,
        default=None if field.default is UNSET else field.default,
        word=word,
    )


def _parted(hint: Any) -> tuple[Any, Meta]:  # noqa: ANN401
    """A type, and what is said of it."""
    said = getattr(hint, "__metadata__", ())
    meta = next((m for m in said if isinstance(m, Meta)), Meta())
    return (hint.__origin__ if said else hint), meta
