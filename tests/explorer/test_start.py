"""How the program comes up: what it loads in which order, and what it leaves for later."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OPENED = """
import gc, sys, tempfile
from explorer import start
start.load()
rested = not gc.isenabled()
from PySide6.QtCore import QSettings
from explorer import app as program
QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, tempfile.mkdtemp())
app = program.application()
program.MainWindow.start_engines = lambda _window: None
window = program.open_window(None)
window.area.clock.tau_changed.connect(lambda _tau: app.exit())
app.exec()
start.settle()
print(rested, gc.isenabled(), gc.get_freeze_count() > 0)
print(*sys.modules)
window.controller.stop()
"""
LATER = [
    "explorer.export.dialog",
    "explorer.export.jobs",
    "explorer.help.about",
    "explorer.models.baseline_form",
    "explorer.help.command_palette",
    "explorer.help.glossary",
    "explorer.lessons.dialog",
    "explorer.models.recipe_form",
    "explorer.help.shortcuts",
    "explorer.stack.continuous_form",
    "explorer.stack.solver_lab",
    "numpy.ma",
]


@pytest.fixture(scope="module")
def opened():
    """What a fresh process says once its panels move: a line on the collector, one of modules."""
    done = subprocess.run(
        [sys.executable, "-c", OPENED],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_garbage_is_collected_again_once_the_window_moves(opened):
    assert opened[0] == "True True True"


def test_what_knows_no_qt_is_loaded_before_it(opened):
    modules = opened[1].split()
    assert modules.index("numpy.linalg") < modules.index("PySide6.QtCore")
    assert modules.index("flowengine.protocol") < modules.index("PySide6.QtCore")


@pytest.mark.parametrize("module", LATER)
def test_what_is_not_seen_at_first_is_loaded_later(opened, module):
    assert "explorer.window.main_window" in opened[1].split()
    assert module not in opened[1].split()
