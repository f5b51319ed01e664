"""The web page as a job: asks the engines for the other way, then writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from explorer.export.jobs import Taken, ThreadJob
from explorer.export.page_words import check_text
from explorer.export.web_page import write_web_page
from explorer.words.languages import mark
from flowengine.errors import FlowError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from explorer.export.jobs import Cancelled, Tell
    from explorer.export.options import PageWish
    from explorer.export.source import Source
    from explorer.export.web_page import Page
    from explorer.panels.film import Film
    from flowengine.project import Lane

_ASKING = mark("asking the engines for the other direction")
_ASKED: Final = 0.8  # share of the work that is done when all films are there


class PageJob(ThreadJob):
    """Writes what the panels show.

    Args:
        source: What there is to take away.
        wish: Whether the other direction is wanted as well.
        path: The file to write.
    """

    def __init__(self, source: Source, wish: PageWish, path: Path) -> None:
        super().__init__(self._write)
        self._source = source
        self._path = path
        self._page: Page | None = None
        self._before = _ASKED if wish.both else 0.0
        self._ways = source.other_ways() if wish.both else None
        if self._ways is not None:
            self._ways.setParent(self)
            self._ways.progressed.connect(self._tell_coming)
            self._ways.done.connect(self._go_on)

    def start(self) -> None:
        """Ask the engines where that is wished, then write."""
        if self._ways is None:
            self._go_on({})
        else:
            self._tell_coming(0.0)
            self._ways.start()

    def cancel(self) -> None:
        """Give up; while the engines are asked there is nothing to wait for."""
        waiting = self._page is None and not self.cancelled
        super().cancel()
        if waiting:
            if self._ways is not None:
                self._ways.stop()
            self.given_up.emit()

    def _tell_coming(self, share: float) -> None:
        self.progressed.emit(self._before * share, _ASKING)

    def _go_on(self, films: Mapping[Lane, Film]) -> None:
        try:
            self._page = self._source.page(films)
        except FlowError as error:
            self.failed.emit(error.sentence)
        else:
            super().start()

    def _write(self, tell: Tell, cancelled: Cancelled) -> Taken:
        assert self._page is not None
        rest = 1 - self._before
        done = write_web_page(
            self._path,
            self._page,
            on_progress=lambda share, doing: tell(self._before + rest * share, doing),
            cancelled=cancelled,
        )
        return Taken(done.path, done.bytes, check_text(done.largest_difference))
