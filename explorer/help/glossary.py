"""The words of the field, as the window uses them: one page, found by typing."""

from __future__ import annotations

import html
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLineEdit, QTextBrowser, QVBoxLayout, QWidget

from explorer import resources
from explorer.help.command_palette import folded
from explorer.theme import theme
from explorer.words.languages import tr, translator

if TYPE_CHECKING:
    from collections.abc import Sequence

_SIZE: Final = (560, 560)


class Entry(NamedTuple):
    """A word and a sentence or two on what it means, in the language of the window."""

    term: str
    text: str


def glossary() -> list[Entry]:
    """Every word, in the order in which one leads to the next."""
    return [Entry(**entry[translator.language]) for entry in _table()]


def matching(query: str) -> list[Entry]:
    """Those whose word holds all that was typed, then those that mention it."""
    words = folded(query).split()
    entries = glossary()
    named = [entry for entry in entries if _holds(entry.term, words)]
    return named + [e for e in entries if e not in named and _holds(" ".join(e), words)]


@lru_cache(maxsize=1)
def _table() -> list[dict[str, dict[str, str]]]:
    table: list[dict[str, dict[str, str]]] = json.loads(
        resources.path("glossary.json").read_text(encoding="utf-8")
    )
    return table


def _holds(text: str, words: Sequence[str]) -> bool:
    return all(word in folded(text) for word in words)


class GlossaryDialog(QDialog):
    """A search box over the page; it stands beside the window's work and stops nothing."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.search = QLineEdit()
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._fill)
        self.page = QTextBrowser()
        self.page.setFrameShape(QTextBrowser.Shape.NoFrame)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 16)
        layout.setSpacing(10)
        layout.addWidget(self.search)
        layout.addWidget(self.page)
        self.resize(*_SIZE)
        translator.changed.connect(self.retranslate)
        theme.changed.connect(self._fill)
        self.retranslate()

    @classmethod
    def open_over(cls, window: QWidget, term: str = "") -> GlossaryDialog:
        """Show the page over a window, the one that is open already if there is one."""
        dialog = window.findChild(cls) or cls(window)
        dialog.search.setText(term)
        dialog.show()
        dialog.activateWindow()
        dialog.search.setFocus()
        return dialog

    def retranslate(self) -> None:
        """Say everything again."""
        self.setWindowTitle(tr("Glossary"))
        self.search.setPlaceholderText(tr("Type a word"))
        self.search.setAccessibleName(tr("Type a word"))
        self.page.setAccessibleName(tr("Glossary"))
        self._fill()

    def _fill(self) -> None:
        muted = theme.color("text_muted").name()
        found = [
            '<p style="margin:0 0 12px 0">'
            f'<span style="font-weight:600">{html.escape(term)}</span><br/>'
            f'<span style="color:{muted}">{html.escape(text)}</span></p>'
            for term, text in matching(self.search.text())
        ]
        nothing = html.escape(tr("No entry has this word."))
        self.page.setHtml("".join(found) or f'<p style="color:{muted}">{nothing}</p>')
