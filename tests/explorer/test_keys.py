"""Every action of the window, and the keys that reach it."""

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QScrollArea

from explorer.help.shortcuts import ShortcutsDialog
from explorer.session.store import Store
from explorer.theme import theme
from explorer.training.controller import Controller
from explorer.window.main_window import MainWindow
from explorer.words.languages import translator
from flowengine.project import Project


def test_no_two_actions_have_the_same_key(window):
    keys = [a.shortcut().toString() for a in window.actions() if not a.shortcut().isEmpty()]
    assert len(keys) == len(set(keys))


def test_every_action_with_a_key_stands_on_the_sheet(window, qtbot):
    sheet = ShortcutsDialog(window.actions_.keys(), window)
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
    sheet = ShortcutsDialog(window.actions_.keys(), window)
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
    window.area.setFocus()
    qtbot.waitUntil(lambda: window.area.panels["discrete"].view.hasFocus())
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
    playing = window.area.clock.playing
    with qtbot.waitSignal(window.actions_["train"].triggered):
        QTest.keyClick(button, Qt.Key.Key_Space)
    assert window.area.clock.playing == playing


def test_f6_goes_round_the_parts_of_the_window(window, qtbot):
    window.activateWindow()
    window.area.setFocus()
    places = []
    for _ in range(5):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_F6)
        focus = QApplication.focusWidget()
        parts = {"stage": window.area, **{k: d.widget() for k, d in window.docks.items()}}
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
    clock = window.area.clock
    window.actions_["to_base"].trigger()
    assert (clock.tau, clock.playing) == (0.0, False)
    window.actions_["frame_forward"].trigger()
    assert clock.tau == pytest.approx(1 / 32)
    window.actions_["to_target"].trigger()
    window.actions_["frame_back"].trigger()
    assert clock.tau == pytest.approx(31 / 32)


def test_theme_and_language_change_at_once_and_are_kept(window, qtbot):
    from explorer.window.appearance import restore_appearance

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
