"""What the parts of a window are called that a lesson may lock or hide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from explorer.words.languages import mark

if TYPE_CHECKING:
    from flowengine.lesson import LessonPart

PART_TITLES: Final[dict[LessonPart, str]] = {
    "target": mark("Target"),
    "stack": mark("Stack"),
    "continuous": mark("Continuous flow"),
    "recipe": mark("Training recipe"),
    "training": mark("Training"),
    "compare": mark("Baselines"),
    "ledger": mark("Ledger"),
    "metrics": mark("Fit"),
    "export": mark("Export"),
}
