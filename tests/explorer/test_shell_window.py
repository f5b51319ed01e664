"""The window without engines: its parts, its keys, its files, and what it does with messages."""

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QScrollArea

from explorer import dialogs
from explorer.i18n import translator
from explorer.ledger.lines import point_text
from explorer.main_window import SMALLEST, MainWindow
from explorer.shell.shortcuts import ShortcutSheet
from explorer.stack.mime import to_clipboard
from explorer.stack.stack_model import BASE_ID
from explorer.store import Store
from explorer.theme import theme
from explorer.training.commands import commands_between
from explorer.training.controller import Controller
from flowengine.catalogue import Ring, StandardNormal
from flowengine.project import FLOW_LANES, Project, TargetSpec, default_stack
from flowengine.protocol import (
    EditBase,
    Failure,
    HeatFrame,
    LaneStatus,
    LayerFact,
    LayerFacts,
    Ledger,
    LedgerRow,
    Metrics,
    Notice,
    ParticleFrames,
)
from flowengine.shorthand import parse_stack


@pytest.fixture
def window(qtbot, qapp, monkeypatch):
    theme.apply(qapp)
    monkeypatch.setattr(dialogs, "ask", lambda *_: "discard")
    window = MainWindow(Store(Project(name="star", stack=default_stack())), Controller())
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    return window


def tell(window, message, lane="discrete"):
    window.controller.message.emit(lane, message)


def measured(lane="discrete", step=100, kl=0.0213):
    return Metrics(
        lane=lane, generation=1, step=step, seconds=step / 100, steps_per_second=412.0, loss=2.0,
        nll=2.31 + kl, kl=kl, entropy=2.31,
    )  # fmt: skip


def drawing(value=1.0):
    grid = np.zeros((64, 64), np.float32)
    grid[20:40, 20:40] = value
    spec = {"source": "drawing", "name": "drawing", "density": grid}
    return Project.from_dict({"target": spec}).target


# --- its parts ----------------------------------------------------------------------------------


def test_it_opens_whole_at_its_smallest_size(window, qtbot):
    window.resize(*SMALLEST)
    qtbot.waitUntil(lambda: window.size().toTuple() == SMALLEST)
    for dock in window.docks.values():
        assert dock.isVisible()
        assert not dock.visibleRegion().isEmpty()
    for panel in window.stage.panels.values():
        assert min(panel.view.width(), panel.view.height()) >= 200


def test_every_layer_open_to_be_chosen_leaves_the_smallest_window_whole(window, qtbot):
    window.resize(*SMALLEST)
    qtbot.waitUntil(lambda: window.size().toTuple() == SMALLEST)
    window.search_layers()
    palette = window.models.stack.palette_view
    qtbot.waitUntil(lambda: palette.list.height() >= palette.list.minimumSizeHint().height())
    assert window.docks["models"].geometry().bottom() < window.statusBar().geometry().top()
    assert window.models.stack.list.viewport().height() > 0


def test_both_panels_have_the_same_size(window, qtbot):
    for width in (SMALLEST[0], 1280, 1440, 1600):
        window.resize(width, 900)
        qtbot.waitUntil(lambda width=width: window.width() == width)
        sizes = {panel.view.size().toTuple() for panel in window.stage.panels.values()}
        assert max(w for w, _ in sizes) - min(w for w, _ in sizes) <= 1
        assert len({h for _, h in sizes}) == 1


def test_the_arrangement_is_remembered_and_can_be_put_back(window, qtbot):
    window.docks["ledger"].close()
    window.close()
    again = MainWindow(Store(Project(stack=default_stack())), Controller())
    qtbot.addWidget(again)
    again.show()
    assert not again.docks["ledger"].isVisible()
    again.actions_["reset_layout"].trigger()
    assert again.docks["ledger"].isVisible()
    assert again.dockWidgetArea(again.docks["ledger"]) == Qt.DockWidgetArea.RightDockWidgetArea


def test_every_control_has_a_name_to_be_read_aloud(window):
    nameless = [
        button
        for button in window.findChildren(QPushButton)
        if button.isVisible() and not (button.text() or button.accessibleName())
    ]
    assert nameless == []


# --- actions and keys ---------------------------------------------------------------------------


def test_no_two_actions_have_the_same_key(window):
    keys = [a.shortcut().toString() for a in window.actions() if not a.shortcut().isEmpty()]
    assert len(keys) == len(set(keys))


