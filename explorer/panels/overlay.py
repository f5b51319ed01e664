"""A part of a panel's picture that a person can switch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from explorer.panels.camera import View
    from explorer.panels.shot import Shot
    from explorer.panels.splat import Lines

    Draw = Callable[[View, Shot, NDArray[np.float64]], Lines | None]

Need = Literal["heat", "grid", "field", "exact_field"]


class Overlay(NamedTuple):
    """One part of a picture: what it is called, where it has a switch, how its lines are drawn.

    Attributes:
        name: The field of `Shown` that says whether it is on.
        place: Where its switch stands among the others, from 1; its key is Alt and this digit.
        chip: What its switch is called below a panel, in English.
        meaning: What the switch does, in English.
        title: What it is called in the menu, in English.
        tip: What it does for all panels, in English.
        chips: The lanes whose panels have a switch of its own for it.
        more: The lanes whose panels have it in their menu.
        on: The lanes that show it at first.
        needs: What an engine computes for it, a field of `protocol.SetView`; None for what always
            comes.
        lines: Draws its lines, from a view, what is shown and the target's outline (segments of
            shape (n, 4) in data units); None where it is no matter of lines.
        depth: Of lines: those with a lower one lie below.
        moves: Of lines: whether they are drawn anew with every frame.
    """

    name: str
    place: int
    chip: str
    meaning: str
    title: str
    tip: str
    chips: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    needs: Need | None = None
    lines: Draw | None = None
    depth: int = 0
    moves: bool = False
