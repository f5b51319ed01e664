"""Forms show what the catalogue says, give out only what it allows, and say what is wrong."""

from __future__ import annotations

import msgspec
import pytest
from PySide6.QtCore import QLocale, QPoint, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLineEdit,
    QSpinBox,
)

from explorer.stack import number_boxes
from explorer.stack.continuous_form import ContinuousForm
from explorer.stack.number_boxes import next_round
from explorer.stack.spec_form import SpecForm
from explorer.theme import theme
from explorer.words.languages import MINUS, translator
from flowengine.catalogue import (
    CONTINUOUS_SPECS,
    LAYER_SPECS,
    Ffjord,
    FlowMatching,
    Ode,
    Rotation,
    ScaleShift,
    SplineCoupling,
    fields_of,
    kind_of,
)
from flowengine.errors import SpecError
from flowengine.project import Recipe, StopRule

SPECS = (*LAYER_SPECS, *CONTINUOUS_SPECS, Recipe, StopRule)


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """Field types that no layer has yet."""

    switched: bool = False
    label: str = "one"


def name_of(cls):
    return cls.__name__


@pytest.fixture
def edits():
    return []


@pytest.fixture
def form_of(qtbot, edits):
    def make(spec):
        form = SpecForm(spec)
        qtbot.addWidget(form)
        form.edited.connect(lambda new, name: edits.append((new, name)))
        form.resize(280, 400)
        show(form, qtbot)
        return form

    return make


def show(widget, qtbot):
    """Show a window that has the keyboard, as one in use has."""
    with qtbot.waitActive(widget):
        widget.show()
        widget.activateWindow()


def type_in(editor, text, end=Qt.Key.Key_Return):
    editor.setFocus()
    editor.selectAll()
    for sign in text:  # QTest.keyClicks aborts on what is not ASCII
        for kind in (QKeyEvent.Type.KeyPress, QKeyEvent.Type.KeyRelease):
            event = QKeyEvent(kind, 0, Qt.KeyboardModifier.NoModifier, sign)
            QApplication.sendEvent(editor, event)
    if end is not None:
        QTest.keyClick(editor, end)


@pytest.mark.parametrize("cls", SPECS, ids=name_of)
def test_every_field_has_an_editor_within_its_limits(form_of, cls):
    form = form_of(cls())
    for field in fields_of(cls):
        editor = form.editor(field.name)
        assert editor.accessibleName()
        if field.choices:
            assert isinstance(editor, QComboBox)
            assert [editor.itemData(n) for n in range(editor.count())] == list(field.choices)
        elif field.type in (int, float):
            assert isinstance(editor, QSpinBox if field.type is int else QDoubleSpinBox)
            assert editor.suffix().strip() == field.unit
            if not field.exclusive_minimum:
                assert editor.minimum() == field.minimum - bool(field.word)
            assert editor.maximum() == field.maximum
        if field.description:
            assert field.description in editor.toolTip()


@pytest.mark.parametrize("cls", SPECS, ids=name_of)
def test_showing_sends_nothing(form_of, edits, cls):
    form = form_of(cls())
    form.set_spec(cls())
    for other in SPECS:
        form.set_spec(other())
        assert form.spec == other()
    assert edits == []


@pytest.mark.parametrize("cls", SPECS, ids=name_of)
def test_stepping_any_number_stays_within_the_limits(form_of, edits, cls):
    form = form_of(cls())
    for field in fields_of(cls):
        if field.type not in (int, float):
            continue
        for key in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            QTest.keyClick(form.editor(field.name), key)
    for spec, _ in edits:
        assert msgspec.convert(msgspec.to_builtins(spec), cls) == spec
    numbers = [field for field in fields_of(cls) if field.type in (int, float)]
    assert bool(edits) == bool(numbers)


def test_typing_a_number_is_one_edit(form_of, edits):
    form = form_of(SplineCoupling(id="a", width=64))
    type_in(form.editor("width"), "128")
    assert edits == [(SplineCoupling(id="a", width=128), "width")]


def test_leaving_the_box_gives_the_number_out(form_of, edits):
    form = form_of(SplineCoupling(bins=8))
    type_in(form.editor("bins"), "21", end=Qt.Key.Key_Tab)
    assert edits == [(SplineCoupling(bins=21), "bins")]


