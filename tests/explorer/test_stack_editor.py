"""The stack editor asks for edits by mouse, keyboard and drop, and shows what comes back."""

from __future__ import annotations

import random

import pytest
from msgspec import to_builtins
from msgspec.structs import replace
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from explorer.i18n import translator
from explorer.stack.layer_card import PARTS, shortened
from explorer.stack.mime import LAYER_MIME, MAX_BYTES, to_mime
from explorer.stack.stack_model import BASE_ID
from explorer.stack.stack_view import StackEditor
from explorer.stack.thumbnail import plain_grid
from explorer.theme import theme
from flowengine.catalogue import (
    BASE_SPECS,
    LAYER_SPECS,
    CouplingSpec,
    Planar,
    Ring,
    SplineCoupling,
    StandardNormal,
    base_class,
    fields_of,
    kind_of,
)
from flowengine.project import MAX_LAYERS, Project, parse_stack, resolve_keeps
from flowengine.protocol import LayerFact

STACK = tuple(
    replace(layer, width=64) if isinstance(layer, CouplingSpec) else layer
    for layer in resolve_keeps(parse_stack("actnorm,affine_coupling,spline_coupling,planar"))
)

NONE, ALT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.AltModifier
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def ids(stack):
    return [layer.id for layer in stack]


def facts_of(stack, weights=1000):
    return {
        layer.id: LayerFact(id=layer.id, weights=weights, mean_log_det=0.27, grid=plain_grid())
        for layer in stack
    }


class Desk:
    """An editor whose every edit is admitted and shown again, and what it has asked for."""

    def __init__(self, stack=STACK):
        self.editor = StackEditor()
        self.list = self.editor.list
        self.edits = []
        self.visited = []
        self.editor.stack_edited.connect(self._take)
        self.editor.layer_activated.connect(self.visited.append)
        self.editor.set_stack(stack)

    def _take(self, stack, text, key):
        self.edits.append((stack, text, key))
        self.editor.set_stack(stack)

    @property
    def texts(self):
        return [text for _, text, _ in self.edits]

    def press(self, key, modifiers=Qt.KeyboardModifier.NoModifier):
        QTest.keyClick(QApplication.focusWidget(), key, modifiers)

    def click(self, point, modifiers=Qt.KeyboardModifier.NoModifier):
        QTest.mouseClick(self.list.viewport(), Qt.MouseButton.LeftButton, modifiers, pos=point)

    def card(self, layer_id):
        return self.list.card_layout(self.list.cards.index_of(layer_id))

    def choose(self, layer_id, *more):
        self.click(self.card(layer_id).name.center())
        for name in more:
            self.click(self.card(name).name.center(), CTRL)
        self.visited.clear()

    @property
    def chosen(self):
        return ids(self.list.chosen_layers())


@pytest.fixture
def desk_of(qtbot):
    def make(stack=STACK, height=620):
        desk = Desk(stack)
        qtbot.addWidget(desk.editor)
        desk.editor.resize(300, height)
        with qtbot.waitActive(desk.editor):
            desk.editor.show()
            desk.editor.activateWindow()
        desk.list.setFocus()
        return desk

    return make


@pytest.fixture
def desk(desk_of):
    return desk_of()


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


# --- the form -----------------------------------------------------------------------------------


def test_enter_opens_the_form_and_escape_gives_the_keyboard_back(desk):
    desk.choose("layer-3")
    desk.press(Qt.Key.Key_Return)
    form = desk.list.form
    assert form.isVisible()
    assert form.isAncestorOf(QApplication.focusWidget())
    desk.press(Qt.Key.Key_Escape)
    assert desk.list.form is None
    assert desk.list.hasFocus()
    assert desk.edits == []


def test_a_double_click_opens_the_form_under_its_card(desk):
    point = desk.card("layer-2").name.center()
    desk.click(point)
    QTest.mouseDClick(desk.list.viewport(), Qt.MouseButton.LeftButton, pos=point)
    card = desk.card("layer-2")
    assert card.card.contains(desk.list.form.geometry())
    assert desk.list.form.y() > card.thumbnail.bottom()
    assert desk.list.form.height() >= desk.list.form.sizeHint().height() // 2


