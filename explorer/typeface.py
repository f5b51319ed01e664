"""The face that every word is written in, on every platform: it ships with the program."""

from __future__ import annotations

import base64
from functools import cache
from typing import Final

from PySide6.QtGui import QFontDatabase

from explorer import resources

FAMILIES: Final = ("Inter", "Flow Explorer Signs")  # the second has the signs that the first lacks
FILES: Final = ("Inter-Regular.otf", "Inter-SemiBold.otf", "Signs.otf")
_WEB_FILES: Final = {400: "Inter-Regular.woff2", 600: "Inter-SemiBold.woff2"}


@cache  # Qt would keep a second copy of a file that it is given twice
def register() -> bool:
    """Make the face known to Qt, before anything measures itself by it.

    Returns:
        Whether all of it is there. Where it is not, the system's fonts stand in.
    """
    paths = [str(resources.path("fonts", name)) for name in FILES]
    numbers = [QFontDatabase.addApplicationFont(path) for path in paths]
    return min(numbers) >= 0


@cache
def style_rules() -> str:
    """The face as CSS that holds its letters, for what is taken away; "" where they are lost."""
    faces = {weight: resources.path("fonts", name) for weight, name in _WEB_FILES.items()}
    return "".join(
        f'@font-face {{ font-family: "{FAMILIES[0]}"; font-weight: {weight}; '
        f'src: url("data:font/woff2;base64,{base64.b64encode(path.read_bytes()).decode()}") '
        'format("woff2"); }\n'
        for weight, path in faces.items()
        if path.is_file()
    )
