from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from explorer.panels.film import Film
from flowengine.errors import ProjectError
from flowengine.protocol import LayerFact, LayerFacts
from tests.benchmarks.synthetic_films import films
from tests.explorer.film_messages import heat, particles, still

NOW = 1000.0


@pytest.fixture(scope="module")
def pair():
    return films(particles=4000, heat=128)


@pytest.mark.parametrize("lane", [0, 1], ids=["discrete", "continuous"])
def test_a_film_comes_back_as_it_was_in_few_bytes(pair, lane):
    film = pair[lane]
    data = film.to_npz_bytes()
    assert len(data) <= 600_000
    again = Film.from_npz_bytes(data)
    assert (again.lane, again.direction) == (film.lane, film.direction)
    assert again.moving_until <= 0
    for tau in (0.0, 0.125, 0.5, 1.0):
        seen = again.positions(tau, NOW)
        assert len(seen.positions) >= 2000
        shown = film.positions(tau, NOW, len(seen.positions))
        np.testing.assert_allclose(seen.positions, shown.positions, atol=0.02)
        np.testing.assert_allclose(
            again.heat(tau, NOW).density.mean(), film.heat(tau, NOW).density.mean(), rtol=0.05
        )
        np.testing.assert_allclose(
            again.grid(tau, NOW).positions, film.grid(tau, NOW).positions, atol=0.02
        )
        np.testing.assert_allclose(
            again.grid(tau, NOW).log_det, film.grid(tau, NOW).log_det, atol=0.02
        )
    assert np.mean(again.positions(0, NOW).hue == film.positions(0, NOW, 3000).hue) > 0.97
    if lane == 1:
        np.testing.assert_allclose(
            again.field(0.5, NOW).velocity, film.field(0.5, NOW).velocity, rtol=0.01, atol=0.01
        )


@pytest.mark.parametrize("layers", [1, 3, 5, 7, 16, 128])
def test_the_picture_at_every_layers_end_is_kept(layers):
    frames = 8 * layers + 1
    ends = np.random.default_rng(0).normal(size=(layers + 1, 20, 2))
    tau = np.linspace(0, 1, frames)
    path = np.stack([ends[min(k // 8 + (k % 8 > 0), layers)] for k in range(frames)])
    film = Film("discrete")
    film.take(particles(path, tau=tau), 0.0)
    again = Film.from_npz_bytes(film.to_npz_bytes())
    kept = np.linspace(0, 1, layers + 1) if layers <= 32 else [0.0, 1.0]
    for moment in kept:
        np.testing.assert_allclose(
            again.positions(float(moment), NOW).positions,
            film.positions(float(moment), NOW).positions,
            atol=0.01,
        )


def test_particles_that_are_not_known_are_left_out():
    film = Film("discrete")
    film.take(still([[1, 1]], first=1, total=3), 0.0)
    again = Film.from_npz_bytes(film.to_npz_bytes())
    np.testing.assert_allclose(again.positions(0.5, NOW).positions, [[1, 1]], atol=0.01)


def test_what_the_cards_show_is_kept_with_the_pictures():
    film = Film("discrete")
    film.take(still([[1, 1]]), 0.0)
    mesh = np.random.default_rng(0).normal(size=(2, 9, 9, 2)).astype(np.float32)
    facts = tuple(LayerFact(f"ä{k}", 10 * k, -0.5 * k, mesh[k]) for k in range(2))
    assert not film.take(LayerFacts(generation=0, step=7, layers=facts), 0.0)
    again = Film.from_npz_bytes(film.to_npz_bytes()).facts.layers
    assert [(f.id, f.weights, f.mean_log_det) for f in again] == [("ä0", 0, 0.0), ("ä1", 10, -0.5)]
    np.testing.assert_allclose([fact.grid for fact in again], mesh, atol=0.005)


def test_a_film_that_was_read_takes_the_engines_frames():
    film = Film("discrete")
    film.take(still([[1, 1]]), 0.0)
    again = Film.from_npz_bytes(film.to_npz_bytes())
    assert again.take(still([[2, 2], [3, 3]], generation=1), 5.0)
    np.testing.assert_allclose(again.positions(0.5, 5.0).positions[0], [1, 1], atol=0.01)
    np.testing.assert_array_equal(again.positions(0.5, NOW).positions, [[2, 2], [3, 3]])


def rewritten(data, **changes):
    arrays = {**dict(np.load(io.BytesIO(data))), **changes}
    arrays = {name: array for name, array in arrays.items() if array is not None}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def bomb():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("particles.npy", bytes(64 << 20))
    return buffer.getvalue()


BROKEN = {
    "words": lambda data: b"no film at all",
    "nothing": lambda data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "bomb": lambda data: bomb(),
    "no lane": lambda data: rewritten(data, lane=None),
    "unknown lane": lambda data: rewritten(data, lane=np.array(9)),
    "other shape": lambda data: rewritten(data, particles=np.zeros((2, 3), np.int16)),
    "other type": lambda data: rewritten(data, particles=np.zeros((2, 1, 2))),
    "times missing": lambda data: rewritten(data, particles_tau=None),
    "times falling": lambda data: rewritten(data, particles_tau=np.array([1.0, 0.0])),
    "times that are none": lambda data: rewritten(data, particles_tau=np.array([0.0, np.nan])),
    "words inside": lambda data: rewritten(data, heat=np.array(["a", "b"])),
    "extent turned": lambda data: rewritten(data, heat_extent=np.array([1.0, 0.0, 0.0, 1.0])),
    "pickle": lambda data: rewritten(data, particles_tau=np.array([object(), None])),
}


@pytest.mark.parametrize("damage", BROKEN.values(), ids=BROKEN)
def test_a_broken_film_is_refused_with_a_sentence(damage):
    film = Film("discrete")
    film.take(still([[1, 1]]), 0.0)
    film.take(heat(np.ones((4, 4))), 0.0)
    with pytest.raises(ProjectError, match="trace: expected"):
        Film.from_npz_bytes(damage(film.to_npz_bytes()))
