"""The names of a ledger's steps, as long as there is room for them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

if TYPE_CHECKING:
    from PySide6.QtCore import QModelIndex, QPersistentModelIndex
    from PySide6.QtGui import QFontMetrics

_ADDED: Final = re.compile(r"\(.*\)")  # which way of several: Linear (LU)
_SAID_ANYWAY: Final = re.compile(r"\bcoupling\b", re.IGNORECASE)  # the rest tells them apart


class TitleDelegate(QStyledItemDelegate):
    """Writes a title whole, or in the shorter form of `fitting` where it would be cut."""

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Give the style a text that fits its cell."""
        super().initStyleOption(option, index)
        style = option.widget.style() if option.widget else None
        if style is not None:
            text = QStyle.SubElement.SE_ItemViewItemText
            room = style.subElementRect(text, option, option.widget).width()
            # as Qt leaves on both sides of a text in a cell
            margin = style.pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin) + 1
            option.text = fitting(option.text, option.fontMetrics, room - 2 * margin)


def fitting(title: str, metrics: QFontMetrics, room: int) -> str:
    """A step's title for some width, in pixels: "2 Spline coupling", or "2 Spline"."""
    for left_out in (_ADDED, _SAID_ANYWAY):
        if metrics.horizontalAdvance(title) <= room:
            break
        title = " ".join(left_out.sub(" ", title).split()) or title
    return title
