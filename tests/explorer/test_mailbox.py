"""The mailbox: pictures may be skipped, words may not."""

from __future__ import annotations

import threading

import numpy as np

from explorer.training.mailbox import Mailbox
from flowengine.protocol import HeatFrame, Notice, ParticleFrames
from tests.explorer.film_messages import field


def heat(index: int, step: int, direction="generate") -> HeatFrame:
    return HeatFrame(
        lane="discrete", generation=0, step=step, direction=direction, index=index, frames=3,
        extent=(-4, 4, -4, 4), density=np.zeros((2, 2), "f4"),
    )  # fmt: skip


def particles(first: int, step: int) -> ParticleFrames:
    return ParticleFrames(
        lane="discrete", generation=0, step=step, direction="generate",
        tau=np.zeros(1, "f4"), first=first, total=4, positions=np.zeros((1, 2, 2), "f4"),
    )  # fmt: skip


def test_only_the_newest_of_each_picture_is_kept():
    box = Mailbox()
    for step in range(5):
        box.put(heat(0, step))
        box.put(heat(1, step))
        box.put(particles(0, step))
        box.put(particles(2, step))
    box.put(heat(0, 9, direction="normalize"))
    assert [m.step for m in box.take_all()] == [4, 4, 4, 4, 9]
    assert box.take_all() == []


def test_the_learned_and_the_exact_field_are_two_pictures():
    box = Mailbox()
    messages = [field(np.zeros((1, 2, 2, 2)), exact=exact) for exact in (False, True, False)]
    for message in messages:
        box.put(message)
    assert [message.exact for message in box.take_all()] == [True, False]


def test_words_are_kept_in_order_and_never_dropped():
    box = Mailbox()
    texts = [f"sentence {n}" for n in range(50)]
    for n, text in enumerate(texts):
        box.put(Notice(lane="discrete", text=text))
        box.put(heat(0, n))
    heard = [m.text for m in box.take_all() if isinstance(m, Notice)]
    assert heard == texts


def test_one_message_at_a_time_is_taken_oldest_first_and_newer_pictures_still_win():
    box = Mailbox()
    box.put(heat(0, 0))
    box.put(Notice(lane="discrete", text="a sentence"))
    box.put(heat(1, 0))
    assert box.take().index == 0
    assert not box.put(heat(1, 7))  # some are left, whose reader comes back by itself
    assert box.take().text == "a sentence"
    assert box.take().step == 7
    assert box.take() is None
    assert box.put(heat(0, 8))


def test_tells_only_when_it_was_empty():
    box = Mailbox()
    assert box.put(heat(0, 0))
    assert not box.put(heat(1, 0))
    box.take_all()
    assert box.put(heat(0, 1))


def test_many_threads_lose_no_word():
    box = Mailbox()
    writers = [
        threading.Thread(
            target=lambda: [box.put(Notice(lane="discrete", text="x")) for _ in range(500)]
        )
        for _ in range(4)
    ]
    count = 0
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        count += len(box.take_all())
    assert count + len(box.take_all()) == 2000
