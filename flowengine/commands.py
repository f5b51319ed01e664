"""What the commands of the command line do. Loads torch only in the commands that compute."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from flowengine.catalogue import FlowMatching
from flowengine.catalogue_table import catalogue_dict, catalogue_markdown, markdown_table
from flowengine.command_parts import Answer, InputError, check_output, lane_table, lanes_of
from flowengine.errors import ExportError, FormulaError, ProjectError
from flowengine.files import replacing
from flowengine.progress import ProgressBar
from flowengine.project import Project, default_stack
from flowengine.projectfile import read_project, write_project
from flowengine.shorthand import parse_base, parse_compare, parse_continuous, parse_stack
from flowengine.train_command import train

if TYPE_CHECKING:
    from argparse import Namespace

    from numpy.typing import NDArray

    from flowengine.project import TargetSpec

__all__ = [
    "Answer",
    "InputError",
    "evaluate",
    "export",
    "layers",
    "new",
    "sample",
    "targets",
    "train",
    "worker",
]

WORKER_NICENESS = 10


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
    check_output(arguments.output)
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


# --- what a trained lane gives ------------------------------------------------------------------


def evaluate(arguments: Namespace) -> Answer:
    """Measure trained lanes against the target."""
    from flowengine import metrics
    from flowengine.lane import load
    from flowengine.targets import from_spec

    project = read_project(arguments.project)
    lanes = lanes_of(arguments.lane, project)
    if arguments.lane == "all":
        lanes = tuple(lane for lane in lanes if lane in project.lanes)
        if not lanes:
            raise ProjectError(
                "No lane of {project} has been trained yet", project=arguments.project
            )
    target = from_spec(project.target)
    figures = {lane: metrics.evaluate(load(project, lane), target) for lane in lanes}
    return Answer({"lanes": figures}, lane_table(figures))


def sample(arguments: Namespace) -> Answer:
    """Draw points of a trained lane into a file."""
    import torch

    from flowengine.export.samples import generate
    from flowengine.lane import load

    check_output(arguments.output)
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
