"""The grouped list of the palette: names, formulas, and a + at the end of every row."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from explorer.icons import icon
from explorer.stack.layer_card import small
from explorer.stack.palette_model import PaletteModel, PaletteRole
from explorer.theme import mix, theme
from explorer.words.languages import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QMouseEvent, QPaintEvent

    from flowengine.catalogue import LayerSpec

_PLUS: Final = 16
_INDENT: Final = 8
_RADIUS: Final = 5.0
_BETWEEN: Final = 12  # a name and its formula, at least
_LEAST_FORMULA: Final = 48  # a shorter piece of one says nothing
_SUBSCRIPT: Final = 0.8  # of the size of the formula
_LOWERED: Final = 2

Index = QModelIndex | QPersistentModelIndex


class PaletteList(QListView):
    """The kinds of layers that match; Enter, a double click or the + adds one, as does a drag."""

    chosen = Signal(object)
    """A new layer is wanted after the selected card."""
    left_upwards = Signal()
    """The up key was pressed on the first row: the search box should have the keyboard."""
    typed = Signal(str)
    """Something was typed that belongs into the search box; "\\b" takes a sign back."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kinds = PaletteModel()
        self._pressed_plus = QModelIndex()
        self.setModel(self.kinds)
        self.setItemDelegate(_RowPainter())
        self.setMouseTracking(True)
        self.setDragEnabled(True)
        self.setDragDropMode(QListView.DragDropMode.DragOnly)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.doubleClicked.connect(self._choose)
        self.kinds.modelReset.connect(self.updateGeometry)

    def choose_current(self) -> None:
        """Ask for the layer of the current row, or of the first where none is current."""
        current = self.currentIndex()
        self._choose(current if current.isValid() else self.kinds.first())

    def sizeHint(self) -> QSize:
        """High enough for all rows, as far as there is room, and for a sentence without any."""
        rows = self.kinds.rowCount()
        height = sum(self.sizeHintForRow(row) for row in range(rows))
        height = height or 2 * self.fontMetrics().height()
        return QSize(super().sizeHint().width(), height + 2)

    def minimumSizeHint(self) -> QSize:
        """A heading and a layer below it."""
        return QSize(120, min(self.sizeHint().height(), 2 * self.fontMetrics().height() * 2))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter adds the layer; up from the first row, or typing, leaves to the search box."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.choose_current()
        elif event.key() == Qt.Key.Key_Up and self.currentIndex() == self.kinds.first():
            self.left_upwards.emit()
        elif event.key() == Qt.Key.Key_Backspace:
            self.typed.emit("\b")
        elif event.text().isprintable() and event.text():
            self.typed.emit(event.text())
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Say so where nothing matches what was typed."""
        super().paintEvent(event)
        if self.kinds.rowCount() == 0:
            painter = QPainter(self.viewport())
            painter.setPen(theme.color("text_muted"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.viewport().rect(), flags, tr("No layer matches"))
            painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of a row or of its +."""
        self._pressed_plus = self._plus_at(event)
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click on the + adds the layer."""
        pressed, self._pressed_plus = self._pressed_plus, QModelIndex()
        super().mouseReleaseEvent(event)
        if pressed.isValid() and pressed == self._plus_at(event):
            self._choose(pressed)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A double click adds the layer; on the + it is two clicks, which add two."""
        if self._plus_at(event).isValid():
            self.mousePressEvent(event)
        else:
            super().mouseDoubleClickEvent(event)

    def plus_rect(self, index: Index) -> QRect:
        """Where the + of a row lies in the viewport; empty for a heading."""
        if self.kinds.spec_at(index) is None:
            return QRect()
        return _plus_rect(self.visualRect(index))

    def _plus_at(self, event: QMouseEvent) -> QModelIndex:
        point = event.position().toPoint()
        index = self.indexAt(point)
        hit = event.button() == Qt.MouseButton.LeftButton and self.plus_rect(index).contains(point)
        return index if hit else QModelIndex()

    def _choose(self, index: Index) -> None:
        layer = self.kinds.spec_at(index)
        if layer is not None:
            self.chosen.emit(layer)


class _RowPainter(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(100, option.fontMetrics.height() + 8)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        spec: type[LayerSpec] | None = index.data(PaletteRole.SPEC)
        if spec is None:
            _paint_heading(painter, option, index.data())
        else:
            _paint_kind(painter, option, index.data(), spec.formula)
        painter.restore()


def _paint_heading(painter: QPainter, option: QStyleOptionViewItem, title: str) -> None:
    font = small(option.font)
    font.setWeight(QFont.Weight.DemiBold)
    painter.setFont(font)
    painter.setPen(theme.color("text_muted"))
    painter.drawText(option.rect.adjusted(2, 4, 0, 0), Qt.AlignmentFlag.AlignVCenter, title)


def _paint_kind(painter: QPainter, option: QStyleOptionViewItem, title: str, formula: str) -> None:
    selected = bool(option.state & QStyle.StateFlag.State_Selected)
    hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
    if selected or hovered:
        raised = mix(theme.color("surface_raised"), theme.color("selection"), 0.7 * selected)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(raised)
        painter.drawRoundedRect(option.rect.adjusted(0, 1, -1, -1), _RADIUS, _RADIUS)
    plus = _plus_rect(option.rect)
    room = option.rect.adjusted(_INDENT, 0, plus.left() - option.rect.right() - 4, 0)
    title = painter.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, room.width())
    painter.setPen(theme.color("text"))
    painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, title)
    room.setLeft(room.left() + painter.fontMetrics().horizontalAdvance(title) + _BETWEEN)
    _paint_formula(painter, option, room, formula)
    icon("plus", "accent" if selected or hovered else "text_muted").paint(painter, plus)


def _paint_formula(
    painter: QPainter, option: QStyleOptionViewItem, room: QRect, formula: str
) -> None:
    painter.setFont(small(option.font))
    metrics = painter.fontMetrics()
    if room.width() < min(_LEAST_FORMULA, metrics.horizontalAdvance(formula)):
        return
    spared = formula.count("_") * metrics.horizontalAdvance("_")
    shown = metrics.elidedText(formula, Qt.TextElideMode.ElideRight, room.width() + spared)
    painter.setPen(theme.color("text_muted"))
    _draw_formula(painter, room, shown.replace("_…", "…"))


def _draw_formula(painter: QPainter, room: QRect, formula: str) -> None:
    """Draw it at the right end of a place, with the letter after each _ below the line."""
    fonts = painter.font(), QFont(painter.font())
    fonts[1].setPointSizeF(_SUBSCRIPT * fonts[0].pointSizeF())
    runs = [(text, fonts[n % 2]) for n, text in enumerate(re.split(r"_(\w)", formula))]
    widths = [QFontMetrics(font).horizontalAdvance(text) for text, font in runs]
    metrics = painter.fontMetrics()
    x = room.right() + 1 - sum(widths)
    base = room.top() + (room.height() + metrics.ascent() - metrics.descent()) // 2
    for (text, font), width in zip(runs, widths, strict=True):
        painter.setFont(font)
        painter.drawText(x, base + (_LOWERED if font is fonts[1] else 0), text)
        x += width


def _plus_rect(row: QRect) -> QRect:
    plus = QRect(0, 0, _PLUS, _PLUS)
    plus.moveCenter(QPoint(row.right() - _PLUS, row.center().y()))
    return plus
