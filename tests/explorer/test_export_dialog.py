"""The export dialog: what is asked for, how it goes on, how it ends."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from explorer import dialogs
from explorer.export.dialog import ExportDialog
from explorer.export.exporter import Exporter
from explorer.export.formats import FORMATS
from explorer.export.jobs import Taken, size_text
from explorer.export.other_ways import OtherWays
from explorer.export.page_source import PageSource, page_of
from explorer.export.source import Source
from explorer.metrics.curves import CurvesView
from explorer.theme import theme
from explorer.training.controller import Controller
from explorer.words.languages import LANGUAGES, translator
from flowengine.project import Project
from flowengine.protocol import ExportDone, ExportProgress, Failure
from tests.explorer.scenes import scene_of

IDS = [choice.id for choice in FORMATS]


class Asked(Controller):
    """A controller without engines that keeps what it is asked to export."""

    def __init__(self):
        super().__init__()
        self.exports, self.cancelled = [], []

    def export(self, lane, fmt, path, *, count=1, seed=0):
        self.exports.append((lane, fmt, path, count, seed))
        return 41 + len(self.exports)

    def cancel_export(self, request):
        self.cancelled.append(request)


@pytest.fixture
def controller(qapp):
    return Asked()


@pytest.fixture
def source(qtbot, controller):
    curves = CurvesView()
    qtbot.addWidget(curves)
    return Source(
        stem="star",
        lanes=("discrete", "continuous"),
        scene=scene_of,
        curves=curves.copy,
        controller=controller,
        gather=lambda _then: None,
        page=lambda films: page_of("star", [PageSource(p, Project()) for p in scene_of().panels]),
        other_ways=lambda: OtherWays(controller, {}, lambda: "generate"),
    )


@pytest.fixture
def dialog(qtbot, qapp, source, tmp_path):
    theme.apply(qapp)
    dialog = ExportDialog(source, tmp_path)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitExposed(dialog)
    return dialog


def taken(path):
    return Taken(path, 34_211, "reloaded: largest difference 2.4·10⁻⁷")


def press(button):
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def radio(dialog, text):
    from PySide6.QtWidgets import QRadioButton

    return next(
        button
        for button in dialog.options.findChildren(QRadioButton)
        if button.text() == text and button.isVisible()
    )


# --- what is asked --------------------------------------------------------------------------------


def test_it_proposes_a_name_for_the_lane(dialog, tmp_path):
    assert dialog.destination == tmp_path / "star-discrete"
    press(radio(dialog, "Continuous"))
    assert dialog.destination == tmp_path / "star-continuous"


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ("model", {"Discrete": "star-discrete"}),
        ("film", {"MP4": "star-film.mp4", "GIF": "star-film.gif"}),
        (
            "figure",
            {"PNG": "star-figure.png", "SVG": "star-figure.svg", "PDF": "star-figure.pdf"},
        ),
        ("samples", {"CSV": "star-discrete-samples.csv", "NPY": "star-discrete-samples.npy"}),
        ("project", {"": "star-copy.flow"}),
    ],
)
def test_every_choice_proposes_a_name_with_its_ending(dialog, tmp_path, choice, names):
    press(dialog._cards[choice])
    for text, name in names.items():
        if text:
            press(radio(dialog, text))
        assert dialog.destination == tmp_path / name


@pytest.mark.parametrize("choice", IDS)
def test_the_name_goes_as_far_as_what_stands_above_it(dialog, qtbot, choice):
    dialog.choose(choice)
    beside = dialog._suffix if dialog.options.suffix else dialog._name
    qtbot.waitUntil(lambda: beside.geometry().right() == dialog._browse.geometry().right())


def test_a_name_that_was_given_stays_and_only_its_ending_follows(dialog, tmp_path):
    press(dialog._cards["film"])
    dialog._name.selectAll()
    QTest.keyClicks(dialog._name, "lecture")
    press(radio(dialog, "GIF"))
    assert dialog.destination == tmp_path / "lecture.gif"
    press(dialog._cards["figure"])
    assert dialog.destination == tmp_path / "lecture.png"
    QTest.keyClicks(dialog._name, ".png")
    assert dialog.destination == tmp_path / "lecture.png"


def test_a_name_that_is_taken_is_not_proposed(dialog, tmp_path):
    (tmp_path / "star-film.mp4").write_bytes(b"")
    (tmp_path / "star-film-2.mp4").write_bytes(b"")
    press(dialog._cards["film"])
    assert dialog.destination == tmp_path / "star-film-3.mp4"


def test_the_arrows_go_from_choice_to_choice_and_only_its_options_are_shown(dialog):
    dialog._cards["model"].setFocus()
    for name in IDS:
        assert dialog.choice.id == name
        assert dialog.options.isVisible()
        assert sum(form.isVisible() for form in dialog._forms.values()) == 1
        assert dialog._cards[name].hasFocus()
        QTest.keyClick(dialog._cards[name], Qt.Key.Key_Down)


def test_every_control_has_a_name(dialog):
    for name in IDS:
        card = dialog._cards[name]
        assert card.accessibleName()
        assert card.accessibleDescription()
        dialog.choose(name)
        for widget in dialog.findChildren(QWidget):
            if widget.isVisible() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
                named = widget.accessibleName() or getattr(widget, "text", str)()
                assert named or widget.objectName() == "qt_spinbox_lineedit", widget


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("look", ["dark", "light"])
def test_it_fits_the_smallest_window(qtbot, qapp, source, tmp_path, language, look):
    theme.apply(qapp)
    theme.set_theme(look)
    translator.set_language(language)
    dialog = ExportDialog(source, tmp_path)
    qtbot.addWidget(dialog)
    dialog.show()
    for name in IDS:
        dialog.choose(name)
        qapp.processEvents()
        assert dialog.width() <= 1080
        assert dialog.height() <= 660
        for card in dialog._cards.values():
            assert card.width() >= card.sizeHint().width()
            assert card.height() >= card.sizeHint().height()
    theme.set_theme("dark")


def test_pictures_are_drawn_and_drawn_again_in_another_theme(dialog, qapp):
    def pictures():
        return [card.grab().toImage() for card in dialog._cards.values()]

    dark = pictures()
    assert len({bytes(image.constBits()) for image in dark}) == len(IDS)
    theme.set_theme("light")
    assert all(before != after for before, after in zip(dark, pictures(), strict=True))
    theme.set_theme("dark")


def test_another_folder_can_be_chosen(dialog, monkeypatch, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.setattr(dialogs, "ask_folder", lambda _parent, _title: other)
    press(dialog._browse)
    assert dialog.destination == other / "star-discrete"


# --- how it goes ----------------------------------------------------------------------------------


def test_the_wish_goes_out_with_choice_lane_and_place(dialog, qtbot, tmp_path):
    dialog.choose_lane("continuous")
    with qtbot.waitSignal(dialog.wished) as asked:
        press(dialog._start)
    choice, wish, path = asked.args
    assert (choice.id, wish.lane, path) == ("model", "continuous", tmp_path / "star-continuous")
    assert not dialog._start.isEnabled()
    assert dialog._bar.isVisible()


def test_progress_shows_what_is_done_and_how_long_it_will_take(dialog):
    press(dialog._start)
    dialog.set_progress(0.5, "checking")
    assert dialog._bar.value() == 500
    assert dialog._message.text().startswith("checking · about ")


def test_the_end_names_the_file_its_size_and_the_check(dialog, tmp_path):
    press(dialog._start)
    dialog.set_done(taken(tmp_path / "star-discrete"))
    assert dialog._message.text() == (
        f"{tmp_path / 'star-discrete'}, 34.2 kB; reloaded: largest difference 2.4·10⁻⁷"
    )
    assert dialog._close.text() == "Close"
    press(dialog._close)
    assert not dialog.isVisible()


def test_after_the_end_something_else_can_be_taken(dialog, qtbot, tmp_path):
    press(dialog._start)
    (tmp_path / "star-discrete").mkdir()
    dialog.set_done(taken(tmp_path / "star-discrete"))
    assert dialog.destination == tmp_path / "star-discrete-2"
    press(dialog._cards["project"])
    assert dialog._message.text() == ""
    with qtbot.waitSignal(dialog.wished) as asked:
        press(dialog._start)
    assert asked.args[0].id == "project"


def test_cancel_while_writing_asks_to_cancel_and_stays(dialog, qtbot):
    press(dialog._start)
    with qtbot.waitSignal(dialog.cancel_requested):
        press(dialog._close)
    assert dialog.isVisible()
    dialog.set_cancelled()
    assert "nothing was left behind" in dialog._message.text()
    press(dialog._close)
    assert not dialog.isVisible()


def test_the_keyboard_goes_to_what_can_be_done(dialog, qtbot):
    dialog.activateWindow()
    dialog._start.setFocus()
    qtbot.waitUntil(dialog._start.hasFocus)
    QTest.keyClick(dialog._start, Qt.Key.Key_Space)
    assert dialog._close.hasFocus()
    with qtbot.waitSignal(dialog.cancel_requested):
        QTest.keyClick(dialog._close, Qt.Key.Key_Escape)
    dialog.set_cancelled()
    assert dialog._start.hasFocus()
    dialog._name.setFocus()
    dialog._name.clear()
    QTest.keyClick(dialog._name, Qt.Key.Key_Return)
    assert dialog._message.text() == "Give the export a name."
    assert dialog._name.hasFocus()


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
    with qtbot.assertNotEmitted(dialog.wished):
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


# --- what engines write ---------------------------------------------------------------------------


@pytest.fixture
def exporter(qtbot, source):
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    return Exporter(lambda: source, window)


def test_messages_find_the_job_by_the_number_of_the_request(qtbot, exporter, controller, tmp_path):
    dialog = exporter.open(tmp_path)
    press(dialog._start)
    lane, fmt, path, *_ = controller.exports[0]
    assert (lane, fmt, path) == ("discrete", "python", str(tmp_path / "star-discrete"))
    assert not exporter.receive(ExportProgress(request=7, done=0.3, doing="x"))
    assert exporter.receive(ExportProgress(request=42, done=0.3, doing="writing the samples"))
    assert dialog._bar.value() == 300
    press(dialog._close)
    assert controller.cancelled == [42]
    assert exporter.receive(Failure(request=42, error="ExportCancelled", text="It was cancelled"))
    assert dialog._message.text() == "Cancelled; nothing was left behind."
    press(dialog._start)
    done = ExportDone(request=43, path=path, bytes=34_211, largest_difference=2.4e-7)
    with qtbot.waitSignal(exporter.finished) as told:
        assert exporter.receive(done)
    assert "34.2 kB; reloaded: largest difference 2.4·10⁻⁷" in told.args[0]
    assert not exporter.receive(done)
    dialog.close()


def test_while_something_is_written_no_other_dialog_opens(exporter, tmp_path):
    dialog = exporter.open(tmp_path)
    press(dialog._start)
    assert exporter.open(tmp_path) is dialog
    exporter.receive(Failure(request=42, error="ExportError", text="The disk is full"))
    assert exporter.open(tmp_path) is not dialog
    exporter.dialog.close()


def test_a_failure_of_an_engine_is_told(exporter, tmp_path):
    dialog = exporter.open(tmp_path)
    press(dialog._start)
    exporter.receive(Failure(request=42, error="ExportError", text="The disk is full"))
    assert dialog._message.text() == "The disk is full"
    assert dialog._start.isEnabled()
    dialog.close()


def test_it_opens_on_what_was_taken_last_and_films_are_in_the_windows_colours(exporter, tmp_path):
    dialog = exporter.open(tmp_path)
    assert dialog.choice.id == "model"
    dialog.choose("samples")
    press(dialog._start)
    exporter.receive(Failure(request=42, error="ExportError", text="The disk is full"))
    dialog.close()
    theme.set_theme("light")
    dialog = exporter.open(tmp_path)
    assert dialog.choice.id == "samples"
    dialog.choose("film")
    assert dialog.options.wish().colours == "light"
    dialog.close()
    theme.set_theme("dark")


def test_samples_are_asked_for_with_their_number_and_seed(exporter, controller, tmp_path):
    dialog = exporter.open(tmp_path)
    press(dialog._cards["samples"])
    press(radio(dialog, "Continuous"))
    press(radio(dialog, "NPY"))
    dialog.options.count.setValue(250)
    dialog.options.seed.setValue(7)
    press(dialog._start)
    path = str(tmp_path / "star-continuous-samples.npy")
    assert controller.exports == [("continuous", "samples", path, 250, 7)]
    exporter.receive(
        ExportDone(request=42, path=path, bytes=2_128, largest_difference=0.0, rows=250)
    )
    assert dialog._message.text().endswith("read back: 250 points, largest difference 0")
    dialog.close()


@pytest.mark.parametrize(
    ("size", "text"), [(812, "812 bytes"), (34_211, "34.2 kB"), (1_203_000, "1.20 MB")]
)
def test_sizes_are_for_people(size, text):
    assert size_text(size) == text
