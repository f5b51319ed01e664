"""Teacher mode: what a lesson locks and hides, and how a teacher prepares it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from explorer.lessons.parts import PART_TITLES
from explorer.metrics.runs import Run
from explorer.session.store import LessonError, Store
from explorer.settings import settings
from explorer.words.languages import translator
from flowengine.lesson import LONGEST_NOTE
from flowengine.project import Project
from tests.explorer.windows import save, shown_window, stroke

NOTE = "Draw two islands, and watch how the bridge between them thins."
NO_KEY = Qt.KeyboardModifier.NoModifier
RULES = {"target": "locked", "stack": "hidden", "training": "hidden", "ledger": "hidden"}


def project(**changes) -> Project:
    return Project.from_dict(
        {"stack": [{"kind": "affine_coupling", "width": 8}], "target": {"name": "moons"}} | changes
    )


@pytest.fixture
def window(qtbot, qapp, monkeypatch):
    with shown_window(project(), qtbot, qapp, monkeypatch, particles=100) as window:
        yield window


def open_lesson(window, note=NOTE, **rules):
    window.store.replace(project(lesson={"note": note, "rules": rules}))


def choose(qtbot, dialog, part, index):
    """Pick an entry of a part's box with the keyboard."""
    box = dialog._choices[part]
    dialog.activateWindow()
    box.setFocus()
    qtbot.waitUntil(box.hasFocus, timeout=5_000)
    QTest.keyClick(box, Qt.Key.Key_Home)
    for _ in range(index):
        QTest.keyClick(box, Qt.Key.Key_Down)


def tab_texts(window):
    tabs = window.models.tabs
    return [tabs.tabText(i) for i in range(tabs.count()) if tabs.isTabVisible(i)]


def test_without_a_lesson_everything_is_open(window):
    assert not window.lesson_note.isVisible()
    assert all(dock.isVisible() for dock in window.docks.values())
    assert tab_texts(window)[0] == "Stack"
    before = window.store.project.target
    stroke(window)
    assert window.store.project.target != before


def test_a_lesson_shows_its_note_and_keeps_its_rules(window, qtbot):
    open_lesson(window, **RULES)
    assert window.lesson_note.isVisible()
    assert window.lesson_note.text == NOTE
    assert not window.docks["ledger"].isVisible()
    assert window.docks["target"].isVisible()
    assert "Stack" not in tab_texts(window)
    assert not window.actions_["train"].isVisible()
    qtbot.waitUntil(lambda: not window.top_bar._train.isVisible(), timeout=5_000)
    assert window.docks["metrics"].isVisible()
    before = window.store.project.target
    stroke(window)
    assert window.store.project.target == before


def test_a_note_is_text_and_no_markup(window):
    open_lesson(window, note="<h1>big</h1>")
    assert window.lesson_note._label.textFormat() == Qt.TextFormat.PlainText


def test_a_long_note_can_be_folded_to_a_line(window, qtbot):
    open_lesson(window, note=4 * (NOTE + " "))
    note = window.lesson_note
    qtbot.waitUntil(lambda: note.height() > 3 * note.fontMetrics().lineSpacing())
    QTest.mouseClick(note._fold, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: note.height() < 3 * note.fontMetrics().lineSpacing())
    assert note._label.text().endswith("…")
    assert note.text == 4 * (NOTE + " ")
    open_lesson(window, note=3 * (NOTE + " "))  # another note is shown whole
    qtbot.waitUntil(lambda: note.height() > 3 * note.fontMetrics().lineSpacing())


def test_the_keys_of_a_hidden_training_do_nothing(window):
    open_lesson(window, training="hidden")
    window.start_engines()
    seed = window.store.project.seed
    for name in ("train", "step", "reset", "new_start"):
        QTest.keySequence(window, window.actions_[name].shortcut())
        assert not window.controller.training
    assert window.store.project.seed == seed


def test_what_is_dropped_on_a_locked_target_is_refused_with_a_sentence(window, qtbot, tmp_path):
    open_lesson(window, target="locked")
    path = tmp_path / "points.csv"
    path.write_text("x,y\n" + "\n".join(f"{i % 7},{i % 5}" for i in range(100)))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    before = window.store.project
    actions, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, NO_KEY
    enter = QDragEnterEvent(QPoint(5, 5), actions, data, left, none)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(5, 5), actions, data, left, none))
    qtbot.waitUntil(lambda: "Target" in window.banner.text, timeout=5_000)
    assert "Teacher mode" in window.banner.text
    assert window.store.project == before


def test_a_run_with_another_target_is_not_restored_where_the_target_is_locked(window):
    open_lesson(window, target="locked")
    before = window.store.project
    run = Run(1, project(target={"name": "cat"}), {}, QImage(), ())
    window.run_actions.restore(run)
    assert window.store.project == before
    assert "Target" in window.banner.text


def test_locked_parts_carry_a_padlock(window):
    open_lesson(window, target="locked", continuous="locked")
    assert window.docks["target"]._head.lock.isVisible()
    assert not window.docks["metrics"]._head.lock.isVisible()
    tabs = window.models.tabs
    assert tabs.tabToolTip(1) == "Locked in this lesson"
    assert not tabs.tabIcon(1).isNull()
    assert tabs.tabIcon(0).isNull()
    assert not window.models.continuous.isEnabled()
    assert window.models.stack.isEnabled()