@pytest.mark.parametrize("typed", ["5000", "0", "-3", "abc", "", "1.5", "1e2", "9" * 30])
@pytest.mark.parametrize("end", [Qt.Key.Key_Return, Qt.Key.Key_Tab])
def test_a_whole_number_that_cannot_stand_is_answered_and_not_sent(form_of, edits, typed, end):
    form = form_of(SplineCoupling(width=64))
    editor = form.editor("width")
    type_in(editor, typed or "7", end=None)
    if not typed:
        editor.selectAll()
        QTest.keyClick(editor, Qt.Key.Key_Backspace)
    QTest.keyClick(editor, end)
    assert "Hidden width must" in form.message("width")
    assert edits == []
    assert editor.value() == 64
    assert form.spec == SplineCoupling(width=64)


@pytest.mark.parametrize("country", ["de_DE", "vi_VN", "en_US"])
@pytest.mark.parametrize("typed", ["0,0125", "0.0125", "1,25e-2"])
def test_a_decimal_comma_is_understood_in_every_country(form_of, edits, country, typed):
    before = QLocale()
    QLocale.setDefault(QLocale(country))
    try:
        form = form_of(Recipe(learning_rate=0.025))
        type_in(form.editor("learning_rate"), typed)
    finally:
        QLocale.setDefault(before)
    assert edits == [(Recipe(learning_rate=0.0125), "learning_rate")]
    assert form.editor("learning_rate").text() == "0.0125"  # as it can be copied into code
    assert form.message("learning_rate") == ""


@pytest.mark.parametrize("typed", ["nan", "inf", "-1", "0", "2", "x", "1e999"])
def test_a_learning_rate_that_cannot_stand_is_answered_and_not_sent(form_of, edits, typed):
    form = form_of(Recipe(learning_rate=0.025))
    type_in(form.editor("learning_rate"), typed)
    assert "Learning rate must" in form.message("learning_rate")
    assert edits == []
    assert form.editor("learning_rate").value() == 0.025


def test_the_message_shows_and_goes_with_the_next_good_number(form_of, edits):
    form = form_of(SplineCoupling(width=64))
    type_in(form.editor("width"), "5000", end=None)
    assert form.message("width") == "Hidden width must lie between 1 and 512, not 5000"
    type_in(form.editor("width"), "500")
    assert form.message("width") == ""
    assert [name for _, name in edits] == ["width"]


@pytest.mark.parametrize("end", [Qt.Key.Key_Return, Qt.Key.Key_Tab])
def test_a_number_that_was_put_back_is_said_to_stay_and_then_no_more(
    form_of, qtbot, monkeypatch, end
):
    monkeypatch.setattr(number_boxes, "PUT_BACK_MS", 150)
    form = form_of(SplineCoupling(width=64))
    problem = form.editor("width").problem
    type_in(form.editor("width"), "5000", end=None)
    with qtbot.waitSignal(problem, check_params_cb=lambda text: not text):
        QTest.keyClick(form.editor("width"), end)
        assert form.editor("width").text() == "64 units"
        told = "Hidden width must lie between 1 and 512, not 5000. It stays 64 units."
        assert form.message("width") == told
    assert form.message("width") == ""


def test_what_is_typed_next_is_judged_alone(form_of, qtbot, monkeypatch):
    monkeypatch.setattr(number_boxes, "PUT_BACK_MS", 150)
    form = form_of(SplineCoupling(width=64))
    type_in(form.editor("width"), "5000")
    type_in(form.editor("width"), "600", end=None)
    with qtbot.assertNotEmitted(form.editor("width").problem, wait=400):
        pass  # what was said of the first is long over by then
    assert form.message("width") == "Hidden width must lie between 1 and 512, not 600"


@pytest.mark.parametrize(
    ("typed", "value"),
    [("0.003", 0.003), ("3e-4", 3e-4), ("0,5", 0.5), (".5", 0.5), ("1", 1.0)],
)
def test_real_numbers_as_people_type_them(form_of, edits, typed, value):
    form = form_of(Recipe(learning_rate=0.07))
    type_in(form.editor("learning_rate"), typed)
    assert [spec.learning_rate for spec, _ in edits] == [value]


def test_a_negative_number_has_a_real_minus_and_can_be_typed_with_either(form_of, edits):
    form = form_of(Rotation(angle=-30.0))
    assert form.editor("angle").text() == f"{MINUS}30 degrees"
    type_in(form.editor("angle"), "-45")
    type_in(form.editor("angle"), f"{MINUS}60")
    assert [spec.angle for spec, _ in edits] == [-45.0, -60.0]


