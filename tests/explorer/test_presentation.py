"""The command palette and presentation mode, by keys."""

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMainWindow

from explorer.help.command_palette import CommandPalette
from explorer.help.glossary import GlossaryDialog, glossary, matching
from explorer.panels.camera import HOME_HALF_SPAN
from explorer.panels.shot import Shown
from explorer.session.store import remember_recent
from explorer.theme import theme
from explorer.window.layout import SIDE_WIDTH
from explorer.window.presentation import Presentation
from explorer.window.status_line import StatusLine
from explorer.words.languages import translator
from flowengine.lesson import Lesson
from flowengine.project import Project, default_stack
from tests.explorer.film_messages import grid


def opened_palette(qtbot, window):
    QTest.keyClick(window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier
                   | Qt.KeyboardModifier.ShiftModifier)  # fmt: skip
    palettes = window.findChildren(CommandPalette)
    assert len(palettes) == 1
    qtbot.waitExposed(palettes[0])
    return palettes[0]


def rows(palette):
    return [palette.list.item(i).text() for i in range(palette.list.count())]


def test_typing_a_part_of_a_name_and_enter_runs_the_action(window, qtbot):
    palette = opened_palette(qtbot, window)
    QTest.keyClicks(palette.search, "switch dir")
    assert rows(palette) == ["Switch direction"]
    with qtbot.waitSignal(window.area.clock.direction_changed):
        QTest.keyClick(palette.search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not palette.isVisible())
    assert window.area.clock.direction == "normalize"


def test_arrows_choose_among_what_matches_and_every_action_is_there(window, qtbot):
    palette = opened_palette(qtbot, window)
    assert {"Save", "Export…", "Target", "Ledger", "Find an action…"} <= set(rows(palette))
    QTest.keyClicks(palette.search, "theme")  # no name has the word, some explanations do
    shown = rows(palette)
    assert "Switch dark and light" in shown
    before = theme.name
    for _ in range(shown.index("Switch dark and light")):
        QTest.keyClick(palette.search, Qt.Key.Key_Down)
    QTest.keyClick(palette.search, Qt.Key.Key_Return)
    assert theme.name != before
    theme.set_theme(before)


def test_what_stands_in_a_menu_is_found_by_the_menus_name(window, qtbot):
    palette = opened_palette(qtbot, window)
    QTest.keyClicks(palette.search, "lesson")
    assert "1  The potter" in rows(palette)


def test_a_search_that_finds_nothing_says_so(window, qtbot):
    palette = opened_palette(qtbot, window)
    QTest.keyClicks(palette.search, "zebra")
    assert rows(palette) == ["Nothing here is called that, or explained by it"]
    palette.grab()  # its row is drawn without an action
    QTest.keyClick(palette.search, Qt.Key.Key_Return)
    assert palette.isVisible()


def test_what_cannot_be_done_now_cannot_be_run(window, qtbot):
    palette = opened_palette(qtbot, window)
    QTest.keyClicks(palette.search, "undo")
    QTest.keyClick(palette.search, Qt.Key.Key_Return)
    assert palette.isVisible()
    QTest.keyClick(palette.search, Qt.Key.Key_Escape)
    assert not palette.isVisible()


def test_a_recent_project_can_be_opened_and_is_shown_with_its_picture(window, qtbot, tmp_path):
    path = tmp_path / "lecture.flow"
    Project(name="lecture", stack=default_stack()).save(path, thumbnail=png(window))
    remember_recent(path)
    palette = opened_palette(qtbot, window)
    QTest.keyClicks(palette.search, "lecture")
    QTest.keyClick(palette.search, Qt.Key.Key_Return)
    assert window.store.path == path
    (entry,) = window.menus.recent.actions()
    assert entry.toolTip().startswith('<img src="data:image/png;base64,iVBOR')


def png(window):
    return window.area.view_state().png()


def test_a_presentation_shows_the_panels_alone_and_gives_everything_back(window, qtbot):
    window.docks["ledger"].close()
    size = QApplication.font().pointSizeF()
    QTest.keyClick(window, Qt.Key.Key_F5)
    parts = [window.menuBar(), window.statusBar(), window.top_bar, *window.docks.values()]
    assert not any(part.isVisible() for part in parts)
    assert window.isFullScreen()
    assert all(panel.isVisible() for panel in window.area.panels.values())
    assert QApplication.font().pointSizeF() == pytest.approx(1.5 * size)
    playing = window.area.clock.playing
    QTest.keyClick(window, Qt.Key.Key_Space)  # keys still work although no bar shows them
    assert window.area.clock.playing is not playing
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isFullScreen()
    assert [part.isVisible() for part in parts] == [True] * 5 + [False, True]
    assert QApplication.font().pointSizeF() == pytest.approx(size)
    window.docks["ledger"].show()


