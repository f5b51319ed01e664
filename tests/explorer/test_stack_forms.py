"""The forms under the cards of layers and of the base."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from explorer.stack.stack_model import BASE_ID
from flowengine.catalogue import (
    BASE_SPECS,
    LAYER_SPECS,
    Ring,
    StandardNormal,
    base_class,
    fields_of,
    kind_of,
)
from tests.explorer.stack_probe import (
    STACK,
)

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
