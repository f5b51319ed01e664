"""The way into the program: what makes it come up sooner, and can only be done before the rest.

Nothing of the window may be imported here at the top.
"""

from __future__ import annotations

import gc
import linecache
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_WITHOUT_QT: Final = ("flowengine.protocol", "flowengine.projectfile", "flowengine.targets.sources")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program until its window is closed; gives the exit status."""
    load()
    from explorer.app import main as run

    return run(argv, moving=settle)


def load() -> None:
    """Import the program, to be followed by `settle` once its window moves.

    - The garbage collector rests: it would look through all that is being made, again and again,
      and hardly any of it is garbage.
    - What knows no Qt comes first: from then on PySide6 reads the source of every module that is
      imported, and numpy has many.
    """
    gc.disable()
    for module in _WITHOUT_QT:
        import_module(module)
    import_module("explorer.app")


def settle() -> None:
    """Collect garbage again, but leave alone what was made so far: it stays as long as the window.

    A collector that looked through all of it would hold up a picture for some frames. Where `load`
    was not called, as in a test, nothing is done.
    """
    if not gc.isenabled():
        linecache.clearcache()  # the sources that PySide6 has read
        gc.freeze()
        gc.enable()
