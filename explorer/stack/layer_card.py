"""How a layer's card looks, and which of its parts lies under a point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np
from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from explorer.base_density import base_density
from explorer.icons import icon
from explorer.stack.names import base_line, weights_text
from explorer.stack.stack_model import CardRole
from explorer.stack.thumbnail import REACH, density_pixmap, grid_pixmap, looks_like, plain_grid
from explorer.theme import mix, theme
from explorer.words.languages import signed, tr
from flowengine.project import MAX_LAYERS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from flowengine.catalogue import BaseSpec, LayerSpec
    from flowengine.protocol import LayerFact

Part = Literal["eye", "lock", "settings"]
PARTS: Final[tuple[Part, ...]] = ("settings", "lock", "eye")  # from right to left

SPACING: Final = 6
THUMBNAIL: Final = 44
_PADDING: Final = 6
_GAP: Final = 10
_ICON: Final = 14
_ICON_PITCH: Final = 22
_RADIUS: Final = 8.0
_SMALL: Final = 0.88
_BYPASSED_OPACITY: Final = 0.45
_PROGRESS: Final = 2.0
_LONGEST_COORDINATE: Final = len("x → y")
_PLAIN: Final = plain_grid()
_BASE_CELLS: Final = 88
_PICTURES_KEPT: Final = 4 * MAX_LAYERS

Index = QModelIndex | QPersistentModelIndex


class CardLayout(NamedTuple):
    """Where the parts of a card lie, in the coordinates of the list's viewport."""

    card: QRect
    thumbnail: QRect
    name: QRect
    weights: QRect
    log_det: QRect

    @classmethod
    def of(cls, row: QRect, metrics: QFontMetrics) -> CardLayout:
        """Lay out a card at the top of its row; an open form has the rest of the row."""
        head = QRect(row.topLeft(), QSize(row.width(), card_height(metrics)))
        thumbnail = QRect(0, 0, THUMBNAIL, THUMBNAIL)
        thumbnail.moveCenter(QPoint(0, head.center().y() + 1))
        thumbnail.moveLeft(head.left() + _PADDING)
        left, right = thumbnail.right() + _GAP, head.right() - _GAP + 2
        line = metrics.height()
        top = head.center().y() - line + 1
        value = QRect(0, top, metrics.horizontalAdvance("+00.00"), line)
        value.moveRight(right)
        name = QRect(QPoint(left, top), QPoint(value.left() - 4, top + line - 1))
        below = QRect(QPoint(left, top + line + 1), QPoint(right, top + 2 * line))
        card = QRect(row.topLeft(), QSize(row.width(), row.height() - SPACING))
        return cls(card, thumbnail, name, below, value)

    def part(self, part: Part) -> QRect:
        """Where the eye, the lock or the settings can be clicked: larger than the icon itself."""
        place = PARTS.index(part)
        centre_x = self.weights.right() - _ICON // 2 - place * _ICON_PITCH
        rect = QRect(0, 0, _ICON_PITCH, _ICON_PITCH)
        rect.moveCenter(QPoint(centre_x, self.weights.center().y()))
        return rect

    def part_at(self, point: QPoint) -> Part | None:
        """The part under a point, if any is."""
        return next((part for part in PARTS if self.part(part).contains(point)), None)


def card_height(metrics: QFontMetrics) -> int:
    """The height of a card without a form, in logical pixels."""
    return max(THUMBNAIL, 2 * metrics.height() + 2) + 2 * _PADDING - 2


class _Picture(NamedTuple):
    grid: NDArray[Any]
    look: tuple[str, float]
    pixmap: QPixmap