def test_every_action_with_a_key_stands_on_the_sheet(window, qtbot):
    sheet = ShortcutSheet(window)
    assert sheet.screen().availableGeometry().size().expandedTo(sheet.size()) == (
        sheet.screen().availableGeometry().size()
    )  # it scrolls where there is less room
    qtbot.addWidget(sheet)
    shown = {key for _, keys in sheet.sections() for key, _ in keys}
    native = QKeySequence.SequenceFormat.NativeText
    actions = {a.shortcut().toString(native) for a in window.actions()} - {""}
    assert actions <= shown


@pytest.mark.parametrize("language", ["en", "vi"])
def test_the_sheet_of_keys_is_no_wider_than_a_small_screen(window, qtbot, language):
    translator.set_language(language)
    sheet = ShortcutSheet(window)
    qtbot.addWidget(sheet)
    sheet.show()
    qtbot.waitExposed(sheet)
    assert sheet.width() <= sheet.screen().availableSize().width()
    assert sheet.findChild(QScrollArea).horizontalScrollBar().maximum() == 0


def test_every_action_has_words_a_tip_and_an_icon(window):
    for action in window.actions():
        assert action.text()
        assert action.toolTip()
        assert action.isCheckable() or not action.icon().isNull()


@pytest.mark.parametrize(
    ("key", "modifier", "name"),
    [
        (Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier, "train"),
        (Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier, "undo"),
        (Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier, "play"),
        (Qt.Key.Key_D, Qt.KeyboardModifier.NoModifier, "direction"),
    ],
)
def test_keys_reach_their_actions(window, qtbot, key, modifier, name):
    window.store.apply(replace(window.store.project, seed=3), "Edit")
    window.activateWindow()
    window.stage.setFocus()
    qtbot.waitUntil(lambda: window.stage.panels["discrete"].view.hasFocus())
    with qtbot.waitSignal(window.actions_[name].triggered):
        QTest.keyClick(QApplication.focusWidget(), key, modifier)


def test_a_key_that_is_held_goes_on_with_steps_alone(window):
    held = {action.objectName() for action in window.actions() if action.autoRepeat()}
    assert held == {"undo", "redo", "step", "frame_back", "frame_forward"}


def test_space_presses_the_button_that_has_the_focus(window, qtbot):
    window.activateWindow()
    button = window.top_bar._train
    button.setFocus()
    qtbot.waitUntil(button.hasFocus)
    playing = window.stage.clock.playing
    with qtbot.waitSignal(window.actions_["train"].triggered):
        QTest.keyClick(button, Qt.Key.Key_Space)
    assert window.stage.clock.playing == playing


def test_f6_goes_round_the_parts_of_the_window(window, qtbot):
    window.activateWindow()
    window.stage.setFocus()
    places = []
    for _ in range(5):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_F6)
        focus = QApplication.focusWidget()
        parts = {"stage": window.stage, **{k: d.widget() for k, d in window.docks.items()}}
        places.append(next(name for name, part in parts.items() if part.isAncestorOf(focus)))
    assert places == ["models", "metrics", "target", "stage", "models"]  # the ledger is empty


def test_train_is_one_button_for_both_ways(window, qtbot):
    button = window.top_bar._train
    with qtbot.waitSignal(window.controller.training_changed):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert window.controller.training
    assert button.text() == "Pause"
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not window.controller.training
    assert button.text() == "Train"


def test_the_clock_goes_frame_by_frame(window):
    clock = window.stage.clock
    window.actions_["to_base"].trigger()
    assert (clock.tau, clock.playing) == (0.0, False)
    window.actions_["frame_forward"].trigger()
    assert clock.tau == pytest.approx(1 / 32)
    window.actions_["to_target"].trigger()
    window.actions_["frame_back"].trigger()
    assert clock.tau == pytest.approx(31 / 32)


def test_theme_and_language_change_at_once_and_are_kept(window, qtbot):
    from explorer.shell.appearance import restore_appearance

    window.actions_["theme_light"].trigger()
    window.actions_["language_vi"].trigger()
    assert window.top_bar._train.text() == "Huấn luyện"
    assert window.docks["target"]._head.title.text() == "Mục tiêu"
    assert window.menuBar().actions()[0].text() == "&Tệp"
    assert window.actions_["theme_light"].isChecked()
    theme.set_theme("dark")
    translator.set_language("en")
    restore_appearance()
    assert (theme.name, translator.language) == ("light", "vi")


