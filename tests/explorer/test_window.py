"""The window without engines: its parts, its keys, its files, and what it does with messages."""

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QToolButton

from explorer import dialogs
from explorer.session.store import Store
from explorer.stack.stack_model import BASE_ID
from explorer.theme import theme
from explorer.training.commands import commands_between
from explorer.training.controller import Controller
from explorer.window.main_window import SMALLEST, MainWindow
from flowengine.catalogue import Ring, StandardNormal
from flowengine.project import FLOW_LANES, Project, TargetSpec, default_stack
from flowengine.protocol import (
    EditBase,
    LaneStatus,
    LayerFact,
    LayerFacts,
)
from tests.explorer.windows import measured, tell


def drawing(value=1.0):
    grid = np.zeros((64, 64), np.float32)
    grid[20:40, 20:40] = value
    spec = {"source": "drawing", "name": "drawing", "density": grid}
    return Project.from_dict({"target": spec}).target


# --- its parts ------------------------------------------------------------------------------------


def test_it_opens_whole_at_its_smallest_size(window, qtbot):
    window.resize(*SMALLEST)
    qtbot.waitUntil(lambda: window.size().toTuple() == SMALLEST)
    for dock in window.docks.values():
        assert dock.isVisible()
        assert not dock.visibleRegion().isEmpty()
    for panel in window.area.panels.values():
        assert min(panel.view.width(), panel.view.height()) >= 200


def test_every_layer_open_to_be_chosen_leaves_the_smallest_window_whole(window, qtbot):
    window.resize(*SMALLEST)
    qtbot.waitUntil(lambda: window.size().toTuple() == SMALLEST)
    window.actions_["search_layers"].trigger()
    palette = window.models.stack.palette_view
    qtbot.waitUntil(lambda: palette.list.height() >= palette.list.minimumSizeHint().height())
    assert window.docks["models"].geometry().bottom() < window.statusBar().geometry().top()
    assert window.models.stack.list.viewport().height() > 0


@pytest.mark.parametrize("name", ["dark", "light"])
def test_a_lane_has_one_colour_everywhere(window, name):
    theme.set_theme(name)
    for lane in FLOW_LANES:
        tell(window, measured(lane), lane)
        tell(window, measured(lane, step=200), lane)
    window.area.clock.pause()
    places = {lane: [panel] for lane, panel in window.area.panels.items()}
    for parts in places.values():
        parts += [window.metrics.curves, window.metrics.figures]
    for lane, parts in places.items():
        wanted = theme.color(lane).rgb()
        for part in parts:
            assert wanted in colours_of(part), (lane, part)


def colours_of(widget):
    picture = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    return set(np.frombuffer(picture.constBits(), np.uint32).tolist())


def test_both_panels_have_the_same_size(window, qtbot):
    for width in (SMALLEST[0], 1280, 1440, 1600):
        window.resize(width, 900)
        qtbot.waitUntil(lambda width=width: window.width() == width)
        sizes = {panel.view.size().toTuple() for panel in window.area.panels.values()}
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


@pytest.mark.parametrize("name", ["target", "models", "ledger", "metrics"])
def test_a_part_is_closed_by_its_button_and_comes_back_from_the_view_menu(window, qtbot, name):
    dock = window.docks[name]
    (close,) = (b for b in dock.findChildren(QToolButton) if b.toolTip().startswith("Close; "))
    QTest.mouseClick(close, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(dock.isHidden)
    menus = {action.text(): action.menu() for action in window.menuBar().actions()}
    (switch,) = (a for a in menus["&View"].actions() if a.text() == dock.windowTitle())
    switch.trigger()
    qtbot.waitUntil(dock.isVisible)


def test_every_control_has_a_name_to_be_read_aloud(window):
    nameless = [
        button
        for button in window.findChildren(QPushButton)
        if button.isVisible() and not (button.text() or button.accessibleName())
    ]
    assert nameless == []


# --- the document ---------------------------------------------------------------------------------


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
    window.session.training.toggle()
    window.session.training.toggle()
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


# --- files ----------------------------------------------------------------------------------------


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
    window.session.documents.open(tmp_path / "four.flow")
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


# --- the base -------------------------------------------------------------------------------------


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
        window.store.edit(replace(window.store.project, compare=compare), "Compare", "")
        for index in range(tabs.count()):
            if tabs.isTabVisible(index):
                tabs.setCurrentIndex(index)
                seen.append(head.text())
    flows = ["4 weights", "8,898 weights", ""]
    both = "VAE 1,200 weights · GAN 1 weight"
    assert seen == [*flows, *flows, "1,200 weights", *flows, both]
