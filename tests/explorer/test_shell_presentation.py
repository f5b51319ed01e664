"""The command palette and presentation mode, by keys."""

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from explorer import dialogs
from explorer.i18n import translator
from explorer.main_window import MainWindow
from explorer.shell.command_palette import CommandPalette
from explorer.shell.glossary import GlossaryDialog, glossary, matching
from explorer.store import Store, remember_recent
from explorer.theme import theme
from explorer.training.controller import Controller
from flowengine.lesson import Lesson
from flowengine.project import Project, default_stack


@pytest.fixture
def window(qtbot, qapp, monkeypatch):
    theme.apply(qapp)
    monkeypatch.setattr(dialogs, "ask", lambda *_: "discard")
    window = MainWindow(Store(Project(name="star", stack=default_stack())), Controller())
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    yield window
    window.presentation.leave()


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
    with qtbot.waitSignal(window.stage.clock.direction_changed):
        QTest.keyClick(palette.search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not palette.isVisible())
    assert window.stage.clock.direction == "normalize"


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
    (entry,) = window.recent_menu.actions()
    assert entry.toolTip().startswith('<img src="data:image/png;base64,iVBOR')


def png(window):
    return window.stage.look().png()


def test_a_presentation_shows_the_panels_alone_and_gives_everything_back(window, qtbot):
    window.docks["ledger"].close()
    size = QApplication.font().pointSizeF()
    QTest.keyClick(window, Qt.Key.Key_F5)
    parts = [window.menuBar(), window.statusBar(), window.top_bar, *window.docks.values()]
    assert not any(part.isVisible() for part in parts)
    assert window.isFullScreen()
    assert all(panel.isVisible() for panel in window.stage.panels.values())
    assert QApplication.font().pointSizeF() == pytest.approx(1.5 * size)
    playing = window.stage.clock.playing
    QTest.keyClick(window, Qt.Key.Key_Space)  # keys still work although no bar shows them
    assert window.stage.clock.playing is not playing
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isFullScreen()
    assert [part.isVisible() for part in parts] == [True] * 5 + [False, True]
    assert QApplication.font().pointSizeF() == pytest.approx(size)
    window.docks["ledger"].show()


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
