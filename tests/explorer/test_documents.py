"""Files: opened, saved, taken in, and the question before work is lost."""

import struct
import zlib

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QMimeData, Qt, QThreadPool, QUrl
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QPushButton, QWidget

from explorer import dialogs
from explorer.panels.view_state import ViewState
from explorer.session.documents import Documents
from explorer.session.store import Store, recent_files
from explorer.training.controller import Controller
from flowengine.project import Project, default_stack


@pytest.fixture
def window(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    return window


@pytest.fixture
def store(qapp):
    return Store(Project(name="star", stack=default_stack()))


@pytest.fixture
def documents(store, window):
    look = ViewState(QImage(48, 30, QImage.Format.Format_RGB32), {})
    return Documents(store, Controller(), lambda: look, window)


@pytest.fixture
def answer(monkeypatch):
    """Stand in for the question: `answer("save")` answers it, and the list tells who was asked."""
    asked = []

    def give(what):
        def ask(_parent, name):
            asked.append(name)
            return what

        monkeypatch.setattr(dialogs, "ask", ask)
        return asked

    return give


@pytest.fixture
def save_to(monkeypatch):
    def give(path):
        monkeypatch.setattr(dialogs, "ask_save", lambda *_: path)

    return give


def edit(store, seed=1):
    store.apply(replace(store.project, seed=seed), "Edit")


def test_a_new_project_is_named_by_its_document_until_it_has_a_file(
    documents, save_to, tmp_path, qtbot
):
    assert documents.name == "star.flow"
    save_to(tmp_path / "mine")
    with qtbot.waitSignal(documents.saved):
        documents.save()
    assert documents.name == "mine.flow"
    assert (tmp_path / "mine.flow").is_file()
    assert recent_files() == [tmp_path / "mine.flow"]


def test_a_name_without_its_ending_overwrites_nothing(documents, save_to, store, tmp_path, qtbot):
    """The dialog has asked about the name that was written, and not about the one with .flow."""
    (tmp_path / "mine.flow").write_bytes(b"another's work")
    save_to(tmp_path / "mine")
    with qtbot.waitSignal(documents.failed) as said:
        documents.save()
    assert said.args == ["mine.flow is there already; to replace it, write its name whole"]
    assert (tmp_path / "mine.flow").read_bytes() == b"another's work"
    assert store.path is None
    save_to(tmp_path / "mine.v2")
    with qtbot.waitSignal(documents.saved):
        documents.save()
    assert documents.name == "mine.v2.flow"


def test_saving_again_asks_for_nothing(documents, store, save_to, tmp_path, monkeypatch, qtbot):
    save_to(tmp_path / "p.flow")
    with qtbot.waitSignal(documents.saved):
        documents.save()
    monkeypatch.setattr(dialogs, "ask_save", lambda *_: pytest.fail("asked"))
    edit(store, 5)
    with qtbot.waitSignal(documents.saved):
        documents.save()
    assert Project.open(tmp_path / "p.flow").seed == 5


def test_nothing_is_asked_where_nothing_would_be_lost(documents, store, answer):
    asked = answer("cancel")
    documents.new()
    assert asked == []
    assert store.project.name == "Untitled"


@pytest.mark.parametrize("what", ["save", "discard", "cancel"])
def test_unsaved_work_is_asked_about(documents, store, answer, save_to, tmp_path, what, qtbot):
    asked = answer(what)
    save_to(tmp_path / "kept.flow")
    edit(store)
    documents.new()
    assert asked == ["star.flow"]
    left = "star" if what == "cancel" else "Untitled"
    qtbot.waitUntil(lambda: store.project.name == left)
    assert (tmp_path / "kept.flow").exists() == (what == "save")


def test_what_was_saved_is_not_mixed_up_with_what_was_opened_meanwhile(
    documents, store, save_to, tmp_path, qtbot
):
    save_to(tmp_path / "first.flow")
    documents.save()
    store.replace(Project(name="second"))
    documents.finish()
    qtbot.waitUntil(lambda: recent_files() == [tmp_path / "first.flow"])
    assert Project.open(tmp_path / "first.flow").stack == default_stack()
    assert (store.path, store.project.name) == (None, "second")


def test_training_counts_as_work(documents, store, answer):
    asked = answer("cancel")
    store.mark_trained()
    documents.new()
    assert asked == ["star.flow"]


def test_changing_ones_mind_while_saving_keeps_everything(documents, store, answer, save_to):
    answer("save")
    save_to(None)
    edit(store)
    documents.new()
    assert store.project.seed == 1
    assert store.unsaved


def test_a_save_that_fails_says_so_and_goes_no_further(
    documents, store, answer, save_to, tmp_path, qtbot
):
    answer("save")
    save_to(tmp_path / "missing" / "p.flow")
    edit(store)
    with qtbot.waitSignal(documents.failed) as told:
        documents.new()
    assert told.args == ["p.flow could not be written: No such file or directory"]
    assert store.project.seed == 1
    assert store.unsaved


def test_opening(documents, store, monkeypatch, tmp_path):
    Project(seed=9, stack=default_stack()).save(tmp_path / "nine.flow")
    monkeypatch.setattr(dialogs, "ask_open", lambda *_: tmp_path / "nine.flow")
    documents.choose_and_open()
    assert store.project.seed == 9
    assert documents.name == "nine.flow"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.flow", b"PK\x03\x04 cut off"),
        ("gone.flow", None),
        ("words.csv", b"x,y\n1,2\nthree,four\n5,6\n"),
        ("none.png", b"no picture at all"),
        ("what.xyz", b"?"),
    ],
)
def test_a_bad_file_is_named_in_a_sentence_and_changes_nothing(
    documents, store, qtbot, tmp_path, name, content
):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    before = store.project
    with (
        qtbot.assertNotEmitted(documents.target_chosen),
        qtbot.waitSignal(documents.failed) as told,
    ):
        documents.take([tmp_path / name])
    assert name in told.args[0] or name.rpartition(".")[0] in told.args[0]
    assert store.project is before