def test_the_number_of_particles_is_chosen_in_the_menu_and_kept(window, qtbot):
    assert window.actions_["particles_usual"].isChecked()
    window.actions_["particles_most"].trigger()
    assert window.controller._view.particles == 100_000
    assert not window.actions_["particles_usual"].isChecked()
    another = MainWindow(Store(Project()), Controller())
    qtbot.addWidget(another)
    assert another.actions_["particles_most"].isChecked()
    assert another.controller._view.particles == 100_000
    window.actions_["particles_usual"].trigger()
    assert window.controller._view.particles == 10_000


# --- the document -------------------------------------------------------------------------------


def test_a_drawn_target_is_an_edit_and_starts_training(window):
    spec = drawing()
    window.target.target_edited.emit(spec, "Brush stroke", "")
    assert window.store.project.target == spec
    assert window.controller.training
    assert window.actions_["undo"].isEnabled()
    window.actions_["undo"].trigger()
    assert window.store.project.target == TargetSpec()
    assert window.target.canvas.density().max() > 0


def test_drawing_does_not_override_a_pause_by_hand(window):
    window.training.toggle()
    window.training.toggle()
    window.target.target_preview.emit(drawing())
    assert not window.controller.training


def test_a_stack_that_breaks_a_limit_is_said_and_what_stood_is_shown(window):
    good = window.store.project.stack
    window.models.stack.stack_edited.emit((replace(good[0], width=0),), "Break", "")
    assert "expected `int` >= 1 at `$.stack[0].width`" in window.banner.text
    assert window.store.project.stack == good
    assert [layer.width for layer in window.models.stack.stack] == [64] * 4


def test_edits_of_every_editor_arrive_in_the_document(window):
    stack = window.store.project.stack[:2]
    window.models.stack.stack_edited.emit(stack, "Remove", "")
    flow = replace(window.store.project.continuous, width=32)
    window.models.continuous.continuous_edited.emit(flow, "Narrower", "")
    window.models.recipe.form("discrete").editor("batch_size").value_edited.emit(256)
    project = window.store.project
    assert (project.stack, project.continuous) == (stack, flow)
    assert project.training.discrete.batch_size == 256
    assert window.store.undo_stack.count() == 3


def test_another_target_is_another_race_for_both_lanes_another_stack_for_one(window):
    def reached():
        for lane in ("discrete", "continuous"):
            tell(window, measured(lane, step=1000, kl=0.3), lane)
        return [window.metrics.figures.text(k, "reached") for k in ("discrete", "continuous")]

    for lane in ("discrete", "continuous"):
        tell(window, measured(lane, step=500), lane)
    assert reached() == ["5.00 s", "5.00 s"]
    window.models.stack.stack_edited.emit(window.store.project.stack[:2], "Remove", "")
    assert reached() == ["–", "5.00 s"]
    window.target.target_edited.emit(drawing(), "Brush stroke", "")
    assert reached() == ["–", "–"]


def test_title_and_dot_tell_of_unsaved_work(window):
    assert window.top_bar._name.text() == "star.flow"
    window.store.apply(replace(window.store.project, seed=2), "Edit")
    assert window.top_bar._name.text() == "star.flow •"
    assert window.isWindowModified()
    window.actions_["undo"].trigger()
    assert not window.isWindowModified()


def test_new_start_takes_another_seed(window):
    before = window.store.project.seed
    window.actions_["new_start"].trigger()
    assert window.store.project.seed != before


# --- files --------------------------------------------------------------------------------------


def drop(window, path):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    return drop_data(window, mime)


def drop_data(window, mime):
    where = QPointF(window.rect().center())
    actions, buttons, keys = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.NoModifier
    enter = QDragEnterEvent(where.toPoint(), actions, mime, buttons, keys)
    QApplication.sendEvent(window, enter)
    if enter.isAccepted():
        QApplication.sendEvent(window, QDropEvent(where, actions, mime, buttons, keys))
    return enter.isAccepted()


def test_a_project_dropped_onto_the_window_is_opened(window, tmp_path):
    Project(seed=9, stack=default_stack()).save(tmp_path / "nine.flow")
    assert drop(window, tmp_path / "nine.flow")
    assert window.store.project.seed == 9
    assert window.top_bar._name.text() == "nine.flow"


def test_of_many_pictures_dropped_it_is_still_said_that_one_was_taken(window, tmp_path, qtbot):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    assert drop(window, tmp_path / "bad.png")
    qtbot.waitUntil(lambda: "bad.png" in window.banner.text)
    assert window.status_line.sentence == ""  # and no more that it is being read
    for n in range(10):
        picture = QImage(32, 32, QImage.Format.Format_RGB32)
        picture.fill(Qt.GlobalColor.black)
        picture.save(str(tmp_path / f"p{n}.png"))
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / f"p{n}.png")) for n in range(10)])
    assert drop_data(window, mime)
    qtbot.waitUntil(lambda: window.store.project.target.name == "p0")
    assert window.controller.training
    assert window.status_line.sentence == "p0.png was taken; 9 other files were left out"
    assert window.banner.text == ""