def test_after_a_presentation_the_status_bar_takes_no_more_room_than_before(qtbot, qapp):
    theme.apply(qapp)
    window = QMainWindow()
    line = StatusLine(window)
    window.setStatusBar(line)
    qtbot.addWidget(window)
    window.resize(640, 480)
    window.show()
    qtbot.waitExposed(window)
    size, height = window.size(), line.height()
    presentation = Presentation(window)
    presentation.enter()
    qtbot.waitUntil(lambda: window.size() != size)
    line.say("a sentence in large type")
    qtbot.waitUntil(lambda: line.sizeHint().height() > height)
    presentation.leave()
    qtbot.waitUntil(lambda: window.size() == size)
    # or the docks would find another place
    qtbot.waitUntil(lambda: line.sizeHint().height() == line.height() == height, timeout=900)


ALT, CTRL, SHIFT = (
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


def arrangement(window):
    return [dock.geometry() if dock.isVisible() else None for dock in window.docks.values()]


def test_a_lecturer_calls_for_a_part_of_the_window_and_the_arrangement_comes_back(window, qtbot):
    docks = window.docks
    QTest.keyClick(window, Qt.Key.Key_3, CTRL)  # as the lecturer likes it: no ledger
    qtbot.waitUntil(lambda: docks["metrics"].height() > window.area.height())
    before = arrangement(window)
    QTest.keyClick(window, Qt.Key.Key_F5)
    QTest.keyClick(window, Qt.Key.Key_3, CTRL)
    assert [name for name, dock in docks.items() if dock.isVisible()] == ["ledger"]
    QTest.keyClick(window, Qt.Key.Key_1, CTRL)
    assert docks["target"].isVisible()
    QTest.keyClick(window, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: arrangement(window) == before)
    QTest.keyClick(window, Qt.Key.Key_3, CTRL)
    assert docks["ledger"].isVisible()


def test_a_part_comes_in_a_width_for_large_type(window, qtbot):
    QTest.keyClick(window, Qt.Key.Key_F5)
    window.showNormal()  # the screen of the tests is narrower than a projector
    window.resize(1700, 900)
    QTest.keyClick(window, Qt.Key.Key_3, CTRL)
    qtbot.waitUntil(lambda: window.docks["ledger"].width() == round(1.5 * SIDE_WIDTH))


def test_parts_of_the_picture_are_switched_by_key_in_every_panel_that_has_them(window):
    panels = window.area.panels

    def shown(name):
        return [getattr(panel.shown, name) for panel in panels.values()]

    assert shown("density") == [True, True]
    QTest.keyClick(window, Qt.Key.Key_1, ALT)
    assert shown("density") == [False, False]
    assert shown("trails") == [False, True]  # where panels differ, on in all
    QTest.keyClick(window, Qt.Key.Key_4, ALT)
    assert shown("trails") == [True, True]
    QTest.keyClick(window, Qt.Key.Key_3, ALT)
    assert shown("grid") == [False, False]  # only the discrete flow has one
    QTest.keyClick(window, Qt.Key.Key_7, ALT)
    assert shown("difference") == [True, True]
    window.overlays.tell()
    marks = [window.actions_[name].isChecked() for name in ("show_density", "show_difference")]
    assert marks == [False, True]


def test_the_key_of_a_part_does_not_change_the_brush_while_one_draws(window):
    canvas, panel = window.target.canvas, window.area.panels["discrete"]
    canvas.setFocus()
    strength = canvas.brush.strength
    QTest.keyClick(canvas, Qt.Key.Key_2, ALT)
    assert not panel.shown.points
    assert canvas.brush.strength == strength


def test_one_panel_after_the_other_has_all_the_room(window):
    panels = list(window.area.panels.values())
    seen = []
    for _ in range(3):
        QTest.keyClick(window, Qt.Key.Key_M, SHIFT)
        seen.append([panel.isVisible() for panel in panels])
    assert seen == [[True, False], [False, True], [True, True]]


def grid_light(panel):
    """How much light the warped grid adds to one row of a panel's picture, half a unit up."""
    pictures = []
    for name in ("grid", "field"):  # a discrete flow has no field
        panel.set_shown(Shown(**{**dict.fromkeys(Shown.__annotations__, False), name: True}))
        pictures.append(panel.view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32))
    row = panel.view.height() // 2 - round(0.5 * panel.view.height() / (2 * HOME_HALF_SPAN))
    green = [[image.pixelColor(x, row).green() for x in range(image.width())] for image in pictures]
    return sum(abs(a - b) for a, b in zip(*green, strict=True))


def test_a_hall_gets_thick_lines_and_large_icons(window):
    panel, button = window.area.panels["discrete"], window.area.compare_button
    square = np.stack(np.meshgrid([-1.2, 1.2], [-1.2, 1.2]), axis=-1)
    panel.film.take(grid([square, square]), 0.0)
    before, icons = grid_light(panel), button.iconSize().width()
    assert before > 0
    QTest.keyClick(window, Qt.Key.Key_F5)
    assert grid_light(panel) == pytest.approx(2 * before, rel=0.05)
    assert button.iconSize().width() == 1.5 * icons


