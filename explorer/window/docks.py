"""The docks of the window: what each is called, holds, and says of the figure beside its title."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.widgets.card import CardDock
from explorer.words.languages import mark

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget


def docks_of(
    window: QWidget, *, target: QWidget, models: QWidget, ledger: QWidget, metrics: QWidget
) -> dict[str, CardDock]:
    """Docks of a window for these parts, by name."""
    entropy = mark("Entropy of the target, exact. No model's NLL can lie below it.")
    weights = mark("How many numbers training adjusts in these models")
    point = mark("The point that was clicked, in data units")
    return {
        "target": CardDock("target", mark("Target"), target, window, entropy),
        "models": CardDock("models", mark("Models"), models, window, weights),
        "ledger": CardDock("ledger", mark("Ledger"), ledger, window, point),
        "metrics": CardDock("metrics", mark("Fit"), metrics, window),
    }
