from __future__ import annotations

import numpy as np
import pytest

from explorer.panels.film import Film, hue_of
from explorer.panels.keyframes import AGED, LONGEST_MORPH, SHORTEST_MORPH, frame_weights
from tests.explorer.film_messages import field, grid, heat, particles, still

LATER = 1000.0  # long after every morph


def film_of(*messages, lane="discrete", now=0.0):
    film = Film(lane)
    for message in messages:
        assert film.take(message, now)
    return film


def positions(film, tau, now=LATER):
    return film.positions(tau, now).positions


# --- between key frames ---------------------------------------------------------------------------


def test_an_empty_film_shows_nothing():
    film = Film("discrete")
    assert film.empty
    assert film.positions(0.5, 0) is None
    assert film.trails([0.1, 0.2], 0, 5) is None
    assert film.grid(0.5, 0) is None
    assert film.heat(0.5, 0) is None
    assert film.field(0.5, 0) is None
    assert film.density_at((0, 0), 0.5, 0) is None
    assert film.to_npz_bytes() == b""


def test_a_discrete_film_goes_straight_from_key_frame_to_key_frame():
    film = film_of(particles([[[0, 0]], [[2, 4]], [[2, 0]]], tau=[0, 0.25, 1]))
    np.testing.assert_allclose(positions(film, 0.125), [[1, 2]])
    np.testing.assert_allclose(positions(film, 0.25), [[2, 4]])
    np.testing.assert_allclose(positions(film, 0.625), [[2, 2]])


@pytest.mark.parametrize("tau", [-1.0, 0.0])
def test_before_the_beginning_is_the_beginning(tau):
    film = film_of(particles([[[1, 2]], [[3, 4]]]))
    np.testing.assert_array_equal(positions(film, tau), [[1, 2]])


def test_a_continuous_film_is_exact_for_parabolas_at_any_spacing():
    tau = np.array([0, 0.1, 0.35, 0.5, 0.8, 1.0])
    even = np.linspace(0, 1, 9)
    for keys, inner in ((tau, 1e-6), (even, 1e-6)):
        path = np.stack([keys, keys**2], axis=-1)[:, None]
        film = film_of(particles(path, tau=keys, lane="continuous"), lane="continuous")
        # Catmull-Rom tangents are exact for a parabola only where the keys are even.
        for moment in np.linspace(keys[1], keys[-2], 17):
            x, y = positions(film, float(moment))[0]
            assert x == pytest.approx(moment, abs=0.02)
            if keys is even:
                assert y == pytest.approx(moment**2, abs=inner)


def test_the_weights_of_key_frames_add_up_and_hit_the_keys():
    keys = [0.0, 0.2, 0.5, 0.6, 1.0]
    for smooth in (False, True):
        for tau in np.linspace(0, 1, 41):
            start, weights = frame_weights(keys, float(tau), smooth=smooth)
            assert weights.sum() == pytest.approx(1, abs=1e-6)
            assert 0 <= start <= start + len(weights) <= len(keys)
        for k, key in enumerate(keys):
            start, weights = frame_weights(keys, key, smooth=smooth)
            assert (start, weights.tolist()) == (k, [1.0])


def test_a_curve_is_smooth_where_a_line_has_a_kink():
    path = [[[0, 0]], [[1, 1]], [[2, 0]], [[3, 1]]]
    straight = film_of(particles(path), lane="discrete")
    curved = film_of(particles(path, lane="continuous"), lane="continuous")

    def turn(film):
        at = [positions(film, 1 / 3 + d)[0] for d in (-1e-3, 0, 1e-3)]
        return np.abs((at[2] - at[1]) - (at[1] - at[0])).max()

    assert turn(straight) > 50 * turn(curved)


def test_trails_are_the_same_as_looking_at_each_moment():
    rng = np.random.default_rng(0)
    for lane in ("discrete", "continuous"):
        film = film_of(particles(rng.normal(size=(9, 20, 2)), lane=lane), lane=lane)
        film.take(particles(rng.normal(size=(9, 20, 2)), lane=lane), 100.0)
        moments = [0.0, 0.03, 0.5, 0.77, 1.0]
        for now in (100.05, LATER):
            trails = film.trails(moments, now, 7)
            expected = [film.positions(tau, now, 7).positions for tau in moments]
            np.testing.assert_allclose(trails.positions, expected, atol=1e-5)
            assert len(trails.hue) == 7


# --- from one snapshot to the next ----------------------------------------------------------------


