"""What a Jacobian does to a small circle, drawn beside its line."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from explorer.ledger.ellipse import JACOBIAN_ROLE, draw_jacobian, largest_stretch
from tests.explorer.ledger_probe import EYE, continuous, discrete, shown_view


@pytest.fixture
def view(qtbot):
    return shown_view(qtbot)


@dataclass
class Drawn:
    """Where one colour was drawn: its extent in pixels and its mean direction."""

    width: int
    height: int
    slope: float


def drawn(jacobian, side=101):
    image = QImage(side, side, QImage.Format.Format_RGB32)
    image.fill(QColor("black"))
    painter = QPainter(image)
    draw_jacobian(painter, QRectF(0, 0, side, side), jacobian, QColor("white"))
    painter.end()
    pixels = np.array(image.constBits()).reshape(side, side, 4)[..., :3].min(axis=2)
    rows, columns = np.nonzero(pixels > 190)  # brighter than the muted circle
    if not rows.size:
        return None
    slope = -float(np.sum((columns - 50) * (rows - 50)) / np.sum((columns - 50) ** 2))
    return Drawn(int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1, slope)


def test_an_ellipse_has_the_shape_of_its_jacobian(qapp):
    stretched = drawn((2.0, 0.0, 0.0, 1.0))
    assert stretched.width == pytest.approx(98, abs=3)
    assert stretched.height == pytest.approx(49, abs=3)
    shrunk = drawn((0.5, 0.0, 0.0, 0.5))
    assert (shrunk.width, shrunk.height) == pytest.approx((49, 49), abs=3)


def test_an_ellipse_leans_the_way_its_jacobian_does(qapp):
    """A shear x' = x + y reaches up to the right; y counts upwards there, downwards in pixels."""
    assert drawn((1.0, 1.0, 0.0, 1.0)).slope > 0.2
    assert drawn((1.0, -1.0, 0.0, 1.0)).slope < -0.2


def test_a_jacobian_that_is_not_finite_gives_no_picture(qapp):
    assert drawn((math.nan, 0.0, 0.0, 1.0)) is None


def test_the_largest_stretch_is_the_larger_singular_value():
    generator = np.random.default_rng(0)
    for matrix in generator.normal(size=(20, 2, 2)):
        expected = np.linalg.svd(matrix, compute_uv=False)[0]
        assert largest_stretch(tuple(matrix.ravel())) == pytest.approx(expected)


def test_only_lines_that_warp_have_an_ellipse(view):
    view.set_ledger(discrete())
    view.set_ledger(continuous())
    ellipses = [view._table.item(k, 2).data(JACOBIAN_ROLE) for k in range(view._table.rowCount())]
    assert ellipses == [None, EYE, (1.0, -0.5, 0.0, 0.733), *[None] * 5]
    before = view._table.viewport().grab().toImage()
    view.set_ledger(
        replace(discrete(), rows=tuple(replace(r, jacobian=EYE) for r in discrete().rows))
    )
    assert view._table.viewport().grab().toImage() != before