def test_points_dropped_onto_the_window_are_the_target(window, tmp_path):
    points = np.random.default_rng(1).normal(size=(300, 2))
    np.savetxt(tmp_path / "blob.csv", points, delimiter=",")
    assert drop(window, tmp_path / "blob.csv")
    assert window.store.project.target.source == "points"


def test_a_picture_dragged_from_a_browser_is_the_target(window):
    picture = QImage(20, 20, QImage.Format.Format_RGB32)
    picture.fill(Qt.GlobalColor.black)
    mime = QMimeData()
    mime.setUrls([QUrl("https://example.org/square.png")])
    mime.setImageData(picture)
    assert drop_data(window, mime)
    assert window.store.project.target.source == "picture"


def test_what_is_no_file_of_ours_is_not_taken(window, tmp_path):
    assert not drop(window, tmp_path / "movie.mp4")


def test_a_bad_file_is_named_until_dismissed(window, tmp_path, qtbot):
    (tmp_path / "bad.flow").write_bytes(b"nothing")
    drop(window, tmp_path / "bad.flow")
    assert "bad.flow" in window.banner.text
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert window.banner.text == ""


def test_the_recent_menu_opens_projects(window, tmp_path):
    Project(seed=4, stack=default_stack()).save(tmp_path / "four.flow")
    window.documents.open(tmp_path / "four.flow")
    window.actions_["new"].trigger()
    window.menus.recent.fill()
    window.menus.recent.actions()[0].trigger()
    assert window.store.project.seed == 4


@pytest.mark.parametrize("answer", ["cancel", "discard", "save"])
def test_closing_asks_before_work_is_lost(window, monkeypatch, tmp_path, answer, qtbot):
    monkeypatch.setattr(dialogs, "ask", lambda *_: answer)
    monkeypatch.setattr(dialogs, "ask_save", lambda *_: tmp_path / "kept.flow")
    window.store.apply(replace(window.store.project, seed=2), "Edit")
    assert window.close() == (answer == "discard")  # a file takes a moment to be written
    qtbot.waitUntil(lambda: window.isVisible() == (answer == "cancel"))
    assert (tmp_path / "kept.flow").exists() == (answer == "save")
    monkeypatch.setattr(dialogs, "ask", lambda *_: "discard")


# --- messages -----------------------------------------------------------------------------------


def test_metrics_reach_curves_figures_and_panels(window):
    tell(window, measured())
    tell(window, measured("continuous", kl=0.048), "continuous")
    assert window.metrics.figures.text("discrete", "kl") == "0.0213"
    figures = [panel._figure.text() for panel in window.stage.panels.values()]
    assert figures == ["KL 0.0213", "KL 0.0480"]


def test_training_is_unsaved_work(window):
    tell(window, measured())
    assert not window.store.unsaved
    window.controller.train()
    tell(window, measured(step=200))
    assert window.store.unsaved


def test_particles_are_shown_and_the_waiting_ends(window):
    panel = window.stage.panels["discrete"]
    assert panel._message.text() == "The engine is starting …"
    positions = np.random.default_rng(0).normal(size=(3, 50, 2)).astype(np.float32)
    frames = ParticleFrames(
        lane="discrete", generation=1, step=0, direction="generate", first=0, total=50,
        tau=np.linspace(0, 1, 3, dtype=np.float32), positions=positions,
    )  # fmt: skip
    tell(window, frames)
    assert not panel.film.empty
    assert panel._message.text() == ""
    films = window.stage.look().films
    assert [lane for lane, film in films.items() if not film.empty] == ["discrete"]
    assert films["discrete"] is not panel.film


def test_what_is_under_the_mouse_is_said_with_its_numbers(window):
    heat = HeatFrame(
        lane="discrete", generation=1, step=0, direction="generate", index=0, frames=1,
        extent=(-4.0, 4.0, -4.0, 4.0), density=np.full((8, 8), 0.05, np.float32),
    )  # fmt: skip
    tell(window, heat)
    window.status_line.say("before")
    view = window.stage.panels["discrete"].view
    QTest.mouseMove(view, view.rect().center())
    assert "density 0.0500, log p = −3.00 nats" in window.status_line.sentence
    window.stage.panels["discrete"].left.emit()
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
    assert window.stage.panels["discrete"]._message.text() == status.reason
    tell(window, replace(status, state="training", reason=""))
    assert window.stage.panels["discrete"]._message.text() != status.reason