def test_new_frames_never_jump_and_arrive_in_time():
    film = film_of(still([[0, 0]]), now=0.0)
    film.take(still([[1, 0]]), 10.0)
    seen = [positions(film, 0.5, now)[0, 0] for now in np.linspace(10, 11, 101)]
    assert seen[0] == 0
    assert seen[-1] == 1
    assert np.all(np.diff(seen) >= 0)
    assert np.max(np.diff(seen)) < 0.05
    assert 10 < film.moving_until <= 10 + LONGEST_MORPH
    np.testing.assert_allclose(positions(film, 0.5, film.moving_until), [[1, 0]])


def test_frames_that_come_on_the_way_start_from_what_is_seen():
    film = film_of(still([[0, 0]]))
    film.take(still([[1, 0]]), 10.0)
    before = positions(film, 0.3, 10.2)
    assert 0 < before[0, 0] < 1
    film.take(still([[-5, 3]]), 10.2)
    np.testing.assert_allclose(positions(film, 0.3, 10.2), before, atol=1e-6)


@pytest.mark.parametrize(
    ("apart", "lasts"), [(0.5, 0.5), (0.001, SHORTEST_MORPH), (20.0, LONGEST_MORPH)]
)
def test_a_morph_lasts_as_long_as_snapshots_are_apart_within_limits(apart, lasts):
    film = film_of(still([[0, 0]]), still([[0, 0]]), now=0.0)
    film.take(still([[1, 0]]), 100.0)
    begun = 100.0 + apart
    film.take(still([[2, 0]]), begun)
    assert positions(film, 0.5, begun + 0.98 * lasts)[0, 0] < 2
    assert positions(film, 0.5, begun + 1.001 * lasts)[0, 0] == 2


def test_slices_come_round_robin_and_each_moves_on_its_own():
    film = Film("discrete")
    film.take(still([[1, 1]], first=0, total=3), 0.0)
    assert np.isnan(positions(film, 0.5)[1:]).all()
    film.take(still([[2, 2], [3, 3]], first=1, total=3), 0.0)
    np.testing.assert_array_equal(positions(film, 0.5), [[1, 1], [2, 2], [3, 3]])
    film.take(still([[9, 9]], first=0, total=3), 50.0)
    np.testing.assert_array_equal(positions(film, 0.5, 50.05)[1:], [[2, 2], [3, 3]])
    assert 1 < positions(film, 0.5, 50.05)[0, 0] < 9


def test_without_transitions_new_frames_show_at_once():
    film = film_of(still([[0, 0]]))
    film.transitions = False
    film.take(still([[1, 0]]), 5.0)
    np.testing.assert_array_equal(positions(film, 0.5, 5.0), [[1, 0]])
    assert film.moving_until <= 5.0


def test_another_number_of_key_frames_does_not_jump():
    film = film_of(particles([[[0, 0]], [[4, 0]]]))
    film.take(particles([[[0, 1]], [[2, 1]], [[4, 1]], [[4, 1]]], generation=1), 10.0)
    np.testing.assert_allclose(positions(film, 0.5, 10.0), [[2, 0]], atol=1e-6)
    np.testing.assert_allclose(positions(film, 1 / 3, LATER), [[2, 1]], atol=1e-6)


def test_another_number_of_particles_keeps_those_that_are_there():
    film = film_of(still([[1, 1], [2, 2]]))
    film.take(still([[1, 1]], first=0, total=4), 10.0)
    shown = positions(film, 0.5, 10.0)
    np.testing.assert_array_equal(shown[:2], [[1, 1], [2, 2]])
    assert np.isnan(shown[2:]).all()
    film.take(still([[1, 1]]), 20.0)
    assert positions(film, 0.5, 20.0).shape == (1, 2)


# --- which frames are taken -----------------------------------------------------------------------


def test_older_generations_other_lanes_and_other_directions_are_dropped():
    film = film_of(still([[1, 1]], generation=3))
    for stranger in (
        still([[9, 9]], generation=2),
        still([[9, 9]], generation=3, lane="continuous"),
        still([[9, 9]], generation=3, direction="normalize"),
        heat(np.ones((2, 2)), generation=2),
        grid(np.zeros((2, 3, 3, 2)), generation=1),
    ):
        assert not film.take(stranger, 1.0)
    np.testing.assert_array_equal(positions(film, 0.5), [[1, 1]])
    assert film.heat(0.5, 1.0) is None


def test_a_new_generation_or_direction_keeps_the_picture_until_its_frames_come():
    film = film_of(still([[1, 1]]), heat(np.ones((2, 2))))
    film.want(generation=5, direction="normalize")
    np.testing.assert_array_equal(positions(film, 0.5), [[1, 1]])
    assert film.heat(0.5, LATER) is not None
    assert not film.take(still([[2, 2]]), 10.0)
    assert film.take(still([[2, 2]], generation=5, direction="normalize"), 10.0)
    np.testing.assert_array_equal(positions(film, 0.5, 10.0), [[1, 1]])
    np.testing.assert_array_equal(positions(film, 0.5), [[2, 2]])


