"""What tells a control from its surroundings is drawn so that it can be seen: WCAG 2.2, 1.4.11."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QRadioButton,
    QWidget,
)

from explorer.theme import theme
from flowengine.project import Project, default_stack
from tests.explorer.contrast import light
from tests.explorer.windows import shown_window

CONTRAST = 3.0
FIELDS = (QAbstractSpinBox, QComboBox, QLineEdit, QPlainTextEdit)
BARE = ("flat", "tiny", "axis")  # an icon alone tells these
DEEP = 3  # pixels within which the outline lies, from a control's edge inwards


@pytest.fixture(params=["dark", "light"])
def window(qtbot, qapp, monkeypatch, request):
    project = Project(stack=default_stack(), compare=("vae",))
    with shown_window(project, qtbot, qapp, monkeypatch, particles=50) as window:
        theme.set_theme(request.param)
        window.resize(1440, 900)
        window.area.clock.pause()
        window.area.setFocus()
        yield window


def outlined(widget: QWidget) -> bool:
    """Whether an outline is what tells a control; what is disabled needs none."""
    if not (widget.isVisible() and widget.isEnabled()) or widget.property("role") in BARE:
        return False
    if isinstance(widget, QCheckBox | QRadioButton):
        return False
    if widget.objectName().startswith("qt_") or isinstance(widget.parent(), FIELDS):
        return False
    return isinstance(widget, (QAbstractButton, *FIELDS))


def contrasts(window: QWidget, faint: dict[str, float]) -> int:
    """Measure every outline that is whole on the screen; gives how many there were."""
    picture, measured = light(window.grab().toImage()), 0
    for control in window.findChildren(QWidget):
        if not outlined(control) or control.visibleRegion().boundingRect() != control.rect():
            continue
        corner = control.mapTo(window, QPoint())
        row = picture[corner.y() + control.height() // 2]
        ground = row[corner.x() - 2]
        edge = row[corner.x() : corner.x() + DEEP]
        high, low = np.maximum(edge, ground), np.minimum(edge, ground)
        best = float(((high + 0.05) / (low + 0.05)).max())
        measured += 1
        if best < CONTRAST:
            faint[f"{type(control).__name__} {control.accessibleName()}"] = best
    return measured


def test_every_outline_can_be_seen(window, qtbot):
    faint: dict[str, float] = {}
    count = 0
    for index in range(window.models.tabs.count()):
        window.models.tabs.setCurrentIndex(index)
        qtbot.waitUntil(lambda: window.models.tabs.currentWidget().isVisible())
        count += contrasts(window, faint)
    assert count > 100
    assert faint == {}


def test_every_outline_of_the_export_can_be_seen(window):
    window.actions_["export"].trigger()
    dialog = window.exporter.dialog
    faint: dict[str, float] = {}
    assert contrasts(dialog, faint) > 8
    assert faint == {}
    dialog.close()
