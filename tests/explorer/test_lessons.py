"""The lessons that come with the program."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QRect, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QToolTip

from explorer import dialogs
from explorer.lessons.catalogue import LESSONS, LessonMenu
from explorer.words.languages import translator
from flowengine.lesson import LONGEST_NOTE
from flowengine.project import Project
from tests.explorer.windows import shown_window


@pytest.fixture
def window(qtbot, qapp, monkeypatch):
    start = Project.from_dict({"stack": [{"kind": "affine_coupling", "width": 8}]})
    with shown_window(start, qtbot, qapp, monkeypatch, particles=100) as window:
        yield window


def test_every_lesson_opens_with_its_note_in_either_language(window):
    for plan, action in zip(LESSONS, window.menus.lessons.actions(), strict=True):
        translator.set_language("en")
        action.trigger()
        assert window.store.path is None
        assert not window.store.unsaved
        assert window.lesson_note.text == plan.note
        assert window.store.project.stack == plan.project().stack
        translator.set_language("vi")
        assert window.lesson_note.text not in ("", plan.note)
        assert len(plan.note) <= LONGEST_NOTE
        assert window.store.project.lesson.note == plan.note


@pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen, of every menu
def test_what_a_lesson_says_stands_beside_the_menu_and_hides_no_other(qtbot):
    menu = LessonMenu(None)
    qtbot.addWidget(menu)
    menu.popup(QPoint(0, 0))
    qtbot.waitUntil(menu.isVisible)
    second = menu.actionGeometry(menu.actions()[1]).center()
    where = menu.mapToGlobal(second)
    QApplication.sendEvent(menu, QHelpEvent(QEvent.Type.ToolTip, second, where))
    assert LESSONS[1].note.split(".")[0] in QToolTip.text()
    tip = next(w for w in QApplication.topLevelWidgets() if w.objectName() == "qtooltip_label")
    assert not tip.geometry().intersects(QRect(menu.mapToGlobal(QPoint(0, 0)), menu.size()))
    QToolTip.hideText()
    menu.close()


def test_unsaved_work_is_asked_about_before_a_lesson(window, monkeypatch):
    asked = []
    monkeypatch.setattr(dialogs, "ask", lambda *a: asked.append(a) or "cancel")
    window.store.mark_trained()
    before = window.store.project
    window.menus.lessons.actions()[0].trigger()
    assert len(asked) == 1
    assert window.store.project == before


def test_the_scale_and_shift_lesson_fits_without_training():
    from flowengine.lane import build_flow
    from flowengine.metrics import kl
    from flowengine.targets import from_spec

    project = next(plan for plan in LESSONS if plan.formula).project()
    flow = build_flow(project, "discrete").requires_grad_(False)
    assert kl(flow, from_spec(project.target)).value < 0.01


def test_one_lesson_leads_to_the_next_until_the_last(window, qtbot, monkeypatch):
    monkeypatch.setattr(dialogs, "ask", lambda *_: pytest.fail("it asks about a lesson's training"))
    window.menus.lessons.actions()[0].trigger()
    go_on = window.lesson_note.findChild(QPushButton)
    for number, plan in enumerate(LESSONS[1:], start=2):
        window.store.mark_trained()
        QTest.mouseClick(go_on, Qt.MouseButton.LeftButton)
        assert window.lesson_note.text == plan.note
        titles = [label.text() for label in window.lesson_note.findChildren(QLabel)]
        assert f"Lesson {number} of {len(LESSONS)} · {plan.title}" in titles
    assert not go_on.isVisible()


def test_what_was_drawn_in_a_lesson_is_asked_about(window, monkeypatch):
    asked = []
    monkeypatch.setattr(dialogs, "ask", lambda *a: asked.append(a) or "cancel")
    window.menus.lessons.actions()[0].trigger()
    window.target.choose_preset("cat")
    window.menus.lessons.actions()[1].trigger()
    assert len(asked) == 1
    assert window.lesson_note.text == LESSONS[0].note


def test_a_lesson_begins_at_rest_and_generates(window):
    window.session.training.toggle()
    window.area.switch_direction()
    window.models.tabs.setCurrentIndex(2)
    window.menus.lessons.actions()[0].trigger()
    assert not window.controller.training
    assert window.area.clock.direction == "generate"
    assert window.area.clock.playing
    assert window.models.tabs.currentIndex() == 0
