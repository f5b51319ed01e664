"""Work beside the window: in order, told on its thread, and no burden to a window that goes."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QThread
from shiboken6 import isValid

from explorer.session.background import BackgroundJobs
from explorer.session.target_reader import TargetReader
from flowengine.errors import TargetError
from flowengine.project import TargetSpec

PATIENCE_S = 10.0


@pytest.fixture
def aside(qtbot):
    aside = BackgroundJobs()
    yield aside
    if isValid(aside):
        aside.finish()


def test_work_is_done_in_order_and_told_on_the_windows_thread(aside, qtbot):
    told = []
    for number in range(5):
        aside.run(
            lambda number=number: (number, threading.current_thread()),
            lambda result: told.append((*result, QThread.currentThread())),
        )
    qtbot.waitUntil(lambda: len(told) == 5)
    assert [number for number, _, _ in told] == list(range(5))
    assert {thread for _, thread, _ in told} != {threading.current_thread()}
    assert {thread for _, _, thread in told} == {QCoreApplication.instance().thread()}


def test_an_error_is_told_and_the_next_work_goes_on(aside, qtbot):
    told = []

    def fail():
        raise TargetError("no density")

    aside.run(fail, told.append, lambda sentence: told.append(f"failed: {sentence}"))
    aside.run(lambda: "done", told.append)
    qtbot.waitUntil(lambda: len(told) == 2)
    assert told == ["failed: no density", "done"]


def test_a_mistake_in_the_work_is_seen(aside, qtbot):
    with qtbot.captureExceptions() as seen:
        aside.run(lambda: 1 / 0, lambda _: None)
        qtbot.waitUntil(lambda: seen != [])
    assert seen[0][0] is ZeroDivisionError


def test_whoever_goes_does_not_wait_for_work_that_is_under_way(aside):
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def work():
        begun.set()
        may_end.wait(PATIENCE_S)
        ended.set()

    told = []
    aside.run(work, told.append)
    assert begun.wait(PATIENCE_S)
    aside.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not isValid(aside)
    assert not ended.is_set()
    may_end.set()
    assert ended.wait(PATIENCE_S)
    assert told == []


def test_only_the_target_that_was_asked_for_last_is_told(qtbot):
    reader, told, made, free = TargetReader(), [], [], threading.Event()
    reader.done.connect(told.append)
    reader.failed.connect(told.append)

    def slow():
        free.wait(PATIENCE_S)
        return TargetSpec(name="moons")

    def fail():
        raise MemoryError

    reader.read(slow)
    reader.read(lambda: made.append("for nobody"))
    reader.read(fail)
    reader.read(lambda: TargetSpec(name="star"))
    free.set()
    qtbot.waitUntil(lambda: told != [])
    assert [spec.name for spec in told] == ["star"]
    assert made == []
    reader.read(fail)
    qtbot.waitUntil(lambda: len(told) == 2)
    assert told[1] == "The memory does not suffice to read this target"
