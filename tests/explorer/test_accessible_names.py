"""Every control of the window and of all that it opens has a name for those who cannot see it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QDialog,
    QHeaderView,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QProgressBar,
    QScrollBar,
    QTabWidget,
    QTextEdit,
    QWidget,
)

from explorer.dialogs import ask
from explorer.export.formats import FORMATS
from explorer.stack.why_planar import WhyPlanar
from explorer.target.popup import Popup
from explorer.words.languages import translator
from flowengine.project import Project, default_stack
from tests.explorer.ledger_probe import continuous, discrete
from tests.explorer.windows import shown_window

CONTROLS = (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QTabWidget,
    QTextEdit,
)
# Said by Qt's offscreen platform of every popup.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (grabbing|raise)")


def is_control(widget: QWidget) -> bool:
    """What a person works with, not what Qt makes of it: a scroll bar, the field of a spin box."""
    takes_keys = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
    if isinstance(widget, QScrollBar | QHeaderView) or widget.objectName().startswith("qt_"):
        return False
    parent = widget.parentWidget()
    popup = parent is not None and isinstance(parent.parentWidget(), QComboBox)
    inner = popup or isinstance(parent, QAbstractSpinBox | QComboBox | QLineEdit | QTabWidget)
    return not inner and (takes_keys or isinstance(widget, CONTROLS))


def is_named(widget: QWidget) -> bool:
    """Whether a screen reader hears what a control is for, whatever the system.

    On Linux Qt tells what is chosen in the place of the name of a combo box, so that asking for
    a name alone never finds one without: it is the label that is read out.
    """
    heard = QAccessible.queryAccessibleInterface(widget)
    labels = [
        label.text(QAccessible.Text.Name)
        for label, _ in heard.relations(QAccessible.RelationFlag.Label)
    ]
    if isinstance(widget, QComboBox):
        return bool(widget.accessibleName()) and any(labels)
    return bool(heard.text(QAccessible.Text.Name).strip())


def nameless_in(*tops: QWidget) -> list[str]:
    """Controls without a name of their own or a label."""
    return [
        f"{type(widget).__name__} in {type(widget.parent()).__name__}"
        for top in tops
        for widget in top.findChildren(QWidget)
        if is_control(widget) and not is_named(widget)
    ]


@pytest.fixture(params=["en", "vi"])
def window(qtbot, qapp, monkeypatch, request):
    """All lanes, every tab made, a point asked about, something offered."""
    translator.set_language(request.param)
    project = Project(stack=default_stack(), compare=("vae", "gan"))
    with shown_window(project, qtbot, qapp, monkeypatch, particles=50) as window:
        window.banner.show_notice("The loss was no number", "Halve the learning rate", lambda: None)
        window.ledger.set_ledger(discrete())
        window.ledger.set_ledger(continuous())
        for index in range(window.models.tabs.count()):
            window.models.tabs.setCurrentIndex(index)
        yield window


def test_the_whole_window(window):
    controls = [w for w in window.findChildren(QWidget) if is_control(w)]
    assert len([w for w in controls if isinstance(w, QComboBox)]) >= 12
    assert len(controls) > 120
    assert nameless_in(window) == []


def test_the_forms_of_layers_and_of_the_base(window):
    stack = window.models.stack
    for layer in ("base", *(layer.id for layer in window.store.project.stack)):
        stack.list.select(layer)
        stack.edit_selected()
        assert nameless_in(stack) == []


def test_every_choice_of_the_export(window):
    window.actions_["export"].trigger()
    dialog = window.exporter.dialog
    for choice in FORMATS:
        dialog.choose(choice.id)
        assert nameless_in(dialog) == []
    assert len([w for w in dialog.findChildren(QWidget) if is_control(w)]) > 25
    dialog.close()


def test_the_teacher_s_form(window):
    window.store.set_teaching(True)
    assert len(window.lesson.dialog.findChildren(QComboBox)) > 5
    assert nameless_in(window.lesson.dialog) == []
    window.store.set_teaching(False)


def test_what_help_opens(window):
    for name in ("palette", "glossary", "shortcuts", "about"):
        window.actions_[name].trigger()
        for dialog in window.findChildren(QDialog):
            assert nameless_in(dialog) == []
            dialog.close()


def test_why_planar_layers_fail(window):
    reason = WhyPlanar(window.store.project.stack, lambda _id: None, window)
    assert len(reason.findChildren(QAbstractButton)) >= 2
    assert nameless_in(reason) == []
    reason.close()


def test_what_the_tools_of_the_target_open(window, qtbot):
    tools = window.target.tools
    for button in (tools.presets, tools.formula, tools.tip):
        button.click()
    popups = window.target.findChildren(Popup)
    assert len(popups) == 3
    assert nameless_in(*popups) == []
    for popup in popups:
        popup.close()


def test_the_question_about_unsaved_work(window, monkeypatch):
    asked = []

    def look(box):
        asked.extend(nameless_in(box))
        return 0

    monkeypatch.setattr(QMessageBox, "exec", look)
    assert ask(window, "star.flow") == "cancel"
    assert asked == []


def test_a_box_without_a_label_is_found(window):
    box = QComboBox(window)
    box.setAccessibleName("heard on other systems alone")
    assert nameless_in(window) == ["QComboBox in MainWindow"]
    box.setParent(None)
