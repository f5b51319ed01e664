"""The ways of taking something away, in one table: each with its picture, its form and its maker.

Another way is another row of `CHOICES`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from explorer.export import pictures
from explorer.export.engine_job import EngineJob
from explorer.export.figure import FigureJob
from explorer.export.film import FilmJob
from explorer.export.options import (
    FigureOptions,
    FilmOptions,
    ModelOptions,
    Options,
    PageOptions,
    SamplesOptions,
)
from explorer.export.page_job import PageJob
from explorer.export.project_job import ProjectJob
from explorer.words.languages import mark, tr

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PySide6.QtCore import QRectF
    from PySide6.QtGui import QPainter

    from explorer.export.jobs import Job
    from explorer.export.scene import Scene
    from explorer.export.source import Source


class Choice(NamedTuple):
    """One way of taking something away.

    Attributes:
        id: What it is called in code.
        title: In English.
        sentence: What it gives, in English.
        picture: Draws it into a rectangle, from what the panels show.
        options: Makes the form for what it needs to know.
        job: Makes the job from the form's wish and the place; may raise a `FlowError`.
    """

    id: str
    title: str
    sentence: str
    picture: Callable[[QPainter, QRectF, Scene], None]
    options: Callable[[Source], Options]
    job: Callable[[Source, Any, Path], Job]


def _project_options(_source: Source) -> Options:
    options = Options(suffix=".flow", part="copy")
    options.say(
        tr(
            "Target, stack, recipes, and the weights, curves and pictures of every trained model. "
            "The project that is open stays the one that Save writes to."
        )
    )
    return options


CHOICES: Final = (
    Choice(
        "model",
        mark("Trained model"),
        mark("A Python folder that runs anywhere, without this program"),
        pictures.draw_model,
        lambda source: ModelOptions(source.lanes),
        lambda source, wish, path: EngineJob(source.controller, "python", wish, path),
    ),
    Choice(
        "film",
        mark("Film"),
        mark("The panels from base to target, as MP4 or GIF"),
        pictures.draw_film,
        lambda _source: FilmOptions(),
        lambda source, wish, path: FilmJob(source.scene(), wish, path),
    ),
    Choice(
        "figure",
        mark("Figure"),
        mark("The panels at this moment, for paper or slides"),
        pictures.draw_figure,
        lambda _source: FigureOptions(),
        lambda source, wish, path: FigureJob(source.scene(), source.curves(), wish, path),
    ),
    Choice(
        "samples",
        mark("Samples"),
        mark("Points of a model as a table or an array"),
        pictures.draw_samples,
        lambda source: SamplesOptions(source.lanes),
        lambda source, wish, path: EngineJob(source.controller, "samples", wish, path),
    ),
    Choice(
        "page",
        mark("Web page"),
        mark("One file that plays in any browser, offline"),
        pictures.draw_page,
        lambda _source: PageOptions(),
        PageJob,
    ),
    Choice(
        "project",
        mark("Project"),
        mark("A copy of everything, to go on with elsewhere"),
        pictures.draw_project,
        _project_options,
        lambda source, _wish, path: ProjectJob(source.gather, path),
    ),
)
