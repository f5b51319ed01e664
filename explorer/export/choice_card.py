"""One way of taking something away, to be chosen: its picture, its title and a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPainterPath, QPen, QPixmap
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

from explorer.theme import mix, theme
from explorer.words.languages import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from explorer.export.format import Format
    from explorer.export.scene import Scene

_WIDTH: Final = 330
_PICTURE: Final = QSize(104, 60)
_PAD: Final = 8
_GAP: Final = 12
_RADIUS: Final = 8
_SMALL: Final = 0.88  # of the window's letters
_WORDS: Final = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop


class ChoiceCard(QAbstractButton):
    """A radio button that shows what it stands for.

    Args:
        choice: What it stands for.
        scene: What its picture is drawn from.
    """

    def __init__(self, choice: Format, scene: Scene) -> None:
        super().__init__()
        self._choice = choice
        self._scene = scene
        self._picture: QPixmap | None = None
        self.setCheckable(True)
        self.setText(tr(choice.title))
        self.setAccessibleName(tr(choice.title))
        self.setAccessibleDescription(tr(choice.sentence))
        self.setToolTip(tr(choice.sentence))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self._forget_picture)

    def sizeHint(self) -> QSize:
        """As high as the picture, or as its words where it is no wider."""
        words = _PAD + self._title_height(_WIDTH) + 2 + self._sentence_height(_WIDTH) + _PAD
        return QSize(_WIDTH, max(_PICTURE.height() + 2 * _PAD, words))

    def minimumSizeHint(self) -> QSize:
        """No narrower: its words would not all be seen."""
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the card."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_ground(painter)
        top = (self.height() - _PICTURE.height()) / 2
        painter.setOpacity(1.0 if self.isEnabled() else 0.5)
        painter.drawPixmap(
            QRectF(_PAD, top, _PICTURE.width(), _PICTURE.height()).topLeft(), self._drawn()
        )
        self._draw_words(painter)
        painter.end()

    def _draw_ground(self, painter: QPainter) -> None:
        chosen, focused = self.isChecked(), self.hasFocus()
        ground = theme.color("surface")
        if chosen:
            ground = mix(ground, theme.color("accent"), 0.14)
        elif self.underMouse() and self.isEnabled():
            ground = mix(ground, theme.color("text"), 0.06)
        edge = "text" if focused else "accent" if chosen else "control"
        width = 2 if chosen or focused else 1
        painter.setBrush(ground)
        painter.setPen(QPen(theme.color(edge), width))
        inset = width / 2
        painter.drawRoundedRect(
            QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), _RADIUS, _RADIUS
        )

    def _draw_words(self, painter: QPainter) -> None:
        left = _PAD + _PICTURE.width() + _GAP
        width = self.width() - left - _PAD
        title = self._title_height(self.width())
        sentence = self._sentence_height(self.width())
        used = title + 2 + sentence
        top = (self.height() - used) / 2
        painter.setFont(self._title_font())
        painter.setPen(theme.color("text"))
        painter.drawText(QRectF(left, top, width, title), _WORDS, self.text())
        painter.setFont(self._sentence_font())
        painter.setPen(theme.color("text_muted"))
        below = QRectF(left, top + title + 2, width, sentence)
        painter.drawText(below, _WORDS, tr(self._choice.sentence))

    def _drawn(self) -> QPixmap:
        if self._picture is None:
            ratio = self.devicePixelRatioF()
            self._picture = QPixmap(_PICTURE * ratio)
            self._picture.setDevicePixelRatio(ratio)
            self._picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(self._picture)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            area = QRectF(0, 0, _PICTURE.width(), _PICTURE.height())
            round_corners = QPainterPath()
            round_corners.addRoundedRect(area, 5, 5)
            painter.setClipPath(round_corners)
            self._choice.picture(painter, area, self._scene)
            painter.end()
        return self._picture

    def _forget_picture(self) -> None:
        self._picture = None
        self.update()

    def _title_font(self) -> QFont:
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold)
        return font

    def _sentence_font(self) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * _SMALL)
        return font

    def _title_height(self, card: int) -> int:
        return _height(self.text(), self._title_font(), card)

    def _sentence_height(self, card: int) -> int:
        return _height(tr(self._choice.sentence), self._sentence_font(), card)


def _height(text: str, font: QFont, card: int) -> int:
    """How high words are beside the picture of a card of some width."""
    width = card - 2 * _PAD - _GAP - _PICTURE.width()
    return QFontMetrics(font).boundingRect(0, 0, width, 1000, _WORDS, text).height()
