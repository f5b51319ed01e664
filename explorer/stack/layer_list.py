"""The list of cards as a place to drag from and to drop on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QCursor, QDrag, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QListView, QStyle, QStyleOptionViewItem, QWidget

from explorer.stack.card_list import CardList
from explorer.stack.drag_out import drag_out_of
from explorer.stack.layer_card import SPACING, card_height, small
from explorer.stack.mime import from_mime, to_mime
from explorer.theme import theme
from explorer.words.languages import tr

if TYPE_CHECKING:
    from PySide6.QtGui import (
        QDragEnterEvent,
        QDragLeaveEvent,
        QDragMoveEvent,
        QDropEvent,
        QPaintEvent,
    )


_CARET: Final = 3.0
_DRAG_OPACITY: Final = 0.85
_EDGE: Final = 32  # a drag this near to the top or bottom scrolls the list, in pixels
_SCROLL_MS: Final = 16
_FASTEST: Final = 14
_BADGE: Final = 20


class LayerList(CardList):
    """A stack that layers can be dropped on, and cards dragged about in and out of.

    Places are named by gaps: gap k lies before the k-th layer, counted from 0.
    """

    insert_requested = Signal(object, int)
    """Layers were dropped that are none of this stack: the layers, the gap."""
    move_requested = Signal(object, int)
    """Cards were dragged to another place: their ids, the gap."""
    removal_requested = Signal(object)
    """Cards were dragged out of the editor: their ids."""

    def __init__(self, editor: QWidget) -> None:
        super().__init__(editor)
        self._editor = editor
        self._gap: int | None = None
        self._drag_point = QPoint()
        self._scroll = QTimer(self, interval=_SCROLL_MS)
        self._scroll.timeout.connect(self._scroll_on)
        self.setDragEnabled(True)
        self.setAcceptDrops(True)
        self.setDragDropMode(QListView.DragDropMode.DragDrop)

    @property
    def gap(self) -> int | None:
        """The gap that shows the insertion caret; None while nothing is dragged over the list."""
        return self._gap

    # --- dragging a card away -------------------------------------------------------------------

    def startDrag(self, actions: Qt.DropAction) -> None:
        """Let the chosen cards be moved, copied with Ctrl, or thrown away outside the editor."""
        layers = self.chosen_layers()
        if not layers:
            return
        drag = QDrag(self)
        drag.setMimeData(to_mime(*layers))
        drag.setPixmap(self._picture(len(layers)))
        cursor = self.viewport().mapFromGlobal(QCursor.pos())
        drag.setHotSpot(cursor - self.visualRect(self.currentIndex()).topLeft())
        thrown_away = drag_out_of(self._editor, drag, actions)
        self._end_drag_over()
        if thrown_away:
            self.removal_requested.emit([layer.id for layer in layers])

    def _picture(self, count: int) -> QPixmap:
        """The card under the mouse without its form, and how many hang on the mouse."""
        row = self.visualRect(self.currentIndex())
        size = row.size()
        size.setHeight(card_height(self.fontMetrics()))
        pixmap = QPixmap(size * self.devicePixelRatioF())
        pixmap.setDevicePixelRatio(self.devicePixelRatioF())
        pixmap.fill(Qt.GlobalColor.transparent)
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        option.rect = QRect(0, 0, size.width(), size.height() + SPACING)
        option.state |= QStyle.StateFlag.State_Selected
        painter = QPainter(pixmap)
        painter.setOpacity(_DRAG_OPACITY)
        self.painter.paint(painter, option, self.currentIndex())
        if count > 1:
            _paint_count(painter, size.width(), count)
        painter.end()
        return pixmap

    # --- something is dragged over the list -----------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take layers, and nothing else."""
        self._drag_over(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Show the caret where the layers would come, and scroll at the edges."""
        self._drag_over(event)

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        """Take the caret away."""
        self._end_drag_over()

    def dropEvent(self, event: QDropEvent) -> None:
        """Ask for what was dropped: a card of this stack moves, anything else is inserted."""
        layers = from_mime(event.mimeData())
        gap = self.gap_at(event.position().toPoint())
        self._end_drag_over()
        if not layers:
            event.ignore()
            return
        action = self._action(event)
        event.setDropAction(action)
        event.accept()
        if action == Qt.DropAction.MoveAction:
            self.move_requested.emit([layer.id for layer in layers], gap)
        else:
            self.insert_requested.emit(layers, gap)

    def gap_at(self, point: QPoint) -> int:
        """The gap nearest to a point of the viewport."""
        half = card_height(self.fontMetrics()) // 2
        layers = range(1, self.cards.rowCount())
        below = (
            row for row in layers if point.y() < self.visualRect(self.cards.index(row)).top() + half
        )
        return next(below, self.cards.rowCount()) - 1

    def _drag_over(self, event: QDragMoveEvent) -> None:
        if not from_mime(event.mimeData()):
            event.ignore()
            return
        event.setDropAction(self._action(event))
        event.accept()
        self._drag_point = event.position().toPoint()
        self._show_caret(self.gap_at(self._drag_point))
        if self._pull() and not self._scroll.isActive():
            self._scroll.start()

    def _action(self, event: QDropEvent) -> Qt.DropAction:
        own = event.source() is self
        copies = event.proposedAction() == Qt.DropAction.CopyAction
        return Qt.DropAction.MoveAction if own and not copies else Qt.DropAction.CopyAction

    def _end_drag_over(self) -> None:
        self._scroll.stop()
        self._show_caret(None)

    def _show_caret(self, gap: int | None) -> None:
        if gap != self._gap:
            self._gap = gap
            self.viewport().update()

    def _pull(self) -> int:
        """How far to scroll now, in pixels; negative is up, 0 away from the edges."""
        y, height = self._drag_point.y(), self.viewport().height()
        if y < _EDGE:
            return -round(_FASTEST * min(1.0, (_EDGE - y) / _EDGE))
        if y > height - _EDGE:
            return round(_FASTEST * min(1.0, (y - height + _EDGE) / _EDGE))
        return 0

    def _scroll_on(self) -> None:
        bar = self.verticalScrollBar()
        before = bar.value()
        bar.setValue(before + self._pull())
        if bar.value() == before:
            self._scroll.stop()
        else:
            self._show_caret(self.gap_at(self._drag_point))

    # --- painting -------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the cards, over them the caret, and a hint where there are no layers."""
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.stack:
            self._paint_hint(painter)
        if self._gap is not None:
            self._paint_caret(painter, self._gap)
        painter.end()

    def _paint_caret(self, painter: QPainter, gap: int) -> None:
        before = self.visualRect(self.cards.index(gap))
        y = before.bottom() + 1 - SPACING / 2
        painter.setPen(QPen(theme.color("accent"), _CARET, c=Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(before.left() + 3, y), QPointF(before.right() - 3, y))

    def _paint_hint(self, painter: QPainter) -> None:
        base = self.visualRect(self.cards.index(0))
        box = QRectF(base.left(), base.bottom() + 1, base.width(), base.height() - SPACING)
        pen = QPen(theme.color("border"), 1.5, Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), 8, 8)
        painter.setPen(theme.color("text_muted"))
        painter.setFont(small(self.font()))
        words = tr("Drag a layer here, or press one of the + buttons")
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(box.adjusted(8, 2, -8, -2), flags, words)


def _paint_count(painter: QPainter, right: int, count: int) -> None:
    """How many cards are dragged, in the upper right corner of the one that is seen."""
    badge = QRectF(right - 1.5 * _BADGE - 2, 2, 1.5 * _BADGE, _BADGE)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("accent"))
    painter.drawRoundedRect(badge, _BADGE / 2, _BADGE / 2)
    painter.setPen(theme.color("accent_text"))
    painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, str(count))
