"""The stack editor asks for edits by keyboard and mouse, and shows what comes back."""

from __future__ import annotations

import random

import pytest
from msgspec import to_builtins
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import (
    QKeyEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from explorer.stack.layer_card import PARTS, shortened
from explorer.stack.mime import to_mime
from explorer.stack.stack_model import BASE_ID
from explorer.theme import theme
from explorer.words.languages import translator
from flowengine.catalogue import (
    Planar,
    kind_of,
)
from flowengine.project import Project
from flowengine.shorthand import parse_stack
from tests.explorer.stack_probe import (
    ALT,
    CTRL,
    NONE,
    SHIFT,
    STACK,
    Drag,
    facts_of,
    ids,
)

# --- keyboard -----------------------------------------------------------------------------------


def test_arrows_choose_and_delete_removes(desk):
    desk.press(Qt.Key.Key_Home)
    desk.press(Qt.Key.Key_Down)
    desk.press(Qt.Key.Key_Down)
    assert desk.list.current_id() == "layer-2"
    desk.press(Qt.Key.Key_Delete)
    assert ids(desk.editor.stack) == ["layer-1", "layer-3", "layer-4"]
    assert desk.texts == ["Remove affine coupling"]
    assert desk.list.current_id() in ids(desk.editor.stack)


def test_alt_arrows_move_and_the_choice_goes_along(desk):
    desk.choose("layer-2")
    desk.press(Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert ids(desk.editor.stack) == ["layer-1", "layer-3", "layer-2", "layer-4"]
    assert desk.list.current_id() == "layer-2"
    for _ in range(5):
        desk.press(Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert ids(desk.editor.stack) == ["layer-2", "layer-1", "layer-3", "layer-4"]
    assert desk.texts == ["Move affine coupling"] * 3


def test_ctrl_d_duplicates_and_chooses_the_copy(desk):
    desk.choose("layer-1")
    desk.press(Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert [layer.kind for layer in desk.editor.stack[:2]] == ["actnorm", "actnorm"]
    assert desk.list.current_id() == desk.editor.stack[1].id
    assert desk.texts == ["Duplicate ActNorm"]


def test_b_bypasses_and_l_freezes(desk):
    desk.choose("layer-3")
    for key in (Qt.Key.Key_B, Qt.Key.Key_L, Qt.Key.Key_B, Qt.Key.Key_L):
        desk.press(key)
    states = [(stack[2].enabled, stack[2].frozen) for stack, _, _ in desk.edits]
    assert states == [(False, False), (False, True), (True, True), (True, False)]
    assert [key for _, _, key in desk.edits] == [""] * 4


def test_g_goes_to_the_card_on_the_clock(desk):
    desk.choose("layer-3")
    desk.press(Qt.Key.Key_G)
    assert desk.visited == ["layer-3"]


def test_slash_searches_from_the_cards_and_adds_after_the_chosen_one(desk):
    desk.choose("layer-1")
    desk.press(Qt.Key.Key_Slash)
    assert QApplication.focusWidget() is desk.editor.palette_view.search_box
    QTest.keyClicks(QApplication.focusWidget(), "planar")
    desk.press(Qt.Key.Key_Return)
    assert [layer.kind for layer in desk.editor.stack[:3]] == [
        "actnorm",
        "planar",
        "affine_coupling",
    ]
    assert desk.list.current_id() == desk.editor.stack[1].id
    desk.press(Qt.Key.Key_Escape)
    assert QApplication.focusWidget() is desk.list


def test_what_is_done_to_layers_leaves_the_base_alone(desk):
    desk.press(Qt.Key.Key_Home)
    assert desk.list.current_id() == BASE_ID
    for key in (Qt.Key.Key_Delete, Qt.Key.Key_B, Qt.Key.Key_L):
        desk.press(key)
    desk.press(Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    desk.press(Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert desk.edits == []
    assert desk.list.form is None


@pytest.mark.parametrize(
    "key", [Qt.Key.Key_Delete, Qt.Key.Key_Home, Qt.Key.Key_Slash, Qt.Key.Key_L]
)
def test_the_lists_keys_come_before_the_windows_shortcuts(desk, key):
    event = QKeyEvent(QEvent.Type.ShortcutOverride, key, Qt.KeyboardModifier.NoModifier)
    event.ignore()
    QApplication.sendEvent(desk.list, event)
    assert event.isAccepted()


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_D, Qt.Key.Key_Escape])
def test_other_keys_are_left_to_the_window(desk, key):
    event = QKeyEvent(QEvent.Type.ShortcutOverride, key, Qt.KeyboardModifier.NoModifier)
    event.ignore()
    QApplication.sendEvent(desk.list, event)
    assert not event.isAccepted()


# --- mouse --------------------------------------------------------------------------------------


def test_a_click_goes_to_the_layer(desk):
    desk.click(desk.card("layer-3").name.center())
    desk.click(desk.card(BASE_ID).name.center())
    assert desk.visited == ["layer-3", BASE_ID]
    assert desk.edits == []


def test_eye_and_lock_do_their_work_and_go_nowhere(desk):
    desk.click(desk.card("layer-2").part("eye").center())
    desk.click(desk.card("layer-4").part("lock").center())
    assert desk.texts == ["Bypass affine coupling", "Freeze planar"]
    assert not desk.editor.stack[1].enabled
    assert desk.editor.stack[3].frozen
    assert desk.visited == []


def test_two_quick_clicks_on_the_eye_are_two_clicks(desk):
    eye = desk.card("layer-2").part("eye").center()
    desk.click(eye)
    QTest.mouseDClick(desk.list.viewport(), Qt.MouseButton.LeftButton, pos=eye)
    QTest.mouseRelease(desk.list.viewport(), Qt.MouseButton.LeftButton, pos=eye)
    assert [stack[1].enabled for stack, _, _ in desk.edits] == [False, True]
    assert desk.list.form is None


def test_letting_go_beside_the_eye_does_nothing(desk):
    card = desk.card("layer-2")
    QTest.mousePress(desk.list.viewport(), Qt.MouseButton.LeftButton, pos=card.part("eye").center())
    QTest.mouseRelease(desk.list.viewport(), Qt.MouseButton.LeftButton, pos=card.name.center())
    assert desk.edits == []


def test_no_two_parts_of_a_card_overlap(desk):
    card = desk.card("layer-2")
    parts = [card.part(part) for part in PARTS]
    assert all(card.card.contains(part) for part in parts)
    for n, part in enumerate(parts):
        assert not any(part.intersects(other) for other in parts[n + 1 :])
        assert not part.intersects(card.thumbnail)


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
def test_the_menu_of_the_base_offers_what_needs_no_layer(desk):
    desk.press(Qt.Key.Key_Home)
    desk.list.menu_requested.emit(desk.list.mapToGlobal(QPoint(20, 20)))
    menu = desk.editor.findChild(QMenu)
    lines = [action.objectName() for action in menu.actions() if action.objectName()]
    assert lines == [
        "show_selected",
        "edit_selected",
        "paste_layers",
        "select_all",
        "focus_search",
    ]
    menu.close()


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
def test_the_menu_does_what_its_lines_say(desk, qtbot):
    desk.choose("layer-3")
    desk.list.menu_requested.emit(desk.list.mapToGlobal(QPoint(20, 20)))
    menu = desk.editor.findChild(QMenu)
    lines = {action.objectName(): action for action in menu.actions() if action.objectName()}
    assert lines["bypass_selected"].isCheckable()
    assert not lines["bypass_selected"].isChecked()
    assert "Ctrl+D" in lines["duplicate_selected"].text()
    lines["remove_selected"].trigger()
    assert desk.texts == ["Remove spline coupling"]
    menu.close()


def test_chips_add_at_the_end_while_nothing_is_chosen(desk):
    chip = desk.editor.palette_view.chips[0]
    QTest.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert ids(desk.editor.stack)[:4] == ids(STACK)
    assert desk.editor.stack[4].kind == kind_of(chip.kind)
    assert desk.texts == ["Add affine coupling"]


def test_a_ready_made_stack_takes_the_place_of_the_present_one(desk):
    actions = desk.editor.palette_view.ready_button.menu().actions()
    next(action for action in actions if action.text() == "x = 2z + 1").trigger()
    assert [layer.kind for layer in desk.editor.stack] == ["scale_shift"]
    assert desk.texts == ["Use x = 2z + 1"]


# --- what the engine says -----------------------------------------------------------------------


def test_the_title_counts_the_weights_of_the_layers_that_act(desk, qtbot):
    assert desk.editor.weights_text == ""
    with qtbot.waitSignal(desk.editor.weights_changed) as said:
        desk.editor.set_facts(facts_of(STACK, weights=8836))
    assert said.args == ["35,344 weights"]
    desk.choose("layer-2")
    desk.press(Qt.Key.Key_B)
    assert desk.editor.weights_text == "26,508 weights"


def test_facts_repaint_and_ask_for_nothing(desk):
    before = desk.list.viewport().grab().toImage()
    desk.editor.set_facts(facts_of(STACK))
    assert desk.list.viewport().grab().toImage() != before
    assert desk.edits == []


def test_the_acting_layer_lights_up_and_goes_out_again(desk):
    def picture():
        return desk.list.viewport().grab().toImage()

    dark = picture()
    desk.editor.set_active_layer("layer-2", 0.25)
    quarter = picture()
    desk.editor.set_active_layer("layer-2", 0.75)
    more = picture()
    desk.editor.set_active_layer("layer-3", 0.75)
    other = picture()
    desk.editor.set_active_layer(None, 0.0)
    assert len({image.cacheKey() for image in (dark, quarter, more, other)}) == 4
    assert dark != quarter != more != other
    assert picture() == dark


def test_an_unknown_or_removed_layer_can_be_said_to_act(desk):
    desk.editor.set_active_layer("nowhere", 0.5)
    desk.editor.set_active_layer("layer-1", 7.0)
    desk.editor.set_stack(STACK[1:])
    desk.editor.set_active_layer("layer-1", 0.5)
    desk.list.viewport().grab()
    assert desk.edits == []


def test_what_is_left_to_auto_is_shown_as_what_it_stands_for(desk):
    desk.editor.set_stack(parse_stack("spline_coupling*2"))
    names = [desk.list.cards.index(row).data() for row in (1, 2)]
    assert names == ["Spline coupling · y", "Spline coupling · x"]
    assert desk.edits == []


def test_choice_and_scroll_survive_an_edit_from_elsewhere(desk_of):
    stack = parse_stack("planar*40")
    desk = desk_of(stack, height=400)
    desk.list.select("layer-20")
    place = desk.list.verticalScrollBar().value()
    desk.editor.set_stack((*stack[:20], *stack[21:]))
    assert desk.list.current_id() == "layer-20"
    assert desk.list.verticalScrollBar().value() == place


def test_language_and_theme_can_change_at_any_time(desk):
    desk.editor.set_facts(facts_of(STACK))
    desk.choose("layer-3")
    desk.press(Qt.Key.Key_Return)
    dark = desk.editor.grab().toImage()
    theme.set_theme("light")
    translator.set_language("vi")
    assert desk.editor.grab().toImage() != dark
    assert desk.edits == []
    assert ids(desk.editor.stack) == ids(STACK)


def test_a_name_that_is_cut_keeps_its_coordinate(desk):
    metrics = desk.list.fontMetrics()
    name = "Spline coupling · y"
    whole = metrics.horizontalAdvance(name)
    assert shortened(name, metrics, whole + 1) == name
    cut = shortened(name, metrics, whole - 20)
    assert cut.endswith("… · y")
    assert metrics.horizontalAdvance(cut) <= whole - 20
    assert shortened("Base · standard normal", metrics, 60).endswith("…")
    assert shortened("Autoregressive · x → y", metrics, 90).endswith("… · x → y")
    assert shortened("ActNorm", metrics, 400) == "ActNorm"


# --- rough handling -----------------------------------------------------------------------------

_KEYS = [
    (Qt.Key.Key_Up, NONE), (Qt.Key.Key_Down, NONE), (Qt.Key.Key_Down, SHIFT),
    (Qt.Key.Key_Up, ALT), (Qt.Key.Key_Down, ALT), (Qt.Key.Key_Return, NONE),
    (Qt.Key.Key_Escape, NONE), (Qt.Key.Key_B, NONE), (Qt.Key.Key_L, NONE),
    (Qt.Key.Key_Delete, NONE), (Qt.Key.Key_D, CTRL), (Qt.Key.Key_C, CTRL),
    (Qt.Key.Key_X, CTRL), (Qt.Key.Key_V, CTRL), (Qt.Key.Key_A, CTRL),
]  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2])
def test_no_order_of_keys_clicks_drops_and_undos_leaves_a_bad_stack(desk, seed):
    chance = random.Random(seed)
    past = [STACK]
    for _ in range(250):
        view = desk.list.viewport()
        point = QPoint(chance.randrange(view.width()), chance.randrange(view.height()))
        act = chance.choice(["key", "key", "key", "click", "drop", "undo", "facts"])
        if act == "key":
            QTest.keyClick(desk.list, *chance.choice(_KEYS))
        elif act == "click":
            desk.click(point, chance.choice([NONE, CTRL, SHIFT]))
        elif act == "drop":
            carried = chance.sample(desk.editor.stack, min(2, len(desk.editor.stack)))
            drag = Drag(desk.list, to_mime(*carried, Planar()))
            drag.enter(point)
            drag.drop(point)
        elif act == "undo":
            desk.editor.set_stack(chance.choice(past))
        else:
            desk.editor.set_facts(facts_of(desk.editor.stack))
        past.append(desk.editor.stack)
        assert Project.from_dict({"stack": [to_builtins(x) for x in desk.editor.stack]})
        assert set(desk.chosen) <= set(ids(desk.editor.stack))
        if len(desk.editor.stack) > 24:
            desk.editor.set_stack(STACK)
    assert len(desk.edits) > 40