def test_nan_in_an_array_is_refused(documents, qtbot, tmp_path):
    np.save(tmp_path / "nan.npy", np.array([[1.0, np.nan], [0.5, 1.0]]))
    with qtbot.waitSignal(documents.failed):
        documents.take([tmp_path / "nan.npy"])


def test_points_and_pictures_become_targets(documents, qtbot, tmp_path):
    points = np.random.default_rng(0).normal(size=(400, 2))
    np.savetxt(tmp_path / "blob.csv", points, delimiter=",", header="x,y", comments="")
    with qtbot.waitSignal(documents.target_chosen) as chosen:
        documents.take([tmp_path / "blob.csv"])
    spec, text = chosen.args
    assert spec.source == "points"
    assert text == "Take blob as the target"


def test_a_picture_on_the_clipboard_becomes_the_target(documents, qtbot):
    image = QImage(40, 40, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    for x in range(10, 30):
        image.setPixelColor(x, 20, Qt.GlobalColor.black)
    QGuiApplication.clipboard().setImage(image)
    with qtbot.waitSignal(documents.target_chosen) as chosen:
        documents.paste()
    assert chosen.args[0].source == "picture"


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("x\ty\n0\t1\n1\t2\n", "points"),
        ("0 1 0\n1 2 1\n", "array"),
        ("[[1, 2, 3], [4, 5, 6]]", "array"),
    ],
)
def test_a_table_on_the_clipboard_becomes_the_target(documents, qtbot, text, source):
    QGuiApplication.clipboard().setText(text)
    with qtbot.waitSignal(documents.target_chosen) as chosen:
        documents.paste()
    spec, name = chosen.args
    assert spec.source == source
    assert name == "Take pasted as the target"


def test_a_file_on_the_clipboard_becomes_the_target(documents, qtbot, tmp_path):
    np.save(tmp_path / "hill.npy", np.ones((8, 8)))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "hill.npy"))])
    QGuiApplication.clipboard().setMimeData(data)
    with qtbot.waitSignal(documents.target_chosen) as chosen:
        documents.paste()
    assert chosen.args[0].name == "hill"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("words", "The table holds no numbers: expected a row of them on each line"),
        ("1 2 3\n4 5\n", "The table, line 2: expected 3 numbers, got 2"),
        ("1 2\n" * 100_000 + "three 4", "The table, line 100001: expected a number, got 'three'"),
        (
            "",
            "There is nothing here to take as the target: expected a picture, a table of numbers "
            "or a file. Copy one of these first.",
        ),
    ],
    ids=["words", "uneven", "large", "nothing"],
)
def test_nonsense_on_the_clipboard_gets_a_sentence(documents, store, qtbot, text, sentence):
    QGuiApplication.clipboard().clear()
    if text:
        QGuiApplication.clipboard().setText(text)
    with (
        qtbot.assertNotEmitted(documents.target_chosen),
        qtbot.waitSignal(documents.failed) as told,
    ):
        documents.paste()
    assert told.args == [sentence]