def test_an_edit_in_the_form_changes_that_layer_and_merges_with_itself(desk):
    desk.choose("layer-3")
    desk.press(Qt.Key.Key_Return)
    width = desk.list.form.form.editor("width")
    width.setFocus()
    QTest.keyClick(width, Qt.Key.Key_Up)
    QTest.keyClick(width, Qt.Key.Key_Up)
    assert [stack[2].width for stack, _, _ in desk.edits] == [128, 256]
    assert [(text, key) for _, text, key in desk.edits] == [
        ("Change hidden width of spline coupling", "layer-3.width")
    ] * 2
    assert width.hasFocus()


def test_auto_in_the_form_becomes_the_coordinate_at_once(desk):
    desk.choose("layer-3")
    desk.press(Qt.Key.Key_Return)
    keeps = desk.list.form.form.editor("keeps")
    QTest.keyClick(keeps, Qt.Key.Key_Up)
    assert desk.editor.stack[2].keeps == "x"
    assert keeps.currentData() == "x"


def test_enter_in_the_form_stays_in_the_form(desk):
    desk.choose("layer-3")
    desk.press(Qt.Key.Key_Return)
    width = desk.list.form.form.editor("width")
    width.setFocus()
    QTest.keyClick(width, Qt.Key.Key_Return)
    QTest.keyClick(desk.list.form.form.editor("keeps"), Qt.Key.Key_Delete)
    assert desk.list.form is not None
    assert desk.edits == []


def test_undo_shows_in_the_open_form(desk):
    desk.choose("layer-3")
    desk.press(Qt.Key.Key_Return)
    desk.editor.set_stack((*STACK[:2], replace(STACK[2], width=17), STACK[3]))
    assert desk.list.form.form.editor("width").value() == 17
    assert desk.edits == []


def test_the_form_goes_with_its_layer(desk):
    desk.choose("layer-3")
    desk.press(Qt.Key.Key_Return)
    desk.editor.set_stack(STACK[:2])
    assert desk.list.form is None


def test_tab_brings_every_box_of_a_tall_form_into_view(desk_of):
    desk = desk_of(height=260)
    desk.choose("layer-1")
    desk.press(Qt.Key.Key_Down)
    desk.press(Qt.Key.Key_Down)
    desk.press(Qt.Key.Key_Return)
    form, view = desk.list.form, desk.list.viewport()
    seen = []
    while form.isAncestorOf(QApplication.focusWidget()) and len(seen) < 9:
        box = QApplication.focusWidget()
        seen.append(box)
        assert view.rect().contains(box.geometry().translated(box.parent().mapTo(view, QPoint())))
        QTest.keyClick(box, Qt.Key.Key_Tab)
    assert len(seen) == 5


def test_a_message_makes_room_for_itself(desk):
    desk.choose("layer-3")
    desk.press(Qt.Key.Key_Return)
    before = desk.list.form.height()
    width = desk.list.form.form.editor("width")
    width.setFocus()
    width.selectAll()
    QTest.keyClicks(width, "5000")
    assert "not 5000" in desk.list.form.form.message("width")
    assert desk.list.form.height() > before


@pytest.mark.parametrize("cls", LAYER_SPECS, ids=kind_of)
@pytest.mark.parametrize("width", [240, 340])
def test_no_word_of_any_form_is_cut(desk_of, cls, width):
    desk = desk_of((cls(id="a"),))
    desk.editor.setFixedWidth(width)
    desk.choose("a")
    desk.press(Qt.Key.Key_Return)
    form = desk.list.form
    for row in form.form.findChildren(type(form._about)):
        if row.isVisible():
            needed = row.heightForWidth(row.width()) if row.wordWrap() else row.sizeHint().height()
            assert row.height() >= needed
            assert row.wordWrap() or row.width() >= row.sizeHint().width()
    assert form.geometry().right() <= desk.list.viewport().width()
    assert form.layout().totalHeightForWidth(form.width()) <= form.height()


# --- drag and drop ------------------------------------------------------------------------------


