"""Films made by formula: a stack that shears and turns the plane, and a swirl into a star."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from explorer.panels.film import Film
from flowengine.protocol import FieldFrames, GridFrames, HeatFrame, ParticleFrames

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowengine.project import Lane
    from flowengine.protocol import Event

EXTENT = (-4.0, 4.0, -4.0, 4.0)
FIELD_EXTENT = (-6.56, 6.56, -6.56, 6.56)
LAYERS = 6
FRAMES_PER_LAYER = 8


def films(particles: int = 10_000, heat: int = 64, seed: int = 0) -> tuple[Film, Film]:
    """A film for each lane, all frames taken."""
    made = []
    for lane in ("discrete", "continuous"):
        film = Film(lane)
        film.transitions = False
        for message in messages(lane, particles, heat, seed):
            film.take(message, now=0.0)
        film.transitions = True
        made.append(film)
    return made[0], made[1]


def messages(lane: Lane, particles: int, heat: int, seed: int, step: int = 0) -> Iterator[Event]:
    """All frames of a lane as an engine sends them; `step` bends the map a little."""
    follow = _stack if lane == "discrete" else _swirl
    head = {"lane": lane, "generation": 0, "step": step}
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((particles, 2))
    strength = 1 + 0.1 * np.sin(step)
    tau, positions, _ = follow(z, strength)
    for part in np.array_split(np.arange(particles), 4):
        yield ParticleFrames(
            **head, direction="generate", tau=tau,
            first=int(part[0]), total=particles, positions=positions[:, part],
        )  # fmt: skip
    side = np.linspace(-3, 3, 33)
    mesh = np.stack(np.meshgrid(side, side), axis=-1)
    tau, positions, log_det = follow(mesh, strength)
    yield GridFrames(**head, tau=tau, positions=positions, log_det=log_det)
    _, crowd, _ = follow(rng.standard_normal((40_000, 2)), strength)
    for index, points in enumerate(crowd[::4]):
        yield HeatFrame(
            **head, direction="generate", index=index, frames=len(crowd[::4]), extent=EXTENT,
            density=_density(points, heat),
        )  # fmt: skip
    if lane == "continuous":
        x_min, x_max, *_ = FIELD_EXTENT
        side = x_min + (np.arange(41) + 0.5) * (x_max - x_min) / 41
        nodes = np.stack(np.meshgrid(side, side), axis=-1)
        times = np.linspace(0, 1, 17)
        velocity = np.stack([_velocity(nodes, t, strength) for t in times])
        velocity = velocity.astype(np.float32)
        yield FieldFrames(**head, extent=FIELD_EXTENT, tau=times, velocity=velocity)


def _stack(z: np.ndarray, strength: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    frames, log_dets = [z], [np.zeros(z.shape[:-1])]
    for layer in range(LAYERS):
        start, before = frames[-1], log_dets[-1]
        for k in range(1, FRAMES_PER_LAYER + 1):
            moved, log_det = _partial(layer, start, strength * k / FRAMES_PER_LAYER)
            frames.append(moved)
            log_dets.append(before + log_det)
    tau = np.linspace(0, 1, len(frames))
    return tau, np.stack(frames).astype(np.float32), np.stack(log_dets).astype(np.float32)


def _partial(layer: int, p: np.ndarray, a: float) -> tuple[np.ndarray, np.ndarray]:
    x, y = p[..., 0], p[..., 1]
    if layer % 3 == 0:
        scale = a * 0.35 * np.sin(1.3 * x)
        return np.stack([x, y * np.exp(scale) + a * 0.7 * np.sin(1.5 * x)], axis=-1), scale
    if layer % 3 == 1:
        scale = a * 0.3 * np.cos(1.2 * y)
        return np.stack([x * np.exp(scale) + a * 0.5 * np.sin(1.1 * y), y], axis=-1), scale
    cos, sin = np.cos(0.6 * a), np.sin(0.6 * a)
    return np.stack([cos * x - sin * y, sin * x + cos * y], axis=-1), np.zeros_like(x)


def _swirl(z: np.ndarray, strength: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    tau, frames, steps = np.linspace(0, 1, 33), [z], 4
    for t in tau[:-1]:
        p = frames[-1]
        for _ in range(steps):
            p = p + _velocity(p, t, strength) / (32 * steps)
        frames.append(p)
    positions = np.stack(frames).astype(np.float32)
    return tau, positions, np.zeros(positions.shape[:-1], np.float32)


def _velocity(p: np.ndarray, t: float, strength: float) -> np.ndarray:
    radius = np.hypot(p[..., 0], p[..., 1])[..., None] + 1e-3
    angle = np.arctan2(p[..., 1], p[..., 0])[..., None]
    turn = 1.2 * np.exp(-0.3 * radius) * np.stack([-p[..., 1], p[..., 0]], axis=-1)
    return turn + 0.9 * strength * t * np.cos(5 * angle) * p / radius**0.3


def _density(points: np.ndarray, cells: int) -> np.ndarray:
    counts, _, _ = np.histogram2d(
        points[:, 1], points[:, 0], bins=cells, range=[EXTENT[2:], EXTENT[:2]]
    )
    for _ in range(2):
        for axis in (0, 1):
            counts = (np.roll(counts, 1, axis) + 2 * counts + np.roll(counts, -1, axis)) / 4
    return (counts / counts.sum() / (8 / cells) ** 2).astype(np.float32)
