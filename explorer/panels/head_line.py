"""The line over a panel's picture: the lane's colour, its title, and where the clock is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from explorer.icons import icon
from explorer.theme import theme
from explorer.words.languages import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QMouseEvent, QPaintEvent, QResizeEvent

_SQUARE: Final = 10
_LINE: Final = Qt.TextFlag.TextSingleLine | Qt.AlignmentFlag.AlignVCenter
_LONG_NAME: Final = "Continuous flow"
_TYPE_SIZE: Final = 0.88  # of the window's type, as the style sheet's small type


class HeadLine(QWidget):
    """A square in a role's colour, a title on the left and a place on the right.

    Signals:
        enlarged: Whether the panel should have all the room; on a double-click or by its button.

    Args:
        role: The theme's role for the square.
        usual_place: A place of usual length, for which there is room where the title leaves any.
    """

    enlarged = Signal(bool)

    def __init__(self, role: str, usual_place: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._large = False
        self._title = _Title()
        self._place = _Place(usual_place)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(_Square(role))
        layout.addWidget(self._title)
        layout.addWidget(self._place, 1)
        self._enlarge = QToolButton()
        self._enlarge.setProperty("role", "tiny")
        self._enlarge.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._enlarge.clicked.connect(lambda: self.enlarged.emit(not self._large))
        layout.addWidget(self._enlarge)
        theme.changed.connect(self.retranslate)
        self.retranslate()

    @property
    def title(self) -> str:
        """The title, whole."""
        return self._title.text()

    @property
    def place(self) -> str:
        """The place in its longest form."""
        return self._place.forms[0]

    def set_title(self, title: str) -> None:
        """Show another title; without room, only what stands before its "·", and then less."""
        self._title.setText(title)
        self._title.setToolTip(title)
        self.retranslate()
        self._share_out()

    def set_large(self, large: bool) -> None:
        """Say whether the panel has all the room."""
        self._large = large
        self.retranslate()

    def retranslate(self) -> None:
        """Say and draw again what the button does."""
        text = tr("Show all panels (Esc)") if self._large else tr("Enlarge this panel (M)")
        self._enlarge.setToolTip(text)
        self._enlarge.setAccessibleName(f"{text}: {self.title}" if self.title else text)
        self._enlarge.setIcon(icon("minimize-2" if self._large else "maximize-2", "text_muted"))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the place its room."""
        super().resizeEvent(event)
        self._share_out()

    def _share_out(self) -> None:
        """Let the title take what the usual place leaves, but always room for its first words."""
        least = self._title.minimumSizeHint().width()
        spare = self.width() - self.minimumSizeHint().width() - self._place.sizeHint().width()
        self._title.setMaximumWidth(least + max(0, spare))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Give the panel all the room, or take it back."""
        if event.button() is Qt.MouseButton.LeftButton:
            self.enlarged.emit(not self._large)

    def set_place(self, *forms: str) -> None:
        """Show where the clock is, in the longest of these forms that there is room for."""
        self._place.set_forms(forms)


class _Square(QWidget):
    def __init__(self, role: str) -> None:
        super().__init__()
        self._role = role
        self.setFixedSize(_SQUARE, _SQUARE)
        theme.changed.connect(self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color(self._role))
        painter.end()


class _Title(QLabel):
    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "title")

    def minimumSizeHint(self) -> QSize:
        """Room for what stands before the "·", if that is no longer than a lane's name."""
        wide = self.fontMetrics().horizontalAdvance
        first = wide(self.text().split(" · ")[0]) + 1
        return QSize(min(first, wide(_LONG_NAME)), super().sizeHint().height())

    @property
    def shown(self) -> str:
        metrics, whole = self.fontMetrics(), self.text()
        if metrics.horizontalAdvance(whole) <= self.width():
            return whole
        first = whole.split(" · ")[0]
        return metrics.elidedText(first, Qt.TextElideMode.ElideRight, self.width())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(theme.color("text"))
        painter.drawText(self.rect(), _LINE | Qt.AlignmentFlag.AlignLeft, self.shown)
        painter.end()


class _Place(QWidget):
    """Words that change with every frame: unlike a label's, they never lay the window out anew."""

    def __init__(self, usual: str) -> None:
        super().__init__()
        self.forms: tuple[str, ...] = ("",)
        self._usual = usual
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        theme.changed.connect(self.update)

    def set_forms(self, forms: Sequence[str]) -> None:
        if tuple(forms) != self.forms:
            self.forms = tuple(forms)
            self.setAccessibleName(self.forms[0])
            self.update()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._usual), metrics.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        font = self.font()
        font.setPixelSize(max(round(_TYPE_SIZE * self.fontInfo().pixelSize()), 1))
        painter.setFont(font)
        painter.setPen(theme.color("text_muted"))
        metrics = painter.fontMetrics()
        wide, last = metrics.horizontalAdvance, self.forms[-1]
        cut = metrics.elidedText(last, Qt.TextElideMode.ElideRight, self.width())
        shown = next((form for form in self.forms if wide(form) <= self.width()), cut)
        painter.drawText(self.rect(), _LINE | Qt.AlignmentFlag.AlignRight, shown)
        painter.end()
