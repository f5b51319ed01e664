"""Teacher mode: what a student reads over the panels, and which parts are locked or hidden."""

from __future__ import annotations

from typing import Final, cast, get_args

from msgspec.structs import replace
from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QFontMetricsF, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from explorer.lessons.parts import PART_TITLES
from explorer.widgets.keys import asked_key, keeps_for_itself
from explorer.words.languages import mark, tr, translator
from flowengine.lesson import LONGEST_NOTE, Lesson, LessonPart, LessonRule

_CHOICES: Final[dict[str, str]] = {
    "": mark("Open"),
    "locked": mark("Locked"),
    "hidden": mark("Hidden"),
}
_WIDTH: Final = 380
_NOTE_LINES: Final = 4  # at least
_SPARE: Final = 1.0  # lines, so that the next one does not move the text
_NOTE_SHARE: Final = 1 / 3  # of the window's height, at most


class LessonDialog(QDialog):
    """A form for a `Lesson`; as long as it is open, the lesson binds nobody."""

    edited = Signal(object, str, str)
    """The new `Lesson`, what the edit is called, and the key by which edits are one."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._window = parent
        self._lesson = Lesson()
        self._intro = QLabel()
        self._intro.setWordWrap(True)
        self._intro.setProperty("role", "muted")
        self._note_title = QLabel()
        self._note = QPlainTextEdit()
        self._note.setTabChangesFocus(True)
        self._note_title.setBuddy(self._note)
        self._note.textChanged.connect(self._edit_note)
        self._note.document().documentLayout().documentSizeChanged.connect(self._fit_note)
        self._titles = {part: QLabel() for part in get_args(LessonPart)}
        self._choices = {part: self._choice(part) for part in self._titles}
        self._try = QPushButton()
        self._try.setProperty("role", "do")
        self._try.setAutoDefault(False)
        self._try.clicked.connect(self.close)
        self._form = layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 16)
        layout.setSpacing(10)
        for widget in (self._intro, self._note_title, self._note):
            layout.addWidget(widget)
        rows = QFormLayout()
        rows.setVerticalSpacing(6)
        for part, title in self._titles.items():
            title.setBuddy(self._choices[part])
            rows.addRow(title, self._choices[part])
        layout.addLayout(rows)
        layout.addWidget(self._try)
        self.setFixedWidth(_WIDTH)
        translator.changed.connect(self.retranslate)
        self.retranslate()

    def set_lesson(self, lesson: Lesson) -> None:
        """Show a document's lesson; sends nothing."""
        self._lesson = lesson
        if self._note.toPlainText() != lesson.note:
            self._note.blockSignals(True)
            self._note.setPlainText(lesson.note)
            self._note.blockSignals(False)
        for part, box in self._choices.items():
            box.setCurrentIndex(list(_CHOICES).index(lesson.rules.get(part, "")))

    def showEvent(self, event: QShowEvent) -> None:
        """Size the note once its frame is known."""
        super().showEvent(event)
        self._fit_note()

    def event(self, event: QEvent) -> bool:
        """Leave a control its own keys, which the window's actions would take."""
        key = asked_key(event)
        if key is not None and keeps_for_itself(key):
            event.accept()
            return True
        return super().event(event)

    def retranslate(self) -> None:
        """Say everything again."""
        self.setWindowTitle(tr("Teacher mode"))
        self._intro.setText(
            tr(
                "What a student finds in this project. Everything is open while this window is; "
                "the lesson is saved with the project."
            )
        )
        self._note_title.setText(tr("Note over the panels"))
        self._note.setAccessibleName(tr("Note over the panels"))
        self._note.setPlaceholderText(tr("What to try, and what to watch"))
        self._try.setText(tr("See it as a student"))
        for part, box in self._choices.items():
            title = tr(PART_TITLES[part])
            self._titles[part].setText(title)
            box.setAccessibleName(title)
            for index, text in enumerate(_CHOICES.values()):
                box.setItemText(index, tr(text))

    def _choice(self, part: LessonPart) -> QComboBox:
        box = QComboBox()
        box.addItems(list(_CHOICES.values()))
        box.activated.connect(lambda _index: self._edit_rule(part))
        return box

    def _edit_rule(self, part: LessonPart) -> None:
        chosen = list(_CHOICES)[self._choices[part].currentIndex()]
        rules = {name: rule for name, rule in self._lesson.rules.items() if name != part}
        if chosen:
            rules[part] = cast("LessonRule", chosen)
        self._tell(replace(self._lesson, rules=rules), "")

    def _edit_note(self) -> None:
        text = self._note.toPlainText()
        if len(text) <= LONGEST_NOTE:
            self._tell(replace(self._lesson, note=text), "lesson.note")
            return
        kept = max(0, self._note.textCursor().position() - (len(text) - LONGEST_NOTE))
        self._note.blockSignals(True)
        self._note.setPlainText(self._lesson.note)
        self._note.blockSignals(False)
        cursor = self._note.textCursor()
        cursor.setPosition(min(kept, len(self._lesson.note)))
        self._note.setTextCursor(cursor)

    def _fit_note(self) -> None:
        """Give the note as many lines as it has, and the dialog the height for them."""
        line = QFontMetricsF(self._note.font()).lineSpacing()
        document = self._note.document()
        lines = document.size().height()  # that of a plain text is a number of lines
        frame = self._note.height() - self._note.viewport().height() + 2 * document.documentMargin()
        most = _NOTE_SHARE * self._window.height()
        height = min((max(_NOTE_LINES, lines) + _SPARE) * line + frame, most)
        self._note.setFixedHeight(round(max(_NOTE_LINES * line, height)))
        self._form.activate()
        self.resize(self.width(), self.sizeHint().height())

    def _tell(self, lesson: Lesson, key: str) -> None:
        self._lesson = lesson
        self.edited.emit(lesson, tr("Change the lesson"), key)
