"""The list of cards follows any change of the stack, and its rows stay with their layers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from PySide6.QtCore import QPersistentModelIndex, Qt

from explorer.stack.mime import from_mime
from explorer.stack.stack_model import BASE_ID, CardRole, StackModel
from explorer.stack.thumbnail import grid_pixmap, looks_like, plain_grid
from explorer.theme import theme
from explorer.words.languages import MINUS
from flowengine.project import resolve_keeps
from flowengine.protocol import LayerFact
from flowengine.shorthand import parse_stack

LAYERS = resolve_keeps(parse_stack("actnorm,affine_coupling*2,linear,spline_coupling*2,planar*2"))


def fact(layer, weights=7, log_det=-0.5, grid=None):
    mesh = plain_grid() if grid is None else grid
    return LayerFact(id=layer.id, weights=weights, mean_log_det=log_det, grid=mesh)


@pytest.fixture
def model(qapp):
    return StackModel()


def test_the_model_keeps_to_qts_rules(model, qtmodeltester):
    model.set_stack(LAYERS)
    model.set_facts({LAYERS[0].id: fact(LAYERS[0])})
    qtmodeltester.check(model, force_py=True)


stacks = st.lists(st.sampled_from(range(len(LAYERS))), unique=True).map(
    lambda rows: tuple(LAYERS[row] for row in rows)
)


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(stacks, stacks)
def test_any_stack_follows_any_other_and_every_row_stays_with_its_layer(qapp, before, after):
    model = StackModel()
    model.set_stack(before)
    held = {layer.id: QPersistentModelIndex(model.index_of(layer.id)) for layer in before}
    model.set_stack(after)
    assert model.stack == after
    assert model.rowCount() == len(after) + 1
    for layer in before:
        if layer in after:
            assert held[layer.id].row() == after.index(layer) + 1
        else:
            assert not held[layer.id].isValid()


def test_a_changed_setting_touches_one_row(model, qtbot):
    model.set_stack(LAYERS)
    with qtbot.waitSignal(model.dataChanged) as changed:
        model.set_stack((LAYERS[0], replace(LAYERS[1], width=32), *LAYERS[2:]))
    assert [index.row() for index in changed.args[:2]] == [2, 2]


def test_the_base_comes_first_and_cannot_be_dragged(model):
    model.set_stack(LAYERS)
    base = model.index(0)
    assert model.id_at(base) == BASE_ID
    assert base.data() == "Base · standard normal"
    assert not base.flags() & Qt.ItemFlag.ItemIsDragEnabled
    assert model.index(1).flags() & Qt.ItemFlag.ItemIsDragEnabled


def test_a_coupling_is_named_by_the_coordinate_that_it_changes(model):
    model.set_stack(LAYERS)
    assert [model.index(row).data() for row in (1, 2, 3, 4)] == [
        "ActNorm",
        "Affine coupling · y",
        "Affine coupling · x",
        "Linear (LU)",
    ]
    assert "Keeps x, changes y" in model.index(2).data(Qt.ItemDataRole.ToolTipRole)


def test_an_autoregressive_card_says_which_coordinate_steers_which(model):
    model.set_stack(resolve_keeps(parse_stack("maf,iaf")))
    assert [model.index(row).data() for row in (1, 2)] == ["MAF · x → y", "IAF · y → x"]
    tip = model.index(2).data(Qt.ItemDataRole.ToolTipRole)
    assert "y moves by itself and steers x" in tip


def test_a_screen_reader_hears_what_the_card_shows(model):
    model.set_stack((replace(LAYERS[1], enabled=False, frozen=True),))
    model.set_facts({LAYERS[1].id: fact(LAYERS[1], weights=4418, log_det=-0.314)})
    spoken = model.index(1).data(Qt.ItemDataRole.AccessibleDescriptionRole)
    assert spoken == f"bypassed, weights frozen, 4,418 weights, log|det| {MINUS}0.31"


def test_facts_stay_until_there_are_newer_ones_and_go_with_their_layer(model):
    model.set_stack(LAYERS)
    first = fact(LAYERS[0])
    model.set_facts({LAYERS[0].id: first})
    model.set_facts({LAYERS[1].id: fact(LAYERS[1])})
    assert model.index(1).data(CardRole.FACT) is first
    model.set_stack(LAYERS[1:])
    model.set_facts({})
    assert model.fact(LAYERS[0].id) is None


def test_a_drag_carries_the_layer_with_its_id(model):
    model.set_stack(LAYERS)
    rows = [model.index(row) for row in (3, 0, 1)]
    assert from_mime(model.mimeData(rows)) == (LAYERS[0], LAYERS[2])


# --- thumbnails ---------------------------------------------------------------------------------


def lit(pixmap):
    """How many pixels differ from the ground."""
    image = pixmap.toImage()
    ground = theme.color("panel").rgb()
    corners = {0, image.width() - 1}
    return sum(
        image.pixel(x, y) != ground
        for x in range(image.width())
        for y in range(image.height())
        if not (x in corners or y in corners)
    )


def test_a_thumbnail_has_the_device_pixels_of_its_screen(qapp):
    pixmap = grid_pixmap(plain_grid(), 44, 2.0)
    assert (pixmap.width(), pixmap.devicePixelRatio()) == (88, 2.0)


def test_different_layers_have_different_thumbnails(qapp):
    bent = plain_grid(13)
    bent[..., 1] += np.sin(bent[..., 0])
    assert grid_pixmap(plain_grid(13), 44, 1.0).toImage() != grid_pixmap(bent, 44, 1.0).toImage()


def test_an_eye_cannot_tell_a_small_change(qapp):
    grid = plain_grid(13)
    near, far = grid + 0.01, grid + 0.1
    broken = np.where(grid > 2, np.inf, np.where(grid < -2, np.nan, grid))
    assert looks_like(grid, near)
    assert looks_like(broken, broken.copy())
    assert not looks_like(grid, far)
    assert not looks_like(grid, broken)
    assert not looks_like(grid, plain_grid(7))


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e30])
def test_a_layer_that_ran_away_still_has_a_thumbnail(qapp, bad):
    grid = plain_grid(13).astype(np.float32)
    grid[3:5] = bad
    assert lit(grid_pixmap(grid, 44, 1.0)) > 100
    grid[:] = bad
    assert lit(grid_pixmap(grid, 44, 1.0)) < lit(grid_pixmap(plain_grid(), 44, 1.0))


def test_hovering_a_card_gives_its_figures_as_they_are_now(model):
    model.set_stack(LAYERS)
    assert "Now" not in model.index(1).data(Qt.ItemDataRole.ToolTipRole)
    model.set_facts({LAYERS[0].id: fact(LAYERS[0], weights=6563, log_det=-0.5)})
    last = model.index(1).data(Qt.ItemDataRole.ToolTipRole).splitlines()[-1]
    assert last == f"Now: 6,563 weights, mean log|det J| {MINUS}0.50 nats"
