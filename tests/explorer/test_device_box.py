"""The choice of a device says how quickly each has trained in this session."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from explorer.window.device_box import DeviceBox
from explorer.words.languages import translator
from flowengine.project import Project
from flowengine.protocol import DeviceInfo, LaneStatus, Metrics
from tests.explorer.windows import shown_window

DEVICES = (DeviceInfo("cpu", "x86_64"), DeviceInfo("cuda", "NVIDIA H100 80GB HBM3"))


@pytest.fixture
def box(qtbot):
    box = DeviceBox()
    qtbot.addWidget(box)
    box.set_devices(DEVICES)
    with qtbot.waitActive(box):
        box.show()
        box.activateWindow()
    return box


def status(device, state="training"):
    return LaneStatus(
        lane="discrete", generation=1, state=state, step=0, device=device, weights=0
    )  # fmt: skip


def metrics(rate):
    return Metrics(
        lane="discrete", generation=1, step=10, seconds=1.0, steps_per_second=rate, loss=2.0,
        nll=2.0, kl=0.1, entropy=1.9,
    )  # fmt: skip


def texts(box):
    return [box.itemText(row) for row in range(box.count())]


def test_nothing_is_measured_at_first(box):
    assert texts(box) == [
        "Automatic device",
        "CPU · not measured yet",
        "NVIDIA H100 80GB HBM3 · not measured yet",
    ]


def test_each_device_keeps_the_speeds_measured_on_it(box):
    for lane in ("discrete", "continuous"):
        box.receive(lane, status("cpu"))
    box.receive("continuous", metrics(820.4))
    assert texts(box)[1] == "CPU · 820 steps/s"
    box.receive("discrete", metrics(210.2))
    assert texts(box)[1] == "CPU · 210 + 820 steps/s"
    box.receive("discrete", status("cuda"))
    box.receive("discrete", metrics(1730.0))
    assert texts(box)[1:] == [
        "CPU · 210 + 820 steps/s",
        "NVIDIA H100 80GB HBM3 · 1,730 steps/s",
    ]
    assert "x86_64: Discrete 210 steps/s, Continuous 820 steps/s" in box.toolTip()
    translator.set_language("vi")
    assert texts(box)[1] == "CPU · 210 + 820 bước/s"


def test_a_lane_that_rests_measures_nothing(box):
    box.receive("discrete", metrics(210.0))
    box.receive("discrete", status("cpu", "paused"))
    box.receive("discrete", metrics(210.0))
    box.receive("discrete", status("cpu"))
    box.receive("discrete", metrics(0.0))
    assert texts(box)[1] == "CPU · not measured yet"


def test_a_device_is_picked_by_its_kind_and_stays_when_the_list_comes_again(box, qtbot):
    box.setFocus()
    with qtbot.waitSignal(box.picked) as picked:
        QTest.keyClick(box, Qt.Key.Key_End)
    assert picked.args == ["cuda"]
    box.set_devices(DEVICES)
    assert box.currentData() == "cuda"
    assert box.sizeHint().width() < 400  # the name of the longest device does not widen the bar
    assert box.grab().width() > 0


@pytest.mark.parametrize("language", ["en", "vi"])
def test_train_stays_where_it_is_whatever_it_and_the_box_say(qtbot, qapp, monkeypatch, language):
    translator.set_language(language)
    with shown_window(Project(), qtbot, qapp, monkeypatch, particles=50) as window:
        bar, box = window.top_bar, window.top_bar.devices
        places = set()

        def look():
            QApplication.processEvents()
            wanted = box.sizeHint().width(), box.minimumSizeHint().width()
            places.add((bar._train.x(), bar._train.width(), box.width(), *wanted))

        for devices in ((), DEVICES[:1], DEVICES):
            box.set_devices(devices)
            look()
            for rate in (9.0, 1730.0, 128_000.0):
                box.receive("discrete", status("cpu"))
                box.receive("discrete", metrics(rate))
                box.setCurrentIndex(box.count() - 1)
                look()
        for training in (True, False):
            bar.set_training(training)
            look()
        assert len(places) == 1, places


def test_without_an_engine_there_is_nothing_to_pick(box):
    box.set_devices(())
    assert not box.isEnabled()