def test_frames_that_hold_nothing_are_dropped():
    film = Film("discrete")
    assert not film.take(particles(np.zeros((0, 1, 2))), 0.0)
    assert not film.take(heat(np.ones((2, 2)), index=3, frames=3), 0.0)
    assert film.empty


# --- broken numbers -------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
def test_what_is_no_number_is_not_drawn_and_spoils_nothing_else(bad):
    film = film_of(still([[1, 1], [2, 2]]))
    film.take(still([[bad, 1], [3, 3]]), 10.0)
    shown = positions(film, 0.5)
    assert np.isnan(shown[0]).any()
    np.testing.assert_array_equal(shown[1], [3, 3])
    film.take(still([[5, 5], [3, 3]]), 20.0)
    np.testing.assert_array_equal(positions(film, 0.5), [[5, 5], [3, 3]])


def test_a_density_that_is_no_number_counts_as_empty():
    film = film_of(heat([[np.nan, 1], [np.inf, 2]]))
    shown = film.heat(0.0, LATER)
    np.testing.assert_array_equal(shown.density, [[0, 1], [0, 2]])
    assert np.isfinite(shown.peak)
    assert shown.peak > 0


# --- density, grid, field -------------------------------------------------------------------------


def test_the_density_lies_between_the_moments_that_have_arrived():
    film = Film("discrete")
    film.take(heat(np.full((2, 2), 4.0), index=4, frames=5), 0.0)
    np.testing.assert_allclose(film.heat(0.0, LATER).density, 4.0)
    film.take(heat(np.full((2, 2), 0.0), index=0, frames=5), 0.0)
    np.testing.assert_allclose(film.heat(0.5, LATER).density, 2.0)
    film.take(heat(np.full((2, 2), 1.0), index=2, frames=5), 0.0)
    np.testing.assert_allclose(film.heat(0.25, LATER).density, 0.5)
    np.testing.assert_allclose(film.heat(0.75, LATER).density, 2.5)
    np.testing.assert_allclose(film.heat(1.0, LATER).density, 4.0)


def test_a_density_of_other_size_and_number_of_moments_does_not_jump():
    film = film_of(*(heat(np.full((4, 4), 1.0 + k), index=k, frames=3) for k in range(3)))
    film.take(heat(np.full((8, 8), 9.0), index=0, frames=5, generation=1), 10.0)
    assert film.heat(0.0, 10.0).density.shape == (8, 8)
    np.testing.assert_allclose(film.heat(0.0, 10.0).density, 1.0)
    np.testing.assert_allclose(film.heat(0.75, 10.0).density, 2.5)
    np.testing.assert_allclose(film.heat(0.0, LATER).density, 9.0)


def test_a_density_pales_until_it_is_of_the_same_model_as_the_particles():
    film = film_of(*(heat(np.ones((4, 4)), index=k, frames=3) for k in range(3)))
    assert film.heat(0.5, 1.0).strength == 1
    film.take(still([[0.0, 0.0]], generation=1), 2.0)
    assert film.heat(0.5, 2.0).strength == AGED
    assert film.density_at((0.5, 0.5), 0.5, 2.0) is None
    film.take(heat(np.full((4, 4), 3.0), index=1, frames=3, generation=1), 3.0)
    assert film.heat(0.5, 3.0).strength == pytest.approx(AGED)  # and grows as it turns
    assert film.heat(0.5, LATER).strength == 1
    assert film.density_at((0.5, 0.5), 0.5, LATER) == pytest.approx(3.0)
    assert film.heat(0.0, LATER).strength == AGED
    assert film.heat(0.25, LATER).strength == pytest.approx((1 + AGED) / 2)


