"""Says where to begin, until a person has begun."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject

from explorer.settings import settings

if TYPE_CHECKING:
    from explorer.session.store import Store
    from explorer.target.canvas import TargetCanvas

_KEY: Final = "hints/has_drawn"


class FirstHint(QObject):
    """Invites to draw over the example; the first stroke ends that for good, an edit for now.

    Args:
        store: Holds the document.
        canvas: Where the invitation stands.
        parent: The window.
    """

    def __init__(self, store: Store, canvas: TargetCanvas, parent: QObject) -> None:
        super().__init__(parent)
        self._canvas = canvas
        canvas.stroke_started.connect(self._remember)
        store.changed.connect(self._withdraw)
        store.loaded.connect(self._withdraw)

    def show(self) -> None:
        """Invite whoever has never drawn."""
        self._canvas.invite(not settings().value(_KEY, False, bool))

    def _remember(self) -> None:
        settings().setValue(_KEY, True)
        self._withdraw()

    def _withdraw(self) -> None:
        self._canvas.invite(False)
