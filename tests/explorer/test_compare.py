"""A VAE and a GAN beside the flows, in the whole window with their engines."""

from __future__ import annotations

import json

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QRadioButton

from explorer.training.commands import changes_structure, commands_between
from flowengine.catalogue import BASELINE_SPECS, GanSpec, Ring, VaeSpec, kind_of
from flowengine.project import BASELINE_LANES, LANES, Project, Training
from flowengine.protocol import EditBaseline, SetHyperparameter
from tests.explorer.windows import shown_window

PATIENCE_MS = 60_000


def project(**changes) -> Project:
    return Project.from_dict(
        {
            "target": {"name": "moons"},
            "stack": [{"kind": "affine_coupling", "width": 8}] * 2,
            "continuous": {"kind": "flow_matching", "width": 8, "depth": 1, "solver_steps": 4},
            "vae": {"kind": "vae", "width": 8},
            "gan": {"kind": "gan", "width": 8, "depth": 2},
            "training": {lane: {"batch_size": 64} for lane in LANES},
        }
        | changes
    )


@pytest.fixture
def window(qtbot, qapp, monkeypatch):
    with shown_window(project(), qtbot, qapp, monkeypatch, particles=100) as window:
        yield window


def compare(window, *lanes):
    """Tick these entries of the button and no other, as a person does."""
    for lane, entry in window.area.compare_button._entries.items():
        if entry.isChecked() != (lane in lanes):
            entry.trigger()


def figures(window, name):
    return {lane: window.metrics.latest(lane, name) for lane in LANES}


def wait(qtbot, condition):
    qtbot.waitUntil(lambda: bool(condition()), timeout=PATIENCE_MS)


def test_the_button_sets_baselines_beside_the_flows_and_takes_them_away(window):
    button = window.area.compare_button
    assert button.isVisible()
    compare(window, "gan", "vae")
    assert window.store.project.compare == ("vae", "gan")
    assert tuple(window.area.panels) == LANES
    assert all(panel.isVisible() for panel in window.area.panels.values())
    compare(window, "vae")
    assert tuple(window.area.panels) == ("discrete", "continuous", "vae")
    window.store.undo_stack.undo()
    assert tuple(window.area.panels) == LANES
    assert all(entry.isChecked() for entry in button._entries.values())
    compare(window)
    assert tuple(window.area.panels) == ("discrete", "continuous")


def test_columns_forms_and_exports_are_those_of_the_lanes_that_are_shown(window):
    table = window.metrics.figures._table
    tabs = window.models.tabs
    assert [table.isColumnHidden(column) for column in range(1, 5)] == [False, False, True, True]
    assert not tabs.isTabVisible(3)
    compare(window, "gan")
    assert [table.isColumnHidden(column) for column in range(1, 5)] == [False, False, True, False]
    assert tabs.isTabVisible(3)
    assert window.models.baselines._parts["gan"].isVisibleTo(window.models.baselines)
    assert not window.models.baselines._parts["vae"].isVisibleTo(window.models.baselines)
    assert window.models.recipe._parts["gan"].isVisibleTo(window.models.recipe)
    assert not window.models.recipe._parts["vae"].isVisibleTo(window.models.recipe)
    window.actions_["export"].trigger()
    dialog = window.exporter.dialog
    dialog.choose_lane("gan")
    assert dialog.options.wish().lane == "gan"
    lanes = [b.text() for b in dialog.findChildren(QRadioButton)][:3]
    assert lanes == ["Discrete", "Continuous", "GAN"]
    dialog.close()


def test_a_gans_panel_says_why_it_has_no_density(window, qtbot):
    compare(window, "vae", "gan")
    gan, vae = window.area.panels["gan"], window.area.panels["vae"]
    assert "no density" in gan.caption
    for panel in (gan, vae):
        panel.set_message("")  # of the engine, which is not asked to start
    window.resize(1440, 900)
    qtbot.waitUntil(gan._caption.isVisible)
    assert not vae._caption.isVisible()
    assert not gan.shown.density
    assert vae.shown.density
    assert "importance sampling" in vae._figure.toolTip()


@pytest.mark.parametrize("lane", LANES)
def test_a_click_says_why_a_baseline_has_no_ledger_and_asks_the_flows(window, qtbot, lane):
    compare(window, "vae", "gan")
    said = []
    window.area.ledger_missed.connect(said.append)
    view = window.area.panels[lane].view
    with qtbot.waitSignal(window.session.points.point_changed):
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=view.rect().center())
    assert said == [spec.why_no_ledger for spec in BASELINE_SPECS if kind_of(spec) == lane]


def test_settings_of_a_baseline_are_edited_by_its_form(window):
    compare(window, "vae", "gan")
    form = window.models.baselines.form("vae")
    form.edited.emit(msgspec.structs.replace(form.spec, importance_samples=7), "importance_samples")
    assert window.store.project.vae.importance_samples == 7
    assert "Importance samples" in window.store.undo_stack.undoText()
    window.store.undo_stack.undo()
    assert window.store.project.vae == project().vae
    assert form.spec == project().vae
    recipe = window.models.recipe.form("gan")
    recipe.edited.emit(msgspec.structs.replace(recipe.spec, batch_size=32), "batch_size")
    assert window.store.project.training.gan.batch_size == 32


