"""The program: arguments, the application, the first project, and what happens to errors."""

from __future__ import annotations

import argparse
import logging
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication

from explorer import resources, typeface
from explorer.icons import icon
from explorer.session.store import Store
from explorer.theme import theme
from explorer.training.controller import Controller
from explorer.window.appearance import restore_appearance
from explorer.window.main_window import MainWindow
from explorer.words.languages import LANGUAGES, mark
from flowengine.errors import FlowError, Sentence, phrase
from flowengine.project import Project, default_stack

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

EXAMPLE: Final = "star.flow"
FIRST_LOOK_MS: Final = 150  # in which the window has the processors for itself
_NO_FONT: Final = mark(
    "The program's own font is missing or damaged: words are shown in the system's, and some may "
    "be cut. Installing Flow Explorer again brings it back."
)
log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None, *, moving: Callable[[], None] = lambda: None) -> int:
    """Run the program until its window is closed; gives the exit status.

    Args:
        argv: The arguments; those of the process if left out.
        moving: Called once the window moves.
    """
    arguments = parse(sys.argv[1:] if argv is None else argv)
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    app = application()
    restore_appearance(arguments.lang)
    window = open_window(arguments.project)
    QTimer.singleShot(FIRST_LOOK_MS, window, moving)
    if arguments.screenshot is not None:
        QTimer.singleShot(
            round(1000 * arguments.after), window, lambda: _shoot(window, arguments.screenshot)
        )
    return app.exec()


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line, like the engine's."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the arguments; what can't be read ends the program with status 2 and a sentence."""
    parser = _Parser(
        prog="flow-explorer",
        description="Draw a density and watch a discrete and a continuous flow fit it.",
    )
    parser.add_argument("project", nargs="?", type=Path, metavar="PROJECT.flow")
    parser.add_argument("--lang", choices=sorted(LANGUAGES), help="language of the window")
    parser.add_argument("--screenshot", type=Path, metavar="OUT.png", help="save a picture, end")
    parser.add_argument(
        "--after", type=float, default=3.0, metavar="SECONDS", help="when to take the picture"
    )
    arguments = parser.parse_args(argv)
    if not 0 <= arguments.after <= 86400:
        parser.error(f"--after must lie in [0, 86400] seconds, got {arguments.after}")
    if arguments.screenshot is not None:
        folder = arguments.screenshot.absolute().parent
        if arguments.screenshot.suffix.lower() != ".png":
            parser.error(f"--screenshot expects a .png file, got {arguments.screenshot}")
        if not folder.is_dir():
            parser.error(f"{arguments.screenshot} cannot be written: there is no folder {folder}")
    return arguments


def application() -> QApplication:
    """The application, made once; its name decides where settings are kept."""
    app = QApplication.instance()
    if isinstance(app, QApplication):
        return app
    QApplication.setHighDpiScaleFactorRoundingPolicy(
        Qt.HighDpiScaleFactorRoundingPolicy.PassThrough
    )
    app = QApplication(sys.argv[:1])
    app.setApplicationName("Flow Explorer")
    app.setWindowIcon(icon("waves", "accent"))
    return app


def open_window(path: Path | None) -> MainWindow:
    """Show the window on a project, or on the example; the engines start once it moves.

    A project that can't be opened leaves the example there, with a sentence that says why.
    """
    app = application()
    theme.prepare(app)
    project, trouble = _example(), ""
    store = Store(project)
    if path is not None:
        try:
            store.open(path)
        except FlowError as error:
            trouble = error.sentence
    window = MainWindow(store, Controller())
    _report_errors_in(window)
    if trouble:
        window.banner.show_error(trouble)
    elif not typeface.register():
        window.banner.show_notice(_NO_FONT)
    theme.apply(app)
    if path is None:
        window.first_hint.show()
    window.show()
    QTimer.singleShot(FIRST_LOOK_MS, window, window.start_engines)
    return window


def _example() -> Project:
    """The trained project that ships with the program; a fresh one if it is missing."""
    path = resources.path("examples", EXAMPLE)
    if not path.is_file():
        return Project(stack=default_stack())
    return Project.open(path)


def _report_errors_in(window: MainWindow) -> None:
    """Log an error that nobody foresaw and say so in the window, which stays open."""

    def report(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        log.error("unexpected error", exc_info=(kind, error, trace))
        named = f"{kind.__name__}: {error}".rstrip(".")
        what = error.sentence if isinstance(error, FlowError) else named
        QTimer.singleShot(0, window, lambda: window.banner.show_error(_sentence(what)))

    sys.excepthook = report
    threading.excepthook = lambda args: report(
        args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback
    )


def _sentence(what: str) -> Sentence:
    return phrase(
        "Something went wrong that should not have: {what}. Your work is still here.", what=what
    )


def _shoot(window: MainWindow, path: Path) -> None:
    """Save a picture of the window and end the program: 0 if it was written, 1 if not."""
    written = window.grab().save(str(path))
    if not written:
        log.error("%s could not be written", path)
    window.controller.stop()
    QApplication.exit(0 if written else 1)


if __name__ == "__main__":
    raise SystemExit(main())
