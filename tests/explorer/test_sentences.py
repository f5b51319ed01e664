"""What an engine says can be read in Vietnamese, whatever it fills its sentences with."""

from __future__ import annotations

import re

import msgspec
import pytest

from explorer.words.languages import tr_sentence, translator
from flowengine import protocol
from flowengine.cli import main
from flowengine.errors import FlowError, ProjectError, Sentence, SpecError, phrase
from flowengine.foreign import words_of
from flowengine.project import Project
from flowengine.targets.sources import spec_from_file, spec_from_table
from tests.engine.engines import running_engine


@pytest.fixture
def vietnamese():
    translator.set_language("vi")
    yield
    translator.set_language("en")


@pytest.mark.usefixtures("vietnamese")
@pytest.mark.parametrize(
    ("error", "english", "words"),
    [
        (
            ProjectError("{path} could not be read: {reason}", path="a.flow", reason=3),
            "a.flow could not be read: 3",
            "Không đọc được a.flow: 3",
        ),
        (
            ProjectError(
                "{path} could not be read: {reason}",
                path="a.flow",
                reason=words_of("No space left on device"),
            ),
            "a.flow could not be read: No space left on device",
            "Không đọc được a.flow: ổ đĩa đã hết chỗ",
        ),
        (
            ProjectError(
                "project.json: {error}", error=SpecError("invalid value {value}", value=3)
            ),
            "project.json: invalid value 3",
            "project.json: giá trị 3 không hợp lệ",
        ),
        (
            SpecError(
                "Only the continuous flow has solvers; this is the {lane} model",
                lane=phrase("discrete"),
            ),
            "Only the continuous flow has solvers; this is the discrete model",
            "Chỉ dòng chảy liên tục mới có bộ giải; đây là mô hình rời rạc",
        ),
        (
            ProjectError("{path} could not be read: {reason}", path="{reason}", reason="{path} {"),
            "{reason} could not be read: {path} {",
            "Không đọc được {reason}: {path} {",
        ),
        (
            ProjectError("{path} could not be read: {reason}", path="The table", reason="a"),
            "The table could not be read: a",
            "Không đọc được The table: a",  # a file of that name
        ),
        (SpecError("Only {braces}"), "Only {braces}", "Only {braces}"),
        (SpecError("{"), "{", "{"),
        (SpecError(""), "", ""),
    ],
)
def test_a_sentence_is_said_in_both_languages(error, english, words):
    assert (str(error), error.sentence) == (english, english)
    assert tr_sentence(error.sentence) == words


def test_an_error_knows_its_template_and_its_values():
    error = SpecError("A layer needs {least} units, got {got}", least=1, got=[0])
    assert str(error) == "A layer needs 1 units, got [0]"
    assert error.template == "A layer needs {least} units, got {got}"
    assert error.values == {"least": 1, "got": "[0]"}


def test_a_sentence_gains_the_values_that_were_left_open():
    open_ended = phrase("{n} of {rows} rows", rows=3)
    assert SpecError(open_ended, n=2).values == {"n": 2, "rows": 3}
    assert open_ended == "{n} of 3 rows"


@pytest.mark.parametrize(
    "sentence",
    [
        phrase("{path} is {state}", path="{state}", state=phrase("of {n}", n=1.5)),
        Sentence("Only {braces}"),
        Sentence(""),
    ],
)
def test_a_sentence_travels_with_its_values(sentence):
    sent = protocol.Failure(request=1, error="SpecError", text=sentence)
    got = protocol.decode_event(protocol.encode(sent)).text
    assert (got, got.template, got.values) == (sentence, sentence.template, sentence.values)


@pytest.mark.parametrize(
    "text", [{"template": 3, "values": {}}, {"template": "a"}, {"template": "a", "values": 3}, 5]
)
def test_a_sentence_that_is_none_is_refused(text):
    event = {"type": "failed", "request": 1, "error": "E", "text": text}
    event["type"] = protocol.Failure.__struct_config__.tag
    with pytest.raises(FlowError, match="A message could not be read"):
        protocol.decode_event(msgspec.msgpack.encode(event))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["expected `", "`, got `", " at `", "JSON is malformed: "])
def test_a_text_of_others_that_goes_on_and_on_is_answered_at_once(piece):
    assert words_of(piece * 200) == piece * 200
    assert words_of(piece * 100_000) == piece * 100_000


