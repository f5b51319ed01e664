"""The command line: `python -m flowengine COMMAND …`, or `flowengine COMMAND …`.

Results go to standard output, with `--json` as exactly one JSON object; progress and errors go to
standard error, an error as one line. The exit status is 2 for bad input, 1 for a failure, and 130
after Ctrl-C or a signal to end.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import math
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from flowengine import commands
from flowengine.catalogue import BASE_SPECS, CONTINUOUS_SPECS, kind_of
from flowengine.errors import ExportError, FlowError, NumericsError, ProtocolError
from flowengine.export import FORMATS, MAX_SAMPLES, USUAL_SAMPLES
from flowengine.interruption import BUT_CTRL_C, handling
from flowengine.project import LANES
from flowengine.standard_streams import leave, mend_streams, tell
from flowengine.train_command import DEFAULT_STEPS, INTERRUPTED, SAVE_EVERY_S

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BAD_INPUT, FAILURE = 2, 1
MAX_SEED = 2**31 - 1
_FAILURES = (NumericsError, ExportError, ProtocolError)
_ALL = "default: all that the project shows, the flows and what they are compared with"
_FIGURES = (
    "nll, kl: in nats over 16,384 target points; upper bounds where bound says so (a VAE, by 64 "
    "importance samples; nll_elbo is its looser one). kl_reverse: KL(model ‖ target) in nats of "
    "the part of the model where the target has any density; outside: the share that is not "
    "there; ess: effective sample size of the model's samples as importance samples of the "
    "target, from 0 to 1. mass: the integral of the model's density over mass_region, give or take "
    "mass_error; where it is not 1, normalized is false, note says so, and nll, kl and kl_reverse "
    "are those of the density divided by its mass; null where it could not be measured. "
    "inverse_error: largest round-trip error. w2: exact 2-Wasserstein distance of 1,024 samples; "
    "sliced_w2 over 32 directions; energy_distance; all in data units. What a model does not have "
    "is null: a GAN has no density."
)
_DISK_ERRORS = {errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG, errno.EBUSY}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give back its exit status.

    Raises:
        SystemExit: the arguments are wrong (2), or help was asked for (0).
    """
    mend_streams()
    arguments = _parser().parse_args(argv)
    if arguments.run is commands.worker:
        commands.worker(arguments)
        return 0
    try:
        # every signal to end is as Ctrl-C, and a stray print cannot break the JSON
        as_ctrl_c = handling(signal.default_int_handler, BUT_CTRL_C)
        with as_ctrl_c, contextlib.redirect_stdout(sys.stderr):
            answer = arguments.run(arguments)
    except KeyboardInterrupt as error:
        what = "; ".join(filter(None, ("interrupted", str(error))))
        return _complain(arguments.command, what, INTERRUPTED)
    except (FlowError, commands.InputError, OSError) as error:
        said = "; ".join((str(error), *getattr(error, "__notes__", ())))
        return _complain(arguments.command, said, _status_of(error))
    status: int = _print(answer, arguments) or answer.status
    if answer.complaint:
        _complain(arguments.command, answer.complaint, answer.status)
        status = answer.status
    return status


def _print(answer: commands.Answer, arguments: argparse.Namespace) -> int:
    """Print the answer; 0, or 1 where nobody takes it."""
    try:
        _say(answer, as_json=getattr(arguments, "json", False))
    except BrokenPipeError:  # whoever read our output has what was wanted
        leave(sys.stdout)
        return FAILURE
    except OSError as error:
        leave(sys.stdout)
        reason = f"the results could not be printed: {error.strerror or error}"
        return _complain(arguments.command, reason, FAILURE)
    return 0


def _say(answer: commands.Answer, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(_without_nan(msgspec.to_builtins(answer.data))))
    else:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace")  # formulas, on a terminal of few letters
        print(answer.text)
    sys.stdout.flush()


def _complain(command: str, text: str, status: int) -> int:
    tell(f"flowengine {command}: {' '.join(text.split())}")
    return status


def _status_of(error: Exception) -> int:
    """1 where the input was right and the work failed, 2 where the input was wrong."""
    if isinstance(error, _FAILURES):
        return FAILURE
    cause = error if isinstance(error, OSError) else error.__cause__
    return FAILURE if getattr(cause, "errno", None) in _DISK_ERRORS else BAD_INPUT