class Drag:
    """Sends a list the events of a drag, as the window system does."""

    def __init__(self, view, data, actions=Qt.DropAction.CopyAction):
        self.view, self.data, self.actions = view, data, actions

    def _rest(self):
        return (self.actions, self.data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)

    def enter(self, point):
        event = QDragEnterEvent(point, *self._rest())
        QApplication.sendEvent(self.view.viewport(), event)
        return event.isAccepted()

    def move(self, point):
        event = QDragMoveEvent(point, *self._rest())
        QApplication.sendEvent(self.view.viewport(), event)
        return event.isAccepted()

    def drop(self, point):
        event = QDropEvent(QPointF(point), *self._rest())
        QApplication.sendEvent(self.view.viewport(), event)
        return event.isAccepted()

    def leave(self):
        QApplication.sendEvent(self.view.viewport(), QDragLeaveEvent())


def upper_half(desk, layer_id):
    return desk.card(layer_id).card.center() - QPoint(0, 12)


def test_a_layer_from_the_palette_drops_at_the_caret(desk):
    drag = Drag(desk.list, to_mime(SplineCoupling()))
    point = upper_half(desk, "layer-3")
    assert drag.enter(point)
    assert drag.move(point)
    assert desk.list.gap == 2
    assert drag.drop(point)
    assert desk.list.gap is None
    assert [layer.kind for layer in desk.editor.stack] == [
        "actnorm",
        "affine_coupling",
        "spline_coupling",
        "spline_coupling",
        "planar",
    ]
    assert desk.editor.stack[2].keeps == "y"
    assert desk.list.current_id() == desk.editor.stack[2].id


def test_the_caret_goes_everywhere_a_layer_can(desk):
    drag = Drag(desk.list, to_mime(Planar()))
    bottom = desk.card("layer-4").card.bottom()
    assert drag.enter(QPoint(100, 2))
    gaps = []
    for y in range(0, bottom + 60, 3):
        drag.move(QPoint(100, y))
        gaps.append(desk.list.gap)
    drag.leave()
    assert sorted(set(gaps)) == [0, 1, 2, 3, 4]
    assert gaps == sorted(gaps)
    assert desk.list.gap is None


def test_the_caret_is_drawn_between_two_cards(desk):
    desk.list.clearFocus()
    between = desk.card("layer-2").card.bottom() + 3
    point = QPoint(desk.list.viewport().width() // 2, between)
    before = desk.list.viewport().grab().toImage().pixelColor(point)
    drag = Drag(desk.list, to_mime(Planar()))
    drag.enter(point)
    during = desk.list.viewport().grab().toImage().pixelColor(point)
    drag.leave()
    after = desk.list.viewport().grab().toImage().pixelColor(point)
    assert during == theme.color("accent")
    assert before == after != during


def test_a_layer_of_another_window_is_copied_under_a_new_id(desk):
    foreign = replace(STACK[1], width=17)
    point = upper_half(desk, "layer-1")
    drag = Drag(desk.list, to_mime(foreign), Qt.DropAction.MoveAction)
    assert drag.enter(point)
    assert drag.drop(point)
    assert desk.editor.stack[0].width == 17
    assert desk.editor.stack[0].id not in ids(STACK)
    assert ids(desk.editor.stack)[1:] == ids(STACK)


def test_a_card_that_undo_takes_away_while_it_is_dragged_goes_nowhere(desk):
    desk.editor.set_stack(STACK[1:])
    desk.list.move_requested.emit(["layer-1"], 2)
    desk.list.removal_requested.emit(["layer-1"])
    assert desk.edits == []
    assert desk.editor.stack == STACK[1:]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"nonsense",
        b'[{"kind": "planar", "angle": 1}]',
        b'[{"kind": "scale_shift", "scale_x": 0}]',
    ],
)
def test_a_drop_of_nonsense_is_refused(desk, raw):
    data = QMimeData()
    data.setData(LAYER_MIME, raw)
    drag = Drag(desk.list, data)
    point = upper_half(desk, "layer-2")
    assert not drag.enter(point)
    assert not drag.move(point)
    assert desk.list.gap is None
    assert not drag.drop(point)
    assert desk.edits == []


def test_text_and_files_are_not_for_the_stack(desk):
    data = QMimeData()
    data.setText("hello")
    assert not Drag(desk.list, data).enter(upper_half(desk, "layer-2"))


