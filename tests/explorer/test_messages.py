"""What engines tell the window, and what it shows of it."""

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from explorer.ledger.lines import point_text
from explorer.stack.mime import to_clipboard
from flowengine.project import TargetSpec, default_stack
from flowengine.protocol import (
    Failure,
    HeatFrame,
    LaneStatus,
    Ledger,
    LedgerRow,
    Notice,
    ParticleFrames,
    Ready,
)
from flowengine.shorthand import parse_stack
from tests.explorer.windows import measured, tell


def test_metrics_reach_curves_figures_and_panels(window):
    tell(window, measured())
    tell(window, measured("continuous", kl=0.048), "continuous")
    assert window.metrics.figures.text("discrete", "kl") == "0.0213"
    figures = [panel._figure.text() for panel in window.area.panels.values()]
    assert figures == ["KL 0.0213", "KL 0.0480"]


def test_training_is_unsaved_work(window):
    tell(window, measured())
    assert not window.store.unsaved
    window.controller.train()
    tell(window, measured(step=200))
    assert window.store.unsaved


def test_an_engine_that_has_been_sent_away_is_counted_no_more(window):
    flows = window.store.project
    window.store.edit(replace(flows, compare=("vae",)), "Compare", "")
    window.controller.train()
    for lane in ("discrete", "vae"):
        tell(window, Ready(devices=(), torch="", pid=0), lane)
        tell(window, measured(lane), lane)
    window.status_line.refresh()
    assert window.status_line.figures == "824 steps/s · 2 engines"
    window.store.edit(flows, "Compare", "")
    assert window.status_line.figures == "412 steps/s · 1 engine"


def test_particles_are_shown_and_the_waiting_ends(window):
    panel = window.area.panels["discrete"]
    assert panel._message.text() == "The engine is starting …"
    positions = np.random.default_rng(0).normal(size=(3, 50, 2)).astype(np.float32)
    frames = ParticleFrames(
        lane="discrete", generation=1, step=0, direction="generate", first=0, total=50,
        tau=np.linspace(0, 1, 3, dtype=np.float32), positions=positions,
    )  # fmt: skip
    tell(window, frames)
    assert not panel.film.empty
    assert panel._message.text() == ""
    films = window.area.view_state().films
    assert [lane for lane, film in films.items() if not film.empty] == ["discrete"]
    assert films["discrete"] is not panel.film


def test_what_is_under_the_mouse_is_said_with_its_numbers(window):
    heat = HeatFrame(
        lane="discrete", generation=1, step=0, direction="generate", index=0, frames=1,
        extent=(-4.0, 4.0, -4.0, 4.0), density=np.full((8, 8), 0.05, np.float32),
    )  # fmt: skip
    tell(window, heat)
    window.status_line.say("before")
    view = window.area.panels["discrete"].view
    QTest.mouseMove(view, view.rect().center())
    assert "density 0.0500, log p = −3.00 nats" in window.status_line.sentence
    window.area.panels["discrete"].left.emit()
    assert window.status_line.sentence == "before"


def test_what_an_action_does_is_said_where_every_sentence_stands(window, qtbot):
    window.status_line.say("before")
    menu, action = window.menuBar().actions()[0].menu(), window.actions_["open"]
    menu.setActiveAction(action)
    assert window.status_line.sentence == action.statusTip()
    assert window.status_line.currentMessage() == ""  # Qt's own would be in another type
    menu.setActiveAction(None)
    window.menuBar().setActiveAction(None)
    qtbot.waitUntil(lambda: window.status_line.sentence == "before")


def test_a_blocked_lane_says_why_on_its_panel(window):
    status = LaneStatus(
        lane="discrete", generation=1, state="blocked", step=0, device="cpu", weights=0,
        reason="The target is empty; draw something",
    )  # fmt: skip
    tell(window, status)
    assert window.area.panels["discrete"]._message.text() == status.reason
    tell(window, replace(status, state="training", reason=""))
    assert window.area.panels["discrete"]._message.text() != status.reason


def test_a_failure_is_a_sentence_in_the_window(window):
    tell(window, Failure(request=0, error="DeviceError", text="There is no CUDA device here"))
    assert window.banner.text == "There is no CUDA device here"


def test_the_layers_are_searched_from_anywhere(window, qtbot):
    window.docks["models"].close()
    window.models.tabs.setCurrentIndex(2)
    window.area.setFocus()
    QTest.keyClick(window.area, Qt.Key.Key_Slash)
    box = window.models.stack.palette_view.search_box
    qtbot.waitUntil(lambda: QApplication.focusWidget() is box)
    QTest.keyClicks(box, "planar")
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert window.store.project.stack[-1].kind == "planar"


def test_copied_layers_are_pasted_from_anywhere(window):
    QApplication.clipboard().setMimeData(to_clipboard(*parse_stack("planar,swap")))
    window.models.tabs.setCurrentIndex(1)
    window.actions_["paste"].trigger()
    assert [layer.kind for layer in window.store.project.stack[-2:]] == ["planar", "swap"]
    assert window.models.tabs.currentIndex() == 0
    QApplication.clipboard().clear()
    window.actions_["paste"].trigger()
    assert window.banner.text  # nothing to paste as the target either
    assert len(window.store.project.stack) == len(default_stack()) + 2


