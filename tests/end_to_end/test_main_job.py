"""The main job, by a real mouse and a real keyboard in a real window."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
import torch

import flowengine as fe
from flowengine.lane import build_flow
from flowengine.metrics import held_out_points, kl
from tests.x11 import NEEDS_X11, PATIENCE_S, wait_until

pytestmark = NEEDS_X11

ROOF = ((-2.5, -1.5), (0.0, 1.5), (2.5, -1.5))  # a stroke that no preset looks like
LANES = ("discrete", "continuous")

USE_EXPORTS = """
import importlib, os, sys
import torch
for folder in sys.argv[1:]:
    os.chdir(folder)
    sys.modules.pop("model", None)
    model = importlib.import_module("model")
    torch.save(model.log_prob(torch.load("points.pt")), "log_prob.pt")
assert "flowengine" not in sys.modules
"""


def test_draw_stack_train_save_reopen_and_export(start, screen, folder):
    program = start()
    draw_and_see_both_lanes_fit(program)
    drop_a_layer_on_the_stack(program)
    save_while_training_and_again_at_rest(program, folder)
    program.press("ctrl+q")
    assert program.until_ended() == 0

    project = fe.Project.open(folder / "roof.flow")
    check_drawing(project.target)
    assert [layer.kind for layer in project.stack] == program.seen["stack"]
    for lane in LANES:
        check_fit(project, lane)

    reopened = start("roof.flow")
    hold_the_clock(reopened)
    assert reopened.seen["name"] == "roof.flow"
    assert reopened.seen["steps"] == program.seen["steps"]
    for lane in LANES:
        export(reopened, lane)
    reopened.press("ctrl+q")
    assert reopened.until_ended() == 0
    assert reopened.complaints() == ""
    check_exports({lane: folder / f"roof-{lane}" for lane in LANES}, project)


def draw_and_see_both_lanes_fit(program):
    before = program.until(lambda seen: all(seen["engines"].values()), "two engines")
    assert not before["training"]
    program.draw(*ROOF)
    program.until(lambda seen: seen["training"], "training that begins by itself")
    program.until(lambda seen: all(seen["kl"][lane] is not None for lane in LANES), "two figures")
    program.until_further(program.seen["steps"])


def drop_a_layer_on_the_stack(program):
    before = program.seen
    x, y = before["cards"][2]
    program.drag(before["chips"]["affine_coupling"], (x, y - 25))
    program.until(lambda seen: len(seen["stack"]) == len(before["stack"]) + 1, "a new card")
    kinds = list(before["stack"])
    kinds.insert(1, "affine_coupling")
    assert program.seen["stack"] == kinds
    program.until_further(program.seen["steps"])


def save_while_training_and_again_at_rest(program, folder):
    program.call("ctrl+shift+s", "Save the project")
    program.answer("roof")
    program.until(lambda seen: seen["name"] == "roof.flow", "a saved project")
    assert program.seen["training"]
    program.until(lambda seen: max(seen["kl"].values()) < 0.5, "two lanes that fit")
    program.until(lambda seen: seen["unsaved"], "more training, not saved yet")
    program.press("ctrl+r")
    program.until(lambda seen: not seen["training"], "a pause")
    program.press("ctrl+s")
    program.until(lambda seen: not seen["unsaved"], "everything saved")
    assert os.listdir(folder) == ["roof.flow"]
    assert program.seen["trouble"] == ""


def check_drawing(target):
    """The density lies along the stroke, all along it, and nowhere else."""
    assert target.source == "drawing"
    density = target.density.values
    rows, columns = density.shape
    x_min, x_max, y_min, y_max = target.extent
    x = x_min + (np.arange(columns) + 0.5) * (x_max - x_min) / columns
    y = y_min + (np.arange(rows) + 0.5) * (y_max - y_min) / rows
    cells = np.stack(np.meshgrid(x, y), -1)  # (rows, columns, 2)
    far = np.min([distance(cells, a, b) for a, b in pairwise(ROOF)], axis=0)
    assert density[far > 0.5].max() == 0
    assert density[far < 0.05].min() > 0.5 * density.max()


def distance(points, start, end):
    """From points, shape (…, 2), to a straight piece of the stroke."""
    start, way = np.array(start), np.subtract(end, start)
    along = np.clip((points - start) @ way / (way @ way), 0, 1)
    return np.linalg.norm(points - start - along[..., None] * way, axis=-1)


def check_fit(project, lane):
    """The lane fits far better than before training, and as well as its curve says."""
    target = fe.targets.from_spec(project.target)
    trained = kl(fe.load(project, lane), target).value
    untrained = kl(build_flow(project, lane).requires_grad_(False), target).value
    assert trained < untrained / 3
    with np.load(io.BytesIO(project.lanes[lane].history)) as history:
        assert trained == pytest.approx(history["kl"][-1], rel=0.5, abs=0.1)


def export(program, lane):
    program.call("ctrl+e", "Export")
    program.tab_to("Discrete")  # Tab goes to the choice, an arrow from one to the other
    for other in LANES[1 : LANES.index(lane) + 1]:
        program.press("Right")
        program.until(lambda seen, other=other: seen["focus"] == other.title(), other)
    program.tab_to("Export")
    program.press("Return")
    program.until(lambda seen: any("reloaded:" in text for text in seen["says"]), "the export")
    program.press("Return")
    program.until(lambda seen: seen["active"] != "Export", "a closed dialog")
    assert f"roof-{lane}" in program.seen["sentence"]


def check_exports(folders, project):
    """Without this project the models give the same densities."""
    points = held_out_points(fe.targets.from_spec(project.target), 512).float()
    for folder in folders.values():
        torch.save(points, folder / "points.pt")
    nothing = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-c", USE_EXPORTS, *folders.values()]
    subprocess.run(command, env=nothing, check=True, timeout=PATIENCE_S)
    for lane, folder in folders.items():
        found, expected = (
            torch.load(folder / "log_prob.pt"),
            fe.load(project, lane).log_prob(points),
        )
        torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-3)


def hold_the_clock(program):
    """Let the panels rest: drawn all the while, they take from what the engines need."""
    program.press("space")
    program.until(lambda seen: not seen["playing"], "a clock that stands")


def test_a_killed_engine_is_replaced_and_training_goes_on(start):
    program = start()
    hold_the_clock(program)
    program.until(lambda seen: all(seen["engines"].values()), "two engines")
    program.press("ctrl+r")
    for lane in LANES:
        program.until_further(program.seen["steps"])
        before = program.seen
        os.kill(before["engines"][lane], signal.SIGKILL)
        said = f"The {lane} engine was restarted from its last checkpoint"
        program.until(lambda seen, said=said: seen["sentence"] == said, said)
        assert program.seen["engines"][lane] not in (None, before["engines"][lane])
        program.until_further(before["steps"])
    assert program.seen["training"]
    assert program.seen["trouble"] == ""


def test_closing_while_training_leaves_no_process(start, screen):
    others = screen.processes()
    program = start()
    hold_the_clock(program)
    program.until(lambda seen: all(seen["engines"].values()), "two engines")
    program.press("ctrl+r")
    program.until(lambda seen: seen["unsaved"], "training that is not saved")
    engines = set(program.seen["engines"].values())
    assert engines < screen.processes()
    program.call("ctrl+q", "Unsaved work")
    program.tab_to("Discard")
    program.press("Return")
    assert program.until_ended() == 0
    wait_until(lambda: screen.processes() == others, "the end of every process")
    assert program.complaints() == ""
