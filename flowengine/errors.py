"""Every error that Flow Explorer raises on purpose.

Each message is one sentence that names the thing, what was expected and what came, so that the
window can show it and the command line can print it as they are. A window that speaks another
language finds the sentence among those that are written in the sources.
"""

from __future__ import annotations

from typing import Any


def phrase(text: str) -> str:
    """Say that `text` is a sentence for a person, or a part of one, that no error is made with.

    It is given back as it is. Sentences in an error's own brackets need no such mark.
    """
    return text


class FlowError(Exception):
    """Anything a person can put right: bad input, a missing device, a damaged file.

    Every kind can be pickled and copied with all its attributes, whatever it is made with, so that
    it comes back from another process as it was raised there.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self.args, dict(self.__dict__))


class SpecError(FlowError, ValueError):
    """A layer, a stack or a setting lies outside what the catalogue allows."""


class ShapeError(FlowError, ValueError):
    """An array has the wrong number of axes, the wrong size or the wrong type."""


class TargetError(FlowError, ValueError):
    """A density, a picture or a set of points cannot serve as a target."""


class FormulaError(TargetError):
    """A formula cannot be read; `at` counts the characters before the place, from 0."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


class ProjectError(FlowError):
    """A project file is damaged, foreign or hostile."""


class DeviceError(FlowError):
    """A device was asked for that this machine does not have, or it ran out of memory."""


class NumericsError(FlowError, ArithmeticError):
    """A computation left the range in which its result means something."""


class ModeError(FlowError, RuntimeError):
    """Torch is in a mode in which this cannot be computed, such as inside `torch.func`."""


class AbsentError(FlowError):
    """A model was asked for something that its kind does not have, such as a GAN's density."""


class ExportError(FlowError):
    """A model could not be written, or what was written does not compute the same numbers."""


class ProtocolError(FlowError):
    """A message between the window and an engine is malformed or does not fit the moment."""


def _again(kind: type[FlowError], arguments: tuple[Any, ...], attributes: dict[str, Any]) -> Any:  # noqa: ANN401
    """An error as it was, without asking its own `__init__` for what is no longer known apart."""
    error = kind.__new__(kind, *arguments)
    error.args = arguments
    error.__dict__.update(attributes)
    return error
