"""How light pixels are, for contrasts as the WCAG have them."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QImage


def light(image: QImage) -> np.ndarray:
    """Relative luminance of every pixel, shape (height, width)."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.array(image.constBits()).reshape(image.height(), image.width(), 4)[..., 2::-1]
    share = pixels / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return linear @ (0.2126, 0.7152, 0.0722)
