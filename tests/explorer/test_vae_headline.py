"""A VAE is headed by the figure that the flows are headed by, and said to be a bound."""

from __future__ import annotations

import pytest

from explorer.words.languages import translator
from flowengine.project import Project, default_stack
from flowengine.protocol import Metrics
from tests.explorer.windows import shown_window


def measured(lane, kl, bound=None) -> Metrics:
    return Metrics(
        lane=lane, generation=1, step=10, seconds=1.0, steps_per_second=100.0, loss=2.0,
        nll=kl + 2.0, kl=kl, entropy=2.0, bound=bound,
    )  # fmt: skip


@pytest.fixture
def window(qtbot, qapp, monkeypatch):
    project = Project(stack=default_stack(), compare=("vae",))
    with shown_window(project, qtbot, qapp, monkeypatch, particles=50) as window:
        yield window


def test_panels_and_figures_say_the_same_of_each_model(window):
    window.controller.message.emit("discrete", measured("discrete", 0.031))
    window.controller.message.emit("vae", measured("vae", 0.214, "iwae"))
    heads = {lane: panel._figure.text() for lane, panel in window.area.panels.items()}
    assert heads["discrete"] == "KL 0.0310"
    assert heads["vae"] == "KL ≤ 0.214"
    assert window.metrics.figures.text("vae", "kl") == "≤ 0.214"
    assert window.area.panels["vae"]._unit.text() == "nats"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("is no larger", "no exact likelihood", "lower bound of log p(x)", "IWAE")),
        ("vi", ("không lớn hơn số này", "không có likelihood chính xác", "cận dưới", "IWAE")),
    ],
)
def test_the_tip_says_which_bound_it_is(window, language, words):
    translator.set_language(language)
    tip = window.area.panels["vae"]._figure.toolTip()
    assert all(word in tip for word in words)
    assert "≤" not in window.area.panels["discrete"]._figure.text()