def test_positive_numbers_step_one_two_five(form_of, edits):
    form = form_of(Recipe(learning_rate=0.01))
    for _ in range(3):
        QTest.keyClick(form.editor("learning_rate"), Qt.Key.Key_Up)
    for _ in range(5):
        QTest.keyClick(form.editor("learning_rate"), Qt.Key.Key_Down)
    rates = [spec.learning_rate for spec, _ in edits]
    assert rates == pytest.approx([0.02, 0.05, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002])


def test_steps_of_one_two_five_hold_through_all_sizes():
    value = 1e-9
    seen = []
    while value < 1e6:
        value = next_round(value, up=True)
        seen.append(value)
    down = [value]
    while down[-1] > 2.1e-9:
        down.append(next_round(down[-1], up=False))
    assert down[::-1] == pytest.approx(seen)
    assert len(seen) == 45


def test_widths_step_by_powers_of_two_and_bins_by_one(form_of, edits):
    form = form_of(SplineCoupling(width=100, bins=8))
    QTest.keyClick(form.editor("width"), Qt.Key.Key_Up)
    QTest.keyClick(form.editor("width"), Qt.Key.Key_Down)
    QTest.keyClick(form.editor("bins"), Qt.Key.Key_Up)
    assert [spec.width for spec, name in edits if name == "width"] == [128, 64]
    assert [spec.bins for spec, name in edits if name == "bins"] == [9]


def test_a_choice_is_sent_once(form_of, edits):
    form = form_of(FlowMatching(coupling="independent"))
    box = form.editor("coupling")
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Down)
    assert edits == [(FlowMatching(coupling="optimal_transport"), "coupling")]


def test_a_switch_and_a_text(form_of, edits):
    form = form_of(Sample())
    assert isinstance(form.editor("switched"), QCheckBox)
    assert isinstance(form.editor("label"), QLineEdit)
    QTest.keyClick(form.editor("switched"), Qt.Key.Key_Space)
    type_in(form.editor("label"), "two")
    assert edits[0] == (Sample(switched=True), "switched")
    assert edits[1:] == [(Sample(switched=True, label="two"), "label")]


def test_a_field_of_another_type_is_refused(qtbot):
    class Odd(msgspec.Struct):
        pair: tuple[int, int] = (0, 0)

    with pytest.raises(SpecError, match="pair"):
        SpecForm(Odd())


def test_the_wheel_changes_nothing_without_the_keyboard(form_of, edits):
    form = form_of(SplineCoupling())
    form.editor("keeps").setFocus()
    for name in ("width", "bound"):
        wheel(form.editor(name))
    wheel(form.editor("keeps"))
    assert edits == []
    form.editor("width").setFocus()
    wheel(form.editor("width"))
    assert [name for _, name in edits] == ["width"]


def wheel(widget):
    centre = QPointF(widget.rect().center())
    event = QWheelEvent(
        centre,
        QPointF(widget.mapToGlobal(centre.toPoint())),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def test_new_values_show_without_a_word(form_of, edits):
    form = form_of(ScaleShift())
    form.set_spec(ScaleShift(scale_x=2.0, shift_y=-1.5))
    assert form.editor("scale_x").value() == 2.0
    assert form.editor("shift_y").text() == f"{MINUS}1.5 data units"
    assert edits == []


def test_another_language_changes_the_words_and_not_the_values(form_of, edits):
    form = form_of(SplineCoupling(width=96))
    translator.set_language("vi")
    assert form.editor("width").value() == 96
    assert form.editor("width").accessibleName()
    assert edits == []


# --- a number or a word -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "steps"), [("20", 20), ("auto", "auto"), ("AUTO", "auto"), ("1", 1)]
)
def test_steps_may_be_a_number_or_auto(form_of, edits, typed, steps):
    form = form_of(FlowMatching(solver_steps=12))
    type_in(form.editor("solver_steps"), typed)
    assert edits == [(FlowMatching(solver_steps=steps), "solver_steps")]
    assert form.editor("solver_steps").text() in ("auto", f"{steps} steps")


@pytest.mark.parametrize("typed", ["0", "257", "aut", "", "-1"])
def test_steps_that_are_neither_are_answered_and_not_sent(form_of, edits, typed):
    form = form_of(FlowMatching())
    editor = form.editor("solver_steps")
    type_in(editor, typed or "7", end=None)
    if not typed:
        editor.selectAll()
        QTest.keyClick(editor, Qt.Key.Key_Backspace)
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert "Solver steps must" in form.message("solver_steps")
    assert '"auto"' in form.message("solver_steps")
    assert edits == []
    assert editor.text() == "auto"


