"""What a trained lane can be taken away as."""

from __future__ import annotations

from typing import Final, NamedTuple

from explorer.i18n import mark, number, tr


class Format(NamedTuple):
    """One way of taking a model away.

    Attributes:
        id: What the engine calls it.
        folder: Whether it is a folder rather than a file.
    """

    id: str
    title: str
    description: str
    folder: bool


FORMATS: Final = (
    Format(
        "python",
        mark("Python folder"),
        mark(
            "One readable model.py with sample(n) and a flow's log_prob(x), the weights as "
            "safetensors and a README. It needs torch and safetensors only; afterwards it is "
            "loaded in a fresh process and compared with the model here."
        ),
        folder=True,
    ),
)


def size_text(size: int) -> str:
    """A size for people: 812 bytes, 34.2 kB, 1.20 MB."""
    if size < 1000:
        return tr("{count} bytes").format(count=size)
    if size < 1_000_000:
        return f"{number(size / 1000)} kB"
    return f"{number(size / 1_000_000)} MB"
