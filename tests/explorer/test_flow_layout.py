"""The layout that sets widgets in rows like words."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QVBoxLayout, QWidget

from explorer.widgets.flow_layout import FlowLayout


class Box(QWidget):
    """A widget of a fixed wish."""

    def __init__(self, width, height=20):
        super().__init__()
        self.size_hint = QSize(width, height)

    def sizeHint(self):  # noqa: N802 Qt's own name
        return self.size_hint


@pytest.fixture
def flow(qtbot):
    """Makes a shown widget with boxes in a flow layout."""
    hosts = []  # what nobody holds is collected

    def make(widths, width, height=200):
        host = QWidget()
        layout = FlowLayout(host, spacing=5)
        boxes = [Box(w) for w in widths]
        for box in boxes:
            layout.addWidget(box)
        qtbot.addWidget(host)
        hosts.append(host)
        host.resize(width, height)
        host.show()
        qtbot.waitExposed(host)
        return layout, boxes

    return make


def corners(boxes):
    return [(box.x(), box.y()) for box in boxes]


def test_items_that_fit_stand_in_one_row(flow):
    layout, boxes = flow([40, 50, 30], width=130)
    assert corners(boxes) == [(0, 0), (45, 0), (100, 0)]
    assert layout.heightForWidth(130) == 20


def test_the_item_that_does_not_fit_begins_the_next_row(flow):
    layout, boxes = flow([40, 50, 30], width=129)
    assert corners(boxes) == [(0, 0), (45, 0), (0, 25)]
    assert layout.heightForWidth(129) == 45


def test_an_item_wider_than_the_row_is_narrowed_to_it(flow):
    layout, boxes = flow([40, 300, 30], width=100)
    assert corners(boxes) == [(0, 0), (0, 25), (0, 50)]
    assert boxes[1].width() == 100
    assert layout.heightForWidth(100) == 70


def test_lower_items_are_centred_on_their_row(flow):
    _, boxes = flow([40, 40], width=100)
    boxes[1].size_hint = QSize(40, 10)
    boxes[1].updateGeometry()
    boxes[0].parentWidget().layout().activate()
    assert corners(boxes) == [(0, 0), (45, 5)]


def test_hidden_items_take_no_room(flow):
    layout, boxes = flow([40, 50, 30], width=200)
    boxes[1].hide()
    layout.activate()
    assert (boxes[2].x(), layout.sizeHint().width()) == (45, 75)


def test_margins_are_kept(flow):
    layout, boxes = flow([40, 50], width=60)
    layout.setContentsMargins(7, 3, 1, 2)
    layout.activate()
    assert corners(boxes) == [(7, 3), (7, 28)]
    assert layout.heightForWidth(60) == 45 + 5


def test_its_height_follows_its_width_inside_another_layout(qtbot):
    host = QWidget()
    outer = QVBoxLayout(host)
    outer.setContentsMargins(0, 0, 0, 0)
    inner = FlowLayout(spacing=5)
    for _ in range(4):
        inner.addWidget(Box(40))
    below = Box(40, 10)
    outer.addLayout(inner)
    outer.addWidget(below)
    outer.addStretch(1)
    qtbot.addWidget(host)
    host.resize(90, 300)
    host.show()
    qtbot.waitExposed(host)
    two_rows = below.y()
    host.resize(200, 300)
    assert two_rows - below.y() == 25


def test_items_can_be_taken_away(flow):
    layout, boxes = flow([40, 50], width=200)
    assert layout.takeAt(0).widget() is boxes[0]
    assert layout.count() == 1
    assert layout.itemAt(1) is None
    assert layout.takeAt(1) is None


def test_an_empty_one_asks_for_nothing(flow):
    layout, _ = flow([], width=50)
    assert layout.heightForWidth(50) == 0
    assert layout.sizeHint() == QSize(0, 0)


def test_an_attached_item_brings_the_one_before_it_along(flow):
    layout, boxes = flow([40, 50, 30], width=130)
    layout.attach(boxes[2])
    boxes[0].parentWidget().resize(117, 200)
    assert corners(boxes) == [(0, 0), (0, 25), (55, 25)]
    assert [box.width() for box in boxes] == [40, 50, 30]


def test_an_attached_item_stands_alone_where_nothing_can_stand_with_it(flow):
    layout, boxes = flow([100, 30], width=110)
    layout.attach(boxes[1])
    assert layout.heightForWidth(110) == 45
