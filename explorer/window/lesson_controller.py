"""Holds the window to a project's lesson, and opens it to the teacher."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace
from PySide6.QtCore import QObject

from explorer.lessons.catalogue import LESSONS, place_of
from explorer.words.languages import mark, tr, translator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtWidgets import QWidget

    from explorer.lessons.dialog import LessonDialog
    from explorer.session.session import Session
    from explorer.window.parts import Parts
    from flowengine.lesson import Lesson, LessonPart, LessonRule
    from flowengine.project import Project

_ACTIONS: Final[dict[LessonPart, tuple[str, ...]]] = {
    "target": ("import",),
    "stack": ("search_layers",),
    "training": ("train", "step", "reset", "new_start"),
    "export": ("export",),
}
_DOCKS: Final[tuple[LessonPart, ...]] = ("target", "ledger", "metrics")


class LessonController(QObject):
    """Locks and hides what the lesson says; in teacher mode shows all, and a form for the lesson.

    Args:
        session: Holds the document, whose lesson it is.
        parts: Of the window.
        window: Over which the form for the lesson stands.
    """

    def __init__(self, session: Session, parts: Parts, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._parts = parts
        self._window = window
        self._put_away: set[str] = set()
        self.dialog: LessonDialog | None = None
        session.store.teaching_changed.connect(self._follow_teaching)
        parts.menus.lessons.chosen.connect(self.begin)
        parts.lesson_note.next_requested.connect(self._begin_next)
        translator.changed.connect(self.apply)

    def begin(self, project: Project) -> None:
        """Begin a lesson; what training alone has made of another one can be had again."""
        store = self._session.store
        practised = place_of(store.project) is not None and store.path is None
        if practised and not store.modified:
            self._take_up(project)
        else:
            self._session.documents.leave(lambda: self._take_up(project))

    def toggle(self) -> None:
        """Begin to prepare the lesson, or let it bind again."""
        self._session.store.set_teaching(not self._session.store.teaching)

    def apply(self) -> None:
        """Hold the window to the lesson of its document."""
        store = self._session.store
        lesson = store.project.lesson
        self._show_note(store.project)
        if self.dialog is not None:
            self.dialog.set_lesson(lesson)
        self._follow({} if store.teaching else lesson.rules)

    def release(self) -> None:
        """Bring back what the lesson hides, before the arrangement is remembered."""
        self._follow({})

    def _show_note(self, project: Project) -> None:
        """Say the note; one of a bundled lesson is translated, and has a title and a next."""
        place = place_of(project)
        title = ""
        if place is not None:
            title = tr("Lesson {n} of {count} · {title}").format(
                n=place + 1, count=len(LESSONS), title=tr(LESSONS[place].title)
            )
        more = place is not None and place + 1 < len(LESSONS)
        self._parts.lesson_note.set_text(tr(project.lesson.note), title, more=more)

    def _begin_next(self) -> None:
        place = place_of(self._session.store.project)
        if place is not None and place + 1 < len(LESSONS):
            self.begin(LESSONS[place + 1].project())

    def _take_up(self, project: Project) -> None:
        self._session.store.replace(project)
        self._parts.models.show_base()

    def _follow(self, rules: Mapping[LessonPart, LessonRule]) -> None:
        parts = self._parts
        for part, names in _ACTIONS.items():
            for name in names:
                action = parts.actions[name]
                action.setEnabled(part not in rules)
                action.setVisible(rules.get(part) != "hidden")
        for part in _DOCKS:
            dock = parts.docks[part]
            dock.set_locked(rules.get(part) == "locked")
            dock.content.setEnabled(part not in rules)
            self._put_dock_away(part, rules.get(part) == "hidden")
        self._put_dock_away("models", not parts.models.set_rules(rules))
        parts.area.compare_button.setEnabled("compare" not in rules)
        parts.area.compare_button.setVisible(rules.get("compare") != "hidden")

    def _put_dock_away(self, name: str, away: bool) -> None:
        dock = self._parts.docks[name]
        way_back = dock.toggleViewAction()
        way_back.setVisible(not away)
        way_back.setEnabled(not away)
        if away and not dock.isHidden():
            self._put_away.add(name)
            dock.hide()
        elif not away and name in self._put_away:
            self._put_away.remove(name)
            dock.show()

    def _follow_teaching(self, teaching: bool) -> None:
        if teaching:
            from explorer.lessons.dialog import LessonDialog  # here: few ever need it

            self.dialog = LessonDialog(self._window)
            self.dialog.edited.connect(self._edit)
            self.dialog.finished.connect(lambda _result: self._session.store.set_teaching(False))
        elif self.dialog is not None:
            dialog, self.dialog = self.dialog, None
            dialog.close()
            dialog.deleteLater()
        self.apply()
        if self.dialog is not None:
            self.dialog.show()
        else:
            self._say()

    def _edit(self, lesson: Lesson, text: str, key: str) -> None:
        store = self._session.store
        store.edit(replace(store.project, lesson=lesson), text, key)

    def _say(self) -> None:
        lesson = self._session.store.project.lesson
        if lesson.rules or lesson.note:
            self._parts.status_line.say(mark("This is the project as a student finds it"))
