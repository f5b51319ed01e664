"""Play, step, speed, direction and the line to drag: everything that drives the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QHBoxLayout,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer.icons import icon
from explorer.panels.clock import SPEEDS, FrameClock
from explorer.panels.scrub_bar import ScrubBar
from explorer.theme import theme
from explorer.widgets.named_box import NamedBox
from explorer.words.languages import tr, translator

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QResizeEvent

    from flowengine.protocol import Direction

_SAME: Final = 1e-6
_SLACK: Final = 4  # pixels that a layout may lose by rounding
_SHORT: Final[dict[Direction, str]] = {"generate": "z → x", "normalize": "x → z"}
_DIRECTIONS: Final = tuple(_SHORT)


class Transport(QWidget):
    """Drives the clock; it holds no data of its own."""

    def __init__(self, clock: FrameClock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._first = _button(self.to_base)
        self._back = _button(self.step_back)
        self._play = _button(clock.toggle)
        self._forward = _button(self.step_forward)
        self._last = _button(self.to_target)
        self._play.setProperty("role", "do")
        self._speed = NamedBox()
        self._speed.addItems([f"{speed:g}×" for speed in SPEEDS])
        self._speed.setCurrentIndex(SPEEDS.index(1.0))
        self._directions = {name: QPushButton() for name in _DIRECTIONS}
        self._bar = ScrubBar()
        self._lay_out()
        self._connect()
        self.retranslate()
        self._dress()
        self._bar.set_tau(clock.tau)

    # --- what it does ---------------------------------------------------------------------------

    def set_layers(self, count: int) -> None:
        """Mark the ends of so many layers; steps go from mark to mark."""
        self._bar.set_layers(count)

    def to_base(self) -> None:
        """Stop at the base."""
        self._go(0.0)

    def to_target(self) -> None:
        """Stop at the target."""
        self._go(1.0)

    def step_back(self) -> None:
        """Stop at the mark before this moment."""
        tau = self._clock.tau
        self._go(max((m for m in self._bar.marks if m < tau - _SAME), default=0.0))

    def step_forward(self) -> None:
        """Stop at the mark after this moment."""
        tau = self._clock.tau
        self._go(min((m for m in self._bar.marks if m > tau + _SAME), default=1.0))

    def listen_to(self, widget: QWidget) -> None:
        """Take the transport's keys from another widget as well, where that has no use for them."""
        widget.installEventFilter(self)

    def add_control(self, control: QWidget) -> None:
        """Make room for another control beside the direction."""
        self._row.insertWidget(self._row.count() - len(self._directions), control)
        QWidget.setTabOrder(self._speed, control)
        self._word_directions()

    def retranslate(self) -> None:
        """Say everything in the language of the window."""
        words = {
            self._first: tr("To the base (Home)"),
            self._back: tr("Back to the layer before (←)"),
            self._forward: tr("On to the next layer (→)"),
            self._last: tr("To the target (End)"),
            self._speed: tr("Speed"),
            self._directions["generate"]: tr("Draw from the base and watch samples appear"),
            self._directions["normalize"]: tr("Start from the target and watch it become the base"),
        }
        for control, text in words.items():
            control.setToolTip(text)
            control.setAccessibleName(text)
        self._word_directions()
        self._tell_playing()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Say the directions in as many words as there is room for."""
        super().resizeEvent(event)
        self._word_directions()

    # --- how ------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._row = row = QHBoxLayout()
        row.setSpacing(6)
        for button in (self._first, self._back, self._play, self._forward, self._last):
            row.addWidget(button)
        row.addSpacing(6)
        row.addWidget(self._speed)
        row.addStretch(1)
        group = QButtonGroup(self)
        for name, button in self._directions.items():
            button.setCheckable(True)
            button.setChecked(name == self._clock.direction)
            button.setProperty("role", "chip")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            group.addButton(button)
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(row)
        layout.addWidget(self._bar)

    def _word_directions(self) -> None:
        texts = {"generate": tr("generate z → x"), "normalize": tr("normalize x → z")}
        for name, button in self._directions.items():
            button.setText(texts[name])
            button.setAccessibleName(texts[name])
        self._row.invalidate()
        if self._row.sizeHint().width() > self.width() - _SLACK:
            for name, button in self._directions.items():
                button.setText(_SHORT[name])

    def _connect(self) -> None:
        clock = self._clock
        clock.tau_changed.connect(self._bar.set_tau)
        clock.playing_changed.connect(self._tell_playing)
        clock.direction_changed.connect(self._tell_direction)
        clock.speed_changed.connect(self._tell_speed)
        self._bar.scrubbed.connect(clock.seek)
        self._speed.activated.connect(lambda index: clock.set_speed(SPEEDS[index]))
        for name, button in self._directions.items():
            button.clicked.connect(lambda _=False, name=name: clock.set_direction(name))
        theme.changed.connect(self._dress)
        translator.changed.connect(self.retranslate)

    def _go(self, tau: float) -> None:
        self._clock.pause()
        self._clock.seek(tau)

    def _dress(self) -> None:
        icons = {
            self._first: "skip-back",
            self._back: "step-back",
            self._forward: "step-forward",
            self._last: "skip-forward",
        }
        for button, name in icons.items():
            button.setIcon(icon(name))
        self._tell_playing()

    def _tell_playing(self) -> None:
        playing = self._clock.playing
        self._play.setIcon(icon("pause" if playing else "play", "accent_text"))
        text = tr("Pause (Space)") if playing else tr("Play (Space)")
        self._play.setToolTip(text)
        self._play.setAccessibleName(text)

    def _tell_direction(self, direction: Direction) -> None:
        self._directions[direction].setChecked(True)

    def _tell_speed(self, speed: float) -> None:
        if speed in SPEEDS:
            self._speed.setCurrentIndex(SPEEDS.index(speed))

    # --- keys -----------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space plays, arrows and a presenter's pages step, Home and End go to the ends."""
        if not self._press(event):
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the keys of widgets that `listen_to` was called for."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._press(event)
        return super().eventFilter(watched, event)

    def _press(self, event: QKeyEvent) -> bool:
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return False
        act = {
            Qt.Key.Key_Space: self._clock.toggle,
            Qt.Key.Key_Left: self.step_back,
            Qt.Key.Key_Right: self.step_forward,
            Qt.Key.Key_PageUp: self.step_back,
            Qt.Key.Key_PageDown: self.step_forward,
            Qt.Key.Key_Home: self.to_base,
            Qt.Key.Key_End: self.to_target,
        }.get(Qt.Key(event.key()))
        if act is None:
            return False
        if not (event.isAutoRepeat() and event.key() == Qt.Key.Key_Space):  # held, it would flicker
            act()
        return True


def _button(slot: Callable[[], None]) -> QAbstractButton:
    button = QToolButton()
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.clicked.connect(lambda: slot())
    return button
