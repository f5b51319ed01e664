"""Taking things away from the whole window, with its real engines and real files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from explorer import resources
from explorer.export.formats import FORMATS
from explorer.export.web_page import read_page
from flowengine.catalogue import AffineCoupling, FlowMatching
from flowengine.export import USUAL_SAMPLES
from flowengine.project import Project, TargetSpec, with_ids
from tests.explorer.test_export_film import ffmpegs
from tests.explorer.windows import shown_window

PATIENCE_MS = 60_000


def small_project() -> Project:
    return Project(
        name="pair",
        target=TargetSpec(name="moons"),
        stack=with_ids((AffineCoupling(width=8), AffineCoupling(width=8))),
        continuous=FlowMatching(width=8, depth=1, solver_steps=4),
    )


@pytest.fixture
def window(qtbot, qapp, monkeypatch):
    """The trained example, whose films came with its file: no engine is needed."""
    example = Project.open(resources.path("examples", "two-moons.flow"))
    with shown_window(example, qtbot, qapp, monkeypatch, particles=200) as window:
        yield window


@pytest.fixture
def running(qtbot, qapp, monkeypatch):
    """A small project with its engines, which have made three steps."""
    with shown_window(small_project(), qtbot, qapp, monkeypatch, particles=200) as window:
        window.start_engines()
        window.controller.step(3)
        films = [panel.film for panel in window.area.panels.values()]
        qtbot.waitUntil(lambda: not any(film.empty for film in films), timeout=PATIENCE_MS)
        yield window


def press(button):
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def take(window, qtbot, folder, choice, prepare=lambda _options: None) -> Path:
    """Export through the dialog; gives the path."""
    window.actions_["export"].trigger()
    dialog = window.exporter.dialog
    dialog._folder.setText(str(folder))
    dialog.choose(choice)
    prepare(dialog.options)
    path = dialog.destination
    with qtbot.waitSignal(window.exporter.finished, timeout=PATIENCE_MS) as told:
        press(dialog._start)
    assert str(path) in told.args[0]
    assert dialog._message.text() in told.args[0]
    dialog.close()
    return path


def small(options):
    options.kind.choose("gif")
    options.seconds.setValue(1)


def test_a_gif_of_the_panels_is_taken(window, qtbot, tmp_path):
    path = take(window, qtbot, tmp_path, "film", small)
    assert path.name == "two-moons-film.gif"
    with Image.open(path) as gif:
        assert (gif.n_frames, gif.size) == (20, (640, 360))


def test_a_figure_shows_the_moment_of_the_clock(window, qtbot, tmp_path):
    window.area.go_to(0.25)
    early = take(window, qtbot, tmp_path, "figure")
    window.area.go_to(1.0)
    late = take(window, qtbot, tmp_path, "figure")
    assert (early.name, late.name) == ("two-moons-figure.png", "two-moons-figure-2.png")
    assert QImage(str(early)).size() == QImage(str(late)).size()
    assert QImage(str(early)) != QImage(str(late))


def test_an_enlarged_panel_is_alone_in_the_figure(window, qtbot, tmp_path):
    both = QImage(str(take(window, qtbot, tmp_path, "figure")))
    window.area.enlarge()
    one = QImage(str(take(window, qtbot, tmp_path, "figure")))
    assert one.height() == both.height()
    assert one.width() < 0.6 * both.width()
    assert len(window.area.scene("moons").panels) == 1


@pytest.mark.parametrize("how", ["cancel", "close"])
def test_a_film_that_is_cancelled_or_left_behind_is_gone(window, qtbot, tmp_path, how):
    window.actions_["export"].trigger()
    dialog = window.exporter.dialog
    dialog._folder.setText(str(tmp_path))
    dialog.choose("film")
    dialog.options.seconds.setValue(60)
    press(dialog._start)
    qtbot.waitUntil(
        lambda: list(tmp_path.iterdir()) != [] and dialog._bar.value() > 0, timeout=PATIENCE_MS
    )
    assert ffmpegs() != []
    if how == "cancel":
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        qtbot.waitUntil(lambda: "Cancelled" in dialog._message.text(), timeout=PATIENCE_MS)
        dialog.close()
    else:
        window.close()
        assert not window.isVisible()
    assert list(tmp_path.iterdir()) == []
    assert ffmpegs() == []


def test_the_window_goes_on_while_a_film_is_made(window, qtbot, tmp_path):
    window.area.clock.play()
    window.actions_["export"].trigger()
    dialog = window.exporter.dialog
    dialog._folder.setText(str(tmp_path))
    dialog.choose("film")
    small(dialog.options)
    moments = []
    window.area.clock.tau_changed.connect(moments.append)
    with qtbot.waitSignal(window.exporter.finished, timeout=PATIENCE_MS):
        press(dialog._start)
    assert len(moments) > 5
    dialog.close()


def test_samples_and_the_project_are_the_engines_and_closing_gives_an_export_up(
    running, qtbot, tmp_path
):
    def hundred(options):
        options.choose_lane("continuous")
        options.count.setValue(100)

    rows = np.loadtxt(take(running, qtbot, tmp_path, "samples", hundred), delimiter=",", skiprows=1)
    assert rows.shape == (100, 3)
    assert np.isfinite(rows).all()

    running.store.mark_trained()
    copy = Project.open(take(running, qtbot, tmp_path, "project"))
    assert copy.name == "pair-copy"
    assert copy.stack == running.store.project.stack
    assert set(copy.lanes) == {"discrete", "continuous"}
    assert all(state.weights and state.trace for state in copy.lanes.values())
    assert running.store.path is None
    assert running.store.unsaved

    given_up = tmp_path / "given-up"
    given_up.mkdir()
    running.actions_["export"].trigger()
    dialog = running.exporter.dialog
    dialog._folder.setText(str(given_up))
    dialog.choose("model")
    press(dialog._start)
    qtbot.waitUntil(lambda: list(given_up.iterdir()) != [], timeout=PATIENCE_MS)
    running.close()
    assert list(given_up.iterdir()) == []


@pytest.mark.parametrize("choice", [choice.id for choice in FORMATS])
def test_closing_the_window_during_any_export_leaves_nothing_half_written(
    running, qtbot, tmp_path, choice
):
    folder = tmp_path / "taken"
    folder.mkdir()
    running.actions_["export"].trigger()
    dialog = running.exporter.dialog
    dialog._folder.setText(str(folder))
    dialog.choose(choice)
    press(dialog._start)
    assert running.exporter.job is not None
    running.close()
    assert not running.isVisible()
    for path in folder.iterdir():  # an engine may have been done with a few samples by then
        assert choice == "samples"
        assert len(path.read_text().splitlines()) == USUAL_SAMPLES + 1


def test_a_page_is_taken_without_engines_in_the_direction_that_is_shown(window, qtbot, tmp_path):
    path = take(window, qtbot, tmp_path, "page")
    page = json.loads(read_page(path).data)
    assert [set(panel["ways"]) for panel in page["panels"]] == [{"generate"}, {"generate"}]
    assert path.suffix == ".html"


def test_a_page_has_both_directions_where_engines_run_or_is_not_there(running, qtbot, tmp_path):
    running.actions_["export"].trigger()
    dialog = running.exporter.dialog
    dialog._folder.setText(str(tmp_path))
    dialog.choose("page")
    press(dialog._start)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)  # while the engines are asked
    qtbot.waitUntil(lambda: "Cancelled" in dialog._message.text(), timeout=PATIENCE_MS)
    dialog.close()
    assert list(tmp_path.iterdir()) == []
    assert running.controller._view.direction == "generate"

    page = json.loads(read_page(take(running, qtbot, tmp_path, "page")).data)
    assert all(set(panel["ways"]) == {"generate", "normalize"} for panel in page["panels"])
