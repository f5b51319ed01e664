"""From the command line to an open window, and what becomes of errors."""

import sys
import threading

import msgspec
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from explorer import app as program
from explorer import dialogs
from explorer.words.languages import translator
from flowengine.project import Project, default_stack


@pytest.fixture
def open_window(qtbot, monkeypatch):
    """Open windows whose engines are never started, and put the hooks back afterwards."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(program.MainWindow, "start_engines", lambda self: None)
    monkeypatch.setattr(dialogs, "ask", lambda *_: "discard")

    def give(path=None):
        window = program.open_window(path)
        qtbot.addWidget(window)
        return window

    return give


def test_without_arguments_it_opens_on_something_to_see(open_window):
    window = open_window()
    assert window.isVisible()
    assert window.banner.text == ""
    assert window.area.clock.playing
    assert len(window.store.project.stack) >= 4
    for layer in window.store.project.stack:  # the engines have not been started
        assert window.models.stack.list.cards.fact(layer.id).weights > 0
    for lane in ("discrete", "continuous"):
        assert window.metrics.figures.text(lane, "w2") != "–"


def test_the_example_asks_for_the_first_stroke_and_for_no_other(open_window):
    canvas = open_window().target.canvas
    assert canvas.inviting
    other = open_window()
    assert other.target.canvas.inviting
    other.target.choose_preset("moons")
    assert not other.target.canvas.inviting
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=canvas.rect().center())
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=canvas.rect().center())
    assert not canvas.inviting
    assert not open_window().target.canvas.inviting


def test_no_card_shows_what_was_measured_of_another_documents_layer(open_window):
    window = open_window()
    cards, example = window.models.stack.list.cards, window.store.project
    window.session.documents.begin(
        msgspec.structs.replace(example, stack=example.stack[::-1], lanes={})
    )
    assert {layer.id for layer in window.store.project.stack} == {la.id for la in example.stack}
    assert not any(cards.fact(layer.id) for layer in window.store.project.stack)


def test_a_project_of_ones_own_invites_to_nothing(open_window, tmp_path):
    Project(stack=default_stack()).save(tmp_path / "mine.flow")
    assert not open_window(tmp_path / "mine.flow").target.canvas.inviting


def test_a_project_on_the_command_line_is_opened(open_window, tmp_path):
    Project(seed=77, stack=default_stack()).save(tmp_path / "mine.flow")
    window = open_window(program.parse([str(tmp_path / "mine.flow")]).project)
    assert window.store.project.seed == 77
    assert window.session.documents.name == "mine.flow"


@pytest.mark.parametrize("content", [None, b"no zip"])
def test_a_project_that_cannot_be_opened_is_named_in_the_window(open_window, tmp_path, content):
    path = tmp_path / "broken.flow"
    if content is not None:
        path.write_bytes(content)
    window = open_window(path)
    assert window.isVisible()
    assert "broken.flow" in window.banner.text
    assert window.store.path is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--lang", "xx"], "invalid choice: 'xx'"),
        (["--screenshot", "a.png", "--after", "-1"], "--after must lie in [0, 86400] seconds"),
        (["--after", "soon"], "invalid float value: 'soon'"),
        (["a.flow", "b.flow"], "unrecognized arguments: b.flow"),
        (["--screenshot", "a.jpeg"], "--screenshot expects a .png file, got a.jpeg"),
        (["--screenshot", "/none/a.png"], "/none/a.png cannot be written: there is no folder"),
    ],
)
def test_arguments_that_make_no_sense_end_with_a_sentence(capsys, arguments, words):
    with pytest.raises(SystemExit) as ended:
        program.parse(arguments)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


def test_an_error_that_nobody_foresaw_is_logged_and_said(open_window, qtbot, caplog):
    window = open_window()
    error = ZeroDivisionError("division by zero")
    sys.excepthook(type(error), error, None)
    qtbot.waitUntil(lambda: "ZeroDivisionError: division by zero" in window.banner.text)
    assert "unexpected error" in caplog.text
    assert window.isVisible()


def test_ctrl_c_in_the_terminal_ends_the_program(open_window, monkeypatch):
    ended = []
    monkeypatch.setattr(QApplication, "quit", lambda: ended.append(True))
    open_window()
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert ended


@pytest.mark.parametrize(("name", "status"), [("shot.png", 0), ("missing/shot.png", 1)])
def test_a_screenshot_is_saved_and_the_program_ends(open_window, tmp_path, name, status, qapp):
    window = open_window()
    QTimer.singleShot(0, window, lambda: program._shoot(window, tmp_path / name))
    assert qapp.exec() == status
    if status == 0:
        image = QImage(str(tmp_path / name))
        assert image.width() >= 1100
        assert image.height() >= 700


def test_the_language_on_the_command_line_wins(open_window):
    program.restore_appearance(program.parse(["--lang", "vi"]).lang)
    window = open_window()
    assert translator.language == "vi"
    assert window.top_bar._train.text() == "Huấn luyện"
