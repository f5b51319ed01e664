"""What a web page is made of in tests, and what is read from it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from explorer.export.page_words import PageFigures
from explorer.export.web_page import read_page
from explorer.panels.film import Film
from explorer.panels.shot import Shown

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20
FIGURES = PageFigures(kl=0.00267, nll=2.6123, entropy=2.61, w2=0.0123)


@dataclass
class Panel:
    """What a page asks of a panel."""

    film: Film
    title: str = "A flow"
    caption: str = ""
    shown: Shown = field(default_factory=Shown)
    colours: str = "viridis"
    layers: tuple[str, ...] = ()


def data_of(path: Path) -> Any:
    return json.loads(read_page(path).data)


def files_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())
