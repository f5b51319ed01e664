"""Pictures of a lane, paced so that training can afford them.

Every kind of picture is a `Task`: a generator that computes in chunks of a few milliseconds, so
that commands are answered in between, and ends with the event to send. While the lane trains,
the task that is most overdue starts whenever all pictures together have cost less than their share
of the training time: much right after an edit, and ever less as the model moves ever less, see
`share_after`. While the lane rests, every task that does not show the present model in full
quality is run once.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowengine.protocol import Event
    from flowengine.trainer import Trainer

SHARE = 0.05  # of training; with the sending and the turns of the loop it stays under a tenth
FRESH_SHARE, FRESH_S = 0.7, 1.0
UNSEEN_SHARE = 0.3  # until nothing shows a former model any more, however slow the machine is
FIRST = 1.5  # so that after an edit nothing shows the former model for long
CREDIT_S = 0.1  # the first pictures after an edit come before training has paid for them

Work = Generator[None, None, "Event | None"]


def share_after(seconds: float) -> float:
    """The share of training time that pictures may cost so many seconds of training after an edit.

    A model that learns changes about as much from 1 to 2 s as from 10 to 20 s, so the share falls
    as one over the time.
    """
    return max(SHARE, min(FRESH_SHARE, FRESH_S / max(seconds, 1e-9)))


@dataclass
class Task:
    """One kind of picture.

    Attributes:
        start: Begins the computation; its argument is whether the lane is training.
        period: How often, in seconds, the window would like it while the lane trains.
        done_at: When it was last sent, by the wall clock.
        shows: Which model, view and quality it was last sent for.
        cost: What it cost then, in seconds.
        weight: How many times as urgent it is as another that has waited as many of its periods,
            once every task has shown something of this model.
        once: It shows the target alone, so that one picture of it lasts until the view changes.
    """

    start: Callable[[bool], Work]
    period: float
    done_at: float = 0.0
    shows: tuple[object, ...] | None = None
    cost: float = 0.0
    weight: float = 1.0
    once: bool = False

    def urgency(self, now: float, *, all_shown: bool) -> float:
        """How long it has waited, in its own periods; more where it shows nothing of this model."""
        waited = (now - self.done_at) / self.period
        return waited * (self.weight if all_shown else FIRST if self.shows is None else 1)

    def is_stale(self, version: tuple[object, ...]) -> bool:
        """Whether it has something to show that it has not shown yet."""
        return self.shows is None if self.once else self.shows != version


@dataclass
class _Running:
    name: str
    task: Task
    work: Work
    shows: tuple[object, ...]
    charged: bool  # pictures made at rest cost training nothing, and must not be paid for later
    seconds: float = 0.0


class Pacing(ABC):
    """Chooses and advances the tasks of one lane.

    Args:
        trainer: Whose model the pictures show.
    """

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self._tasks: dict[str, Task] = {}
        self._spent = 0.0
        self._earned = CREDIT_S
        self._trained_s = 0.0  # since the last edit
        self._running: _Running | None = None
        self._anew = False
        self._first_cost = 0.0  # of the last picture that training waited for
        self._trained_since = 0.0  # that picture

    @property
    def comes_first(self) -> bool:
        """Whether training should wait: of the present model and view nothing was shown yet.

        Where edits come quickly, as while someone draws, it waits for half of the time at most.
        """
        return self._anew and self.pending(training=True)

    @abstractmethod
    def _make_tasks(self) -> None:
        """Make all tasks anew."""

    def begin_anew(self, *, same_weights: bool = False) -> None:
        """Forget what was shown, because the model, its target or the view is another one now.

        Args:
            same_weights: Only the target is another. Particles on their way are finished then: they
                come sooner than others would, and while someone draws no others might ever come.
        """
        running = self._running if same_weights else None
        self._earned = self._spent + CREDIT_S
        self._trained_s = 0.0
        self._anew = self._trained_since >= self._first_cost
        self._make_tasks()
        if running is not None:
            kept = self._tasks.get(running.name) if running.name.startswith("particles") else None
            running = None if kept is None else replace(running, task=kept)
        self._running = running

    def earn(self, seconds: float) -> None:
        """Say that training has gone on for so long; a share of it may be spent on pictures."""
        self._trained_s += seconds
        self._trained_since += seconds
        share = share_after(self._trained_s)
        if any(task.shows is None for task in self._tasks.values()):
            share = max(share, UNSEEN_SHARE)
        self._earned = min(self._earned + share * seconds, self._spent + CREDIT_S)

    def charge(self, seconds: float) -> None:
        """Say what sending a picture cost on top of computing it."""
        self._spent += seconds

    def advance(self, *, training: bool) -> Event | None:
        """Compute for some milliseconds; give the event that this completed, if any."""
        running = self._running or self._choose(training=training)
        if running is None:
            return None
        self._running = running
        started = time.perf_counter()
        try:
            next(running.work)
        except StopIteration as ended:
            running.task.cost = running.seconds + time.perf_counter() - started
            if self._anew:
                self._first_cost, self._trained_since = running.task.cost, 0.0
            self._running, self._anew = None, False
            if running.charged:
                self._spent += running.task.cost
            running.task.done_at = time.perf_counter()
            running.task.shows = running.shows
            event: Event | None = ended.value
            return event
        running.seconds += time.perf_counter() - started
        return None

    def pending(self, *, training: bool) -> bool:
        """Whether `advance` has something to do now."""
        return self._running is not None or self._choose(training=training) is not None

    def _choose(self, *, training: bool) -> _Running | None:
        if training and self._spent >= self._earned:
            return None
        version = (self.trainer.step_count, training)
        now = time.perf_counter()
        stale = [(n, t) for n, t in self._tasks.items() if t.is_stale(version)]
        if not stale:
            return None
        shown = all(task.shows is not None for task in self._tasks.values())
        name, task = max(stale, key=lambda item: item[1].urgency(now, all_shown=shown))
        if training and now - task.done_at < task.period:
            return None
        return _Running(name, task, task.start(training), version, charged=training)
