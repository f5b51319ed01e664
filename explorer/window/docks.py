"""The docks of the window: what each is called, holds, and says of the figure beside its title."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.widgets.card import CardDock
from explorer.words.languages import mark

if TYPE_CHECKING:
    from explorer.window.main_window import MainWindow


def docks_of(window: MainWindow) -> dict[str, CardDock]:
    """Docks for a window's parts, by name."""
    entropy = mark("Entropy of the target, exact. No model's NLL can lie below it.")
    weights = mark("How many numbers training adjusts in these models")
    point = mark("The point that was clicked, in data units")
    return {
        "target": CardDock("target", mark("Target"), window.target, window, entropy),
        "models": CardDock("models", mark("Models"), window.models, window, weights),
        "ledger": CardDock("ledger", mark("Ledger"), window.ledger, window, point),
        "metrics": CardDock("metrics", mark("Fit"), window.metrics, window),
    }