BROKEN = [
    {"stack": [{"kind": "affine_coupling", "width": 0}]},
    {"stack": [{"kind": "affine_coupling", "width": "x"}]},
    {"stack": [{"kind": "affine_coupling", "widht": 3}]},
    {"stack": [{"kind": "affine_coupling", "keeps": "z"}]},
    {"stack": [{"kind": "affine_coupling", "id": "a"}, {"kind": "swap", "id": "a"}]},
    {"stack": [{"kind": "nope"}]},
    {"stack": [{"width": 3}]},
    {"stack": [{"kind": "swap"}] * 200},
    {"stack": 3},
    {"seed": float("nan")},
    {"name": "x" * 1000},
    {"compare": ["vae", "vae"]},
    {"target": {"extent": [1, 2]}},
    {"target": {"extent": [4, -4, -4, 4]}},
    {"target": {"density": {"array": "q"}, "source": "drawing"}},
    {"target": {"source": "picture"}},
    {"training": {"discrete": {"learning_rate": 0}}},
    {"training": {"discrete": {"learning_rate": 100.0}}},
    [],
]


@pytest.mark.usefixtures("vietnamese")
@pytest.mark.parametrize("document", BROKEN, ids=repr)
def test_what_is_wrong_with_a_document_is_said_in_vietnamese(document):
    with pytest.raises(FlowError) as caught:
        Project.from_dict(document)
    assert_vietnamese(caught.value.sentence)


FILES = {
    "one.csv": b"x,y\n1,2\n3\n",
    "words.csv": b"1,2\n3,four\n",
    "infinite.csv": b"1,2\n3,inf\n",
    "none.csv": b"# nothing\n",
    "latin.csv": b"1,2\n\xe9,3\n",
    "far.csv": b"1,2\n1e9,3\n",
    "empty.csv": b"",
    "none.png": b"no picture",
    "other.txt": b"1,2\n",
    "bare": b"1,2\n",
}


@pytest.mark.usefixtures("vietnamese")
@pytest.mark.parametrize("name", FILES)
def test_what_is_wrong_with_a_target_is_said_in_vietnamese(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(FILES[name])
    with pytest.raises(FlowError) as caught:
        spec_from_file(name)
    assert_vietnamese(caught.value.sentence)


@pytest.mark.usefixtures("vietnamese")
def test_what_is_wrong_with_a_pasted_table_is_said_in_vietnamese():
    with pytest.raises(FlowError, match="The table, line 2: expected a number") as caught:
        spec_from_table("1 2\n3 four", "pasted")
    assert tr_sentence(caught.value.sentence) == "Bảng số, dòng 2: cần một số, không phải 'four'"


def test_a_damaged_file_is_told_of_in_the_language_of_the_window(window, tmp_path):
    path = tmp_path / "{name}.flow"
    path.write_bytes(b"PK\x05\x06 and no more of it than that")
    window.session.documents.open(path)
    english = "{name}.flow cannot be opened: the file is not what Flow Explorer saves"
    assert english in window.banner.text
    translator.set_language("vi")
    assert "Không mở được" in window.banner.text
    assert "{name}.flow: tệp này không phải do Flow Explorer lưu" in window.banner.text
    translator.set_language("en")
    assert english in window.banner.text


@pytest.mark.usefixtures("vietnamese")
def test_an_engine_process_is_understood_in_vietnamese():
    with running_engine() as engine:
        engine.send(protocol.Query(request=5, point=(0.0, 0.0)))
        early = engine.wait_for(protocol.Failure, lambda failure: failure.request == 5)
        engine.send(
            protocol.Load(lane="discrete", project=Project.new()),
            protocol.SolverLab(request=6),
            protocol.SetHyperparameter(name="{lane}", value=1.0),
            protocol.EditStack(stack=(), generation=1),
        )
        lab = engine.wait_for(protocol.Failure, lambda failure: failure.request == 6)
        setting = engine.wait_for(protocol.Failure)
        status = engine.wait_for(protocol.LaneStatus, lambda status: status.state == "blocked")
    assert early.text == "This engine has not been given a project yet"
    assert tr_sentence(early.text) == "Bộ máy này chưa nhận được dự án nào"
    assert lab.text.values == {"lane": "discrete"}
    assert tr_sentence(lab.text).endswith("đây là mô hình rời rạc")
    assert setting.text.endswith("it has no '{lane}'")
    assert tr_sentence(setting.text).endswith("không có '{lane}'")
    assert status.reason == "A stack needs at least one layer, got none"
    assert_vietnamese(status.reason)


@pytest.mark.usefixtures("vietnamese")
def test_the_command_line_says_it_in_english_with_its_values(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "{what}.csv").write_bytes(FILES["words.csv"])
    assert main(["new", "--target", "{what}.csv", "-o", "n.flow"]) == 2
    said = capsys.readouterr().err
    assert "{what}.csv, line 2: expected a number, got 'four'" in said


def assert_vietnamese(sentence: Sentence) -> None:
    """No English word is left, but in names and code."""
    said = tr_sentence(sentence)
    bare = re.sub(r"`[^`]*`|'[^']*'|\{.*\}|\S*[./]\S*", "", said)
    assert said != sentence
    assert not re.findall(r"\b(?:the|is|at|got|expected|must|with|of|no|not|a)\b", bare), said