def test_a_number_that_is_not_finite_is_said_with_its_remedy(window):
    text = "Step 7 gave a number that is not finite"
    tell(window, Notice(lane="discrete", text="On the CPU now"))
    assert window.banner.text == ""
    tell(window, Notice(lane="continuous", text=text, remedy="halve_rate"))
    assert window.banner.text == text
    before = window.store.project.training
    remedy = window.banner.findChild(QPushButton)
    assert remedy.isVisibleTo(window.banner)
    QTest.mouseClick(remedy, Qt.MouseButton.LeftButton)
    after = window.store.project.training
    assert after.continuous.learning_rate == before.continuous.learning_rate / 2
    assert after.discrete == before.discrete
    assert window.banner.text == ""
    assert window.store.undo_stack.undoText() == "Halve the learning rate"
    tell(window, Failure(request=0, error="DeviceError", text="There is no CUDA device here"))
    assert not remedy.isVisibleTo(window.banner)


@pytest.mark.parametrize(("width", "below"), [(1100, True), (1600, False)])
def test_a_sentence_with_a_remedy_is_no_narrow_column(window, qtbot, width, below):
    text = (
        "Step 118 of the discrete model gave a number that is not finite; training went back to "
        "its last good weights and halved the learning rate to 0.12"
    )
    window.resize(width, 700)
    tell(window, Notice(lane="discrete", text=text, remedy="halve_rate"))
    remedy = window.banner.findChild(QPushButton)
    sentence = next(label for label in window.banner.findChildren(QLabel) if label.text() == text)
    lines = 3.5 * sentence.fontMetrics().lineSpacing()
    qtbot.waitUntil(lambda: 0 < sentence.height() <= lines and not remedy.visibleRegion().isEmpty())
    assert (remedy.y() >= sentence.geometry().bottom()) == below
    QTest.mouseClick(remedy, Qt.MouseButton.LeftButton)
    assert window.banner.text == ""


def test_another_model_is_asked_about_the_point_at_once(window, monkeypatch):
    asked = []
    monkeypatch.setattr(window.controller, "query", lambda x, y: asked.append((x, y)))
    before = window.store.project
    window.store.apply(replace(before, stack=before.stack[:1]), "Remove a layer")
    assert asked == []
    window.session.points.ask(0.5, 1.0)
    window.store.apply(before, "Add a layer")
    window.store.apply(replace(before, target=TargetSpec(name="rings")), "Preset")
    window.store.undo_stack.undo()
    window.session.training.reset()
    assert asked == [(0.5, 1.0)] * 5
    recipe = replace(before.training.discrete, learning_rate=0.001)
    window.store.apply(
        replace(before, training=replace(before.training, discrete=recipe)), "Change"
    )
    assert len(asked) == 5


def test_a_clicked_point_is_marked_and_its_ledger_shown(window, qtbot):
    view = window.area.panels["discrete"].view
    with qtbot.waitSignal(window.area.point_picked) as picked:
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(90, 120))
    point = tuple(picked.args)
    assert window.session.points.point == point
    assert window.ledger._hint.text() == f"Asking the models about x = {point_text(point)} …"
    rows = (
        LedgerRow(
            layer="base", title="Base", tau=0.0, position=(0.0, 0.0), log_det=0.0,
            log_prob=-1.84, jacobian=(1.0, 0.0, 0.0, 1.0),
        ),
        LedgerRow(
            layer="layer-1", title="ActNorm", tau=1.0, position=point, log_det=0.5,
            log_prob=-2.34, jacobian=(2.0, 0.0, 0.0, 1.0),
        ),
    )  # fmt: skip
    answer = Ledger(
        lane="discrete", generation=1, request=1, point=point, rows=rows, log_prob=-2.34,
        target_log_prob=None, round_trip_error=0.0,
    )  # fmt: skip
    tell(window, replace(answer, point=(9.0, 9.0)))
    assert window.ledger.rows() == []
    tell(window, answer)
    assert window.ledger.rows()[1] == ("1 ActNorm", "+0.50", "−2.340")
    assert view._marker.jacobian == (2.0, 0.0, 0.0, 1.0)
    between = replace(rows[1], position=(0.25, 0.5), jacobian=(1.0, 0.5, 0.0, 1.0), tau=0.5)
    tell(window, replace(answer, rows=(rows[0], between, replace(rows[1], layer="layer-2"))))
    window.ledger._table.selectRow(1)
    assert (view._marker.point, view._marker.jacobian) == ((0.25, 0.5), (1.0, 0.5, 0.0, 1.0))
    window.ledger._table.selectRow(3)
    assert (view._marker.point, view._marker.jacobian) == (point, (2.0, 1.0, 0.0, 1.0))
    window.ledger.tau_picked.emit(0.5)
    assert (window.area.clock.tau, window.area.clock.playing) == (0.5, False)


def test_a_card_takes_the_clock_to_its_layer_and_lights_up_while_it_acts(window, qtbot):
    second = window.store.project.stack[1].id
    window.models.stack.layer_activated.emit(second)
    assert window.area.clock.tau == 0.5
    with qtbot.waitSignal(window.area.layer_shown) as shown:
        window.area.go_to(0.375)
    assert shown.args == [second, pytest.approx(0.5)]


def test_bypassed_layers_have_no_share_of_the_clock(window):
    stack = window.store.project.stack
    changed = (replace(stack[0], enabled=False), *stack[1:])
    window.models.stack.stack_edited.emit(changed, "Bypass", "")
    window.area.show_layer(stack[1].id)
    assert window.area.clock.tau == pytest.approx(1 / 3)