def test_what_a_lesson_hides_stays_hidden_after_a_lecture(window, qtbot):
    hiding = replace(window.store.project, lesson=Lesson(rules={"ledger": "hidden"}))
    QTest.keyClick(window, Qt.Key.Key_F5)
    window.store.replace(hiding)
    QTest.keyClick(window, Qt.Key.Key_3, CTRL)
    assert not window.docks["ledger"].isVisible()
    QTest.keyClick(window, Qt.Key.Key_F5)
    assert not window.docks["ledger"].isVisible()
    assert window.docks["metrics"].isVisible()


def test_an_open_project_after_a_lesson_has_all_its_parts_again(window, qtbot):
    open_project = window.store.project
    window.store.replace(replace(open_project, lesson=Lesson(rules={"ledger": "hidden"})))
    QTest.keyClick(window, Qt.Key.Key_F5)
    window.store.replace(open_project)
    assert not any(dock.isVisible() for dock in window.docks.values())
    QTest.keyClick(window, Qt.Key.Key_F5)
    assert all(dock.isVisible() for dock in window.docks.values())


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("gan", "Compare with a GAN"),
        ("vae", "Compare with a VAE"),
        ("add coupling", "Add Affine coupling"),
        ("moons", "Preset: Two moons"),
        ("dark", "Dark"),
        ("film", "Export…"),
        ("realnvp", "Use RealNVP"),
        ("log_det", "log_det"),
    ],
)
def test_what_is_a_click_elsewhere_is_found_by_name(window, qtbot, typed, expected):
    palette = opened_palette(qtbot, window)
    QTest.keyClicks(palette.search, typed)
    assert expected in rows(palette)


def offered(qtbot, window):
    window.actions_["palette"].trigger()
    (palette,) = window.findChildren(CommandPalette)
    qtbot.waitExposed(palette)
    return palette


def run_by_name(qtbot, window, typed):
    palette = offered(qtbot, window)
    QTest.keyClicks(palette.search, typed)
    QTest.keyClick(palette.search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not window.findChildren(CommandPalette))


def test_a_baseline_a_layer_and_a_preset_are_taken_up_by_name(window, qtbot):
    layers = len(window.store.project.stack)
    run_by_name(qtbot, window, "compare gan")
    assert window.store.project.compare == ("gan",)
    run_by_name(qtbot, window, "gan away")
    assert window.store.project.compare == ()
    run_by_name(qtbot, window, "add planar")
    assert len(window.store.project.stack) == layers + 1
    run_by_name(qtbot, window, "preset moons")
    assert window.store.project.target.name == "moons"


def test_a_vietnamese_name_is_found_by_its_bare_letters(window, qtbot):
    translator.set_language("vi")
    palette = offered(qtbot, window)
    QTest.keyClicks(palette.search, "dat lai")
    assert rows(palette)[0] == "Đặt lại"


def test_a_part_that_a_lesson_locks_is_not_offered(window, qtbot):
    lesson = Lesson(rules={"stack": "locked", "target": "locked", "compare": "locked"})
    window.store.apply(replace(window.store.project, lesson=lesson), "Lesson")
    before = window.store.project
    for typed in ("add planar", "preset moons", "compare gan"):
        palette = offered(qtbot, window)
        QTest.keyClicks(palette.search, typed)
        assert not palette.list.item(0).flags() & Qt.ItemFlag.ItemIsEnabled
        QTest.keyClick(palette.search, Qt.Key.Key_Escape)
        qtbot.waitUntil(lambda: not window.findChildren(CommandPalette))
    assert window.store.project == before


# --- the glossary ---------------------------------------------------------------------------------


def test_f1_opens_the_glossary_where_a_word_is_found_by_typing(window, qtbot):
    QTest.keyClick(window, Qt.Key.Key_F1)
    (dialog,) = window.findChildren(GlossaryDialog)
    qtbot.waitExposed(dialog)
    assert "Jacobian" in dialog.page.toPlainText()
    QTest.keyClicks(dialog.search, "elbo")
    shown = dialog.page.toPlainText()
    assert shown.startswith("ELBO\nEvidence lower bound")
    assert "Jacobian" not in shown
    translator.set_language("vi")
    assert "Cận dưới" in dialog.page.toPlainText()
    window.help.show_glossary("khong co")
    assert window.findChildren(GlossaryDialog) == [dialog]
    dialog.search.setText("xyzzy")
    assert dialog.page.toPlainText() == "Không mục nào có từ này."
    dialog.close()


WORDS = (
    *("base", "target", "forward", "inverse", "log_det", "log_prob", "layer", "stack", "lane"),
    *("trace", "KL", "ledger", "NLL", "entropy", "W₂", "ESS", "coupling", "autoregressive"),
    *("residual", "CNF", "FFJORD", "solver", "VAE", "ELBO", "GAN"),
)


@pytest.mark.parametrize("language", ["en", "vi"])
def test_every_word_of_the_window_is_in_the_glossary(language):
    translator.set_language(language)
    for word in WORDS:
        assert word.casefold() in matching(word)[0].term.casefold(), word
    assert all(entry.text.endswith(".") for entry in glossary())
    assert len({entry.term for entry in glossary()}) == len(glossary())
