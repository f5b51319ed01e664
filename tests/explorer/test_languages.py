"""Words in the chosen language, numbers as a person reads them."""

import math

import pytest

from explorer.ledger.lines import density_text, point_text
from explorer.words.languages import integer, number, signed, tr, translator


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (0.02134, 3, "0.0213"),
        (-1.8934, 4, "−1.893"),
        (35344, 3, "35,344"),
        (-12, 3, "−12"),
        (1234.5678, 3, "1,235"),
        (0.99996, 3, "1.00"),
        (2.0e-7, 3, "2·10⁻⁷"),
        (-2.034e-7, 3, "−2.03·10⁻⁷"),
        (9.999e-5, 2, "1·10⁻⁴"),
        (3.2e12, 2, "3.2·10¹²"),
        (0.00012, 2, "1.2·10⁻⁴"),
        (0.0012, 2, "0.0012"),
        (0.0, 3, "0"),
        (math.nan, 3, "–"),
        (math.inf, 3, "∞"),
        (-math.inf, 3, "−∞"),
    ],
)
def test_number_keeps_significant_digits_and_a_real_minus(value, digits, shown):
    assert number(value, digits) == shown


def test_integer_groups_thousands():
    assert integer(-1234567) == "−1,234,567"


def test_signed_writes_the_sign_of_every_change():
    assert [signed(v) for v in (0.274, -0.309, 1234.5)] == ["+0.27", "−0.31", "+1,234.50"]
    assert [signed(v) for v in (math.nan, math.inf)] == ["–", "∞"]


@pytest.mark.parametrize("value", [0.0, -0.0, 0.004, -0.004, -1e-12, -4e-300])
def test_what_rounds_to_nothing_has_no_sign(value):
    assert signed(value) == "0.00"
    assert signed(value, 1) == "0.0"
    assert number(0.0 * value) == "0"
    assert point_text((value, -value)) == "(0.00, 0.00)"
    assert density_text(value / 10) == "0.000"


def test_language_changes_at_run_time(qtbot):
    with qtbot.waitSignal(translator.changed):
        translator.set_language("vi")
    assert tr("Open…") == "Mở…"
    with qtbot.waitSignal(translator.changed):
        translator.set_language("en")
    assert tr("Open…") == "Open…"


def test_an_unknown_language_is_refused():
    with pytest.raises(ValueError, match="en, vi; got 'xx'"):
        translator.set_language("xx")


def test_words_without_a_translation_stand_for_themselves():
    translator.set_language("vi")
    assert tr("no such words") == "no such words"
