"""Shared by all tests: Qt draws offscreen, settings are temporary, and nothing survives a test."""

from __future__ import annotations

import os
import sys
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from PySide6.QtCore import QThread, QTimer
    from xdist.scheduler import LoadScopeScheduling

    Started = tuple[str, weakref.ref[QThread | QTimer]]

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# as the engines: two threads that share so little work wait for each other on a busy machine
os.environ.setdefault("OMP_NUM_THREADS", "1")
# the numbers that tests expect are those of the CPU; CUDA_VISIBLE_DEVICES=0 runs those for a GPU
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

# the suite tries the same examples each time; HYPOTHESIS_PROFILE=search looks for new ones
settings.register_profile("suite", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

# Whole programs train in these tests: two at once would starve each other.
_BUSY = (
    "test_main_job", "test_training", "test_runs", "test_compare", "test_monkey",
    "test_export_window", "test_other_ways", "test_window_words",
)  # fmt: skip
_STATUS = pytest.StashKey[int]()  # of the tests
_PATIENCE_S = 5.0  # an engine that was told to stop may still be on its way out


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Give the busiest tests to one process, and all others to whichever has nothing to do.

    The tests of one trained flow go together, so that it is trained once.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            name = Path(nodeid.split("::")[0]).stem
            if name == "test_truth":
                return f"trained {nodeid.partition('[')[2]}"
            return "busy" if name in _BUSY else nodeid

    return Scheduling(config, log)


@pytest.fixture(autouse=True)
def settings_in_a_temporary_folder(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[None]:
    """Keep what the program remembers of one test away from the next, and from the person."""
    if "tests/engine" in request.node.path.as_posix():
        yield
        return
    from PySide6.QtCore import QSettings

    folder = tmp_path_factory.mktemp("settings")
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(folder))
    yield
    theme, i18n = sys.modules.get("explorer.theme"), sys.modules.get("explorer.words.languages")
    if theme is not None:
        theme.theme.set_theme("dark")
    if i18n is not None:
        i18n.translator.set_language("en")


@pytest.fixture(autouse=True)
def nothing_survives(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[None]:
    """Fail the test that leaves a running thread, a ticking timer or an engine process behind."""
    before = _engine_processes()
    if "tests/engine" in request.node.path.as_posix():
        started: list[Started] = []
    else:
        started = _watch_qt(monkeypatch)
    yield
    deadline = time.monotonic() + _PATIENCE_S
    while left := _survivors(started, before):
        if time.monotonic() > deadline:
            pytest.fail(f"left running: {', '.join(left)}")
        _let_qt_work()


def _watch_qt(monkeypatch: pytest.MonkeyPatch) -> list[Started]:
    from PySide6.QtCore import QThread, QTimer

    started: list[Started] = []

    def watch(cls: type[QThread] | type[QTimer]) -> None:
        start: Callable[..., None] = cls.start

        def watched(self: QThread | QTimer, *args: object) -> None:
            started.append((type(self).__name__, weakref.ref(self)))
            start(self, *args)

        monkeypatch.setattr(cls, "start", watched)

    watch(QThread)
    watch(QTimer)
    return started


def _survivors(started: Iterable[Started], before: set[int]) -> list[str]:
    names = [f"engine process {pid}" for pid in sorted(_engine_processes() - before)]
    return names + [name for name, reference in started if _runs(reference())]


def _runs(thing: QThread | QTimer | None) -> bool:
    if thing is None:
        return False
    from PySide6.QtCore import QThread
    from shiboken6 import isValid

    if not isValid(thing):
        return False
    return thing.isRunning() if isinstance(thing, QThread) else thing.isActive()


def _let_qt_work() -> None:
    core = sys.modules.get("PySide6.QtCore")
    app = core.QCoreApplication.instance() if core else None
    if core is None or app is None:
        os.sched_yield()
        return
    core.QCoreApplication.sendPostedEvents(None, core.QEvent.Type.DeferredDelete)
    app.processEvents()


def _engine_processes() -> set[int]:
    """The engines among the children of this process that still run; empty where /proc is not."""
    children = _children("self")
    servers = {pid for pid in children if "multiprocessing.forkserver" in _command(pid)}
    engines = {pid for pid in children - servers if "flowengine" in _command(pid)}
    return engines.union(*(_children(pid) for pid in servers))  # see explorer.warm_engines


def _children(pid: int | str) -> set[int]:
    listings = Path(f"/proc/{pid}/task").glob("*/children")
    return {int(child) for listing in listings for child in _read(listing).split()}


def _command(pid: int) -> str:
    return _read(Path(f"/proc/{pid}/cmdline"))


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # the process or the thread has just ended
        return ""


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Remember how the tests went, for `pytest_unconfigure`."""
    session.config.stash[_STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """End the process here, with the status that the tests have earned.

    After thousands of windows Qt and torch, both in this one process, once crashed while the
    interpreter took itself apart, when every test had passed and been reported. The program itself
    never holds both.
    """
    if _STATUS in config.stash:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash[_STATUS])
