"""A density written as a formula, p(x, y) ∝ …, read by a parser of its own: nothing is executed.

A formula knows the coordinates `x`, `y`, `r`, `theta`, the numbers `pi` and `e`, the operators
`+ - * / ^` and comparisons, which give 1 or 0, and the functions of `FUNCTIONS`. A product needs no
sign before a name or a bracket: `2x`, `3(x + y)`. Loads no torch.
"""

from __future__ import annotations

import re
from functools import reduce
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from flowengine.errors import FormulaError, Sentence, TargetError, phrase
from flowengine.project import DEFAULT_EXTENT
from flowengine.targets.presets import SIZE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from flowengine.project import Extent

    Array = NDArray[np.float64]

MAX_LENGTH: Final = 1000
MAX_DEPTH: Final = 50
_SAMPLES: Final = 2  # on each side of a cell, so that a sharp edge is met to a quarter of it


class Function(NamedTuple):
    """A function that a formula may call.

    Attributes:
        compute: From its arguments, arrays of one shape, to an array of that shape.
        arguments: As a person reads them: "x0, y0, width".
        fewest: How many it needs.
        most: How many it takes.
    """

    compute: Callable[..., Any]
    arguments: str = "a"
    fewest: int = 1
    most: int = 1


class Step(NamedTuple):
    """One step of a formula in postfix order: `compute` takes `operands` values off the stack."""

    compute: Callable[..., Any]
    operands: int


class Formula(NamedTuple):
    """A formula that has been read; call it with coordinates."""

    text: str
    steps: tuple[str | float | Step, ...]

    def __call__(self, x: Array, y: Array) -> Array:
        """Its value at each point: `x` and `y` have the same shape, and so has what comes."""
        names = {"x": x, "y": y, "r": np.hypot(x, y), "theta": np.arctan2(y, x)}
        stack: list[Any] = []
        with np.errstate(all="ignore"):
            for step in self.steps:
                if isinstance(step, Step):
                    operands = stack[-step.operands :]
                    del stack[-step.operands :]
                    stack.append(step.compute(*operands))
                else:
                    stack.append(names[step] if isinstance(step, str) else np.float64(step))
        return np.broadcast_to(np.asarray(stack.pop(), dtype=np.float64), np.shape(x))


def formula_density(text: str, extent: Extent = DEFAULT_EXTENT, size: int = SIZE) -> Array:
    """Evaluate a formula on a grid, each cell the mean of four points in it.

    Returns:
        Shape (size, size), row 0 at y_min, from 0 to 1, where its largest value is.

    Raises:
        FormulaError: it cannot be read.
        TargetError: it is negative or not finite somewhere, or zero everywhere.
    """
    formula = parse(text)
    x_min, x_max, y_min, y_max = extent
    count = size * _SAMPLES
    shares = (np.arange(count) + 0.5) / count
    x, y = np.meshgrid(x_min + shares * (x_max - x_min), y_min + shares * (y_max - y_min))
    values = formula(x, y)
    _check_values(values, x, y)
    peak = float(values.max())
    if peak == 0:
        raise TargetError("The formula is 0 everywhere: it must be above 0 somewhere")
    cells: Array = (values / peak).reshape(size, _SAMPLES, size, _SAMPLES).mean(axis=(1, 3))
    cells /= cells.max()
    return cells


def _check_values(values: Array, x: Array, y: Array) -> None:
    for bad, fault in (
        (~np.isfinite(values), phrase("The formula must be finite")),
        (values < 0, phrase("A density must not be negative")),
    ):
        if bad.any():
            first = tuple(np.argwhere(bad)[0])
            value = phrase("no number") if np.isnan(values[first]) else f"{values[first]:.3g}"
            raise TargetError(
                "{fault}, got {value} at x = {x}, y = {y}",
                fault=fault,
                value=value,
                x=f"{x[first]:.2f}",
                y=f"{y[first]:.2f}",
            )


# --- names ----------------------------------------------------------------------------------------


def _gauss(x: Array, y: Array, x0: Array, y0: Array, width: Array) -> Array:
    bell: Array = np.exp(-0.5 * ((x - x0) ** 2 + (y - y0) ** 2) / width**2)
    return bell


