"""Why planar fails is one click away where a stack leans on it, and shown on its own layers."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from explorer.stack.stack_view import StackEditor
from explorer.stack.thumbnail import plain_grid
from explorer.stack.why_planar import WhyPlanar, leans_on_planar, push_of
from explorer.theme import theme
from explorer.words.languages import translator
from flowengine.protocol import LayerFact
from flowengine.shorthand import parse_stack

DIRECTION = np.array([0.6, 0.8])


def pushed(strength):
    """A mesh that a planar layer with u = strength · (0.6, 0.8), w = (1, 0) has moved."""
    grid = plain_grid()
    return grid + strength * np.tanh(grid[..., :1]) * DIRECTION


def fact(layer, grid):
    return LayerFact(id=layer.id, weights=5, mean_log_det=0.0, grid=grid)


@pytest.fixture
def editor(qtbot):
    editor = StackEditor()
    qtbot.addWidget(editor)
    editor.resize(300, 600)
    editor.show()
    return editor


def reason_of(editor):
    return editor.findChild(WhyPlanar)


def test_a_planar_push_goes_one_way():
    push = push_of(pushed(0.5))
    assert push.share == pytest.approx(1.0)
    assert abs(np.dot(push.direction, DIRECTION)) == pytest.approx(1.0)
    assert push.longest == pytest.approx(0.5 * np.tanh(3.0))


def test_a_mesh_that_spreads_goes_every_way():
    assert push_of(1.5 * plain_grid()).share == pytest.approx(0.5)


def test_what_does_not_move_or_is_not_finite_has_no_push():
    assert push_of(plain_grid()) is None
    assert push_of(np.full((9, 9, 2), np.nan)) is None


@pytest.mark.parametrize(
    ("stack", "leans"),
    [
        ("planar*3", True),
        ("actnorm,planar,linear", True),
        ("planar*3,spline_coupling", False),
        ("linear*2", False),
    ],
)
def test_the_question_is_offered_where_planar_bears_the_load(editor, stack, leans):
    editor.set_stack(parse_stack(stack))
    assert leans_on_planar(editor.stack) is leans
    assert editor.why_button.isVisible() is leans


def test_a_bypassed_coupling_bears_nothing(editor):
    stack = parse_stack("planar*3,spline_coupling")
    editor.set_stack((*stack[:3], replace(stack[3], enabled=False)))
    assert editor.why_button.isVisible()


def test_the_answer_speaks_of_the_layers_that_are_there(editor):
    stack = parse_stack("planar*3")
    editor.set_stack(stack)
    meshes = (pushed(0.2), pushed(0.5), plain_grid())
    facts = {layer.id: fact(layer, grid) for layer, grid in zip(stack, meshes, strict=True)}
    editor.set_facts(facts)
    QTest.mouseClick(editor.why_button, Qt.MouseButton.LeftButton)
    text = reason_of(editor).text
    assert "that act here: 3." in text
    assert "by up to 0.50 data units" in text
    assert "100 % of that along the one direction" in text
    assert "rank one" in text


def test_it_answers_before_an_engine_has_and_without_a_planar_layer(editor):
    editor.set_stack(parse_stack("planar*2"))
    editor.explain_planar()
    assert "None has moved a point yet" in reason_of(editor).text
    reason_of(editor).deleteLater()
    other = WhyPlanar(parse_stack("linear"), lambda _name: None, editor)
    assert "no planar layer" in other.text


def test_a_better_stack_is_one_click_on(editor, qtbot):
    editor.set_stack(parse_stack("planar*3"))
    editor.explain_planar()
    spline, planar = reason_of(editor).buttons
    assert planar.text() == "Use Planar × 32"
    with qtbot.waitSignal(editor.stack_edited) as edited:
        QTest.mouseClick(spline, Qt.MouseButton.LeftButton)
    assert {layer.kind for layer in edited.args[0]} == {"spline_coupling"}


def test_theme_and_language_can_change_while_it_is_open(editor):
    stack = parse_stack("planar")
    editor.set_stack(stack)
    editor.set_facts({stack[0].id: fact(stack[0], pushed(0.5))})
    editor.explain_planar()
    before = reason_of(editor).grab().toImage()
    english = reason_of(editor).text
    theme.set_theme("light")
    translator.set_language("vi")
    assert reason_of(editor).text != english
    assert reason_of(editor).grab().toImage() != before
