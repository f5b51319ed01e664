"""Every control of the model editors and of the ledger has a name for those who cannot see it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QAbstractButton, QComboBox, QTabBar, QWidget

from explorer.ledger.ledger_view import LedgerView
from explorer.models.model_tabs import ModelTabs
from explorer.stack.solver_lab import LabRow
from explorer.words.languages import translator
from flowengine.project import Project, default_stack


@pytest.fixture(params=["en", "vi"])
def editors(qtbot, request):
    """Everything with its form, its catalogue and its lab open."""
    translator.set_language(request.param)
    tabs, ledger = ModelTabs(Project(stack=default_stack())), LedgerView()
    for widget in (tabs, ledger):
        qtbot.addWidget(widget)
    tabs.set_project(Project(stack=default_stack()))
    tabs.lab.set_rows([LabRow("rk4", 8, 0.0, 32, 32, 1e-3, 1e-3)])
    tabs.stack.list.select("layer-2")
    tabs.stack.edit_selected()
    tabs.stack.focus_search()
    return tabs, ledger


def inner(control):
    """Whether Qt made a control as a part of one that has a name itself."""
    popup = isinstance(control.parent().parent(), QComboBox)
    return popup or control.objectName().startswith("qt_") or isinstance(control, QTabBar)


def test_every_control_that_the_keyboard_reaches_has_a_name(editors):
    nameless = []
    for editor in editors:
        for control in editor.findChildren(QWidget):
            reached = bool(control.focusPolicy() & Qt.FocusPolicy.TabFocus)
            text = control.text() if isinstance(control, QAbstractButton) else ""
            if reached and not inner(control) and not (control.accessibleName() or text):
                nameless.append(f"{type(control).__name__} in {type(control.parent()).__name__}")
    assert nameless == []


def test_a_screen_reader_hears_the_cards(editors):
    tabs, _ = editors
    heard = QAccessible.queryAccessibleInterface(tabs.stack.list)
    assert heard.text(QAccessible.Text.Name)
    assert heard.childCount() >= len(default_stack()) + 1
