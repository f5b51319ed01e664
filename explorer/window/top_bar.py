"""The bar at the top: the project, training, and what leaves the program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolBar,
    QToolButton,
    QWidget,
)

from explorer.icons import icon
from explorer.theme import theme
from explorer.window.device_box import DeviceBox
from explorer.words.languages import tr, translator

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from explorer.window.actions import Actions

_NAME_LETTERS: Final = 20
_ICON: Final = Qt.ToolButtonStyle.ToolButtonIconOnly
_ICON_AND_WORD: Final = Qt.ToolButtonStyle.ToolButtonTextBesideIcon
_WORDLESS: Final = ((), ("open", "save"), ("open", "save", "step", "reset", "export"))


class TopBar(QToolBar):
    """File on the left, training in the middle, export, language and theme on the right."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("top_bar")
        self.setMovable(False)
        self.setIconSize(QSize(16, 16))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._actions = actions
        self._training = False
        self._name = QLabel()
        self._name.setProperty("role", "title")
        self._train = QPushButton()
        self._train.setProperty("role", "do")
        self._train.clicked.connect(actions["train"].trigger)
        self.devices = DeviceBox()
        self._worded: dict[str, QToolButton] = {}
        self._language = QToolButton()
        self._language.clicked.connect(self._next_language)
        self._lay_out()
        theme.changed.connect(self._show_training)
        translator.changed.connect(self.retranslate)
        self.retranslate()

    def set_project(self, name: str, unsaved: bool) -> None:
        """Show the project's name, with a dot while there is work that no file holds."""
        shown = f"{name} •" if unsaved else name
        self._name.ensurePolished()
        metrics = self._name.fontMetrics()
        most = _NAME_LETTERS * metrics.averageCharWidth()
        self._name.setText(metrics.elidedText(shown, Qt.TextElideMode.ElideMiddle, most))
        # Train stays where it is when the first stroke changes the name and itself
        self._name.setMinimumWidth(min(metrics.horizontalAdvance(f"{name} •"), most))
        self._name.setToolTip(name)

    def set_training(self, training: bool) -> None:
        """Show whether the lanes are being trained."""
        self._training = training
        self._show_training()

    def retranslate(self) -> None:
        """Say every word again."""
        self.setWindowTitle(tr("Tools"))
        self._language.setText(translator.language.upper())
        self._language.setToolTip(tr("Switch between English and Vietnamese"))
        self._language.setAccessibleName(tr("Language"))
        self._show_training()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Do without some words where there is little room."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Show as many words as there is room for; the icons, with their tips, say the rest."""
        for wordless in _WORDLESS:
            for name, button in self._worded.items():
                button.setToolButtonStyle(_ICON if name in wordless else _ICON_AND_WORD)
            if self.sizeHint().width() <= self.width():
                break

    def _lay_out(self) -> None:
        self.addWidget(self._name)
        for name in ("open", "save", "undo", "redo"):
            self._add(name, words=name in ("open", "save"))
        self.addWidget(_stretch())
        place = self.addWidget(self._train)
        train = self._actions["train"]
        train.enabledChanged.connect(self._train.setEnabled)
        train.visibleChanged.connect(lambda: place.setVisible(train.isVisible()))
        for name in ("step", "reset"):
            self._add(name, words=True)
        self.addWidget(self.devices)
        self.addWidget(_stretch())
        self._add("export", words=True)
        self.addWidget(self._language)
        self._add("switch_theme", words=False)

    def _add(self, name: str, *, words: bool) -> None:
        action = self._actions[name]
        button = QToolButton()
        button.setDefaultAction(action)
        button.setToolButtonStyle(_ICON_AND_WORD if words else _ICON)
        if words:
            self._worded[name] = button
        button.setObjectName(f"{name}_button")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        place = self.addWidget(button)
        action.visibleChanged.connect(lambda: place.setVisible(action.isVisible()))

    def _show_training(self) -> None:
        name, text = ("pause", tr("Pause")) if self._training else ("play", tr("Train"))
        self._train.setIcon(icon(name, "accent_text"))
        self._train.setText(text)
        self._hold_width()
        self._train.setToolTip(self._actions["train"].toolTip())
        action = self._actions["train"]
        action.setText(text)
        action.setIcon(icon(name))
        self._fit()

    def _hold_width(self) -> None:
        """Keep the button as wide as the longer of its words asks for."""
        shown, widths = self._train.text(), []
        for word in (tr("Pause"), tr("Train")):
            self._train.setText(word)
            widths.append(self._train.sizeHint().width())
        self._train.setText(shown)
        self._train.setMinimumWidth(max(widths))

    def _next_language(self) -> None:
        other = "language_vi" if translator.language == "en" else "language_en"
        self._actions[other].trigger()


def _stretch() -> QWidget:
    spacer = QWidget()
    spacer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    return spacer