def test_the_list_scrolls_while_something_is_held_at_its_edge(desk_of, qtbot):
    desk = desk_of(parse_stack("planar*16"), height=400)
    drag = Drag(desk.list, to_mime(Planar()))
    view = desk.list.viewport()
    edge = QPoint(view.width() // 2, view.height() - 4)
    drag.enter(edge)
    first = desk.list.gap
    qtbot.waitUntil(lambda: desk.list.gap == 16, timeout=10_000)
    assert first < 12
    drag.move(QPoint(view.width() // 2, 3))
    qtbot.waitUntil(lambda: desk.list.verticalScrollBar().value() == 0, timeout=10_000)
    drag.leave()


def test_an_empty_stack_says_what_to_do_and_takes_the_first_layer(desk):
    plain = desk.list.viewport().grab().toImage()
    desk.editor.set_stack(())
    assert desk.list.viewport().grab().toImage() != plain
    drag = Drag(desk.list, to_mime(Planar()))
    middle = desk.list.viewport().rect().center()
    assert drag.enter(middle)
    assert drag.drop(middle)
    assert [layer.kind for layer in desk.editor.stack] == ["planar"]


def test_a_full_stack_says_so(desk_of):
    desk = desk_of(parse_stack(f"planar*{MAX_LAYERS}"))
    QTest.mouseClick(desk.editor.palette_view.chips[0], Qt.MouseButton.LeftButton)
    assert desk.edits == []
    assert desk.editor.message.isVisible()
    assert f"at most {MAX_LAYERS} layers" in desk.editor.message.text()
    desk.choose("layer-1")
    desk.press(Qt.Key.Key_Delete)
    assert not desk.editor.message.isVisible()


# --- several at once ----------------------------------------------------------------------------


def test_ctrl_and_shift_clicks_choose_several_and_go_nowhere(desk):
    desk.click(desk.card("layer-1").name.center())
    desk.click(desk.card("layer-3").name.center(), CTRL)
    assert desk.chosen == ["layer-1", "layer-3"]
    desk.click(desk.card("layer-4").name.center(), SHIFT)
    assert desk.chosen == ["layer-1", "layer-3", "layer-4"]
    desk.click(desk.card("layer-1").name.center(), CTRL)
    assert desk.chosen == ["layer-3", "layer-4"]
    assert desk.list.current_id() == "layer-3"
    assert desk.visited == ["layer-1"]


def test_shift_arrows_and_ctrl_a_choose_several(desk):
    desk.choose("layer-2")
    desk.press(Qt.Key.Key_Down, SHIFT)
    assert desk.chosen == ["layer-2", "layer-3"]
    desk.press(Qt.Key.Key_Up)
    assert desk.chosen == ["layer-2"]
    desk.press(Qt.Key.Key_Home)
    desk.press(Qt.Key.Key_A, CTRL)
    assert desk.chosen == ids(STACK)
    assert not desk.list.selectionModel().isSelected(desk.list.cards.index_of(BASE_ID))


def test_delete_takes_all_that_are_chosen_and_chooses_their_neighbour(desk):
    desk.choose("layer-1", "layer-3")
    desk.press(Qt.Key.Key_Delete)
    assert ids(desk.editor.stack) == ["layer-2", "layer-4"]
    assert desk.texts == ["Remove 2 layers"]
    assert desk.chosen == ["layer-4"]
    desk.press(Qt.Key.Key_Delete)
    assert desk.chosen == ["layer-2"]
    desk.press(Qt.Key.Key_Delete)
    assert desk.editor.stack == ()
    assert desk.list.current_id() == BASE_ID


def test_alt_arrows_move_several_together(desk):
    desk.choose("layer-4", "layer-2")
    desk.press(Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert ids(desk.editor.stack) == ["layer-2", "layer-4", "layer-1", "layer-3"]
    assert desk.chosen == ["layer-2", "layer-4"]
    desk.press(Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    for _ in range(3):
        desk.press(Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert ids(desk.editor.stack) == ["layer-1", "layer-3", "layer-2", "layer-4"]
    assert desk.texts == ["Move 2 layers"] * 3


def test_ctrl_d_duplicates_several_and_chooses_the_copies(desk):
    desk.choose("layer-1", "layer-2")
    desk.press(Qt.Key.Key_D, CTRL)
    kinds = [layer.kind for layer in desk.editor.stack]
    assert kinds[:4] == ["actnorm", "affine_coupling"] * 2
    assert desk.chosen == ids(desk.editor.stack[2:4])
    assert desk.texts == ["Duplicate 2 layers"]


def test_eye_and_lock_of_one_of_several_are_those_of_all(desk):
    desk.choose("layer-1", "layer-2")
    desk.click(desk.card("layer-1").part("eye").center())
    desk.click(desk.card("layer-3").part("lock").center())
    assert [layer.enabled for layer in desk.editor.stack] == [False, False, True, True]
    assert [layer.frozen for layer in desk.editor.stack] == [False, False, True, False]
    assert desk.texts == ["Bypass 2 layers", "Freeze spline coupling"]
    desk.choose("layer-2", "layer-3")
    desk.press(Qt.Key.Key_B)
    assert [layer.enabled for layer in desk.editor.stack] == [False, False, False, True]
    desk.press(Qt.Key.Key_B)
    assert [layer.enabled for layer in desk.editor.stack] == [False, True, True, True]
    assert desk.texts[-1] == "Let 2 layers act again"


def test_several_dropped_cards_go_together(desk):
    drag = Drag(desk.list, to_mime(STACK[0], STACK[2]), Qt.DropAction.MoveAction)
    assert drag.enter(upper_half(desk, "layer-4"))
    desk.list.move_requested.emit(["layer-1", "layer-3"], 4)
    assert ids(desk.editor.stack) == ["layer-2", "layer-4", "layer-1", "layer-3"]
    drag.leave()


def test_several_cards_hang_on_the_mouse_with_their_number(desk):
    desk.choose("layer-2")
    one, two = desk.list._picture(1).toImage(), desk.list._picture(2).toImage()
    assert one.size() == two.size()
    assert one != two


# --- the clipboard ------------------------------------------------------------------------------


def test_copied_layers_are_pasted_after_the_chosen_one(desk):
    desk.choose("layer-2", "layer-3")
    desk.press(Qt.Key.Key_C, CTRL)
    desk.choose("layer-4")
    desk.press(Qt.Key.Key_V, CTRL)
    assert [layer.kind for layer in desk.editor.stack[4:]] == ["affine_coupling", "spline_coupling"]
    assert desk.chosen == ids(desk.editor.stack[4:])
    assert not set(desk.chosen) & set(ids(STACK))
    assert desk.texts == ["Paste 2 layers"]


def test_cut_layers_come_back_with_their_settings_in_another_window(desk, desk_of):
    desk.editor.set_stack((replace(STACK[0], frozen=True), *STACK[1:]))
    desk.choose("layer-1")
    desk.press(Qt.Key.Key_X, CTRL)
    assert desk.texts == ["Remove ActNorm"]
    other = desk_of(())
    other.press(Qt.Key.Key_V, CTRL)
    assert [(layer.kind, layer.frozen) for layer in other.editor.stack] == [("actnorm", True)]


def test_copied_layers_are_text_for_a_person(desk):
    desk.choose("layer-1", "layer-4")
    desk.press(Qt.Key.Key_C, CTRL)
    text = QGuiApplication.clipboard().text()
    assert text == (
        "[\n"
        '  {"kind": "actnorm", "enabled": true, "frozen": false},\n'
        '  {"kind": "planar", "enabled": true, "frozen": false}\n'
        "]\n"
    )
    QGuiApplication.clipboard().setText(text)
    desk.press(Qt.Key.Key_V, CTRL)
    assert [layer.kind for layer in desk.editor.stack][4:] == ["actnorm", "planar"]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("actnorm, planar*2", ["actnorm", "planar", "planar"]),
        ('{"kind": "planar", "id": "layer-1"}', ["planar"]),
        ('[{"kind": "planar", "id": "a"}, {"kind": "swap", "id": "a"}]', ["planar", "swap"]),
        ('{"format": "flow-explorer", "stack": [{"kind": "swap"}]}', ["swap"]),
    ],
)
def test_a_stack_written_out_by_a_person_can_be_pasted(desk, text, kinds):
    QGuiApplication.clipboard().setText(text)
    desk.press(Qt.Key.Key_V, CTRL)
    assert [layer.kind for layer in desk.editor.stack][4:] == kinds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "There are no layers on the clipboard."),
        ("Dear planar, how are you?", "There are no layers on the clipboard."),
        ("planar*0", "no stack of layers: A stack is written like"),
        ('[{"kind": "planar"', "no stack of layers: Input data was truncated"),
        ("[]", "no stack of layers: it has no layer"),
        ("[3]", "no stack of layers: expected `object`"),
        ('[{"kind": "spline_coupling", "width": 0}]', ">= 1 at `$.stack[0].width`"),
        ("[" * 5000, "no stack of layers"),
        (f"[{'x' * MAX_BYTES}]", "There are no layers on the clipboard."),
    ],
)
def test_pasted_nonsense_is_answered_in_a_sentence(desk, text, said):
    QGuiApplication.clipboard().setText(text)
    desk.press(Qt.Key.Key_V, CTRL)
    assert desk.edits == []
    assert desk.editor.message.isVisible()
    assert said in desk.editor.message.text()


def test_an_empty_clipboard_has_no_layers(desk):
    QGuiApplication.clipboard().clear()
    desk.press(Qt.Key.Key_V, CTRL)
    assert desk.editor.message.text() == "There are no layers on the clipboard."


def test_a_picture_on_the_clipboard_is_left_to_the_window(desk):
    QGuiApplication.clipboard().setImage(desk.list.viewport().grab().toImage())
    event = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_V, CTRL)
    event.ignore()
    QApplication.sendEvent(desk.list, event)
    assert not event.isAccepted()


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


