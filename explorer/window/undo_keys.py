"""Undo and redo, which say what they would take back and rest while there is nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtGui import QUndoStack

    from explorer.window.actions import Actions


def follow_edits(actions: Actions, edits: QUndoStack) -> None:
    """Let the actions "undo" and "redo" follow a stack of edits."""
    edits.canUndoChanged.connect(actions["undo"].setEnabled)
    edits.canRedoChanged.connect(actions["redo"].setEnabled)
    edits.undoTextChanged.connect(actions.name_undo)
    edits.redoTextChanged.connect(actions.name_redo)
    actions["undo"].setEnabled(edits.canUndo())
    actions["redo"].setEnabled(edits.canRedo())
