"""In which mode torch is asked for numbers, and what may then be done.

Torch has many: gradients recorded or not, `inference_mode`, autocast, another default type, the
transforms of `torch.func`, forward derivatives, tracing. What the engine does by hand for speed is
right in some of them alone; here it learns in which one it is.
"""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, ParamSpec, TypeVar, TypeVarTuple, Unpack

import torch
from torch.autograd import forward_ad

from flowengine.errors import ModeError, phrase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

P = ParamSpec("P")
R = TypeVar("R")
K = TypeVarTuple("K")

GRADIENTS_REFUSED = phrase(
    "A flow made ready by for_many gives no derivatives: call it under torch.no_grad(), or call "
    "the flow that it was made of"
)
AUTOCAST_DEVICES = ("cpu", "cuda", "mps")
_KEYS = torch._C._TorchDispatchModeKey
TRACERS = (_KEYS.FAKE, _KEYS.PROXY, _KEYS.FUNCTIONAL)


def is_traced() -> bool:
    """Whether numbers are not there yet: torch compiles or exports, or another makes a graph."""
    if torch.compiler.is_compiling() or torch._C._get_tracing_state() is not None:
        return True
    return _is_watched() and any(map(torch._C._get_dispatch_mode, TRACERS))


def is_transformed() -> bool:
    """Whether a transform of `torch.func` or forward derivatives are at work."""
    return torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0


def needs_plain() -> bool:
    """Whether only torch's own operations will do, none of them on a number of the batch.

    Then there are no gradients written by hand, no questions to the data, and no memory that is
    written to twice.
    """
    return is_traced() or is_transformed()


def _is_watched() -> bool:
    """Whether somebody is told of every operation, be it to trace it or to count it."""
    return torch._C._len_torch_dispatch_stack() > 0


def refuse_transforms(name: str) -> None:
    """Refuse to give a constant where a transform would take it for a function of its input.

    Raises:
        ModeError: a transform of `torch.func` or forward derivatives are at work.
    """
    if is_transformed():
        raise ModeError(
            "{name} gives no derivatives, so it cannot be called inside a transform of torch.func",
            name=name,
        )


def refuse_gradients() -> None:
    """Refuse to give numbers without derivatives where derivatives may be asked for.

    Raises:
        ModeError: gradients are recorded, or a transform is at work.
    """
    if torch.is_grad_enabled() or is_transformed():
        raise ModeError(GRADIENTS_REFUSED)


def kept(maxsize: int) -> Callable[[Callable[[Unpack[K]], R]], Callable[[Unpack[K]], R]]:
    """Function decorator: keep the tensors that a function makes of hashable arguments.

    They are always ordinary tensors, whatever mode the first caller is in; under tracing, where
    there are none, nothing is kept.
    """

    def decorate(make: Callable[[Unpack[K]], R]) -> Callable[[Unpack[K]], R]:
        remembered = functools.lru_cache(maxsize)(torch.inference_mode(False)(make))

        @functools.wraps(make)
        def found(*args: *K) -> R:
            if is_traced():
                return make(*args)
            if not (is_transformed() or _is_watched()):
                return remembered(*args)
            # A transform is at work in one thread: in another one tensors are ordinary.
            with ThreadPoolExecutor(1) as elsewhere:
                return elsewhere.submit(remembered, *args).result()

        return found

    return decorate


def in_full_precision(function: Callable[P, R]) -> Callable[P, R]:
    """Function decorator: autocast does not reach inside.

    Half the digits would leave neither an exact density nor an inverse.
    """

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if not torch._C._is_any_autocast_enabled():
            return function(*args, **kwargs)
        with ExitStack() as stack:
            for device in filter(torch.is_autocast_enabled, AUTOCAST_DEVICES):
                stack.enter_context(torch.autocast(device, enabled=False))
            return function(*args, **kwargs)

    return call


def with_gradients(function: Callable[P, R]) -> Callable[P, R]:
    """Function decorator: ordinary tensors, gradients and full precision, whatever the caller has.

    For what trains: it needs them even where a notebook has switched them off.
    """
    exact = in_full_precision(function)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if torch.is_grad_enabled() and not torch.is_inference_mode_enabled():
            return exact(*args, **kwargs)
        with torch.inference_mode(False), torch.enable_grad():
            return exact(*args, **kwargs)

    return call


@contextmanager
def single_precision() -> Iterator[torch.dtype]:
    """Ordinary tensors, in float32 where no type is named; gives the default type outside.

    Random numbers of another type would be others, and a seed must give the same model always.
    """
    before = torch.get_default_dtype()
    if before != torch.float32:
        torch.set_default_dtype(torch.float32)
    try:
        with torch.inference_mode(False):
            yield before
    finally:
        if before != torch.float32:
            torch.set_default_dtype(before)
