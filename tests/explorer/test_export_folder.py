"""After an export its folder can be opened, with the mouse or the keyboard."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest

from explorer import resources
from explorer.words.languages import translator
from flowengine.project import Project
from tests.explorer.windows import shown_window

PATIENCE_MS = 60_000


class Desktop(QObject):
    """Takes the place of the desktop's file manager."""

    def __init__(self):
        super().__init__()
        self.opened = []

    @Slot(QUrl)
    def open(self, url):
        self.opened.append(url)


@pytest.fixture
def desktop(qapp):
    desktop = Desktop()
    QDesktopServices.setUrlHandler("file", desktop, "open")
    yield desktop
    QDesktopServices.unsetUrlHandler("file")


@pytest.fixture
def dialog(qtbot, qapp, monkeypatch, tmp_path):
    """The dialog of a whole window, before anything was exported."""
    example = Project.open(resources.path("examples", "two-moons.flow"))
    with shown_window(example, qtbot, qapp, monkeypatch, particles=50) as window:
        window.actions_["export"].trigger()
        dialog = window.exporter.dialog
        dialog._folder.setText(str(tmp_path))
        dialog.choose("project")
        dialog.exporter = window.exporter
        yield dialog
        dialog.close()


def export(dialog, qtbot):
    path = dialog.destination
    with qtbot.waitSignal(dialog.exporter.finished, timeout=PATIENCE_MS):
        QTest.mouseClick(dialog._start, Qt.MouseButton.LeftButton)
    return path


def test_the_folder_of_what_was_written_is_shown(dialog, qtbot, desktop, tmp_path):
    assert dialog._show.isHidden()
    path = export(dialog, qtbot)
    assert path.is_file()
    assert dialog._show.isVisible()
    QTest.mouseClick(dialog._show, Qt.MouseButton.LeftButton)
    assert desktop.opened == [QUrl.fromLocalFile(str(tmp_path))]
    assert str(path) in dialog._message.text()


def test_the_keyboard_reaches_it(dialog, qtbot, desktop, tmp_path):
    dialog.activateWindow()
    export(dialog, qtbot)
    qtbot.waitUntil(dialog._close.hasFocus)
    for _ in range(20):
        if dialog._show.hasFocus():
            break
        QTest.keyClick(dialog.focusWidget(), Qt.Key.Key_Tab)
    assert dialog._show.hasFocus()
    QTest.keyClick(dialog._show, Qt.Key.Key_Space)
    assert desktop.opened == [QUrl.fromLocalFile(str(tmp_path))]


def test_it_goes_with_what_was_said(dialog, qtbot, desktop):
    export(dialog, qtbot)
    dialog.choose("figure")
    assert dialog._show.isHidden()


def test_without_a_program_for_folders_it_says_so(dialog, qtbot, monkeypatch, tmp_path):
    translator.set_language("en")
    export(dialog, qtbot)
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda _url: False)
    QTest.mouseClick(dialog._show, Qt.MouseButton.LeftButton)
    assert dialog._message.text() == f"The folder {tmp_path} could not be opened."