def _without_nan(value: Any) -> Any:  # noqa: ANN401
    """The same values with null for what JSON has no word for."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


# --- arguments ----------------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line, like all others."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog}: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="flowengine", description="Normalizing flows in the plane.")
    table = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    json_too = _Parser(add_help=False)
    json_too.add_argument("--json", action="store_true", help="print one JSON object")
    project = _Parser(add_help=False)
    project.add_argument("project", metavar="PROJECT.flow", help="a project file")

    def command(run: Callable[..., Any], *parents: _Parser, text: str) -> argparse.ArgumentParser:
        name = run.__name__
        parser = table.add_parser(name, help=text, description=text, parents=parents)
        parser.set_defaults(run=run)
        return parser

    command(commands.layers, json_too, text="List the catalogue: fields, limits, defaults.")
    command(commands.targets, json_too, text="List the preset targets.")
    _add_new(command(commands.new, text="Write an untrained project."))
    _add_train(command(commands.train, project, json_too, text="Train one lane, or all in turn."))
    _add_evaluate(command(commands.evaluate, project, json_too, text="Measure trained lanes."))
    _add_sample(command(commands.sample, project, text="Draw points of a trained lane."))
    _add_export(
        command(commands.export, project, json_too, text="Take a trained lane away and check it.")
    )
    command(commands.worker, text="Be the engine behind a window, on stdin and stdout.")
    return parser


def _add_new(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--target",
        required=True,
        metavar="NAME|FILE|formula:F",
        help="a preset, a picture (.png, .jpg), an array (.npy), a table of points (.csv), or "
        'p(x, y) ∝ a formula: "formula:exp(-r^2)"',
    )
    parser.add_argument(
        "--columns",
        default="",
        metavar="NAME,NAME",
        help='which columns of a table hold the points, by title or by number: "lon,lat", "2,3"',
    )
    parser.add_argument(
        "--weights",
        default="",
        metavar="NAME",
        help="the column of a table that says how much each point counts",
    )
    parser.add_argument(
        "--drop-missing",
        action="store_true",
        help="leave out the rows of a table that lack a number, and say how many they are",
    )
    parser.add_argument(
        "--stack",
        metavar="KINDS",
        help='layers, base first, e.g. "actnorm,affine_coupling*8" (default: spline_coupling*4)',
    )
    parser.add_argument(
        "--continuous",
        choices=[kind_of(cls) for cls in CONTINUOUS_SPECS],
        help="the continuous flow (default: flow_matching)",
    )
    parser.add_argument(
        "--base",
        choices=[kind_of(cls) for cls in BASE_SPECS],
        default="standard_normal",
        help="the distribution that both flows start from (default: standard_normal)",
    )
    parser.add_argument(
        "--compare",
        default="",
        metavar="BASELINES",
        help='what is trained beside the flows to compare them with: "vae", "gan" or "vae,gan"',
    )
    parser.add_argument("--seed", type=_seed, default=0, help="from 0 to 2147483647 (default: 0)")
    _add_output(parser, "PROJECT.flow", "the project file to write")


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Each limit holds for each lane, counts from where training stands, and the first one "
        f"reached ends it; without any, {DEFAULT_STEPS} steps are made. --until-kl alone "
        "trains for as long as it takes; a GAN has no KL to reach. Ctrl-C, a signal to end "
        "(TERM) and a terminal that is closed (HUP) end training and keep what was trained so far. "
        "Lanes of one file may be trained by several commands at the same time."
    )
    _add_lane(parser, every=True)
    parser.add_argument("--steps", type=_count, metavar="N", help="make N steps")
    parser.add_argument("--seconds", type=_positive, metavar="S", help="train for S seconds")
    parser.add_argument(
        "--until-kl", type=_positive, metavar="X", help="train until KL is at most X nats"
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    parser.add_argument(
        "--save-every",
        type=_positive,
        default=SAVE_EVERY_S,
        metavar="S",
        help="write what was trained so far every S seconds (default: %(default)g)",
    )
    parser.add_argument(
        "-o", "--output", metavar="OUT.flow", help="where to write (default: PROJECT.flow itself)"
    )


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _FIGURES
    _add_lane(parser, every=True)


def _add_sample(parser: argparse.ArgumentParser) -> None:
    _add_lane(parser, every=False)
    parser.add_argument("-n", type=_sample_count, required=True, help="how many points")
    _add_sample_seed(parser)
    _add_output(parser, "FILE", "a .npy or .csv file, shape (n, 2)", _sample_file)


def _add_export(parser: argparse.ArgumentParser) -> None:
    _add_lane(parser, every=False)
    formats = "; ".join(f"{name}: {form.description}" for name, form in FORMATS.items())
    parser.add_argument("--format", choices=tuple(FORMATS), required=True, help=formats)
    parser.add_argument(
        "-n",
        type=_sample_count,
        default=USUAL_SAMPLES,
        help=f"how many points, for samples (default: {USUAL_SAMPLES})",
    )
    _add_sample_seed(parser)
    _add_output(
        parser, "OUT", "the folder, or for samples the file; an earlier export there is replaced"
    )


def _add_sample_seed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=_seed, default=0, help="same seed, same points (default: 0)")


def _add_lane(parser: argparse.ArgumentParser, *, every: bool) -> None:
    if every:
        parser.add_argument("--lane", choices=(*LANES, "all"), default="all", help=_ALL)
    else:
        parser.add_argument("--lane", choices=LANES, required=True)


def _add_output(
    parser: argparse.ArgumentParser, name: str, text: str, check: Callable[[str], str] = str
) -> None:
    parser.add_argument("-o", "--output", required=True, type=check, metavar=name, help=text)


def _integer(text: str, low: int, high: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = low - 1
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(
            f"expected a whole number from {low} to {high}, got {text!r}"
        )
    return value


def _count(text: str) -> int:
    return _integer(text, 1, 1_000_000_000)


def _sample_count(text: str) -> int:
    return _integer(text, 1, MAX_SAMPLES)


def _seed(text: str) -> int:
    return _integer(text, 0, MAX_SEED)


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return value


def _sample_file(text: str) -> str:
    if Path(text).suffix.lower() not in (".npy", ".csv"):
        raise argparse.ArgumentTypeError(f"expected a .npy or .csv file, got {text!r}")
    return text
