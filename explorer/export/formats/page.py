"""The web page as a job: asks the engines for the other way, then writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QCheckBox

from explorer.export.form import Options
from explorer.export.format import Format
from explorer.export.jobs import Taken, ThreadJob
from explorer.export.page_words import check_text
from explorer.export.sketch import MOST_PANELS, dense_panels, draw_density, fill_ground
from explorer.export.web_page import write_web_page
from explorer.theme import theme
from explorer.words.languages import mark, tr
from flowengine.errors import FlowError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from explorer.export.jobs import Cancelled, Tell
    from explorer.export.scene import Scene
    from explorer.export.source import Source
    from explorer.export.web_page import Page
    from explorer.panels.film import Film
    from flowengine.project import Lane

_ASKING = mark("asking the engines for the other direction")
_ASKED: Final = 0.8  # share of the work that is done when all films are there


class PageWish(NamedTuple):
    """Whether the page should play in both directions."""

    both: bool


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


class PageOptions(Options):
    """In which directions the page plays."""

    def __init__(self) -> None:
        super().__init__(suffix=".html", part="page")
        self.both = QCheckBox(tr("Both directions"))
        self.both.setToolTip(tr("Ask the engines for the direction that is not shown as well"))
        self.both.setChecked(True)
        self.rows.addRow(self.both)
        self.say(
            tr(
                "Figures, layers and a few words on what one sees stand below the panels. The page "
                "asks no server for anything."
            )
        )

    def wish(self) -> PageWish:
        """What is wished."""
        return PageWish(self.both.isChecked())


def _draw_picture(painter: QPainter, area: QRectF, scene: Scene) -> None:
    """A browser with the panels, a line to drag and words."""
    fill_ground(painter, area)
    frame = area.adjusted(16, 6, -16, -6)
    painter.setPen(QPen(theme.color("border"), 1))
    painter.setBrush(theme.color("window"))
    painter.drawRoundedRect(frame, 3, 3)
    bar = QRectF(frame.left() + 1, frame.top() + 1, frame.width() - 2, 7)
    painter.fillRect(bar, theme.color("surface"))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("text_muted"))
    for k in range(3):
        painter.drawEllipse(QPointF(frame.left() + 6 + 5 * k, frame.top() + 4.5), 1.3, 1.3)
    panels = dense_panels(scene)[:MOST_PANELS]
    side = 24.0
    left = frame.center().x() - (side + 2) * len(panels) / 2 + 1
    for k, panel in enumerate(panels):
        area_of = QRectF(left + k * (side + 2), frame.top() + 11, side, side)
        draw_density(painter, area_of, panel, 1.0)
    for y, role, share in ((39, "accent", 0.6), (44, "border", 1.0)):
        line = QRectF(frame.left() + 8, frame.top() + y, share * (frame.width() - 16), 2)
        if line.bottom() < frame.bottom() - 1:
            painter.fillRect(line, theme.color(role))


FORMAT: Final = Format(
    id="page",
    place=5,
    title=mark("Web page"),
    sentence=mark("One file that plays in any browser, offline"),
    picture=_draw_picture,
    options=lambda _source: PageOptions(),
    job=PageJob,
)