def _extreme(of_two: Callable[[Any, Any], Any]) -> Function:
    return Function(lambda *values: reduce(of_two, values), "a, b, …", 2, 16)


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "exp": Function(np.exp),
        "log": Function(np.log),
        "ln": Function(np.log),
        "sqrt": Function(np.sqrt),
        "sin": Function(np.sin),
        "cos": Function(np.cos),
        "tan": Function(np.tan),
        "asin": Function(np.arcsin),
        "acos": Function(np.arccos),
        "atan": Function(np.arctan),
        "atan2": Function(np.arctan2, "y, x", 2, 2),
        "sinh": Function(np.sinh),
        "cosh": Function(np.cosh),
        "tanh": Function(np.tanh),
        "abs": Function(np.abs),
        "sign": Function(np.sign),
        "floor": Function(np.floor),
        "mod": Function(np.mod, "a, b", 2, 2),
        "hypot": Function(np.hypot, "a, b", 2, 2),
        "min": _extreme(np.minimum),
        "max": _extreme(np.maximum),
        "gauss": Function(_gauss, "x0, y0, width", 3, 3),
    }
)
VARIABLES: Final = ("x", "y", "r", "theta")
CONSTANTS: Mapping[str, float] = MappingProxyType({"pi": np.pi, "e": np.e})
_SYNONYMS: Final = {"θ": "theta", "π": "pi"}
_NAMES: Final = ", ".join((*VARIABLES, *CONSTANTS))


# --- tokens ---------------------------------------------------------------------------------------


class Token(NamedTuple):
    """A piece of a formula: "number", "name", "sign", or "end"; `at` counts characters from 0."""

    kind: str
    text: str
    at: int

    def words(self) -> str:
        """How a sentence names it."""
        return phrase("the end") if self.kind == "end" else f"“{self.text}”"


_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*|[θπ])"
    r"|(?P<sign>\*\*|<=|>=|[-+*/^()<>,−·×²³≤≥]))"
)
_SIGNS: Final = {"**": "^", "−": "-", "·": "*", "×": "*", "≤": "<=", "≥": ">="}


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            raise FormulaError(
                "A formula holds numbers, names and + - * / ^ ( ) < > only, got "
                "“{text}” at character {character}",
                at,
                text=text[at],
                character=at + 1,
            )
        piece = match[match.lastgroup]
        found.append(Token(match.lastgroup, _SIGNS.get(piece, piece), match.end() - len(piece)))
        at = match.end()
    return [*found, Token("end", "", end)]


# --- grammar --------------------------------------------------------------------------------------


class _Operator(NamedTuple):
    """A sign between two operands: the stronger it binds, the earlier it is computed."""

    strength: int
    right: int  # how strong a sign must be to take this one's right operand
    compute: Callable[[Any, Any], Any]


_COMPARE, _PREFIX, _TIMES = 10, 35, 30
_OPERATORS: Final = {
    "<": _Operator(_COMPARE, _COMPARE + 1, lambda a, b: np.less(a, b) * 1.0),
    ">": _Operator(_COMPARE, _COMPARE + 1, lambda a, b: np.greater(a, b) * 1.0),
    "<=": _Operator(_COMPARE, _COMPARE + 1, lambda a, b: np.less_equal(a, b) * 1.0),
    ">=": _Operator(_COMPARE, _COMPARE + 1, lambda a, b: np.greater_equal(a, b) * 1.0),
    "+": _Operator(20, 21, np.add),
    "-": _Operator(20, 21, np.subtract),
    "*": _Operator(_TIMES, _TIMES + 1, np.multiply),
    "/": _Operator(_TIMES, _TIMES + 1, np.divide),
    "^": _Operator(40, 39, np.power),  # 2^3^2 is 2^(3^2)
}
_POSTFIX: Final = {"²": 2.0, "³": 3.0}
_OPERAND: Final = phrase("a number, a name or “(”")


def parse(text: str) -> Formula:
    """Read a formula.

    Raises:
        FormulaError: it is empty, too long or too deep, or something else was expected somewhere;
            the message tells what, and where.
    """
    if len(text) > MAX_LENGTH:
        raise FormulaError(
            "A formula may have {max_length} characters, it has {text}",
            MAX_LENGTH,
            max_length=f"{MAX_LENGTH:,}",
            text=f"{len(text):,}",
        )
    return Formula(text.strip(), tuple(_Parser(_tokens(text)).whole()))


