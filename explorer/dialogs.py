"""Questions that the window asks. Each goes through a function that tests can stand in for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtWidgets import QFileDialog, QMessageBox

from explorer.words.languages import tr

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

Answer = Literal["save", "discard", "cancel"]


def ask(parent: QWidget, name: str) -> Answer:
    """Ask what shall become of unsaved work in the project `name`."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(tr("Unsaved work"))
    box.setText(tr("Save the changes to {name}?").format(name=name))
    box.setInformativeText(tr("Without saving, what you drew, stacked and trained since is lost."))
    save = box.addButton(tr("Save"), QMessageBox.ButtonRole.AcceptRole)
    discard = box.addButton(tr("Discard"), QMessageBox.ButtonRole.DestructiveRole)
    box.addButton(tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
    save.setProperty("role", "do")
    box.setDefaultButton(save)
    box.exec()
    if box.clickedButton() is save:
        return "save"
    return "discard" if box.clickedButton() is discard else "cancel"


def ask_open(parent: QWidget, title: str, pattern: str) -> Path | None:
    """Ask for a file to read; None if the person changed their mind."""
    name, _ = QFileDialog.getOpenFileName(parent, title, "", pattern)
    return Path(name) if name else None


def ask_save(parent: QWidget, title: str, proposal: str, pattern: str) -> Path | None:
    """Ask for a file to write; None if the person changed their mind."""
    name, _ = QFileDialog.getSaveFileName(parent, title, proposal, pattern)
    return Path(name) if name else None


def ask_folder(parent: QWidget, title: str) -> Path | None:
    """Ask for a folder to write into; None if the person changed their mind."""
    name = QFileDialog.getExistingDirectory(parent, title)
    return Path(name) if name else None
