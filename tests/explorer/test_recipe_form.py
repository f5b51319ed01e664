"""How the lanes are trained is edited live, and a stop rule always says what its value means."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from explorer.models.recipe_form import RecipeForm
from explorer.words.languages import translator
from flowengine.project import StopRule, Training


@pytest.fixture
def edits():
    return []


@pytest.fixture
def form(qtbot, edits):
    """A form whose every edit is admitted and shown again."""
    form = RecipeForm(Training())
    qtbot.addWidget(form)

    def take(training, text, key):
        edits.append((training, text, key))
        form.set_training(training)

    form.training_edited.connect(take)
    form.resize(280, 700)
    with qtbot.waitActive(form):
        form.show()
        form.activateWindow()
    return form


def choose(form, kind):
    box = form.form("stop").editor("kind")
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Home)
    for _ in range(box.findData(kind)):
        QTest.keyClick(box, Qt.Key.Key_Down)


def test_a_setting_of_one_lane_is_an_edit_of_that_lane(form, edits):
    box = form.form("continuous").editor("batch_size")
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Up)
    (training, text, key) = edits[0]
    assert training.continuous.batch_size == 512
    assert training.discrete == Training().discrete
    assert (text, key) == ("Change Batch size", "training.continuous.batch_size")


def test_a_weight_is_asked_for_only_where_objectives_are_mixed(form):
    weight = form.form("discrete").editor("reverse_weight")
    assert not weight.isVisible()
    box = form.form("discrete").editor("objective")
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_End)
    assert form.form("discrete").spec.objective == "mix"
    assert weight.isVisible()


def test_never_has_no_value(form):
    assert not form.form("stop").editor("value").isVisible()


@pytest.mark.parametrize(
    ("kind", "title", "suffix", "usual"),
    [
        ("plateau", "Least gain", " nats", 0.002),
        ("kl", "KL to reach", " nats", 0.05),
        ("time", "Training time", " s", 60.0),
        ("steps", "Steps to make", " steps", 5000.0),
    ],
)
def test_a_kind_brings_its_unit_and_a_value_that_makes_sense(
    form, edits, kind, title, suffix, usual
):
    choose(form, kind)
    assert edits[-1][0].stop == StopRule(kind=kind, value=usual)
    value = form.form("stop").editor("value")
    assert value.isVisible()
    assert (value.suffix(), value.value()) == (suffix, usual)
    assert value.accessibleName() == title
    assert form._meaning.text().startswith("Training ends")


def test_a_value_steps_through_round_numbers_down_to_nothing(form, edits):
    choose(form, "steps")
    value = form.form("stop").editor("value")
    value.setFocus()
    QTest.keyClick(value, Qt.Key.Key_Up)
    assert edits[-1][0].stop.value == 10_000
    form.set_training(replace(Training(), stop=StopRule(kind="kl", value=2e-6)))
    QTest.keyClick(value, Qt.Key.Key_Down)
    assert value.value() == pytest.approx(1e-6)
    QTest.keyClick(value, Qt.Key.Key_Down)
    assert value.value() == 0
    QTest.keyClick(value, Qt.Key.Key_Up)
    assert value.value() == pytest.approx(1e-6)


def test_a_document_with_another_rule_is_shown_as_it_is(form, edits):
    form.set_training(replace(Training(), stop=StopRule(kind="time", value=2.5)))
    value = form.form("stop").editor("value")
    assert (value.value(), value.suffix()) == (2.5, " s")
    assert value.isVisible()
    form.set_training(Training())
    assert not value.isVisible()
    assert edits == []


def test_another_language_words_the_rule_anew(form):
    choose(form, "steps")
    translator.set_language("vi")
    value = form.form("stop").editor("value")
    assert value.suffix() == " bước"
    assert value.accessibleName() != "Steps to make"
    assert value.isVisible()


@pytest.mark.parametrize("language", ["en", "vi"])
def test_the_boxes_of_all_forms_line_up(form, qtbot, language):
    translator.set_language(language)
    choose(form, "time")

    def lefts():
        names = ("discrete", "batch_size"), ("continuous", "batch_size"), ("stop", "kind")
        editors = [form.form(part).editor(name) for part, name in names]
        return {editor.mapTo(form, editor.rect().topLeft()).x() for editor in editors}

    qtbot.waitUntil(lambda: len(lefts()) == 1)
