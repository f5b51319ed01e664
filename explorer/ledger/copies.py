"""A ledger as it is copied: columns of text, a Markdown table, a LaTeX tabular."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from explorer.lanes import lane_title
from explorer.ledger.lines import asked_point, every_line
from explorer.words.languages import MINUS, mark, signed, tr

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.ledger.lines import Line
    from flowengine.protocol import Ledger

_HEAD: Final = (mark("step"), mark("position"), "J", "log|det J|", "log p")
_LATEX_HEAD: Final = (mark("step"), mark("position"), "$J$", r"$\log|\det J|$", r"$\log p$")
# Words of the lines that are mathematics, as LaTeX sets them.
_LATEX_TITLES: Final = {
    "z": "$z$",
    mark("log p(x)"): r"$\log p(x)$",
    mark("target's log p"): r"$\log p_{\mathrm{target}}(x)$",
    mark("CNF ∫div v dt"): r"CNF $\int \mathrm{div}\, v\, dt$",
}
_LATEX_SPECIAL: Final = str.maketrans(
    {
        **{sign: f"\\{sign}" for sign in "&%$#_{}"},
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "\\": r"\textbackslash{}",
    }
)
_DIGITS: Final = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def as_text(ledger: Ledger) -> str:
    """The whole ledger in columns, for a lab book or a message."""
    rows = [tuple(tr(word) for word in _HEAD), *(_cells(line) for line in every_line(ledger))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = [_spread(row, widths) for row in rows]
    return "\n".join([_title(ledger), *lines])


def as_markdown(ledger: Ledger) -> str:
    """The whole ledger as a table of Markdown; the sum is bold."""
    head = _markdown_row([tr(word) for word in _HEAD], bold=False)
    rows = [_markdown_row(_cells(line), bold=line.total) for line in every_line(ledger)]
    return "\n".join([f"**{_title(ledger)}**", "", head, "| :-- | --: | :-: | --: | --: |", *rows])


def as_latex(ledger: Ledger) -> str:
    """The whole ledger as a LaTeX tabular; the small matrices need the package amsmath."""
    head = [tr(word) for word in _LATEX_HEAD]
    lines = [r"\begin{tabular}{lrcrr}", r"\hline", _latex_row(head), r"\hline"]
    for line in every_line(ledger):
        if line.total:
            lines.append(r"\hline")
        lines.append(_latex_row(_latex_cells(line)))
    return "\n".join([f"% {_title(ledger)}", *lines, r"\hline", r"\end{tabular}"])


FORMATS: Final[dict[str, Callable[[Ledger], str]]] = {
    "text": as_text,
    "markdown": as_markdown,
    "latex": as_latex,
}


def _title(ledger: Ledger) -> str:
    return tr("{lane} ledger of x = {point}, in nats").format(
        lane=tr(lane_title(ledger.lane)), point=asked_point(ledger)
    )


def _cells(line: Line) -> tuple[str, ...]:
    a, b, c, d = _jacobian(line) or ("",) * 4
    matrix = f"[{a} {b}; {c} {d}]" if a else ""
    return line.title, line.position, matrix, line.log_det, line.log_prob


def _jacobian(line: Line) -> tuple[str, ...] | None:
    """The four entries of the line's own Jacobian, row by row."""
    if not line.warps or line.row is None:
        return None
    return tuple(signed(value).removeprefix("+") for value in line.row.jacobian)


def _spread(row: tuple[str, ...], widths: list[int]) -> str:
    first, *rest = (
        f"{cell:>{width}}" if column else f"{cell:<{width}}"
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join([first, *rest])


def _markdown_row(cells: list[str] | tuple[str, ...], *, bold: bool) -> str:
    escaped = [cell.replace("|", r"\|") for cell in cells]
    shown = [f"**{cell}**" if bold and cell else cell for cell in escaped]
    return f"| {' | '.join(shown)} |"


def _latex_row(cells: list[str]) -> str:
    return f"{' & '.join(cells)} \\\\"


def _latex_cells(line: Line) -> list[str]:
    titles = {tr(words): latex for words, latex in _LATEX_TITLES.items()}
    title = titles.get(line.title, line.title.translate(_LATEX_SPECIAL))
    matrix = ""
    if entries := _jacobian(line):
        a, b, c, d = map(_latex_number, entries)
        inside = rf"\begin{{smallmatrix}}{a} & {b} \\ {c} & {d}\end{{smallmatrix}}"
        matrix = rf"$\bigl({inside}\bigr)$"
    figures = (line.position, line.log_det, line.log_prob)
    position, log_det, log_prob = (f"${_latex_number(text)}$" if text else "" for text in figures)
    return [title, position, matrix, log_det, log_prob]


def _latex_number(text: str) -> str:
    r"""A figure as the window writes it, for mathematics: 2·10⁻⁷ becomes 2 \cdot 10^{-7}."""
    text = re.sub(
        "·10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)",
        lambda power: rf" \cdot 10^{{{power[1].translate(_DIGITS)}}}",
        text,
    )
    return text.replace(MINUS, "-").replace("∞", r"\infty").replace("–", r"\text{--}")
