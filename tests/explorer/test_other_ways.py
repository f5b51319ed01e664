"""Both directions for a web page, asked of real engines."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from explorer.export.other_ways import OtherWays
from explorer.export.page_source import page_of
from explorer.export.web_page import read_page, write_web_page
from explorer.panels.film import Film
from explorer.training.controller import Controller
from explorer.window.page_sources import page_sources
from flowengine.catalogue import AffineCoupling, FlowMatching
from flowengine.project import Project
from flowengine.protocol import ParticleFrames
from tests.explorer.film_messages import still
from tests.explorer.windows import shown_window

PATIENCE_MS = 60_000


@pytest.fixture
def window(qtbot, qapp, monkeypatch):
    continuous = FlowMatching(width=8, depth=1, solver="euler", solver_steps=2)
    stack = (AffineCoupling(id="a", width=8, depth=1),)
    project = Project(stack=stack, continuous=continuous)
    with shown_window(project, qtbot, qapp, monkeypatch, particles=64) as window:
        window.start_engines()
        films = [panel.film for panel in window.area.panels.values()]

        def there():
            assert all(f.positions(0, math.inf) and f.heat(0, math.inf) for f in films)
            assert films[0].has_grid
            assert films[1].field(0, math.inf)

        qtbot.waitUntil(there, timeout=PATIENCE_MS)
        yield window


def other_ways(window):
    stage = window.area
    films = {lane: panel.film for lane, panel in stage.panels.items()}
    return OtherWays(window.controller, films, lambda: stage.clock.direction, window)


def sent(window, qtbot, direction):
    """Wait until an engine has sent particles that go in a direction."""

    def goes(_lane, message):
        return isinstance(message, ParticleFrames) and message.direction == direction

    return qtbot.waitSignal(window.controller.message, check_params_cb=goes, timeout=PATIENCE_MS)


def test_engines_are_asked_for_the_way_back_and_the_page_has_both(window, qtbot, tmp_path):
    given_up = other_ways(window)
    with qtbot.assertNotEmitted(given_up.done):
        with sent(window, qtbot, "normalize"):
            given_up.start()
        given_up.stop()  # and the window goes on
        with sent(window, qtbot, "generate"):
            pass

    ways, films = other_ways(window), [p.film for p in window.area.panels.values()]
    shares = []
    ways.progressed.connect(shares.append)
    with qtbot.waitSignal(ways.done, timeout=2 * PATIENCE_MS) as came:
        ways.start()
    assert shares == sorted(shares)
    assert shares[-1] == 1
    (found,) = came.args
    assert {lane: film.direction for lane, film in found.items()} == dict.fromkeys(
        ("discrete", "continuous"), "normalize"
    )
    own = page_sources(window.area, window.store.project, window.metrics, found)
    done = write_web_page(tmp_path / "page.html", page_of("both", own))
    for panel in json.loads(read_page(done.path).data)["panels"]:
        assert set(panel["ways"]) == {"generate", "normalize"}
        assert panel["ways"]["normalize"]["heat"] is not None
        tracks = [set(panel["ways"][way]["tracks"]) for way in ("generate", "normalize")]
        assert tracks[0] == tracks[1] > {"particles"}
    # the way back starts from points of the target, the way there from points of the base
    there = films[0].positions(1.0, math.inf).positions
    assert not np.allclose(found["discrete"].positions(1.0, math.inf).positions, there, atol=0.1)
    with sent(window, qtbot, "generate"):
        pass
    assert {film.direction for film in films} == {"generate"}


def test_without_engines_there_is_no_other_way(qtbot):
    film = Film("discrete")
    film.take(still(np.zeros((4, 2))), 0.0)
    ways = OtherWays(Controller(), {"discrete": film}, lambda: "generate")
    with qtbot.waitSignal(ways.done) as came:
        ways.start()
    assert came.args == [{}]
