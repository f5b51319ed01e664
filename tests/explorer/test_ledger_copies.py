"""A ledger taken along as text, Markdown or LaTeX."""

import math

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from explorer.ledger.copies import as_latex, as_markdown, as_text
from explorer.ledger.lines import density_text
from explorer.words.languages import translator
from tests.explorer.ledger_probe import continuous, discrete, row, shown_view


@pytest.fixture
def view(qtbot):
    return shown_view(qtbot)


DISCRETE_TEXT = """\
Discrete ledger of x = (0.41, −1.87), in nats
step                    position                        J  log|det J|   log p
z                   (0.30, 1.20)                                       −2.603
1 ActNorm           (0.35, 1.30)   [1.00 0.00; 0.00 1.00]       +0.02  −2.623
2 Spline coupling  (0.41, −1.87)  [1.00 −0.50; 0.00 0.73]       −0.31  −2.313
log p(x)                                                        −0.29  −2.313
target's log p                                                         −2.250
round trip                                                             2·10⁻⁷"""

CONTINUOUS_TEXT = """\
Continuous ledger of x = (0.41, −1.87), in nats
step                position                       J  log|det J|   log p
z               (0.30, 1.20)                                      −2.603
t = 0.5         (0.30, 1.20)  [1.00 0.00; 0.00 1.00]       −0.40  −2.203
t = 1          (0.41, −1.87)  [1.00 0.00; 0.00 1.00]       −0.26  −1.943
CNF ∫div v dt                                              −0.66  −1.943
round trip                                                             0"""


def test_it_reads_as_text():
    assert as_text(discrete()) == DISCRETE_TEXT
    assert as_text(continuous()) == CONTINUOUS_TEXT


def test_a_target_without_density_is_minus_infinity_and_an_unknown_one_has_no_line(view):
    view.set_ledger(replace(discrete(), target_log_prob=-math.inf))
    assert view.rows()[-2] == ("target's log p", "", "−∞")
    assert "−∞" in view.as_text()
    assert r"$-\infty$" in view.as_text("latex")
    view.set_ledger(replace(discrete(), target_log_prob=None))
    assert [title for title, _, _ in view.rows()[-2:]] == ["log p(x)", "round trip"]


def test_it_reads_as_markdown():
    assert (
        as_markdown(discrete())
        == """\
**Discrete ledger of x = (0.41, −1.87), in nats**

| step | position | J | log\\|det J\\| | log p |
| :-- | --: | :-: | --: | --: |
| z | (0.30, 1.20) |  |  | −2.603 |
| 1 ActNorm | (0.35, 1.30) | [1.00 0.00; 0.00 1.00] | +0.02 | −2.623 |
| 2 Spline coupling | (0.41, −1.87) | [1.00 −0.50; 0.00 0.73] | −0.31 | −2.313 |
| **log p(x)** |  |  | **−0.29** | **−2.313** |
| target's log p |  |  |  | −2.250 |
| round trip |  |  |  | 2·10⁻⁷ |"""
    )


def test_it_reads_as_latex():
    eye = r"$\bigl(\begin{smallmatrix}1.00 & 0.00 \\ 0.00 & 1.00\end{smallmatrix}\bigr)$"
    shear = r"$\bigl(\begin{smallmatrix}1.00 & -0.50 \\ 0.00 & 0.73\end{smallmatrix}\bigr)$"
    assert as_latex(discrete()).splitlines() == [
        "% Discrete ledger of x = (0.41, −1.87), in nats",
        r"\begin{tabular}{lrcrr}",
        r"\hline",
        r"step & position & $J$ & $\log|\det J|$ & $\log p$ \\",
        r"\hline",
        r"$z$ & $(0.30, 1.20)$ &  &  & $-2.603$ \\",
        rf"1 ActNorm & $(0.35, 1.30)$ & {eye} & $+0.02$ & $-2.623$ \\",
        rf"2 Spline coupling & $(0.41, -1.87)$ & {shear} & $-0.31$ & $-2.313$ \\",
        r"\hline",
        r"$\log p(x)$ &  &  & $-0.29$ & $-2.313$ \\",
        r"$\log p_{\mathrm{target}}(x)$ &  &  &  & $-2.250$ \\",
        r"round trip &  &  &  & $2 \cdot 10^{-7}$ \\",
        r"\hline",
        r"\end{tabular}",
    ]


def test_signs_that_mean_something_elsewhere_are_escaped():
    odd = replace(discrete(), rows=(*discrete().rows[:1], row("a_b | 5 % \\", 1, (0, 0), 0.1, -3)))
    assert r"| 1 a_b \| 5 % \ |" in as_markdown(odd)
    assert r"1 a\_b | 5 \% \textbackslash{} &" in as_latex(odd)


def test_what_is_no_number_is_a_dash_in_every_format():
    lost = replace(discrete(), log_prob=math.nan, round_trip_error=math.inf)
    assert "log p(x)" in as_text(lost)
    assert as_text(lost).splitlines()[5].endswith(" –")
    assert r"$\log p(x)$ &  &  & $-0.29$ & $\text{--}$ \\" in as_latex(lost)
    assert r"CNF $\int \mathrm{div}\, v\, dt$ &  &  & $-0.66$" in as_latex(continuous())
    assert r"round trip fails &  &  &  & $\infty$ \\" in as_latex(lost)


def test_another_language_has_the_same_figures(qapp):
    translator.set_language("vi")
    assert "−2.313" in as_text(discrete())
    assert r"$\log p(x)$ &" in as_latex(discrete())


@pytest.mark.parametrize(
    ("name", "modifiers"),
    [
        ("text", Qt.KeyboardModifier.ControlModifier),
        ("markdown", Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier),
        ("latex", Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier),
    ],
)
def test_every_format_has_a_key_and_a_line_of_the_menu(view, qtbot, name, modifiers):
    view.set_ledger(discrete())
    view.set_ledger(continuous())
    clipboard = QGuiApplication.clipboard()
    expected = view.as_text(name)
    with qtbot.waitActive(view):
        view.activateWindow()
    view._table.setFocus()
    clipboard.clear()
    QTest.keyClick(view._table, Qt.Key.Key_C, modifiers)
    assert clipboard.text() == expected
    clipboard.clear()
    next(a for a in view._copy.menu().actions() if a.objectName() == f"copy_{name}").trigger()
    assert clipboard.text() == expected


def test_both_lanes_are_copied_the_discrete_first(view):
    view.set_ledger(continuous())
    view.set_ledger(discrete())
    assert view.as_text() == f"{DISCRETE_TEXT}\n\n{CONTINUOUS_TEXT}"


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
def test_the_copy_menu_opens_over_the_table(view):
    view.set_ledger(discrete())
    view._table.customContextMenuRequested.emit(QPoint(5, 5))
    assert view._copy.menu().isVisible()
    view._copy.menu().close()


def test_a_density_far_from_the_target_is_written_short():
    assert density_text(-2.3131) == "−2.313"
    assert density_text(-20_330_343.344) == "−2.03·10⁷"
