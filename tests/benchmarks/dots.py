"""What many particles cost, drawn by OpenGL and by the processor.

    python -m tests.benchmarks.dots [--software] [N ...]

Prints for each number of particles one JSON object of median times in milliseconds: `draw` is one
`GlDots.draw` of them all, from their places to the picture read back; `particles` is a panel's
picture with nothing else in it, `everything` the picture with density, grid and trails, each by the
processor and, where there is one, by the GPU. `--software` takes an OpenGL that the processor
computes as well.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtGui import QGuiApplication

from explorer.panels import gl_dots
from explorer.panels.camera import Camera
from explorer.panels.film import Film
from explorer.panels.rasterizer import Rasterizer
from explorer.panels.shot import Shot, Shown
from tests.benchmarks.synthetic_films import messages

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.panels.gl_dots import GlDots

# A panel's room in a window of 1440x900, and its dust.
SIZE = (430, 700)
RADIUS, OPACITY = 0.55, 0.36
SECONDS = 0.8
WARM_UP = 3
ALONE = Shown(density=False, grid=False, trails=False, field=False, outline=False)
ALL = Shown(field=False)


def median_ms(run: Callable[[int], object]) -> float:
    """Median time of a call, which is told its number; after a few to warm up."""
    times: list[float] = []
    until = time.perf_counter() + SECONDS
    while len(times) < 2 * WARM_UP or time.perf_counter() < until:
        start = time.perf_counter()
        run(len(times))
        times.append(1000 * (time.perf_counter() - start))
    return float(np.median(times[WARM_UP:]))


def draw_ms(dots: GlDots, film: Film) -> float:
    """One draw of all particles, somewhere on their way."""
    view, particles = Camera().view(*SIZE), film.positions(0.5, 0.0)
    points = view.pixels(particles.positions)
    return median_ms(lambda _: dots.draw(SIZE, points, particles.hue, RADIUS, OPACITY))


def picture_ms(film: Film, shown: Shown) -> float:
    """A panel's picture, at another moment for every frame."""
    rasterizer, view = Rasterizer("discrete"), Camera().view(*SIZE)

    def render(frame: int) -> None:
        tau = frame % 360 / 360
        trail = np.linspace(max(tau - 0.11, 0.0), tau, 8)
        rasterizer.render(view, Shot(film, tau, trail.tolist(), 0.0, shown))

    return median_ms(render)


def measure(dots: GlDots | None, particles: int) -> dict[str, float]:
    """All figures for a number of particles."""
    film = Film("discrete")
    film.transitions = False
    for message in messages("discrete", particles, heat=64, seed=0):
        film.take(message, now=0.0)
    figures = {"n": float(particles)}
    if dots is not None:
        figures["draw"] = draw_ms(dots, film)
    for name, found in {"processor": None, "opengl": dots}.items():
        if name == "processor" or found is not None:
            gl_dots.shared = lambda found=found: found
            figures[f"particles_{name}"] = picture_ms(film, ALONE)
            figures[f"everything_{name}"] = picture_ms(film, ALL)
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("particles", type=int, nargs="*", default=[10_000, 30_000, 100_000])
    parser.add_argument("--software", action="store_true", help="OpenGL by the processor as well")
    options = parser.parse_args()
    app = QGuiApplication([])
    dots = gl_dots.GlDots.create(software=options.software)
    for particles in options.particles:
        figures = measure(dots, particles)
        print(json.dumps({name: round(value, 3) for name, value in figures.items()}), flush=True)
    del app


if __name__ == "__main__":
    main()