def test_four_lanes_train_at_once_and_everything_follows(window, qtbot, tmp_path):
    compare(window, "vae", "gan")
    window.start_engines()
    window.controller.train()
    films = [panel.film for panel in window.area.panels.values()]
    wait(qtbot, lambda: not any(film.empty for film in films))
    wait(qtbot, lambda: all(value is not None for value in figures(window, "w2").values()))
    table = window.metrics.figures
    wait(qtbot, lambda: all(table.text(lane, "w2") != "–" for lane in LANES))
    wait(qtbot, lambda: table.text("vae", "kl") != "–")
    assert figures(window, "kl")["gan"] is None
    assert table.text("gan", "kl") == table.text("gan", "nll") == "–"
    assert table.text("vae", "nll").startswith("≤ ")
    assert "≤" not in table.text("discrete", "nll")
    assert "no likelihood" in table.tip("gan", "kl")
    curves = window.metrics.curves
    curves.show_quantity("w2")
    assert all(len(curves.curve(lane).x) for lane in LANES)
    assert curves.floor is None
    curves.show_quantity("kl")
    assert len(curves.curve("vae").x)
    assert not len(curves.curve("gan").x)
    panels = window.area.panels
    assert panels["vae"]._figure.text().startswith("KL ≤ ")
    assert panels["gan"]._figure.text().startswith("W₂ ")
    wait(qtbot, lambda: all(any(c.isdigit() for c in p._figure.text()) for p in panels.values()))

    window.controller.pause()
    states = {}
    window.session.documents.gather(lambda _document, lanes, _seen: states.update(lanes))
    wait(qtbot, lambda: states)
    assert set(states) == set(LANES)
    path = tmp_path / "four.flow"
    msgspec.structs.replace(window.store.project, lanes=states).save(path)
    window.metrics.load(Project.open(path).lanes)
    assert table.text("vae", "kl").startswith("≤ ")
    assert table.text("gan", "w2") != "–"
    compare(window)
    wait(qtbot, lambda: set(window.controller.engine_pids()) == {"discrete", "continuous"})


def test_a_lane_that_is_set_beside_trained_flows_begins_to_train(window, qtbot):
    window.start_engines()
    window.controller.train()
    wait(qtbot, lambda: figures(window, "kl")["discrete"] is not None)
    compare(window, "vae")
    wait(qtbot, lambda: figures(window, "nll")["vae"] is not None)
    step = window.metrics.curves.last("discrete").step
    wait(qtbot, lambda: window.metrics.curves.last("discrete").step > step)
    request = window.controller.query(0.0, 0.0)
    assert request
    spec = msgspec.structs.replace(window.store.project.vae, width=12)
    window.store.edit(msgspec.structs.replace(window.store.project, vae=spec), "wider", "")
    wait(qtbot, lambda: window.area.panels["vae"].film.generation > 1)


def test_an_exported_baseline_lands_on_the_disk(window, qtbot, tmp_path):
    compare(window, "gan")
    window.start_engines()
    window.controller.step(3)
    wait(qtbot, lambda: window.metrics.curves.last("gan") is not None)
    dialog = window.exporter.open(tmp_path)
    dialog.choose_lane("gan")
    path = dialog.destination
    assert path.name.endswith("-gan")
    with qtbot.waitSignal(window.exporter.finished, timeout=PATIENCE_MS):
        dialog.start()
    assert (path / "model.py").is_file()
    dialog.close()


# --- what the engines are told --------------------------------------------------------------------


@pytest.mark.parametrize("spec", [VaeSpec(width=9), GanSpec(width=9)], ids=["vae", "gan"])
def test_only_its_own_engine_hears_of_another_baseline(spec):
    before = project()
    after = msgspec.structs.replace(before, **{spec.kind: spec})
    for lane in LANES:
        commands = commands_between(lane, before, after, 2)
        own = lane == spec.kind
        assert commands == ([EditBaseline(baseline=spec, generation=2)] if own else [])
        assert changes_structure(lane, before, after) == own


@pytest.mark.parametrize("lane", BASELINE_LANES)
def test_a_baseline_hears_of_its_recipe_and_not_of_the_flows_base_and_models(lane):
    before = project()
    after = msgspec.structs.replace(before, base=Ring(), stack=before.stack[:1])
    assert commands_between(lane, before, after, 2) == []
    assert not changes_structure(lane, before, after)
    recipe = msgspec.structs.replace(getattr(before.training, lane), batch_size=32)
    training: Training = msgspec.structs.replace(before.training, **{lane: recipe})
    after = msgspec.structs.replace(before, training=training)
    expected = [SetHyperparameter(name="batch_size", value=32)]
    assert commands_between(lane, before, after, 2) == expected


def test_the_document_that_is_compared_is_plain_json():
    plain = msgspec.structs.replace(project(), compare=("vae",)).to_dict()
    assert json.loads(json.dumps(plain["compare"])) == ["vae"]
