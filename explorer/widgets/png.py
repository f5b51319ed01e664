"""A picture as a PNG file holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer

if TYPE_CHECKING:
    from PySide6.QtGui import QImage


def png_of(image: QImage) -> bytes:
    """The picture as it is kept in a file."""
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    # PySide6's stubs ask for a format in bytes, which `save` itself refuses: it takes a str
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())