def test_teacher_mode_opens_all_and_takes_rules_up(window, qtbot):
    open_lesson(window, **RULES)
    window.actions_["teacher_mode"].trigger()
    dialog = window.lesson.dialog
    assert dialog.isVisible()
    assert all(dock.isVisible() for dock in window.docks.values())
    assert window.actions_["train"].isVisible()
    assert dialog._note.toPlainText() == NOTE
    choose(qtbot, dialog, "metrics", 2)
    choose(qtbot, dialog, "target", 0)
    assert window.store.project.lesson.rules == {
        "stack": "hidden",
        "training": "hidden",
        "ledger": "hidden",
        "metrics": "hidden",
    }
    assert window.docks["metrics"].isVisible()  # it binds nobody yet
    QTest.mouseClick(dialog._try, Qt.MouseButton.LeftButton)
    assert window.lesson.dialog is None
    assert not window.store.teaching
    assert not window.docks["metrics"].isVisible()
    before = window.store.project.target
    stroke(window)
    assert window.store.project.target != before


def test_a_note_is_one_edit_and_no_longer_than_a_file_takes(window):
    window.actions_["teacher_mode"].trigger()
    dialog = window.lesson.dialog
    dialog._note.setFocus()
    QTest.keyClicks(dialog._note, "Look at the tail.")
    assert window.lesson_note.text == "Look at the tail."
    window.store.undo_stack.undo()
    assert window.store.project.lesson.note == ""
    assert dialog._note.toPlainText() == ""
    dialog._note.setPlainText("a" * LONGEST_NOTE)
    QTest.keyClicks(dialog._note, "more")
    assert dialog._note.toPlainText() == "a" * LONGEST_NOTE
    assert window.store.project.lesson.note == "a" * LONGEST_NOTE


def test_a_lesson_is_saved_with_its_project(window, tmp_path):
    open_lesson(window, **RULES)
    save(window.store, tmp_path / "lesson.flow", window.store.project, {})
    assert Project.open(tmp_path / "lesson.flow").lesson == window.store.project.lesson


def test_opening_another_project_ends_teacher_mode_and_its_rules(window):
    open_lesson(window, **RULES)
    window.actions_["teacher_mode"].trigger()
    window.store.replace(project())
    assert not window.store.teaching
    assert window.lesson.dialog is None
    assert not window.lesson_note.isVisible()
    assert all(dock.isVisible() for dock in window.docks.values())
    assert window.actions_["train"].isEnabled()


def test_a_reset_arrangement_still_keeps_the_rules(window):
    open_lesson(window, ledger="hidden")
    window.actions_["reset_layout"].trigger()
    assert not window.docks["ledger"].isVisible()
    assert window.docks["metrics"].isVisible()


def test_a_dock_that_was_closed_by_hand_stays_closed_after_the_lesson(window):
    window.docks["ledger"].close()
    open_lesson(window, ledger="hidden")
    window.store.replace(project())
    assert not window.docks["ledger"].isVisible()
    assert window.docks["ledger"].toggleViewAction().isEnabled()


def test_what_a_lesson_hides_is_not_remembered_as_closed(window):
    open_lesson(window, ledger="hidden", stack="hidden", continuous="hidden", recipe="hidden")
    assert not window.docks["models"].isVisible()  # no tab is left in it
    window.close()
    state = settings().value("window/state")
    window.docks["ledger"].hide()
    window.restoreState(state, 1)
    assert not window.docks["ledger"].isHidden()
    assert not window.docks["models"].isHidden()


def test_every_part_has_words_in_both_languages(window):
    window.actions_["teacher_mode"].trigger()
    english = [label.text() for label in window.lesson.dialog._titles.values()]
    translator.set_language("vi")
    vietnamese = [label.text() for label in window.lesson.dialog._titles.values()]
    assert len(english) == len(PART_TITLES)
    assert all(a != b for a, b in zip(english, vietnamese, strict=True))


@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("target", {"target": {"name": "cat"}}),
        ("stack", {"stack": []}),
        ("stack", {"base": {"kind": "ring"}}),
        ("continuous", {"continuous": {"kind": "ffjord"}}),
        ("recipe", {"training": {"discrete": {"batch_size": 64}}}),
        ("training", {"seed": 7}),
        ("compare", {"compare": ["gan"]}),
    ],
)
@pytest.mark.parametrize("rule", ["locked", "hidden"])
def test_the_store_admits_no_edit_that_the_lesson_forbids(part, changes, rule):
    lesson = {"lesson": {"rules": {part: rule}}}
    store = Store(project(**lesson))
    with pytest.raises(LessonError, match=PART_TITLES[part]):
        store.apply(project(**lesson, **changes), "Change")
    assert store.project == project(**lesson)
    store.set_teaching(True)
    store.apply(project(**lesson, **changes), "Change")
    assert store.project == project(**lesson, **changes)


def test_the_note_has_room_for_what_is_written_up_to_a_third_of_the_window(window, qtbot):
    open_lesson(window, note="")
    window.actions_["teacher_mode"].trigger()
    dialog = window.lesson.dialog
    qtbot.waitExposed(dialog)
    low, form = dialog._note.height(), dialog.height()
    dialog._note.setPlainText("Drag a layer out of the stack, and watch. " * 8)
    qtbot.waitUntil(lambda: not dialog._note.verticalScrollBar().maximum())
    assert dialog._note.height() > low
    assert dialog.height() - form >= dialog._note.height() - low
    dialog._note.setPlainText("\n" * 200)
    qtbot.waitUntil(lambda: dialog._note.verticalScrollBar().maximum() > 0)
    assert dialog._note.height() <= window.height() / 3
    dialog._note.clear()
    qtbot.waitUntil(lambda: dialog._note.height() == low)
    window.actions_["teacher_mode"].trigger()
