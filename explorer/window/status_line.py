"""The status bar: what goes on in a sentence, and how the program itself is doing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QStatusTipEvent
from PySide6.QtWidgets import QLabel, QStatusBar, QWidget

from explorer.words.languages import number, tr, tr_sentence, translator

if TYPE_CHECKING:
    from collections.abc import Collection

_TICK_MS: Final = 1000


class StatusLine(QStatusBar):
    """A sentence on the left; frames, steps, engines and the saved state on the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.setContentsMargins(8, 0, 8, 0)
        self._sentence = QLabel()
        self.addWidget(self._sentence, 1)
        self._pace, self._engines, self._saved = QLabel(), QLabel(), QLabel()
        for label in (self._pace, self._engines, self._saved):
            self.addPermanentWidget(label)
        self._said = ""
        self._rates: dict[str, float] = {}
        self._fps: float | None = None
        self._ready: set[str] = set()
        self._unsaved = False
        self._saved_at: float | None = None
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.refresh)
        self._timer.start(_TICK_MS)
        translator.changed.connect(self.retranslate)
        if parent is not None:
            parent.installEventFilter(self)
        self.refresh()

    def say(self, text: str) -> None:
        """Show a sentence until the next one; an engine's comes in English."""
        self._said = text
        self._sentence.setText(tr_sentence(text))

    def hint(self, text: str) -> None:
        """Show a sentence about what is under the mouse; "" brings the former one back."""
        self._sentence.setText(text or tr_sentence(self._said))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Say what an action does in the sentence's own place and letters."""
        if isinstance(event, QStatusTipEvent):
            self.hint(event.tip())
            return True
        return super().eventFilter(watched, event)

    @property
    def figures(self) -> str:
        """How quickly all goes, and how many engines answer."""
        return " · ".join(filter(None, (self._pace.text(), self._engines.text())))

    @property
    def sentence(self) -> str:
        """The sentence that is shown."""
        return self._sentence.text()

    def set_fps(self, fps: float | None) -> None:
        """Say how many frames a second the panels are drawn; None while they rest."""
        self._fps = fps

    def set_rate(self, lane: str, steps_per_second: float) -> None:
        """Say how quickly a lane is trained; 0 while it rests."""
        self._rates[lane] = steps_per_second

    def set_engine_ready(self, lane: str) -> None:
        """Count the engine of a lane among those that answer."""
        self._ready.add(lane)
        self.refresh()

    def set_engine_lost(self, lane: str) -> None:
        """Count the engine of a lane no more, until the next one answers."""
        self._ready.discard(lane)
        self._rates.pop(lane, None)
        self.refresh()

    def set_lanes(self, lanes: Collection[str]) -> None:
        """Count the engines of these lanes alone; those of others have ended."""
        self._ready.intersection_update(lanes)
        self._rates = {lane: rate for lane, rate in self._rates.items() if lane in lanes}
        self.refresh()

    def set_unsaved(self, unsaved: bool) -> None:
        """Say whether there is work that no file holds."""
        self._unsaved = unsaved
        self.refresh()

    def set_saved_now(self) -> None:
        """Say that the project has just been saved."""
        self._saved_at = time.monotonic()
        self._unsaved = False
        self.refresh()

    def forget_saved(self) -> None:
        """Say that the present project has not been saved yet."""
        self._saved_at = None
        self.refresh()

    def retranslate(self) -> None:
        """Say everything in the language of the window."""
        self.hint("")
        self.refresh()

    def refresh(self) -> None:
        """Bring the right side up to date."""
        rate = sum(self._rates.values())
        parts = []
        if self._fps is not None:
            parts.append(tr("{fps} fps").format(fps=round(self._fps)))
        if rate > 0:
            parts.append(tr("{rate} steps/s").format(rate=number(float(rate))))
        self._pace.setText(" · ".join(parts))
        self._engines.setText(self._engine_text())
        self._saved.setText(self._saved_text())

    def _engine_text(self) -> str:
        count = len(self._ready)
        if count == 0:
            return tr("engines starting")
        return tr("1 engine") if count == 1 else tr("{count} engines").format(count=count)

    def _saved_text(self) -> str:
        if self._saved_at is None:
            return tr("not saved") if self._unsaved else ""
        seconds = time.monotonic() - self._saved_at
        if seconds < 5:
            return tr("saved just now")
        if seconds < 60:
            return tr("saved {n} s ago").format(n=round(seconds))
        return tr("saved {n} min ago").format(n=round(seconds / 60))