def test_between_two_densities_of_the_present_model_none_of_a_former_one_is_shown():
    film = film_of(still([[0.0, 0.0]]))
    for index in range(5):
        film.take(heat(np.full((4, 4), 9.0), index=index, frames=5), 1.0)
    film.take(still([[0.0, 0.0]], generation=1), 2.0)
    film.take(heat(np.full((4, 4), 3.0), index=4, frames=5, generation=1), 3.0)
    assert film.heat(0.5, 9.0).density == pytest.approx(9.0)  # on one side nothing is younger
    film.take(heat(np.full((4, 4), 1.0), index=0, frames=5, generation=1), 3.0)
    assert film.heat(0.1, 9.0).density == pytest.approx(1.0)  # nearly true, as it is near
    assert film.heat(0.1, 9.0).strength == pytest.approx(0.8)
    assert film.heat(0.75, 9.0).density == pytest.approx(3.0)
    assert film.heat(0.75, 9.0).strength == pytest.approx(0.5)
    assert film.heat(0.5, 9.0).strength == 0
    assert film.heat(0.0, 9.0).strength == film.heat(1.0, 9.0).strength == 1
    film.take(heat(np.full((4, 4), 7.0), index=2, frames=5, generation=1), 10.0)
    assert film.heat(0.5, 10.0).strength == 0  # and grows
    assert film.heat(0.5, 19.0).density == pytest.approx(7.0)
    assert film.heat(0.5, 19.0).strength == 1


def test_the_density_of_an_opened_film_does_not_pale_when_its_engine_begins():
    film = film_of(*(heat(np.ones((4, 4)), index=k, frames=3) for k in range(3)))
    again = Film.from_npz_bytes(film.to_npz_bytes())
    again.want(generation=0)
    again.take(still([[0.0, 0.0]], generation=4), 2.0)
    assert again.heat(0.5, 2.0).strength == 1


def test_without_particles_a_needle_is_the_brightest_only_where_it_holds_mass():
    density = np.ones((40, 40))
    density[3, 3] = 20
    assert film_of(heat(density)).heat(0, LATER).peak == pytest.approx(1)
    density[3, 3] = 2000
    assert film_of(heat(density)).heat(0, LATER).peak == pytest.approx(2000)


def test_needles_where_no_particle_goes_darken_nothing():
    density = np.ones((40, 40))
    density[3, 3] = 1e9
    cloud = np.random.default_rng(0).uniform(-2, 2, (400, 2))
    film = film_of(still([*cloud, [np.nan, 0], [9, 9]]), heat(density))
    assert film.heat(0.5, LATER).peak == pytest.approx(1)
    again = Film.from_npz_bytes(film.to_npz_bytes())
    assert again.heat(0.5, LATER).density[20, 20] == pytest.approx(1, rel=0.02)


def test_the_density_under_a_point_is_that_of_its_cell():
    density = np.arange(16.0).reshape(4, 4)
    film = film_of(heat(density))
    assert film.density_at((-3.9, -3.9), 0, LATER) == 0
    assert film.density_at((3.9, -3.9), 0, LATER) == 3
    assert film.density_at((-3.9, 3.9), 0, LATER) == 12
    assert film.density_at((4.1, 0), 0, LATER) is None


def test_grid_and_field_follow_the_clock():
    mesh = np.stack([np.zeros((3, 4, 2)), np.ones((3, 4, 2))])
    film = film_of(grid(mesh, log_det=np.stack([np.zeros((3, 4)), np.full((3, 4), -2.0)])))
    shown = film.grid(0.25, LATER)
    np.testing.assert_allclose(shown.positions, np.full((3, 4, 2), 0.25))
    np.testing.assert_allclose(shown.log_det, np.full((3, 4), -0.5))
    flow = film_of(field(np.stack([np.zeros((5, 5, 2)), np.ones((5, 5, 2))])), lane="continuous")
    np.testing.assert_allclose(flow.field(0.5, LATER).velocity, np.full((5, 5, 2), 0.5))


def test_a_grid_of_other_size_is_taken_up():
    film = film_of(grid(np.zeros((2, 3, 3, 2))))
    film.take(grid(np.ones((2, 5, 5, 2))), 1.0)
    assert film.grid(0.5, LATER).positions.shape == (5, 5, 2)


# --- colour and destination -----------------------------------------------------------------------


def test_colour_is_the_angle_of_the_base_position_in_both_directions():
    quarters = np.array([[1, 1e-3], [0, 1], [-1, 0], [0, -1]])
    assert hue_of(quarters.astype(np.float32)).tolist() == [0, 64, 128, 192]
    for direction in ("generate", "normalize"):
        film = Film("discrete", direction)
        film.take(particles([quarters, np.zeros((4, 2))], direction=direction), 0.0)
        assert film.positions(1.0, LATER).hue.tolist() == [0, 64, 128, 192]


def test_a_particle_on_its_way_tells_where_it_ends():
    film = film_of(particles([[[0, 0], [1, 0]], [[2, 2], [-3, 1]]]))
    assert film.destination((0.9, 1.1), 0.5, LATER, 0.5) == pytest.approx((2, 2))
    assert film.destination((-0.9, 0.5), 0.5, LATER, 0.5) == pytest.approx((-3, 1))
    assert film.destination((3, 3), 0.5, LATER, 0.5) is None