def _other_than(what: str, at: int, got: str) -> FormulaError:
    return FormulaError(
        "Expected {what} at character {character}, got {got}",
        at,
        what=what,
        character=at + 1,
        got=got,
    )


class _Parser:
    """Operator precedence: Pratt, 1973, doi:10.1145/512927.512931. Puts out postfix order."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._index = 0
        self._depth = 0
        self._steps: list[str | float | Step] = []

    def whole(self) -> list[str | float | Step]:
        self._expression(0)
        if self._next.kind != "end":
            raise self._expected(
                phrase("an operator") if self._next.text != ")" else phrase("no “)”")
            )
        return self._steps

    @property
    def _next(self) -> Token:
        return self._tokens[self._index]

    def _take(self) -> Token:
        token = self._next
        self._index += 1
        return token

    def _expected(self, what: Sentence) -> FormulaError:
        token = self._next
        if token.text == ",":
            return FormulaError(
                "Expected {what} at character {character}, got “,”; decimals are written "
                "with a point",
                token.at,
                what=what,
                character=token.at + 1,
            )
        return _other_than(what, token.at, token.words())

    def _expression(self, weakest: int) -> None:
        """Read an operand and all that binds to it at least as strongly as `weakest`."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise FormulaError(
                "A formula may be {max_depth} brackets deep, it is deeper at character {character}",
                self._next.at,
                max_depth=MAX_DEPTH,
                character=self._next.at + 1,
            )
        self._operand()
        while self._carry_on(weakest):
            pass
        self._depth -= 1

    def _carry_on(self, weakest: int) -> bool:
        """Read one more operator with its right operand, if it binds strongly enough."""
        token = self._next
        if token.text in _POSTFIX:
            self._take()
            self._steps += [_POSTFIX[token.text], Step(np.power, 2)]
            return True
        # two operands beside each other are multiplied
        beside = token.kind == "name" or token.text == "("
        operator = _OPERATORS.get("*" if beside else token.text)
        if operator is None or operator.strength < weakest:
            return False
        if not beside:
            self._take()
        self._expression(operator.right)
        self._steps.append(Step(operator.compute, 2))
        if operator.strength == _COMPARE:
            self._refuse_chain()
        return True

    def _refuse_chain(self) -> None:
        follower = _OPERATORS.get(self._next.text)
        if follower is not None and follower.strength == _COMPARE:
            raise self._expected(phrase("no second comparison (write (0 < x) * (x < 1))"))

    def _operand(self) -> None:
        token = self._next
        if token.kind == "number":
            self._steps.append(float(self._take().text))
        elif token.kind == "name":
            self._name()
        elif token.text == "(":
            self._take()
            self._expression(0)
            self._close()
        elif token.text in ("-", "+"):
            self._take()
            self._expression(_PREFIX)
            if token.text == "-":
                self._steps.append(Step(np.negative, 1))
        else:
            raise self._expected(_OPERAND)

    def _name(self) -> None:
        name = _SYNONYMS.get(self._next.text, self._next.text)
        if name in VARIABLES:
            self._steps.append(name)
        elif name in CONSTANTS:
            self._steps.append(CONSTANTS[name])
        elif name in FUNCTIONS:
            self._call(name)
            return
        else:
            functions = ", ".join(FUNCTIONS)
            raise self._expected(
                phrase(
                    "one of x, y, r, theta, pi, e or a function ({functions})", functions=functions
                )
            )
        self._take()

    def _call(self, name: str) -> None:
        function, start = FUNCTIONS[name], self._take()
        if self._next.text != "(":
            raise self._expected(phrase("“(” after {name}", name=name))
        self._take()
        if name == "gauss":
            self._steps += ["x", "y"]
        count = 0
        while count == 0 or self._next.text == ",":
            if count:
                self._take()
            self._expression(0)
            count += 1
        self._close()
        if not function.fewest <= count <= function.most:
            got = phrase("1 value") if count == 1 else phrase("{count} values", count=count)
            raise _other_than(f"{name}({function.arguments})", start.at, got)
        self._steps.append(Step(function.compute, count + 2 * (name == "gauss")))

    def _close(self) -> None:
        if self._next.text != ")":
            raise self._expected(phrase("“)”"))
        self._take()