def test_a_failure_is_a_sentence_in_the_window(window):
    tell(window, Failure(request=0, error="DeviceError", text="There is no CUDA device here"))
    assert window.banner.text == "There is no CUDA device here"


def test_the_layers_are_searched_from_anywhere(window, qtbot):
    window.docks["models"].close()
    window.models.tabs.setCurrentIndex(2)
    window.stage.setFocus()
    QTest.keyClick(window.stage, Qt.Key.Key_Slash)
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


def test_another_model_is_asked_about_the_point_at_once(window, monkeypatch):
    asked = []
    monkeypatch.setattr(window.controller, "query", lambda x, y: asked.append((x, y)))
    before = window.store.project
    window.store.apply(replace(before, stack=before.stack[:1]), "Remove a layer")
    assert asked == []
    window.inquiry.ask(0.5, 1.0)
    window.store.apply(before, "Add a layer")
    window.store.apply(replace(before, target=TargetSpec(name="rings")), "Preset")
    window.store.undo_stack.undo()
    window.training.reset()
    assert asked == [(0.5, 1.0)] * 5
    recipe = replace(before.training.discrete, learning_rate=0.001)
    window.store.apply(
        replace(before, training=replace(before.training, discrete=recipe)), "Change"
    )
    assert len(asked) == 5


def test_a_clicked_point_is_marked_and_its_ledger_shown(window, qtbot):
    view = window.stage.panels["discrete"].view
    with qtbot.waitSignal(window.stage.point_picked) as picked:
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(90, 120))
    point = tuple(picked.args)
    assert window.inquiry.point == point
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
    assert (window.stage.clock.tau, window.stage.clock.playing) == (0.5, False)


def test_a_card_takes_the_clock_to_its_layer_and_lights_up_while_it_acts(window, qtbot):
    second = window.store.project.stack[1].id
    window.models.stack.layer_activated.emit(second)
    assert window.stage.clock.tau == 0.5
    with qtbot.waitSignal(window.stage.layer_shown) as shown:
        window.stage.go_to(0.375)
    assert shown.args == [second, pytest.approx(0.5)]


def test_bypassed_layers_have_no_share_of_the_clock(window):
    stack = window.store.project.stack
    changed = (replace(stack[0], enabled=False), *stack[1:])
    window.models.stack.stack_edited.emit(changed, "Bypass", "")
    window.stage.show_layer(stack[1].id)
    assert window.stage.clock.tau == pytest.approx(1 / 3)


# --- the base -----------------------------------------------------------------------------------


def test_another_base_goes_into_the_document_and_undo_takes_it_back(window, qtbot):
    window.models.stack.list.select(BASE_ID)
    window.models.stack.edit_selected()
    box = window.models.stack.list.form.kind_box
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_End)
    assert window.store.project.base == Ring()
    assert window.models.stack.list.cards.index(0).data() == "Base · ring"
    commands = [commands_between(lane, Project(), window.store.project, 1) for lane in FLOW_LANES]
    assert all(EditBase(base=Ring(), generation=1) in each for each in commands)
    window.actions_["undo"].trigger()
    assert window.store.project.base == StandardNormal()
    assert box.currentData() == "standard_normal"


def test_the_head_of_the_models_counts_the_weights_of_the_model_at_the_front(window):
    head, tabs = window.docks["models"]._head.figure, window.models.tabs
    status = LaneStatus(
        lane="continuous", generation=1, state="paused", step=0, device="cpu", weights=8_898
    )
    for lane, weights in (("continuous", 8_898), ("vae", 1_200), ("gan", 1)):
        tell(window, replace(status, lane=lane, weights=weights), lane)
    fact = LayerFact(window.store.project.stack[0].id, 4, 0.0, np.zeros((3, 3, 2), np.float32))
    tell(window, LayerFacts(generation=1, step=0, layers=(fact,)))
    seen = []
    for compare in ((), ("vae",), ("vae", "gan")):
        window.edit(replace(window.store.project, compare=compare), "Compare", "")
        for index in range(tabs.count()):
            if tabs.isTabVisible(index):
                tabs.setCurrentIndex(index)
                seen.append(head.text())
    flows = ["4 weights", "8,898 weights", ""]
    both = "VAE 1,200 weights · GAN 1 weight"
    assert seen == [*flows, *flows, "1,200 weights", *flows, both]
