"""One writer at a time, signals that wait, and standard streams that nobody takes."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading

import pytest

from flowengine import locks
from flowengine.interruption import ENDINGS, Told, handling, interruption
from flowengine.locks import locked

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and descriptors of POSIX")


def test_writers_take_turns_and_leave_nothing_behind(tmp_path):
    path = tmp_path / "count"
    path.write_text("0", encoding="utf-8")

    def add():
        for _ in range(20):
            with locked(path):
                path.write_text(str(int(path.read_text(encoding="utf-8")) + 1), encoding="utf-8")

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text(encoding="utf-8") == "80"
    assert [entry.name for entry in tmp_path.iterdir()] == ["count"]


def test_a_lock_that_is_kept_is_said_after_a_while(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "PATIENCE_S", 0.05)
    path = tmp_path / "p.flow"
    with locked(path):
        with pytest.raises(OSError, match="another program has been writing it"), locked(path):
            pass
        assert os.listdir(tmp_path) == [".p.flow.lock"]
    with locked(path):
        pass


def test_a_lock_file_that_a_killed_program_left_is_no_lock(tmp_path):
    (tmp_path / ".p.flow.lock").touch()
    with locked(tmp_path / "p.flow"):
        pass
    assert not list(tmp_path.iterdir())


@posix
def test_a_link_and_its_file_have_one_lock(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "PATIENCE_S", 0.05)
    (tmp_path / "a").touch()
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with locked(tmp_path / "a"):
        refused = pytest.raises(OSError, match="another program")
        with refused, locked(tmp_path / "b"):
            pass


# --- signals ------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ENDINGS)
def test_a_signal_to_end_is_noted_and_obeyed_where_it_can_be(number):
    with interruption() as told:
        told.check()
        signal.raise_signal(number)
        assert told
        with pytest.raises(Told):
            told.check()


@posix
def test_a_terminal_may_hang_up_twice_and_a_system_ask_again():
    with interruption() as told:
        for number in (signal.SIGHUP, signal.SIGHUP, signal.SIGTERM, signal.SIGTERM, signal.SIGINT):
            signal.raise_signal(number)
        assert told


def test_a_second_ctrl_c_ends_at_once_but_not_while_something_is_written():
    with interruption() as told:
        signal.raise_signal(signal.SIGINT)
        with told.held():
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


@posix
def test_handlers_come_back_and_an_ignored_hang_up_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with handling(signal.default_int_handler):
            assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGHUP, before)


def test_beside_the_main_thread_signals_are_left_alone():
    found = []

    def look():
        with interruption() as told:
            found.append((bool(told), signal.getsignal(signal.SIGTERM)))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [(False, signal.SIG_DFL)]


# --- streams ------------------------------------------------------------------------------------


class Hung(io.StringIO):
    """A terminal that was closed."""

    def isatty(self):
        return True

    def write(self, text):
        raise OSError(5, "Input/output error")


def test_a_bar_on_a_terminal_that_was_closed_stops_nothing():
    from flowengine.progress import ProgressBar

    with ProgressBar("discrete", Hung()) as bar:
        bar.update(0.5, "step 1")
        bar.update(None, "step 2")


def module(redirection, *arguments):
    """Run a command under a shell's redirection: exit status, output, errors."""
    line = f'exec "$0" -m flowengine "$@" {redirection}'
    done = subprocess.run(
        ["/bin/sh", "-c", line, sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@posix
@pytest.mark.parametrize("closed", ["0<&-", ">&-", "2>&-", "0<&- >&- 2>&-"])
def test_closed_streams_are_no_failure(closed):
    status, out, err = module(closed, "targets", "--json")
    assert (status, err) == (0, "")
    assert (out != "") == (">&-" not in closed.replace("2>&-", ""))


@posix
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")
def test_an_output_that_is_full_is_said_in_one_line():
    status, _, err = module(">/dev/full", "targets")
    assert status == 1
    assert err == (
        "flowengine targets: the results could not be printed: No space left on device\n"
    )


@posix
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")
def test_errors_that_cannot_be_told_keep_their_status():
    assert module("2>/dev/full", "evaluate", "none.flow") == (2, "", "")
