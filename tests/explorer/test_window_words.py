"""What an engine or a file has to say, read in a Vietnamese window, through the window's doors."""

import os
import signal
import zipfile

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton

from explorer.words.languages import translator
from flowengine import protocol
from flowengine.errors import phrase
from flowengine.project import FLOW_LANES, Project, default_stack
from tests.explorer.windows import shown_window

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (grabbing|raise)", extend=True)


@pytest.fixture
def window(qtbot, qapp, monkeypatch):
    """A Vietnamese window, whose engines are not started."""
    translator.set_language("vi")
    project = Project(name="star", stack=default_stack())
    with shown_window(project, qtbot, qapp, monkeypatch, particles=64) as window:
        yield window
    translator.set_language("en")


@pytest.fixture
def formula(editor, qtbot):
    """The popup of a Vietnamese target editor in which a formula is written, opened by its key."""
    translator.set_language("vi")
    QTest.keyClick(editor.canvas, Qt.Key.Key_Equal)
    popup = editor._formula_popup
    qtbot.waitUntil(popup.isVisible)
    yield popup
    popup.close()
    translator.set_language("en")


def drop(window, path):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    where = QPointF(window.rect().center())
    actions, buttons, keys = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.NoModifier
    QApplication.sendEvent(window, QDragEnterEvent(where.toPoint(), actions, mime, buttons, keys))
    QApplication.sendEvent(window, QDropEvent(where, actions, mime, buttons, keys))


def shown(window):
    return window.banner.text


def broken_project(path):
    """A project whose first layer has an impossible width."""
    Project(name="p", stack=default_stack()).save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["project.json"] = parts["project.json"].replace(b'"width": 64', b'"width": 0', 1)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def test_a_broken_project_is_refused_in_vietnamese_and_the_banner_changes_its_language(
    window, tmp_path
):
    drop(window, broken_project(tmp_path / "broken.flow"))
    vietnamese = "Không mở được broken.flow: project.json: cần `int` >= 1 tại `$.stack[0].width`"
    assert shown(window) == vietnamese
    translator.set_language("en")
    assert shown(window) == (
        "broken.flow cannot be opened: project.json: expected `int` >= 1 at `$.stack[0].width`"
    )
    translator.set_language("vi")
    assert shown(window) == vietnamese
    assert window.banner.accessibleName() == shown(window)


def test_a_file_that_is_no_project_is_opened_to_a_vietnamese_sentence(window, tmp_path):
    (tmp_path / "note.flow").write_text("not a zip at all")
    window.session.documents.open(tmp_path / "note.flow")
    assert shown(window) == (
        "Không mở được note.flow: tệp này không phải do Flow Explorer lưu, hoặc bị thiếu phần "
        "cuối; hãy thử một bản sao khác"
    )
    window.session.documents.open(tmp_path / "gone.flow")
    assert shown(window) == (
        f"Không mở được gone.flow: trong {tmp_path} không có tệp này; "
        "có thể nó đã được dời đi hoặc đổi tên"
    )


def test_a_banner_that_was_dismissed_stays_away_in_another_language(window, tmp_path):
    window.session.documents.open(tmp_path / "gone.flow")
    QTest.keyClick(window, Qt.Key.Key_Escape)
    translator.set_language("en")
    assert shown(window) == ""
    assert window.banner.isHidden()


def test_broken_points_are_dropped_to_a_vietnamese_sentence(window, qtbot, tmp_path):
    points = tmp_path / "moons.csv"
    points.write_text("x,y\n1,2\n3\n")
    drop(window, points)
    qtbot.waitUntil(lambda: shown(window) == f"{points}, dòng 3: cần hai số, nhưng có 1")


def test_words_are_pasted_to_a_vietnamese_sentence(window):
    QGuiApplication.clipboard().setText("1 2\n3 four")
    window.actions_["paste"].trigger()
    assert shown(window) == "Bảng số, dòng 2: cần một số, không phải 'four'"


