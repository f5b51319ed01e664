"""Layers dragged, chosen several at once, copied and pasted."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QEvent, QMimeData, QPoint, Qt
from PySide6.QtGui import (
    QGuiApplication,
    QKeyEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from explorer.stack.mime import LAYER_MIME, MAX_BYTES, to_mime
from explorer.stack.stack_model import BASE_ID
from explorer.theme import theme
from flowengine.catalogue import (
    Planar,
    SplineCoupling,
)
from flowengine.project import MAX_LAYERS
from flowengine.shorthand import parse_stack
from tests.explorer.stack_probe import (
    CTRL,
    SHIFT,
    STACK,
    Drag,
    ids,
    upper_half,
)

# --- drag and drop ------------------------------------------------------------------------------


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