class CardPainter(QStyledItemDelegate):
    """Paints the cards of a stack.

    Attributes:
        open_id: The layer whose form is open, or "".
        form_height: The room that the form needs under its card.
        active_id: The layer that acts now, or "".
        fraction: How far it is, from 0 to 1.
    """

    def __init__(self) -> None:
        super().__init__()
        self.open_id = ""
        self.form_height = 0
        self.active_id = ""
        self.fraction = 0.0
        self._pictures: dict[str, _Picture] = {}
        self._base_drawn: tuple[tuple[BaseSpec, str, float], QPixmap] | None = None

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """A card, the form under it if it is open, and the space to the next card."""
        opened = index.data(CardRole.ID) == self.open_id
        height = card_height(option.fontMetrics) + self.form_height * opened + SPACING
        return QSize(10 * THUMBNAIL // 2, height)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint one card."""
        layer: LayerSpec | None = index.data(CardRole.LAYER)
        fact: LayerFact | None = index.data(CardRole.FACT)
        layout = CardLayout.of(option.rect, option.fontMetrics)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_frame(painter, layout, option, layer)
        painter.setOpacity(1.0 if layer is None or layer.enabled else _BYPASSED_OPACITY)
        ratio = painter.device().devicePixelRatioF()
        base = index.data(CardRole.BASE)
        picture = self._base_picture(base, ratio) if base else self._picture(layer, fact, ratio)
        painter.drawPixmap(layout.thumbnail.topLeft(), picture)
        _paint_words(painter, layout, option, index, layer, fact)
        painter.setOpacity(1.0)
        opened = index.data(CardRole.ID) == self.open_id
        _paint_parts(painter, layout, option, layer, opened=opened)
        painter.restore()

    def _paint_frame(
        self,
        painter: QPainter,
        layout: CardLayout,
        option: QStyleOptionViewItem,
        layer: LayerSpec | None,
    ) -> None:
        active = layer is not None and layer.id == self.active_id
        box = QRectF(layout.card).adjusted(0.5, 0.5, -0.5, -0.5)
        colour, width = _outline(option, active=active)
        painter.setPen(QPen(colour, width))
        painter.setBrush(_ground(option))
        inset = (width - 1) / 2
        painter.drawRoundedRect(box.adjusted(inset, inset, -inset, -inset), _RADIUS, _RADIUS)
        if active:
            start = QPointF(box.left() + _RADIUS, layout.thumbnail.bottom() + _PADDING - 3)
            reach = (box.width() - 2 * _RADIUS) * self.fraction
            painter.setPen(QPen(theme.color("discrete"), _PROGRESS, c=Qt.PenCapStyle.RoundCap))
            painter.drawLine(start, start + QPointF(reach, 0))

    def _base_picture(self, base: BaseSpec, ratio: float) -> QPixmap:
        """The density of the base, drawn anew only where it is another."""
        look = (base, theme.name, ratio)
        if self._base_drawn is None or self._base_drawn[0] != look:
            density = base_density(base, _BASE_CELLS, (-REACH, REACH, -REACH, REACH))
            shown = np.zeros((1, 1)) if density is None else density
            self._base_drawn = (look, density_pixmap(shown, THUMBNAIL, ratio))
        return self._base_drawn[1]

    def _picture(self, layer: LayerSpec | None, fact: LayerFact | None, ratio: float) -> QPixmap:
        """The thumbnail of a layer, drawn anew only where another one would look different."""
        name = layer.id if layer else ""
        grid = _PLAIN if fact is None else fact.grid
        look = (theme.name, ratio)
        known = self._pictures.get(name)
        if known is None or known.look != look or not looks_like(known.grid, grid):
            if len(self._pictures) > _PICTURES_KEPT:  # of layers that have long been removed
                self._pictures.clear()
            known = _Picture(grid, look, grid_pixmap(grid, THUMBNAIL, ratio))
            self._pictures[name] = known
        return known.pixmap


def _outline(option: QStyleOptionViewItem, *, active: bool) -> tuple[QColor, float]:
    selected = bool(option.state & QStyle.StateFlag.State_Selected)
    focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
    if active:
        return theme.color("discrete"), 1.5
    if selected and focused:
        return theme.color("accent"), 1.0
    if selected or option.state & QStyle.StateFlag.State_MouseOver:
        return mix(theme.color("border"), theme.color("text_muted"), 0.6), 1.0
    return theme.color("border"), 1.0


def _ground(option: QStyleOptionViewItem) -> QColor:
    if option.state & QStyle.StateFlag.State_Selected:
        return mix(theme.color("surface_raised"), theme.color("selection"), 0.6)
    return mix(theme.color("surface"), theme.color("surface_raised"), 0.6)


def _paint_words(
    painter: QPainter,
    layout: CardLayout,
    option: QStyleOptionViewItem,
    index: Index,
    layer: LayerSpec | None,
    fact: LayerFact | None,
) -> None:
    name_font = QFont(option.font)
    name_font.setStrikeOut(layer is not None and not layer.enabled)
    painter.setFont(name_font)
    painter.setPen(theme.color("text"))
    room = _room_for_name(layout, layer, fact)
    shown = shortened(index.data(), painter.fontMetrics(), room.width())
    _write(painter, room, shown)
    painter.setFont(small(option.font))
    painter.setPen(theme.color("text_muted"))
    if layer is None:
        room = layout.weights.adjusted(0, 0, -_ICON_PITCH, 0)
        _write(painter, room, base_line(index.data(CardRole.BASE)))
    elif fact is not None:
        _write(painter, layout.weights, weights_text(fact.weights))
        _write(painter, layout.log_det, signed(fact.mean_log_det), Qt.AlignmentFlag.AlignRight)


def _room_for_name(layout: CardLayout, layer: LayerSpec | None, fact: LayerFact | None) -> QRect:
    if layer is None:
        return layout.name.united(layout.log_det)
    if fact is None:  # nothing stands below yet
        return QRect(layout.name.topLeft(), QPoint(layout.log_det.right(), layout.weights.bottom()))
    return layout.name


def shortened(name: str, metrics: QFontMetrics, width: int) -> str:
    """A card's name for some width, in pixels; what it says of coordinates is never cut."""
    kind, dot, coordinate = name.rpartition(" · ")
    end = f"{dot}{coordinate}" if len(coordinate) <= _LONGEST_COORDINATE else ""
    kind = kind if end else name
    room = max(0, width - metrics.horizontalAdvance(end))
    return metrics.elidedText(kind, Qt.TextElideMode.ElideRight, room) + end


def _write(
    painter: QPainter,
    rect: QRect,
    text: str,
    side: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
) -> None:
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
    painter.drawText(rect, side | Qt.AlignmentFlag.AlignVCenter, shown)


def _paint_parts(
    painter: QPainter,
    layout: CardLayout,
    option: QStyleOptionViewItem,
    layer: LayerSpec | None,
    *,
    opened: bool,
) -> None:
    reached = option.state & (QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_Selected)
    signs: dict[Part, tuple[str, bool]] = {
        "settings": ("chevron-up" if opened else "chevron-down", opened)
    }
    if layer is not None:
        signs["eye"] = ("eye" if layer.enabled else "eye-off", not layer.enabled)
        signs["lock"] = ("lock" if layer.frozen else "lock-open", layer.frozen)
    for part, (sign, noted) in signs.items():
        if reached or noted:
            rect = QRect(0, 0, _ICON, _ICON)
            rect.moveCenter(layout.part(part).center())
            icon(sign, "text" if noted else "text_muted").paint(painter, rect)


def small(font: QFont) -> QFont:
    """The size of what stands second: weights, figures, hints."""
    second = QFont(font)
    second.setPointSizeF(font.pointSizeF() * _SMALL)
    return second


def parts_of(layer: LayerSpec | None) -> tuple[Part, ...]:
    """The parts of a card that can be clicked; the base's has its settings alone."""
    return ("settings",) if layer is None else PARTS


def part_hint(part: Part, layer: LayerSpec | None) -> str:
    """What a click on a part of the card does."""
    if layer is None or part == "settings":
        return tr("Settings (Enter)")
    if part == "eye":
        return tr("Bypass this layer (B)") if layer.enabled else tr("Let this layer act again (B)")
    return tr("Let its weights train (L)") if layer.frozen else tr("Freeze its weights (L)")
