"""A way of taking something away, as the export dialog offers it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PySide6.QtCore import QRectF
    from PySide6.QtGui import QPainter

    from explorer.export.form import Options
    from explorer.export.jobs import Job
    from explorer.export.scene import Scene
    from explorer.export.source import Source


class Format(NamedTuple):
    """One way of taking something away.

    Attributes:
        id: What it is called in code.
        place: Where it stands among the others.
        title: In English.
        sentence: What it gives, in English.
        picture: Draws it into a rectangle, from what the panels show.
        options: Makes the form for what it needs to know.
        job: Makes the job from the form's wish and the place; may raise a `FlowError`.
    """

    id: str
    place: int
    title: str
    sentence: str
    picture: Callable[[QPainter, QRectF, Scene], None]
    options: Callable[[Source], Options]
    job: Callable[[Source, Any, Path], Job]
