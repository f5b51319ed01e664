"""A film is kept as it is while the panel's own goes on, without a copy of all of it."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.panels.film import Film
from tests.explorer.film_messages import field, grid, heat, particles

LANE = "continuous"
LATER = 1000.0  # long after every morph


def messages(value):
    """Everything that a film takes, of one value throughout."""
    points = np.full((2, 6, 2), value, np.float32)
    mesh = np.full((2, 3, 3, 2), value, np.float32)
    return (
        particles(points[:, :3], first=0, total=6, lane=LANE),
        particles(points[:, 3:], first=3, total=6, lane=LANE),
        grid(mesh, lane=LANE),
        field(np.full((2, 4, 4, 2), value)),
        field(np.full((2, 4, 4, 2), value), exact=True),
        heat(np.full((4, 4), value), index=0, frames=2, lane=LANE),
        heat(np.full((4, 4), value), index=1, frames=2, lane=LANE),
    )


def film_of(value):
    film = Film(LANE)
    for message in messages(value):
        assert film.take(message, 0.0)
    return film


def seen(film, now):
    """All that is shown at the middle of the clock."""
    return [
        film.positions(0.5, now).positions,
        film.grid(0.5, now).positions,
        film.field(0.5, now).velocity,
        film.field(0.5, now, exact=True).velocity,
        film.heat(0.5, now).density,
    ]


def shows(film, now, value):
    return all(np.allclose(part, value) for part in seen(film, now))


def test_a_settled_film_shows_what_the_other_is_still_on_its_way_to():
    film = film_of(1.0)
    for message in messages(2.0):
        film.take(message, LATER)
    settled = film.settled()
    assert shows(settled, LATER + 0.01, 2.0)
    assert not shows(film, LATER + 0.01, 2.0)
    assert shows(film, 2 * LATER, 2.0)
    assert settled.moving_until < LATER


@pytest.mark.parametrize("settled_takes", [False, True])
def test_what_one_takes_changes_nothing_of_the_other(settled_takes):
    film = film_of(1.0)
    settled = film.settled()
    taking, resting = (settled, film) if settled_takes else (film, settled)
    for message in messages(5.0):
        taking.take(message, LATER)
        assert shows(resting, 2 * LATER, 1.0)
    assert shows(taking, 2 * LATER, 5.0)
    again = taking.settled()
    taking.take(messages(7.0)[0], 2 * LATER)
    assert shows(again, 3 * LATER, 5.0)


def test_a_film_goes_on_its_way_as_if_no_other_had_been_taken_from_it():
    films = [film_of(1.0), film_of(1.0)]
    for now in (LATER, LATER + 0.05):
        for film in films:
            for message in messages(now - LATER + 3.0):
                film.take(message, now)
        films[0].settled()
    for now in np.linspace(LATER + 0.05, LATER + 1, 20):
        for one, other in zip(*(seen(film, now) for film in films), strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_settled_film_is_written_as_the_other_is():
    film = film_of(1.0)
    settled = film.settled()
    film.take(messages(2.0)[0], LATER)
    again = Film.from_npz_bytes(settled.to_npz_bytes())
    np.testing.assert_allclose(again.positions(1.0, LATER).positions, 1.0)