# --- the base -----------------------------------------------------------------------------------


@pytest.fixture
def base_desk(desk):
    """A desk whose edits of the base are taken, and what they were."""
    desk.base_edits = []

    def take(base, text, key):
        desk.base_edits.append((base, text, key))
        desk.editor.set_base(base)

    desk.editor.base_edited.connect(take)
    return desk


def base_texts(desk):
    card = desk.list.cards.index(0)
    return card.data(), card.data(Qt.ItemDataRole.AccessibleDescriptionRole)


def test_the_base_card_says_what_the_base_is(base_desk):
    assert base_texts(base_desk) == ("Base · standard normal", "z ~ N(0, I)")
    base_desk.editor.set_base(Ring(radius=1.5))
    assert base_texts(base_desk) == ("Base · ring", "radius 1.5, spread 0.25")
    assert Ring.formula in base_desk.list.cards.index(0).data(Qt.ItemDataRole.ToolTipRole)


def test_enter_on_the_base_opens_its_form_and_another_kind_is_an_edit(base_desk):
    base_desk.press(Qt.Key.Key_Home)
    base_desk.press(Qt.Key.Key_Return)
    form = base_desk.list.form
    assert form.kind_box.hasFocus()
    base_desk.press(Qt.Key.Key_End)
    assert base_desk.base_edits == [(Ring(), "Change the base: ring", "")]
    assert form.form.editor("radius").isVisible()
    box = form.form.editor("radius")
    box.setFocus()
    box.selectAll()
    QTest.keyClicks(box, "1.5")
    base_desk.press(Qt.Key.Key_Return)
    assert base_desk.base_edits[1:] == [
        (Ring(radius=1.5), "Change radius of the base", "base.radius")
    ]
    base_desk.press(Qt.Key.Key_Escape)
    assert base_desk.list.form is None
    assert base_desk.list.hasFocus()