def test_below_the_fewest_steps_stands_auto(form_of, edits):
    form = form_of(FlowMatching(solver_steps=2))
    editor = form.editor("solver_steps")
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Up):
        QTest.keyClick(editor, key)
    assert [spec.solver_steps for spec, _ in edits] == [1, "auto", 1, 2]
    layer = form_of(Ode())
    QTest.keyClick(layer.editor("solver_steps"), Qt.Key.Key_Up)
    assert edits[-1] == (Ode(solver_steps=4), "solver_steps")


def test_auto_is_said_in_the_language_of_the_window(form_of):
    form = form_of(FlowMatching())
    translator.set_language("vi")
    assert form.editor("solver_steps").text() == "tự động"
    type_in(form.editor("solver_steps"), "16")
    type_in(form.editor("solver_steps"), "tự động")
    assert form.spec.solver_steps == "auto"


# --- the continuous flow ------------------------------------------------------------------------


@pytest.fixture
def continuous(qtbot):
    form = ContinuousForm(FlowMatching(width=96, solver_steps=12))
    qtbot.addWidget(form)
    show(form, qtbot)
    return form


def test_another_kind_keeps_the_settings_that_both_have(continuous, qtbot):
    with qtbot.waitSignal(continuous.continuous_edited) as sent:
        continuous.kind_box.setFocus()
        QTest.keyClick(continuous.kind_box, Qt.Key.Key_Down)
    spec, text, key = sent.args
    assert spec == Ffjord(width=96, solver_steps=12)
    assert text == "Use FFJORD (maximum likelihood)"
    assert key == ""
    assert continuous.form.spec == spec


def test_a_setting_of_the_continuous_flow_merges_with_itself(continuous, qtbot):
    with qtbot.waitSignal(continuous.continuous_edited) as sent:
        type_in(continuous.form.editor("solver_steps"), "20")
    assert sent.args == [
        FlowMatching(width=96, solver_steps=20),
        "Change solver steps of the continuous flow",
        "continuous.solver_steps",
    ]


def test_the_continuous_flow_says_its_steps_and_the_error_that_they_leave(continuous):
    assert continuous.accuracy.isHidden()
    continuous.set_accuracy(8, 0.031)
    assert continuous.accuracy.text() == "8 steps set by hand: error 0.03 nats"
    continuous.set_continuous(FlowMatching())
    assert continuous.accuracy.isHidden()  # until it has been measured
    continuous.set_accuracy(16, 2.1e-4)
    assert continuous.accuracy.text() == "auto: 16 steps, error 2·10⁻⁴ nats"
    continuous.set_accuracy(8, None)
    assert continuous.accuracy.text() == "auto: 8 steps"
    translator.set_language("vi")
    assert continuous.accuracy.text() == "tự động: 8 bước"


@pytest.mark.parametrize("cls", CONTINUOUS_SPECS, ids=kind_of)
def test_showing_a_continuous_flow_sends_nothing(continuous, qtbot, cls):
    with qtbot.assertNotEmitted(continuous.continuous_edited):
        continuous.set_continuous(cls(depth=2))
    assert continuous.kind_box.currentData() == kind_of(cls)
    assert continuous.form.spec == cls(depth=2)


@pytest.mark.parametrize("cls", CONTINUOUS_SPECS, ids=kind_of)
def test_a_tolerance_is_asked_for_dopri5_alone_and_steps_always(continuous, qtbot, cls):
    continuous.set_continuous(cls())
    steps, tolerance = (continuous.form.editor(name) for name in ("solver_steps", "tolerance"))
    assert not steps.isHidden()
    assert tolerance.isHidden()
    solver = continuous.form.editor("solver")
    solver.setFocus()
    with qtbot.waitSignal(continuous.continuous_edited):
        QTest.keyClick(solver, Qt.Key.Key_End)
    assert continuous.form.spec.solver == "dopri5"
    assert not steps.isHidden()  # its densities are carried in equal steps
    assert not tolerance.isHidden()
    continuous.set_continuous(cls(solver="euler"))  # as undo does
    assert tolerance.isHidden()


@pytest.mark.parametrize("cls", CONTINUOUS_SPECS, ids=kind_of)
def test_the_continuous_flow_fits_the_side_of_the_smallest_window(continuous, qapp, cls):
    theme.apply(qapp)
    continuous.set_continuous(cls())
    assert continuous.minimumSizeHint().width() <= 218
