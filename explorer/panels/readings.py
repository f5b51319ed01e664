"""What can be read off a picture at a point, in words with live numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from explorer.panels.cells import cell_at
from explorer.words.languages import number, signed, tr

if TYPE_CHECKING:
    from explorer.panels.film import Film
    from explorer.panels.flow_view import FlowView
    from flowengine.project import Extent

    Point = tuple[float, float]


def readings(view: FlowView, point: Point) -> list[str]:
    """What the parts of the picture that are switched on say about a point, in data units.

    Args:
        view: The picture.
        point: In its own coordinates.
    """
    area = math.exp(view.frame.log_area)
    film, tau, now = view.film, view.tau, view.now
    said = []
    maps = view.shown.density or view.shown.difference
    if maps and film.square is not None and not _inside(point, film.square):
        said.append(tr("outside the dotted square, in which the density is computed"))
    if (density := film.density_at(point, tau, now)) is not None:
        said.append(_density_words(density / area))
        if view.shown.difference and view.reference is not None:
            more = density - view.reference.at(point)
            back = view.reference.is_base
            words = tr("model − base = {more}") if back else tr("model − target = {more}")
            plain = view.frame.is_identity
            told = signed(more, 3) if plain else number(more / area)
            said.append(words.format(more=told))
    if view.shown.grid and (log_det := log_det_near(film, point, tau, now)) is not None:
        said.append(tr("log|det| {value} nats").format(value=signed(log_det)))
    for exact, words in ((False, tr("speed {speed}")), (True, tr("exact speed {speed}"))):
        on = view.shown.exact if exact else view.shown.field
        scale = view.frame.scale
        speed = speed_at(film, point, tau, now, exact=exact, scale=scale) if on else None
        if speed is not None:
            said.append(words.format(speed=number(speed)))
    return said


def _density_words(density: float) -> str:
    if density <= 0:  # less than the numbers of a picture can tell from nothing
        return tr("density ≈ 0")
    log_prob = number(math.log(density))
    words = tr("density {density}, log p = {log_prob} nats")
    return words.format(density=number(density), log_prob=log_prob)


def _inside(point: Point, square: Extent) -> bool:
    x_min, x_max, y_min, y_max = square
    return x_min <= point[0] <= x_max and y_min <= point[1] <= y_max


def log_det_near(film: Film, point: Point, tau: float, now: float) -> float | None:
    """The log|det| from the base, in nats, at the mesh's node nearest to a point."""
    mesh = film.grid(tau, now)
    if mesh is None:
        return None
    squared = np.square(mesh.positions - np.asarray(point, np.float32)).sum(axis=-1)
    squared = np.where(np.isfinite(squared), squared, np.inf)
    nearest = np.unravel_index(int(squared.argmin()), squared.shape)
    spacing = np.abs(mesh.positions[1:, 1:] - mesh.positions[:-1, :-1]).max()
    value = float(mesh.log_det[nearest])
    return value if squared[nearest] <= spacing**2 and math.isfinite(value) else None


def speed_at(
    film: Film,
    point: Point,
    tau: float,
    now: float,
    *,
    exact: bool,
    scale: tuple[float, float] = (1.0, 1.0),
) -> float | None:
    """The speed in the cell of the field under a point, in data units per unit of t.

    Args:
        film: What is shown.
        point: In its coordinates.
        tau: The moment.
        now: The time that it is shown for.
        exact: Of the exact field, not of the learned one.
        scale: Data units per unit of these coordinates.
    """
    field = film.field(tau, now, exact=exact)
    if field is None:
        return None
    cell = cell_at(point, field.extent, field.velocity.shape)
    if cell is None:
        return None
    speed = float(np.hypot(*(field.velocity[cell] * np.array(scale))))
    return speed if math.isfinite(speed) else None