@pytest.mark.parametrize("kind", [kind_of(cls) for cls in BASE_SPECS])
def test_every_base_has_a_form_that_follows_undo(base_desk, kind):
    base_desk.editor.set_base(base_class(kind)())
    base_desk.click(base_desk.card(BASE_ID).part("settings").center())
    form = base_desk.list.form
    assert form.kind_box.currentData() == kind
    for field in fields_of(base_class(kind)):
        assert form.form.editor(field.name).isVisible()
    base_desk.editor.set_base(StandardNormal())  # as undo does
    assert base_desk.list.form is form
    assert form.kind_box.currentData() == "standard_normal"
    assert base_desk.base_edits == []
    base_desk.click(base_desk.card(BASE_ID).part("settings").center())
    assert base_desk.list.form is None


def test_the_base_has_neither_eye_nor_lock(base_desk):
    card = base_desk.card(BASE_ID)
    for part in ("eye", "lock"):
        base_desk.click(card.part(part).center())
    assert base_desk.edits == []
    assert base_desk.base_edits == []


def test_a_new_stack_leaves_the_form_of_the_base_open(base_desk):
    base_desk.press(Qt.Key.Key_Home)
    base_desk.press(Qt.Key.Key_Return)
    base_desk.editor.set_stack(STACK[:2])
    assert base_desk.list.form is not None
