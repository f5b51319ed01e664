"""What a panel says: its title, place, figure and sentences, and the switches beneath."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from explorer.panels.film import Film
from explorer.panels.flow_panel import FlowPanel
from explorer.panels.head_line import HeadLine
from explorer.panels.shot import Shown
from explorer.words.languages import translator
from tests.explorer.film_messages import still
from tests.explorer.panel_probe import (
    LEFT,
    bright,
    chip,
    shown,
    texts,
)

# --- what it says ---------------------------------------------------------------------------------


def test_the_discrete_panel_says_which_layer_acts(panel):
    panel.set_layers(4, ["Swap", "Linear", "Spline", "Planar"])
    said = []
    for tau in (0.0, 0.125, 0.25, 0.6, 1.0):
        panel.show_moment(tau, 0.0)
        said.append(panel.place)
    assert said == [
        "base",
        "layer 1 of 4 · Swap",
        "after layer 1 of 4",
        "layer 3 of 4 · Spline",
        "after layer 4 of 4",
    ]


def test_a_title_for_every_layer_or_none(panel):
    with pytest.raises(ValueError, match="4 layers, got 1"):
        panel.set_layers(4, ["Swap"])


def test_the_continuous_panel_says_t(qtbot, camera):
    panel = shown(qtbot, FlowPanel("continuous", camera))
    panel.show_moment(0.656, 0.0)
    assert panel.place == "t = 0.66"


def test_figures_have_digits_units_and_a_dash_for_none(panel):
    panel.set_figures(0.02134, "in 0.8 s")
    assert {"KL 0.0213", "nats", "in 0.8 s"} <= set(texts(panel))
    panel.set_figures(None)
    assert "KL –" in texts(panel)
    panel.set_figures(float("nan"))
    assert "KL –" in texts(panel)


def test_a_bound_that_is_not_known_yet_is_a_dash_alone(qtbot, camera):
    panel = shown(qtbot, FlowPanel("vae", camera))
    assert "KL –" in texts(panel)
    panel.set_figures(2.75)
    assert "KL ≤ 2.75" in texts(panel)


def test_a_sentence_lies_over_the_picture_while_it_is_needed(panel):
    sentence = "The stack is empty: drag a layer into it"
    panel.set_message(sentence)
    label = next(label for label in panel.findChildren(QLabel) if label.text() == sentence)
    assert label.isVisible()
    assert panel.view.rect().contains(label.geometry())
    panel.set_message("")
    assert not label.isVisible()


@pytest.mark.parametrize("size", [(260, 330), (420, 330), (900, 700)])
def test_sentences_over_the_picture_are_never_cut(qtbot, camera, size):
    panel = FlowPanel("gan", camera)
    qtbot.addWidget(panel)
    panel.resize(*size)
    panel.show()
    places = []
    for message, label in (("The engine is starting …", panel._message), ("", panel._caption)):
        panel.set_message(message)
        assert label.isVisible()
        assert label.text()
        assert panel.view.rect().contains(label.geometry())
        assert label.height() >= label.heightForWidth(label.width())
        places.append(label.geometry())
    middle, low = places
    assert abs(middle.center().y() - panel.view.rect().center().y()) <= 1
    assert low.bottom() == panel.view.rect().bottom()


def test_one_sentence_at_a_time_lies_over_a_picture(qtbot, camera):
    panel = shown(qtbot, FlowPanel("gan", camera), size=(240, 330))
    panel.set_message("The engine is starting …")
    assert (panel._message.isVisible(), panel._caption.isVisible()) == (True, False)
    translator.set_language("vi")
    assert not panel._caption.isVisible()
    panel.set_message("")
    assert (panel._message.isVisible(), panel._caption.isVisible()) == (False, True)


def test_a_low_panel_leaves_its_picture_free_of_the_caption(qtbot, camera):
    panel = shown(qtbot, FlowPanel("gan", camera), size=(400, 200))
    assert not panel._caption.isVisible()
    panel.resize(400, 500)
    qtbot.waitUntil(panel._caption.isVisible)
    panel.resize(400, 200)
    qtbot.waitUntil(lambda: not panel._caption.isVisible())


def test_a_low_panel_keeps_its_switches_in_the_menu(qtbot, camera):
    panel = shown(qtbot, FlowPanel("continuous", camera), size=(260, 420))
    panel.set_hindrance("trails", "None here")
    high = panel.height() - panel.view.height()
    panel.resize(260, 220)
    assert not any(chip(panel, name).isVisible() for name in ("density", "points", "target"))
    qtbot.waitUntil(lambda: high - (panel.height() - panel.view.height()) >= 20)
    entries = {entry.text(): entry for entry in panel._chips._menu.actions() if entry.isVisible()}
    assert entries["field"].isChecked()
    assert not entries["trails"].isEnabled()
    entries["field"].trigger()
    assert not panel.shown.field
    panel.resize(260, 420)
    assert chip(panel, "field").isVisible()
    assert not chip(panel, "field").isChecked()
    assert "field" not in [
        entry.text() for entry in panel._chips._menu.actions() if entry.isVisible()
    ]


def test_the_switches_hide_and_show_and_tell(qtbot, panel):
    film = Film("discrete")
    film.take(still(np.random.default_rng(0).normal(size=(500, 2))), 0.0)
    panel.set_film(film)
    lit = bright(panel.view)
    with qtbot.waitSignal(panel.options_changed) as changed:
        QTest.mouseClick(chip(panel, "points"), LEFT)
    assert changed.args[0] == panel.shown
    assert not panel.shown.points
    assert bright(panel.view) < lit / 10
    QTest.keyClick(chip(panel, "points"), Qt.Key.Key_Space)
    assert bright(panel.view) == lit


def test_switching_from_outside_presses_the_buttons_once(qtbot, panel):
    told = []
    panel.options_changed.connect(told.append)
    wanted = Shown(density=False, grid=False, field=False)
    panel.set_shown(wanted)
    panel.set_shown(wanted)
    assert told == [wanted]
    assert [chip(panel, name).isChecked() for name in ("density", "points", "grid", "trails")] == [
        False, True, False, True,
    ]  # fmt: skip


def test_every_control_has_a_name_and_a_tooltip(qtbot, panel):
    for button in panel.findChildren(QPushButton):
        assert button.accessibleName() == (button.text() or button.toolTip())
        assert button.toolTip()
        assert button.focusPolicy() & Qt.FocusPolicy.TabFocus
    assert panel.view.accessibleName()
    assert panel.view.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_the_panel_speaks_the_windows_language(panel):
    panel.set_title("Continuous")
    panel.set_layers(3)
    english = [panel.title, panel.place, chip(panel, "points").toolTip(), *texts(panel)]
    translator.set_language("vi")
    vietnamese = [panel.title, panel.place, *texts(panel)]
    assert vietnamese != english[:2] + english[3:]
    translator.set_language("en")
    again = [panel.title, panel.place, chip(panel, "points").toolTip(), *texts(panel)]
    assert again == english


# --- the line over the picture --------------------------------------------------------------------


def test_the_place_never_lays_the_window_out_anew(qtbot, panel):
    panel.set_layers(8, ["A layer with a name"] * 8)
    requests = []

    class Watch(QObject):
        def eventFilter(self, watched, event):  # noqa: N802
            if event.type() == QEvent.Type.LayoutRequest:
                requests.append(watched)
            return False

    watch = Watch()
    qtbot.waitUntil(lambda: panel.view.width() > 0)
    QApplication.processEvents()
    panel.installEventFilter(watch)
    for tau in np.linspace(0, 1, 40):
        panel.show_moment(float(tau), 0.0)
        QApplication.processEvents()
    assert requests == []


def test_a_narrow_panel_shortens_its_title_before_the_place(qtbot):
    head = HeadLine("discrete", "after layer 8 of 8")
    qtbot.addWidget(head)
    head.set_title("A title of quite some length")
    head.set_place("layer 3 of 8 · Spline coupling", "layer 3 of 8")
    head.resize(600, 20)
    head.show()
    wide = head.grab()
    head.resize(180, 20)
    assert head.grab().toImage() != wide.toImage().copy(0, 0, 180, 20)
    assert (head.title, head.place) == (
        "A title of quite some length",
        "layer 3 of 8 · Spline coupling",
    )
    assert head.minimumSizeHint().width() < 180


def test_a_narrow_panel_names_its_lane_whole(qtbot):
    head = HeadLine("discrete", "layer 4 of 5")
    qtbot.addWidget(head)
    head.set_title("Discrete · layer by layer")
    words = head.fontMetrics().horizontalAdvance("Discrete · layer by layer layer 4 of 5")
    head.resize(2 * words, 24)
    head.show()
    assert head._title.shown == "Discrete · layer by layer"
    head.resize(words, 24)  # the mark before the title and the space between do not fit
    qtbot.waitUntil(lambda: head._title.shown == "Discrete")
    assert head.title == "Discrete · layer by layer"
