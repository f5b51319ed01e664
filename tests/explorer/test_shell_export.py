"""The export dialog: what is asked for, how it goes on, how it ends."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from explorer import dialogs
from explorer.export.dialog import ExportDialog
from explorer.export.exporter import Exporter
from explorer.export.formats import size_text
from explorer.training.controller import Controller
from flowengine.protocol import ExportDone, ExportProgress, Failure


@pytest.fixture
def dialog(qtbot, tmp_path):
    dialog = ExportDialog("star", tmp_path)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def done(path, request=1):
    return ExportDone(request=request, path=str(path), bytes=34_211, largest_difference=2.4e-7)


def press(button):
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_it_proposes_a_name_for_the_lane(dialog, tmp_path):
    assert dialog.destination == tmp_path / "star-discrete"
    press(dialog._lanes["continuous"])
    assert dialog.destination == tmp_path / "star-continuous"


def test_the_wish_goes_out_with_lane_format_and_place(dialog, qtbot, tmp_path):
    dialog.choose_lane("continuous")
    with qtbot.waitSignal(dialog.export_requested) as asked:
        press(dialog._start)
    assert asked.args == ["continuous", "python", str(tmp_path / "star-continuous")]
    assert not dialog._start.isEnabled()
    assert dialog._bar.isVisible()


def test_progress_shows_what_is_done_and_how_long_it_will_take(dialog):
    press(dialog._start)
    dialog.set_progress(0.5, "comparing")
    assert dialog._bar.value() == 500
    assert dialog._message.text().startswith("comparing · about ")


def test_the_end_names_the_file_its_size_and_the_check(dialog, tmp_path):
    press(dialog._start)
    dialog.set_done(done(tmp_path / "star-discrete"))
    assert dialog._message.text() == (
        f"{tmp_path / 'star-discrete'}, 34.2 kB; reloaded: largest difference 2.4·10⁻⁷"
    )
    assert dialog._close.text() == "Close"
    press(dialog._close)
    assert not dialog.isVisible()


def test_cancel_while_writing_asks_to_cancel_and_stays(dialog, qtbot):
    press(dialog._start)
    with qtbot.waitSignal(dialog.cancel_requested):
        press(dialog._close)
    assert dialog.isVisible()
    dialog.set_failed("The export was cancelled")
    press(dialog._close)
    assert not dialog.isVisible()


@pytest.mark.parametrize(
    "trouble", ["taken", "no folder", "endless folder", "no name", "endless name"]
)
def test_a_place_that_will_not_do_is_named_and_nothing_is_asked_for(
    dialog, qtbot, tmp_path, trouble
):
    if trouble == "taken":
        (tmp_path / "star-discrete").mkdir()
    elif trouble == "no folder":
        dialog._folder.setText(str(tmp_path / "missing"))
    elif trouble == "endless folder":
        dialog._folder.setText(5_000 * "[")
    else:
        dialog._name.setText(100 * "đề" if trouble == "endless name" else "")
    with qtbot.assertNotEmitted(dialog.export_requested):
        press(dialog._start)
    sentences = {
        "taken": "is there already",
        "no folder": f"There is no folder {tmp_path / 'missing'}",
        "endless folder": "There is no folder [[[[",
        "no name": "Give the export a name",
        "endless name": "The name is too long",
    }
    assert sentences[trouble] in dialog._message.text()
    assert len(dialog._message.text()) < 250


def test_another_folder_can_be_chosen(dialog, monkeypatch, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.setattr(dialogs, "ask_folder", lambda _parent, _title: other)
    press(dialog._browse)
    assert dialog.destination == other / "star-discrete"


class Asked(Controller):
    """A controller without engines that keeps what it is asked to export."""

    def __init__(self):
        super().__init__()
        self.exports, self.cancelled = [], []

    def export(self, lane, fmt, path):
        self.exports.append((lane, fmt, path))
        return 41 + len(self.exports)

    def cancel_export(self, request):
        self.cancelled.append(request)


def test_messages_find_the_dialog_by_the_number_of_the_request(qtbot, qapp, tmp_path):
    from PySide6.QtWidgets import QWidget

    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    controller = Asked()
    exporter = Exporter(controller, window)
    dialog = exporter.open("star", tmp_path)
    press(dialog._start)
    assert controller.exports == [("discrete", "python", str(tmp_path / "star-discrete"))]
    assert not exporter.receive(ExportProgress(request=7, done=0.3, doing="x"))
    assert exporter.receive(ExportProgress(request=42, done=0.3, doing="writing"))
    assert dialog._bar.value() == 300
    press(dialog._close)
    assert controller.cancelled == [42]
    assert exporter.receive(Failure(request=42, error="ExportError", text="It was cancelled"))
    assert dialog._message.text() == "It was cancelled"
    press(dialog._start)
    with qtbot.waitSignal(exporter.finished) as told:
        assert exporter.receive(done(tmp_path / "star-discrete", request=43))
    assert "34.2 kB" in told.args[0]
    dialog.close()


@pytest.mark.parametrize(
    ("size", "text"), [(812, "812 bytes"), (34_211, "34.2 kB"), (1_203_000, "1.20 MB")]
)
def test_sizes_are_for_people(size, text):
    assert size_text(size) == text