def test_a_large_picture_on_the_clipboard_is_made_smaller_first(documents, qtbot):
    image = QImage(6000, 3000, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.black)
    QGuiApplication.clipboard().setImage(image)
    with qtbot.waitSignal(documents.target_chosen) as chosen:
        documents.paste()
    density = chosen.args[0].density.values
    assert density[128, 128] == 1.0
    assert density[10, 128] == 0.0  # twice as wide as high


def test_of_ten_files_one_is_taken_and_the_others_are_told(documents, qtbot, tmp_path):
    paths = [tmp_path / f"{n}.txt" for n in range(8)]
    for n in (1, 2):
        paths.append(tmp_path / f"cloud{n}.csv")
        np.savetxt(paths[-1], np.random.default_rng(n).normal(size=(50, 2)), delimiter=",")
    chosen = []
    documents.target_chosen.connect(lambda spec, _text: chosen.append(spec.name))
    with qtbot.waitSignal(documents.noted) as noted:
        documents.take(paths)
    assert chosen == ["cloud1"]
    assert noted.args == ["cloud1.csv was taken; 9 other files were left out"]


def test_what_was_asked_for_last_is_the_target(documents, qtbot, tmp_path):
    picture = QImage(2000, 2000, QImage.Format.Format_RGB32)
    picture.fill(Qt.GlobalColor.black)
    picture.save(str(tmp_path / "slow.png"))
    np.save(tmp_path / "quick.npy", np.ones((8, 8)))
    chosen = []
    documents.target_chosen.connect(lambda spec, _text: chosen.append(spec.name))
    documents.take([tmp_path / "slow.png"])
    documents.take([tmp_path / "quick.npy"])
    QThreadPool.globalInstance().waitForDone()
    QGuiApplication.processEvents()
    assert chosen == ["quick"]


def test_a_picture_of_20_000_pixels_a_side_is_refused_unread(documents, qtbot, tmp_path):
    def chunk(name, body):
        check = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + check

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(bytes(1000)))
    (tmp_path / "huge.png").write_bytes(b"\x89PNG\r\n\x1a\n" + head + data)
    with qtbot.waitSignal(documents.failed) as told:
        documents.take([tmp_path / "huge.png"])
    assert "huge.png has 20,000 × 20,000 pixels" in told.args[0]


@pytest.mark.parametrize(("text", "answered"), [("Save", "save"), ("Discard", "discard")])
def test_the_question_itself(qtbot, window, text, answered):
    def press():
        box = QGuiApplication.instance().activeModalWidget()
        button = next(b for b in box.findChildren(QPushButton) if b.text() == text)
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    from PySide6.QtCore import QTimer

    QTimer.singleShot(0, press)
    assert dialogs.ask(window, "star.flow") == answered


def test_escape_is_the_answer_that_keeps_everything(qtbot, window):
    from PySide6.QtCore import QTimer

    def press():
        box = QGuiApplication.instance().activeModalWidget()
        assert "star.flow" in box.text()
        qtbot.keyClick(box, Qt.Key.Key_Escape)

    QTimer.singleShot(0, press)
    assert dialogs.ask(window, "star.flow") == "cancel"


def test_a_lane_that_comes_while_the_file_is_written_leaves_the_project_unsaved(
    documents, store, qtbot, tmp_path
):
    store.path = tmp_path / "late.flow"
    store.mark_trained()
    with qtbot.waitSignal(documents.saved):
        documents.save()
        documents._controller.saved_without.emit("continuous")  # before the file is whole
    assert store.unsaved
    with qtbot.waitSignal(documents.saved):
        documents.save()
    assert not store.unsaved