def test_a_clipboard_without_layers_is_told_under_the_palette_in_either_language(window):
    stack = window.models.stack
    QGuiApplication.clipboard().setText('[{"kind": "affine_coupling", "width": 0}]')
    stack.paste_layers()
    assert stack.message.text() == (
        "Nội dung trên bộ nhớ tạm không phải là một chồng lớp: "
        "cần `int` >= 1 tại `$.stack[0].width`"
    )
    translator.set_language("en")
    assert stack.message.text() == (
        "What is on the clipboard is no stack of layers: expected `int` >= 1 at `$.stack[0].width`"
    )


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("exp(-r^", "Cần một số, một tên hoặc “(” ở ký tự 8, nhưng gặp chỗ kết thúc"),
        ("1,5", "Cần một phép toán ở ký tự 2, nhưng gặp “,”; số thập phân được viết bằng dấu chấm"),
        ("sin", "Cần “(” sau sin ở ký tự 4, nhưng gặp chỗ kết thúc"),
        (
            "foo",
            "Cần một trong x, y, r, theta, pi, e hoặc một hàm (exp, log, ln, sqrt, sin, cos, tan, "
            "asin, acos, atan, atan2, sinh, cosh, tanh, abs, sign, floor, mod, hypot, min, max, "
            "gauss) ở ký tự 1, nhưng gặp “foo”",
        ),
        ("gauss(1)", "Cần gauss(x0, y0, width) ở ký tự 1, nhưng gặp 1 giá trị"),
        ("x $ y", "Công thức chỉ gồm số, tên và + - * / ^ ( ) < >, nhưng gặp “$” ở ký tự 3"),
        ("0", "Công thức bằng 0 ở mọi nơi: phải có chỗ lớn hơn 0"),
    ],
)
def test_a_wrong_formula_is_told_in_vietnamese_while_it_is_typed(formula, typed, words):
    formula.field.clear()
    QTest.keyClicks(formula.field, typed)
    assert formula.message.text() == words
    translator.set_language("en")
    assert formula.message.text() != words
    translator.set_language("vi")
    assert formula.message.text() == words


def test_a_density_below_zero_is_told_with_its_place(formula):
    formula.field.setText("x")
    assert formula.message.text() == (
        "Mật độ không được âm, nhưng gặp -3.98 tại x = -3.98, y = -3.98"
    )


def test_a_stack_without_an_acting_layer_is_told_by_the_engine_in_either_language(window, qtbot):
    window.start_engines()
    qtbot.waitUntil(lambda: "discrete" in window.status_line._ready, timeout=60_000)
    stack = tuple(replace(layer, enabled=False) for layer in window.store.project.stack)
    assert window.store.edit(replace(window.store.project, stack=stack), "Bypass", "")
    message = window.area.panels["discrete"]._message
    vietnamese = "Chồng lớp cần một lớp đang bật; cả 4 lớp đều bị bỏ qua"
    qtbot.waitUntil(lambda: message.text() == vietnamese, timeout=60_000)
    qtbot.waitUntil(lambda: window.status_line.sentence == vietnamese)
    translator.set_language("en")
    english = "A stack needs a layer that is switched on; all 4 are bypassed"
    assert message.text() == window.status_line.sentence == english


def test_a_step_that_was_taken_back_is_told_with_its_remedy_in_either_language(window):
    text = phrase(
        "Step {step_count} of the {lane} model gave a number that is not finite; training went "
        "back to its last good weights and halved the learning rate to {rate}",
        step_count=7,
        lane=phrase("discrete"),
        rate="0.01",
    )
    notice = protocol.Notice(lane="discrete", text=text, remedy="halve_rate")
    window.controller.message.emit("discrete", notice)
    assert shown(window).startswith("Bước 7 của mô hình rời rạc cho ra một số không hữu hạn")
    assert shown(window).endswith("tốc độ học xuống 0.01")
    offers = [button.text() for button in window.banner.findChildren(QPushButton)]
    translator.set_language("en")
    assert shown(window) == text
    assert [button.text() for button in window.banner.findChildren(QPushButton)] != offers


def test_an_engine_that_ends_is_named_in_either_language(window, qtbot):
    window.start_engines()
    qtbot.waitUntil(lambda: window.status_line._ready >= set(FLOW_LANES), timeout=60_000)
    with qtbot.waitSignal(window.controller.notice, timeout=60_000):
        os.kill(window.controller.engine_pids()["discrete"], signal.SIGKILL)
    assert window.status_line.sentence.startswith("Bộ máy rời rạc ")
    translator.set_language("en")
    assert window.status_line.sentence.startswith("The discrete engine ")


def test_an_engine_that_has_ended_counts_again_once_the_next_one_answers(window, qtbot):
    translator.set_language("en")
    window.start_engines()
    line = window.status_line
    qtbot.waitUntil(lambda: line.figures.endswith("2 engines"), timeout=60_000)
    with qtbot.waitSignal(window.controller.engine_lost, timeout=60_000) as lost:
        os.kill(window.controller.engine_pids()["discrete"], signal.SIGKILL)
    assert lost.args == ["discrete"]
    assert line.figures.endswith("1 engine")
    qtbot.waitUntil(lambda: line.figures.endswith("2 engines"), timeout=60_000)
