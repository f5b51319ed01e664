"""Runs `main.py` and says on request what its window shows, and where on the screen.

Every line on standard input is answered by one line of JSON on standard output. This part only
looks: what is done to the window is done by mouse and keyboard, from outside.
"""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QPoint, QPointF, QSocketNotifier
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QWidget

from explorer.app import application
from explorer.window.main_window import MainWindow
from flowengine.catalogue import kind_of
from flowengine.project import FLOW_LANES

MAIN = Path(__file__).parents[2] / "main.py"


class Eyes(QObject):
    """Answers the lines on standard input from within the program's event loop."""

    def __init__(self) -> None:
        super().__init__()
        self._notifier = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._answer)

    def _answer(self) -> None:
        if not sys.stdin.readline():  # whoever asked is gone
            self._notifier.setEnabled(False)
            return
        windows = [w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow)]
        print(json.dumps(look(windows[0]) if windows else {}), flush=True)


def look(window: MainWindow) -> dict[str, Any]:
    """What the window shows now."""
    lasts = {lane: window.metrics.curves.last(lane) for lane in FLOW_LANES}
    active, focus = QApplication.activeWindow(), QApplication.focusWidget()
    return {
        "active": active.windowTitle() if active else "",
        "says": [label.text() for label in active.findChildren(QLabel)]
        if isinstance(active, QDialog)
        else [],
        "focus": words_of(focus) if focus else "",
        "name": window.session.documents.name,
        "unsaved": window.store.unsaved,
        "training": window.controller.training,
        "playing": window.area.clock.playing,
        "sentence": window.status_line.sentence,
        "trouble": window.banner.text,
        "engines": window.controller.engine_pids(),
        "steps": {lane: last.step if last else 0 for lane, last in lasts.items()},
        "kl": {lane: last.kl if last else None for lane, last in lasts.items()},
        "stack": [layer.kind for layer in window.store.project.stack],
        **places(window),
    }


def places(window: MainWindow) -> dict[str, Any]:
    """Where on the screen the mouse finds what it needs."""
    canvas, stack, status = window.target.canvas, window.models.stack, window.status_line
    cards = stack.list
    rows = [cards.cards.index(row) for row in range(cards.cards.rowCount())]
    return {
        "status": place(status, status.rect().bottomRight()),
        "canvas": {
            "centre": place(canvas, canvas.view().to_widget(0.0, 0.0)),
            "corner": place(canvas, canvas.view().to_widget(1.0, 1.0)),
        },
        "cards": [place(cards.viewport(), cards.card_layout(row).name.center()) for row in rows],
        "chips": {
            kind_of(chip.kind): place(chip, chip.rect().center())
            for chip in stack.palette_view.chips
        },
    }


def place(widget: QWidget, point: QPoint | QPointF) -> tuple[float, float]:
    """Where a point of a widget lies on the screen."""
    found = widget.mapToGlobal(QPointF(point))
    return found.x(), found.y()


def words_of(widget: QWidget) -> str:
    """What a person would call a control."""
    text = getattr(widget, "text", None)
    return widget.accessibleName() or (text() if callable(text) else "") or type(widget).__name__


if __name__ == "__main__":
    application()
    eyes = Eyes()
    sys.argv[0] = str(MAIN)
    runpy.run_path(str(MAIN), run_name="__main__")
