"""Formulas: what they mean, and the sentence for everything that is none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowengine import cli
from flowengine.errors import FormulaError, TargetError
from flowengine.project import Project
from flowengine.targets import from_spec, sources
from flowengine.targets.formula import FUNCTIONS, MAX_DEPTH, MAX_LENGTH, formula_density, parse

X, Y = np.array([0.5, -1.5, 2.0]), np.array([1.0, 0.25, -3.0])


def value(text):
    return parse(text)(X, Y)


# --- meaning --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-x^2", -(X**2)),
        ("2^-1", 0.5),
        ("2^3^2", 512.0),
        ("8/4/2", 1.0),
        ("8 - 4 - 2", 2.0),
        ("1/2 x", X / 2),
        ("2x y", 2 * X * Y),
        ("2(x + y)(x − y)", 2 * (X + Y) * (X - Y)),
        ("x(y + 1)", X * (Y + 1)),
        ("-2^2 + x·y×3", -4 + X * Y * 3),
        ("x² + y³", X**2 + Y**3),
        ("x**2", X**2),
        ("1e-2 + .5 + 3.", 3.51),
        ("2e", 2 * math.e),
        ("2 π", 2 * math.pi),
        ("r^2", X**2 + Y**2),
        ("theta", np.arctan2(Y, X)),
        ("(0 < x) * (x ≤ 1/2)", [1.0, 0.0, 0.0]),
        ("min(x, y, 0)", np.minimum(np.minimum(X, Y), 0)),
        ("gauss(0.5, 1, 2)", np.exp(-((X - 0.5) ** 2 + (Y - 1) ** 2) / 8)),
        ("ln(e^x)", X),
        ("+x - -y", X + Y),
    ],
)
def test_a_formula_means_what_it_says(text, expected):
    np.testing.assert_allclose(value(text), np.broadcast_to(expected, 3), rtol=1e-14, atol=1e-15)


_ATOMS = st.sampled_from(["x", "y", "0.5", "2", "pi"])


def _grown(inner):
    pair = st.tuples(inner, st.sampled_from("+-*"), inner)
    return st.one_of(
        pair.map(lambda parts: f"{parts[0]} {parts[1]} {parts[2]}"),
        inner.map(lambda part: f"({part})"),
        inner.map(lambda part: f"-({part})"),
        st.tuples(inner, st.sampled_from("23")).map(lambda parts: f"({parts[0]})**{parts[1]}"),
        st.tuples(st.sampled_from(["sin", "cos", "tanh", "abs"]), inner).map(
            lambda parts: f"{parts[0]}({parts[1]})"
        ),
    )


@settings(max_examples=150, deadline=None)
@given(st.recursive(_ATOMS, _grown, max_leaves=12))
def test_precedence_is_that_of_every_other_calculator(text):
    names = {"x": X, "y": Y, "pi": math.pi}
    names |= {name: FUNCTIONS[name].compute for name in ("sin", "cos", "tanh", "abs")}
    with np.errstate(all="ignore"):
        expected = eval(text, {"__builtins__": {}}, names)  # the oracle, on text made above
    np.testing.assert_allclose(value(text), np.broadcast_to(expected, 3), rtol=1e-9, atol=1e-9)


def test_every_function_can_be_called():
    for name, function in FUNCTIONS.items():
        arguments = ", ".join(["0.5"] * function.fewest)
        assert np.isfinite(value(f"{name}({arguments})")).all(), name


# --- the density ----------------------------------------------------------------------------------


def test_a_gaussian_has_its_entropy():
    target = from_spec(sources.spec_from_formula("exp(-r^2 / (2 * 0.5^2))"))
    assert target.entropy == pytest.approx(math.log(2 * math.pi * math.e * 0.25), abs=1e-3)


def test_rows_go_up_and_columns_to_the_right():
    density = formula_density("(x > 0) * (y > 2)")
    assert density[200, 200] == 1.0
    assert density[200, 100] == 0.0
    assert density[100, 200] == 0.0


def test_a_sharp_edge_is_met_within_the_cell():
    area = formula_density("r < 2").sum() * (8 / 256) ** 2
    assert area == pytest.approx(4 * math.pi, rel=1e-3)


def test_very_small_and_very_large_densities_keep_their_shape():
    bell = formula_density("exp(-r^2)")
    for factor in ("1e-300", "1e300"):
        np.testing.assert_allclose(formula_density(f"{factor} * exp(-r^2)"), bell, atol=1e-12)


def test_the_document_keeps_the_formula():
    spec = sources.spec_from_formula("  1 + sin(3x)^2 ")
    assert (spec.source, spec.name, spec.formula) == ("formula", "formula", "1 + sin(3x)^2")
    assert Project.from_dict(Project(target=spec).to_dict()).target == spec
    assert sources.spec_from_text("formula: 1 + sin(3x)^2 ") == spec


def test_the_command_line_takes_a_formula(tmp_path, capsys):
    path = tmp_path / "p.flow"
    assert cli.main(["new", "--target", "formula:exp(-r^2)", "-o", str(path)]) == 0
    assert Project.open(path).target.formula == "exp(-r^2)"
    assert cli.main(["new", "--target", "formula:exp(-r^", "-o", str(path)]) == 2
    assert "at character 8, got the end" in capsys.readouterr().err


# --- what is none ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "at", "message"),
    [
        ("", 0, "Expected a number, a name or “(” at character 1, got the end"),
        ("x +", 3, "Expected a number, a name or “(” at character 4, got the end"),
        ("x + )", 4, "Expected a number, a name or “(” at character 5, got “)”"),
        ("(x", 2, "Expected “)” at character 3, got the end"),
        ("x) + y", 1, "Expected no “)” at character 2"),
        ("1 2", 2, "Expected an operator at character 3, got “2”"),
        ("0,5", 1, "decimals are written with a point"),
        ("sin x", 4, "Expected “(” after sin at character 5, got “x”"),
        ("2 + foo", 4, "Expected one of x, y, r, theta, pi, e or a function"),
        ("__import__('os')", 11, "only, got “'” at character 12"),
        ("x.real", 1, "got “.” at character 2"),
        ("x # y", 2, "got “#” at character 3"),
        ("gauss(0, 1)", 0, "Expected gauss(x0, y0, width) at character 1, got 2 values"),
        ("exp()", 4, "Expected a number"),
        ("0 < x < 1", 6, "Expected no second comparison"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text, at, message):
    with pytest.raises(FormulaError) as caught:
        parse(text)
    assert message in str(caught.value)
    assert caught.value.at == at


@pytest.mark.parametrize(
    "text", ["(" * 1000, "-" * 1000, "2^" * 499 + "2", "sin(" * 200, "1" * (MAX_LENGTH + 1)]
)
def test_too_long_and_too_deep_is_refused(text):
    with pytest.raises(FormulaError, match=r"may (be|have)"):
        parse(text)


def test_as_long_and_as_deep_as_allowed_is_computed():
    deep = "(" * (MAX_DEPTH - 1) + "x" + ")" * (MAX_DEPTH - 1)
    np.testing.assert_array_equal(value(deep), X)
    np.testing.assert_array_equal(value("1" + "+1" * 499), [500.0] * 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", r"must not be negative, got -3\.99 at x = -3\.99, y = -3\.99"),
        ("exp(1000 r)", "must be finite, got inf"),
        ("sqrt(x)", "must be finite, got no number at x = -3.99"),
        ("9^9^9^9", "must be finite, got inf"),
        ("0", "is 0 everywhere"),
    ],
)
def test_what_is_no_density_is_told(text, message):
    with pytest.raises(TargetError, match=message):
        formula_density(text)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="xyr()+-*/^<>,.0123456789 sincoexpθπ²'[]{}_=\n", max_size=40))
def test_nonsense_gives_a_sentence_or_a_value(text):
    try:
        shape = value(text).shape
    except FormulaError as error:
        told = error
    else:
        assert shape == (3,)
        return
    assert 0 <= told.at <= len(text)
    assert "\n" not in str(told)
