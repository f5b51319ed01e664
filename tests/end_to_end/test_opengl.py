"""Dots by OpenGL, on a real screen: the same picture as the processor draws."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.x11 import NEEDS_X11, PATIENCE_S, ROOT

pytestmark = NEEDS_X11

DRAW = """
import json
import numpy as np
from PySide6.QtGui import QGuiApplication
from explorer.panels import gl_dots
from explorer.panels.camera import Camera
from explorer.panels.film import Film
from explorer.panels.rasterizer import Rasterizer
from explorer.panels.shot import Shot, Shown
from tests.explorer.film_messages import still

app = QGuiApplication([])
by_gpu = gl_dots.shared() is not None  # a machine without one draws them by its processor
dots = gl_dots.GlDots.create(software=True)
film = Film("discrete")
ring = np.linspace(0, 2 * np.pi, 30_000, endpoint=False)
ring = np.stack([3 * np.cos(ring), 1.5 * np.sin(ring)], axis=1)
ring[2_000:2_010] = np.nan
film.take(still(ring), 0.0)
shown = Shown(density=False, grid=False, trails=False, field=False, outline=False)
view = Camera().view(300, 260, 1.0)
pictures = []
for found in (None, dots):
    gl_dots.shared = lambda: found
    image = Rasterizer("discrete").render(view, Shot(film, 0.5, (0.5,), 1.0, shown))
    pictures.append(np.frombuffer(image.constBits(), np.uint8).reshape(260, 300, 4).astype(float))
by_cpu, by_gl = (picture[..., :3] for picture in pictures)
by_cpu, by_gl = (picture - picture[0, 0] for picture in (by_cpu, by_gl))
print(json.dumps({
    "opengl": dots is not None,
    "gpu": by_gpu,
    "light": [float(picture.mean()) for picture in (by_cpu, by_gl)],
    "alike": float(np.corrcoef(by_cpu.ravel(), by_gl.ravel())[0, 1]),
    "apart": float(np.abs(by_cpu - by_gl).mean()),
}))
"""


def test_dots_by_opengl_are_those_of_the_processor(screen):
    command = [sys.executable, "-c", DRAW]
    environment = screen.environment | {"PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert run.returncode == 0, run.stderr
    said = json.loads(run.stdout.splitlines()[-1])
    if not said["opengl"]:
        pytest.skip("no OpenGL on this machine, not even in software")
    cpu, gl = said["light"]
    assert cpu > 0.1  # of 255, on the average of all pixels, of which few are on the ring
    assert gl == pytest.approx(cpu, rel=0.1)
    assert said["alike"] > 0.98
    assert said["apart"] < 0.2 * cpu
