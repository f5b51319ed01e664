"""The icons that ship with the program, in the colours of its theme."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from explorer.resources import path, tint
from explorer.theme import theme

_SIZES = (16, 24)  # what is shown, and what a desktop may show of the window
_DISABLED_OPACITY = 0.4


def icon(name: str, role: str = "text") -> QIcon:
    """A Lucide icon in a colour of the present theme.

    Icons do not follow a change of theme by themselves: ask again on `theme.changed`.

    Raises:
        FileNotFoundError: no icon of that name ships with the program.
    """
    screen = QGuiApplication.primaryScreen()
    ratio = screen.devicePixelRatio() if screen else 1.0
    return _tinted(name, theme.color(role).name(), ratio)


@lru_cache(maxsize=512)
def _tinted(name: str, colour: str, ratio: float) -> QIcon:
    source = path("icons", f"{name}.svg").read_text(encoding="utf-8")
    renderer = QSvgRenderer(QByteArray(tint(source, colour).encode()))
    tinted = QIcon()
    for size in _SIZES:
        pixmap = _blank(size, ratio)
        painter = QPainter(pixmap)
        renderer.render(painter)
        painter.end()
        pixmap.setDevicePixelRatio(ratio)
        tinted.addPixmap(pixmap, QIcon.Mode.Normal)
        tinted.addPixmap(_faded(pixmap, size), QIcon.Mode.Disabled)
    return tinted


def _faded(pixmap: QPixmap, size: int) -> QPixmap:
    faded = _blank(size, pixmap.devicePixelRatio())
    faded.setDevicePixelRatio(pixmap.devicePixelRatio())
    painter = QPainter(faded)
    painter.setOpacity(_DISABLED_OPACITY)
    painter.drawPixmap(0, 0, pixmap)
    painter.end()
    return faded


def _blank(size: int, ratio: float) -> QPixmap:
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.fill(Qt.GlobalColor.transparent)
    return pixmap
