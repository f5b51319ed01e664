"""The palette shows the whole catalogue, finds what is typed, and gives out fresh layers."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtTest import QTest

from explorer.stack.layer_card import small
from explorer.stack.mime import LAYER_MIME, MAX_BYTES, from_mime, to_mime
from explorer.stack.names import about
from explorer.stack.palette import Palette
from explorer.stack.palette_model import PaletteModel, PaletteRole
from explorer.stack.ready_made import READY_MADE
from explorer.words.languages import translator
from flowengine.catalogue import LAYER_SPECS, Planar, SplineCoupling, kind_of
from flowengine.project import MAX_LAYERS


def kinds(model):
    specs = [model.index(row).data(PaletteRole.SPEC) for row in range(model.rowCount())]
    return [kind_of(spec) for spec in specs if spec is not None]


def headings(model):
    rows = [model.index(row) for row in range(model.rowCount())]
    return [row.data() for row in rows if row.data(PaletteRole.SPEC) is None]


@pytest.fixture
def palette(qtbot):
    palette = Palette()
    qtbot.addWidget(palette)
    palette.resize(300, 500)
    with qtbot.waitActive(palette):
        palette.show()
        palette.activateWindow()
    return palette


def test_the_model_keeps_to_qts_rules(qapp, qtmodeltester):
    qtmodeltester.check(PaletteModel(), force_py=True)


def test_every_kind_stands_once_under_its_group(qapp):
    model = PaletteModel()
    assert sorted(kinds(model)) == sorted(kind_of(cls) for cls in LAYER_SPECS)
    assert len(headings(model)) == len({cls.group for cls in LAYER_SPECS})


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("plan", "planar"),
        ("SPL", "spline"),
        ("spl coup", "spline_coupling"),
        ("coup aff", "affine_coupling"),
        ("(LU", "linear"),
    ],
)
def test_typing_finds_by_name_first(qapp, typed, first):
    model = PaletteModel()
    model.search(typed)
    assert kinds(model)[0] == first


def test_a_word_of_the_description_finds_where_no_name_does(qapp):
    model = PaletteModel()
    model.search("monotone")
    assert "spline_coupling" in kinds(model)


def test_nonsense_finds_nothing_and_headings_go_too(qapp):
    model = PaletteModel()
    model.search("xyzzy")
    assert model.rowCount() == 0
    model.search("")
    assert len(kinds(model)) == len(LAYER_SPECS)


@pytest.mark.parametrize("cls", LAYER_SPECS, ids=kind_of)
def test_every_kind_survives_a_drag(qapp, cls):
    assert from_mime(to_mime(cls(), Planar(id="a"))) == (cls(), Planar(id="a"))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"nonsense",
        b"\xff\xfe\x00",
        b"null",
        b"[]",
        b"[3]",
        b'{"kind": "planar"}',
        b'[{"kind": "planar"}, null]',
        b'[{"kind": "no_such_layer"}]',
        b'[{"kind": "planar", "surprise": 1}]',
        b'[{"kind": "spline_coupling", "width": 0}]',
        b'[{"kind": "spline_coupling", "width": "64"}]',
        b'[{"kind": "scale_shift", "scale_x": 1e999}]',
        b'[{"kind": "planar", "id": "../../etc"}]',
        b'[{"kind": "planar", "id": ' + b"[" * 8000,
        b'[{"kind": "planar"' + b" " * MAX_BYTES + b"}]",
        b"[" + b'{"kind": "planar"},' * MAX_LAYERS + b'{"kind": "planar"}]',
    ],
)
def test_nonsense_on_the_way_is_no_layer(qapp, raw):
    data = QMimeData()
    data.setData(LAYER_MIME, raw)
    assert from_mime(data) == ()


def test_another_format_is_no_layer(qapp):
    data = QMimeData()
    data.setText('{"kind": "planar"}')
    assert from_mime(data) == ()


def test_a_chip_gives_out_its_layer(palette, qtbot):
    chip = next(chip for chip in palette.chips if chip.kind is SplineCoupling)
    with qtbot.waitSignal(palette.layer_chosen) as chosen:
        QTest.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert chosen.args == [SplineCoupling()]


def test_no_button_is_cut_at_the_narrowest_dock(palette):
    palette.setFixedWidth(240)
    palette.layout().activate()
    for button in (*palette.chips, palette.all_button, palette.ready_button):
        assert button.width() >= button.sizeHint().width()
        assert palette.rect().contains(button.geometry())


def test_all_opens_the_catalogue_and_escape_closes_it(palette, qtbot):
    assert not palette.list.isVisible()
    QTest.mouseClick(palette.all_button, Qt.MouseButton.LeftButton)
    assert palette.list.isVisible()
    palette.search_box.setFocus()
    QTest.keyClicks(palette.search_box, "plan")
    with qtbot.waitSignal(palette.dismissed):
        QTest.keyClick(palette.search_box, Qt.Key.Key_Escape)
    assert not palette.list.isVisible()
    assert len(kinds(palette.list.kinds)) == len(LAYER_SPECS)


def test_type_and_enter_adds_the_first_hit_again_and_again(palette, qtbot):
    palette.focus_search()
    assert palette.search_box.hasFocus()
    QTest.keyClicks(palette.search_box, "planar")
    for _ in range(2):
        with qtbot.waitSignal(palette.layer_chosen) as chosen:
            QTest.keyClick(palette.search_box, Qt.Key.Key_Return)
        assert chosen.args == [Planar()]


def test_enter_on_nothing_found_adds_nothing(palette, qtbot):
    palette.focus_search()
    QTest.keyClicks(palette.search_box, "xyzzy")
    with qtbot.assertNotEmitted(palette.layer_chosen):
        QTest.keyClick(palette.search_box, Qt.Key.Key_Return)


def test_arrows_go_from_the_box_through_the_list_and_back(palette, qtbot):
    palette.focus_search()
    QTest.keyClick(palette.search_box, Qt.Key.Key_Down)
    assert palette.list.hasFocus()
    QTest.keyClick(palette.list, Qt.Key.Key_Down)
    expected = kinds(palette.list.kinds)[1]
    with qtbot.waitSignal(palette.layer_chosen) as chosen:
        QTest.keyClick(palette.list, Qt.Key.Key_Return)
    assert chosen.args[0].kind == expected
    QTest.keyClick(palette.list, Qt.Key.Key_Up)
    QTest.keyClick(palette.list, Qt.Key.Key_Up)
    assert palette.search_box.hasFocus()


def test_the_plus_and_a_double_click_add_one_layer_each(palette, qtbot):
    palette.focus_search()
    index = palette.list.kinds.first()
    layer = index.data(PaletteRole.SPEC)()
    chosen = []
    palette.layer_chosen.connect(chosen.append)
    plus = palette.list.plus_rect(index).center()
    QTest.mouseClick(palette.list.viewport(), Qt.MouseButton.LeftButton, pos=plus)
    assert chosen == [layer]
    beside = palette.list.visualRect(index).center()
    QTest.mouseClick(palette.list.viewport(), Qt.MouseButton.LeftButton, pos=beside)
    assert chosen == [layer]
    QTest.mouseDClick(palette.list.viewport(), Qt.MouseButton.LeftButton, pos=beside)
    assert chosen == [layer] * 2


def test_a_double_click_on_the_plus_adds_two(palette, qtbot):
    palette.focus_search()
    plus = palette.list.plus_rect(palette.list.kinds.first()).center()
    chosen = []
    palette.layer_chosen.connect(chosen.append)
    view = palette.list.viewport()
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=plus)
    QTest.mouseDClick(view, Qt.MouseButton.LeftButton, pos=plus)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=plus)
    assert len(chosen) == 2


def test_a_press_on_one_plus_and_a_release_on_another_adds_nothing(palette, qtbot):
    palette.focus_search()
    kinds_list = palette.list
    first, second = (kinds_list.plus_rect(kinds_list.kinds.index(row)).center() for row in (1, 2))
    with qtbot.assertNotEmitted(palette.layer_chosen):
        QTest.mousePress(kinds_list.viewport(), Qt.MouseButton.LeftButton, pos=first)
        QTest.mouseRelease(kinds_list.viewport(), Qt.MouseButton.LeftButton, pos=second)


def test_typing_in_the_list_goes_on_in_the_box(palette):
    palette.focus_search()
    QTest.keyClicks(palette.search_box, "pla")
    QTest.keyClick(palette.search_box, Qt.Key.Key_Down)
    QTest.keyClick(palette.list, Qt.Key.Key_N)
    assert palette.search_box.hasFocus()
    assert palette.search_box.text() == "plan"
    QTest.keyClick(palette.search_box, Qt.Key.Key_Down)
    QTest.keyClick(palette.list, Qt.Key.Key_Backspace)
    assert palette.search_box.text() == "pla"
    assert kinds(palette.list.kinds)[0] == "planar"


def test_an_empty_list_says_that_nothing_matches(palette):
    palette.focus_search()
    QTest.keyClicks(palette.search_box, "xyzzy")
    view = palette.list.viewport()
    picture = view.grab().toImage()
    row = range(picture.width())
    columns = range(picture.height())
    assert len({picture.pixel(x, y) for x in row for y in columns}) > 4  # letters, smoothed


@pytest.mark.parametrize("cls", LAYER_SPECS, ids=kind_of)
def test_the_hover_text_is_name_formula_deed_and_source(qapp, cls):
    model = PaletteModel()
    model.search(cls.title)
    row = kinds(model).index(kind_of(cls))
    index = [i for i in map(model.index, range(model.rowCount())) if i.data(PaletteRole.SPEC)][row]
    lines = index.data(Qt.ItemDataRole.ToolTipRole).split("\n")
    assert lines == [cls.title, cls.formula, about(cls), cls.reference]


def test_the_catalogue_takes_the_place_of_the_chips(palette):
    palette.focus_search()
    assert not any(chip.isVisible() for chip in palette.chips)
    assert palette.ready_button.isVisible()
    QTest.keyClick(palette.search_box, Qt.Key.Key_Escape)
    assert all(chip.isVisible() for chip in palette.chips)


def test_a_heading_gives_out_nothing(palette, qtbot):
    palette.focus_search()
    heading = palette.list.visualRect(palette.list.kinds.index(0)).center()
    with qtbot.assertNotEmitted(palette.layer_chosen):
        QTest.mouseDClick(palette.list.viewport(), Qt.MouseButton.LeftButton, pos=heading)


def test_the_menu_has_every_ready_made_stack(palette, qtbot):
    *stacks, separator, why = palette.ready_button.menu().actions()
    assert [action.text() for action in stacks] == [ready.name for ready in READY_MADE]
    assert separator.isSeparator()
    with qtbot.waitSignal(palette.stack_chosen) as chosen:
        stacks[-1].trigger()
    assert chosen.args == [READY_MADE[-1]]
    with qtbot.waitSignal(palette.why_planar_asked):
        why.trigger()


def test_another_language_keeps_everything_in_place(palette):
    palette.focus_search()
    translator.set_language("vi")
    assert all(chip.text().startswith("+ ") for chip in palette.chips)
    assert len(kinds(palette.list.kinds)) == len(LAYER_SPECS)
    assert palette.ready_button.menu().actions()


def test_who_opens_the_catalogue_can_type_at_once(palette):
    QTest.mouseClick(palette.all_button, Qt.MouseButton.LeftButton)
    QTest.keyClicks(palette.focusWidget(), "planar")
    assert "planar" in kinds(palette.list.kinds)
    assert "affine_coupling" not in kinds(palette.list.kinds)


def test_the_letter_after_an_underscore_stands_below_the_line(palette, qtbot):
    palette.resize(600, 500)
    palette.focus_search()
    QTest.keyClicks(palette.search_box, "additive")
    assert kinds(palette.list.kinds) == ["additive_coupling"]
    rows = palette.list
    index = rows.kinds.index(1)
    place, plus = rows.visualRect(index), rows.plus_rect(index)
    picture = rows.viewport().grab(place).toImage()
    ground = picture.pixelColor(picture.width() // 2, picture.height() // 2)
    inked = [
        x
        for x in range(picture.width() // 2, plus.left() - place.left() - 2)
        for y in range(4, picture.height() - 4)
        if abs(picture.pixelColor(x, y).lightness() - ground.lightness()) > 40
    ]
    font = QFont(rows.font())
    written = QFontMetrics(small(font)).horizontalAdvance("x_b = z_b + t(z_a)")
    assert 0.5 * written < max(inked) - min(inked) < 0.9 * written
