"""The command palette and presentation mode, by keys."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from explorer import dialogs
from explorer.main_window import MainWindow
from explorer.shell.command_palette import CommandPalette
from explorer.store import Store, remember_recent
from explorer.theme import theme
from explorer.training.controller import Controller
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
