"""What this program is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from explorer.words.languages import tr


class AboutBox(QDialog):
    """Name, version, purpose, licences."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("About Flow Explorer"))
        title = QLabel(f"Flow Explorer {program_version()}")
        title.setProperty("role", "figure")
        text = QLabel(
            tr(
                "Draw a density, stack normalizing-flow layers, and watch a discrete and a "
                "continuous flow fit it side by side, exactly and live."
            )
        )
        licences = QLabel(tr("MIT licence. Icons: Lucide, ISC licence."))
        licences.setProperty("role", "muted")
        buttons = QDialogButtonBox()
        buttons.addButton(tr("Close"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 22, 24, 18)
        layout.setSpacing(12)
        for label in (title, text, licences):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            layout.addWidget(label)
        layout.addWidget(buttons)
        self.setMinimumWidth(420)


def program_version() -> str:
    """The version that is installed; empty when the program runs from a bare checkout."""
    # Loads a mail parser, which the start of the program can do without.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("flow-explorer")
    except PackageNotFoundError:
        return ""
