"""What the commands of the command line do. Loads torch only in the commands that compute."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec
import numpy as np

from flowengine.catalogue import FlowMatching
from flowengine.catalogue_table import catalogue_dict, catalogue_markdown, markdown_table
from flowengine.errors import ExportError, FormulaError, ProjectError, SpecError
from flowengine.files import replacing
from flowengine.progress import ProgressBar
from flowengine.project import Lane, Project, default_stack
from flowengine.projectfile import read_project, read_thumbnail, write_project
from flowengine.shorthand import parse_base, parse_compare, parse_continuous, parse_stack

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from flowengine.figures import Figures
    from flowengine.project import TargetSpec
    from flowengine.trainer import Trainer
    from flowengine.training import TrainReport

DEFAULT_STEPS = 2000
INTERRUPTED = 130
WORKER_NICENESS = 10
ENDINGS = (signal.SIGINT, signal.SIGTERM)  # Ctrl-C, and what a system or `timeout` sends


class Answer(NamedTuple):
    """What a command has to say.

    Attributes:
        data: For scripts, as one JSON object.
        text: For people.
        status: The exit status.
        complaint: One line for the error stream.
    """

    data: dict[str, Any]
    text: str
    status: int = 0
    complaint: str = ""


class InputError(Exception):
    """What was asked for cannot be done, and was not begun."""


def layers(_: Namespace) -> Answer:
    """The catalogue, with fields, limits and defaults."""
    return Answer(catalogue_dict(), catalogue_markdown().rstrip())


def targets(_: Namespace) -> Answer:
    """The presets."""
    from flowengine.targets.presets import PRESETS

    rows = [(p.name, p.title, p.description) for p in PRESETS.values()]
    keys = ("name", "title", "description")
    data = {"targets": [dict(zip(keys, row, strict=True)) for row in rows]}
    return Answer(data, markdown_table(("Name", "Title", "Description"), rows))


def new(arguments: Namespace) -> Answer:
    """Write an untrained project."""
    _check_output(arguments.output)
    stack = default_stack() if arguments.stack is None else parse_stack(arguments.stack)
    kind = arguments.continuous
    project = Project(
        name=Path(arguments.output).stem,
        seed=arguments.seed,
        target=_target(arguments),
        base=parse_base(arguments.base),
        stack=stack,
        continuous=FlowMatching() if kind is None else parse_continuous(kind),
        compare=parse_compare(arguments.compare),
    )
    write_project(project, arguments.output)
    text = f"{arguments.output}: target {project.target.name}, {len(stack)} layers"
    return Answer({"path": arguments.output}, text)


def _target(arguments: Namespace) -> TargetSpec:
    """The target that is asked for; what is odd about it goes to stderr, a sentence each."""
    from flowengine.targets.columns import Reading
    from flowengine.targets.oddities import oddity
    from flowengine.targets.sources import spec_from_text

    notices: list[str] = []
    columns = tuple(name.strip() for name in arguments.columns.split(",") if name.strip())
    reading = Reading(columns, arguments.weights, arguments.drop_missing)
    try:
        target = spec_from_text(arguments.target, reading, notices.append)
    except FormulaError as error:
        raise InputError(f"{arguments.target}: {error}") from None
    for notice in (*notices, *filter(None, [oddity(target)])):
        sys.stderr.write(f"flowengine: {notice}\n")
    return target


# --- training -----------------------------------------------------------------------------------


def train(arguments: Namespace) -> Answer:
    """Train one lane or all that are shown, and write the project after each."""
    import torch

    from flowengine.training import NO_KL

    project, thumbnail = read_project(arguments.project), read_thumbnail(arguments.project)
    output = arguments.project if arguments.output is None else arguments.output
    _check_output(output)
    lanes = _lanes(arguments.lane, project)
    if arguments.until_kl is not None and "gan" in lanes:
        raise SpecError(NO_KL.format(lane="gan"))  # before the others are trained for nothing
    torch.set_num_threads(1)  # more threads make steps of this size slower, not faster
    reports: dict[Lane, TrainReport] = {}
    for lane in lanes:
        state, reports[lane] = _train_lane(project, lane, arguments)
        project = msgspec.structs.replace(project, lanes={**project.lanes, lane: state})
        write_project(project, output, thumbnail=thumbnail)
        if reports[lane].stopped_by == "interrupt":
            break
    interrupted = any(report.stopped_by == "interrupt" for report in reports.values())
    return Answer(
        {"lanes": reports},
        _lane_table(reports),
        status=INTERRUPTED if interrupted else 0,
        complaint=f"interrupted; what was trained so far is in {output}" * interrupted,
    )


def _train_lane(project: Project, lane: Lane, arguments: Namespace) -> tuple[Any, TrainReport]:
    from flowengine.trainer import Trainer
    from flowengine.training import TrainReport
    from flowengine.training import train as run

    trainer = Trainer(project, lane, device=arguments.device)
    steps = arguments.steps
    if steps is None and arguments.seconds is None and arguments.until_kl is None:
        steps = DEFAULT_STEPS
    kl = ""
    with ProgressBar(lane, sys.stderr) as bar, _interruption() as interruption:

        def show(trainer: Trainer, figures: Figures | None) -> None:
            nonlocal kl
            if interruption:
                raise KeyboardInterrupt
            if figures is not None:
                kl = _closeness(trainer, figures)
            rate = f"{trainer.steps_per_second:.0f} steps/s"
            bar.update(trainer.progress, f"step {trainer.step_count}  {rate}  {kl}".rstrip())

        try:
            report = run(
                trainer,
                steps=steps,
                seconds=arguments.seconds,
                until_kl=arguments.until_kl,
                on_progress=show,
            )
        except KeyboardInterrupt:
            report = TrainReport.of(trainer, trainer.evaluate(), "interrupt")
    for notice in trainer.notices:
        sys.stderr.write(f"flowengine: {notice}\n")
    return trainer.state(), report


def _closeness(trainer: Trainer, figures: Figures) -> str:
    """How well a lane fits, by the figure that it has."""
    if figures.kl is None:
        return f"sliced W2 {figures.w2:.4f}"
    return f"KL {'≤ ' * (trainer.bound is not None)}{figures.kl:.4f}"


@contextlib.contextmanager
def _interruption() -> Iterator[list[int]]:
    """A list that is empty until the program is told to end: training is left between two steps.

    A second Ctrl-C ends the program at once.
    """
    told: list[int] = []
    before = {number: signal.getsignal(number) for number in ENDINGS}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def note(number: int, _: object) -> None:
        told.append(number)
        restore()

    for number in ENDINGS:
        signal.signal(number, note)
    try:
        yield told
    finally:
        restore()


# --- what a trained lane gives ------------------------------------------------------------------


def evaluate(arguments: Namespace) -> Answer:
    """Measure trained lanes against the target."""
    from flowengine import metrics
    from flowengine.lane import load
    from flowengine.targets import from_spec

    project = read_project(arguments.project)
    lanes = _lanes(arguments.lane, project)
    if arguments.lane == "all":
        lanes = tuple(lane for lane in lanes if lane in project.lanes)
        if not lanes:
            raise ProjectError(f"No lane of {arguments.project} has been trained yet")
    target = from_spec(project.target)
    figures = {lane: metrics.evaluate(load(project, lane), target) for lane in lanes}
    return Answer({"lanes": figures}, _lane_table(figures))


def sample(arguments: Namespace) -> Answer:
    """Draw points of a trained lane into a file."""
    import torch

    from flowengine.export.samples import generate
    from flowengine.lane import load

    _check_output(arguments.output)
    model = load(arguments.project, arguments.lane)
    generator = torch.Generator().manual_seed(arguments.seed)
    points = generate(model, model.draw(arguments.n, generator=generator))
    try:
        _write_points(points.numpy(), arguments.output)
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"{arguments.output} could not be written: {reason}") from error
    return Answer({"path": arguments.output}, f"{arguments.output}: {arguments.n} points")


def _write_points(points: NDArray[np.float32], path: str) -> None:
    from flowengine.export.samples import digits

    with replacing(path) as stream:
        if Path(path).suffix.lower() == ".npy":
            np.lib.format.write_array(stream, points, allow_pickle=False)
        else:
            np.savetxt(stream, points, digits(points), delimiter=",", header="x,y", comments="")


def export(arguments: Namespace) -> Answer:
    """Take a trained lane away."""
    from flowengine.export import check_place, run_export
    from flowengine.lane import load

    project = read_project(arguments.project)
    flow = load(project, arguments.lane)
    try:
        check_place(arguments.format, arguments.output)
    except ExportError as error:
        raise InputError(str(error)) from None
    with ProgressBar("export", sys.stderr) as bar:
        result = run_export(
            flow,
            arguments.format,
            arguments.output,
            project=project,
            lane=arguments.lane,
            count=arguments.n,
            seed=arguments.seed,
            on_progress=bar.update,
        )
    data = result._asdict() | {"path": str(result.path), "format": arguments.format}
    rows = f"{result.rows} points, " * bool(result.rows)
    text = (
        f"{result.path}: {rows}{result.bytes} bytes; reloaded, the largest difference is "
        f"{result.largest_difference:.1e}"
    )
    return Answer(data, text)


def worker(_: Namespace) -> None:
    """Be the engine behind a window, on standard input and output.

    The priority is lowered first, so that loading torch does not hold up the window's first frames;
    on Windows whoever starts the process sees to that.
    """
    if hasattr(os, "nice"):
        os.nice(WORKER_NICENESS)
    from flowengine.worker import main

    main()


def _lanes(choice: Lane | Literal["all"], project: Project) -> tuple[Lane, ...]:
    """The lane that was chosen, or all that the project shows."""
    return project.shown_lanes if choice == "all" else (choice,)


def _check_output(path: str) -> None:
    """Refuse a place that cannot be written before any work is done for it."""
    folder = Path(path).absolute().parent
    if Path(path).is_dir():
        raise InputError(f"{path} is a folder; expected the name of a file")
    if not folder.is_dir():
        raise InputError(f"{path} cannot be written: there is no folder {folder}")
    if not os.access(folder, os.W_OK):
        raise InputError(f"{path} cannot be written: the folder {folder} is read-only")


def _lane_table(figures: Mapping[Lane, Any]) -> str:
    plain: dict[str, dict[str, Any]] = msgspec.to_builtins(figures)
    headings = ["lane", *next(iter(plain.values()))]
    rows = [[lane, *map(_figure, row.values())] for lane, row in plain.items()]
    return markdown_table(headings, rows)


def _figure(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
