"""What an engine says can be read in Vietnamese, whatever it fills its sentences with."""

from __future__ import annotations

import errno
import json
import os
import re
from functools import cache

import pytest

from explorer import resources
from explorer.words.languages import tr_sentence, translator
from explorer.words.phrasebook import Phrasebook
from flowengine.errors import FlowError
from flowengine.project import Project
from flowengine.targets.sources import spec_from_file, spec_from_table
from tests.explorer.said import ROOT, sentences_in, unread_in

SENTENCES = json.loads(
    resources.path("translations", "vi.sentences.json").read_text(encoding="utf-8")
)
WORDS = json.loads(resources.path("translations", "vi.json").read_text(encoding="utf-8"))
BOOK = Phrasebook(WORDS, SENTENCES)
NEVER_SHOWN = {
    "flowengine/cli.py": "the command line alone",
    "flowengine/commands.py": "the command line alone",
    "flowengine/saving.py": "the command line alone",
    "flowengine/locks.py": "the command line alone",
    "flowengine/api.py": "asked of Python's own calls",
    "flowengine/new_project.py": "asked of Python's own calls",
    "flowengine/numbers.py": "asked of Python's own calls",
    "flowengine/kinds.py": "asked of Python's own calls",
    "flowengine/model.py": "asked of Python's own `sample`",
    "flowengine/distribution.py": "asked of torch's own distributions",
    "flowengine/training.py": "training without a window: the command line and Python",
    "flowengine/bases/base.py": "a base without a class: no person's mistake",
    "flowengine/layers/base.py": "a layer without a class: no person's mistake",
    "flowengine/continuous/__init__.py": "a continuous flow without a loss: no person's mistake",
    "flowengine/modes.py": "the modes of torch are those of Python's own calls",
    "flowengine/targets/grid.py": "asked of Python's own `sample`",
    "flowengine/targets/streams.py": "asked of Python's own streams",
    "explorer/stack/field_editors.py": "a setting without an editor: no person's mistake",
}
BY_ERRNO = (
    errno.ENOENT,
    errno.EACCES,
    errno.EISDIR,
    errno.ENOTDIR,
    errno.EEXIST,
    errno.ENAMETOOLONG,
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EIO,
    errno.EMFILE,
    errno.ENOMEM,
    errno.EPERM,
)
LIMITS = (  # told by msgspec, as `broken_limit` words it
    "expected `{kind}`, got `{other}`",
    "expected `{kind}` >= {limit}",
    "expected `{kind}` <= {limit}",
    "expected `{kind}` > {limit}",
    "expected `{kind}` < {limit}",
    "expected `{kind}` of length >= {limit}",
    "expected `{kind}` of length <= {limit}",
    "expected `{kind}` of length {limit}, got {length}",
    "object contains unknown field `{name}`",
    "object missing required field `{name}`",
    "invalid enum value {value}",
    "invalid value {value}",
    "expected an array that the project holds, got {value}",  # our own, within its frame
    "could not convert string to float: {text}",  # NumPy's
)
SAID_BY_OTHERS = {
    *map(os.strerror, BY_ERRNO),
    *LIMITS,
    *(f"{limit} at `{{path}}`" for limit in LIMITS),
    "Input data was truncated",  # msgspec
    "JSON is malformed: {reason} (byte {n})",
    "expected '{sign}'",
    "invalid character",
    "trailing characters",
    "Bad CRC-32 for file {name}",  # zipfile and zlib
    "Error {n} while decompressing data: {reason}",
    "Truncated File Read",  # Pillow
    "broken data stream when reading image file",
    "image file is truncated",
    "image file is truncated ({n} bytes not processed)",
    "unrecognized data stream contents when reading image file",
}


def files():
    for package in ("flowengine", "explorer"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if path.parent.name != "templates":
                yield path


@cache
def shown() -> set[str]:
    """The sentences that can come to the window."""
    never = {ROOT / name for name in NEVER_SHOWN}
    return set().union(*(sentences_in(path) for path in files() if path not in never))


def test_every_sentence_is_translated():
    missing = sorted(shown() - set(SENTENCES) - set(WORDS))
    assert not missing, json.dumps(missing, ensure_ascii=False, indent=1)


def test_no_sentence_is_left_over():
    assert sorted(set(SENTENCES) - shown() - SAID_BY_OTHERS) == []


def test_every_error_is_made_with_a_sentence_that_can_be_read_from_the_sources():
    unread = {str(path.relative_to(ROOT)): unread_in(path) for path in files()}
    assert {path: found for path, found in unread.items() if found} == {}


@pytest.mark.parametrize("name", sorted(NEVER_SHOWN))
def test_what_is_never_shown_is_there(name):
    assert (ROOT / name).is_file()


@pytest.mark.parametrize("english", sorted(SENTENCES))
def test_a_translation_has_the_same_blanks(english):
    blanks = re.compile(r"\{\w*\}")
    assert sorted(blanks.findall(SENTENCES[english])) == sorted(blanks.findall(english))


@pytest.mark.parametrize("english", sorted(SENTENCES))
def test_a_sentence_is_found_with_its_blanks_filled_in(english):
    """None is taken for another: each value comes to its own blank."""
    names = re.findall(r"\{(\w+)\}", english)
    values = {name: f"«{name}», (x, y): z" for name in names}
    assert BOOK.say(english.format(**values)) == SENTENCES[english].format(**values)


@pytest.fixture
def vietnamese():
    translator.set_language("vi")
    yield
    translator.set_language("en")


@pytest.mark.usefixtures("vietnamese")
@pytest.mark.parametrize(
    ("english", "words"),
    [
        (
            "moons.csv, line 3: expected two numbers, got 1",
            "moons.csv, dòng 3: cần hai số, nhưng có 1",
        ),
        (
            "project.json: expected `int` >= 1 at `$.stack[2].width`",
            "project.json: cần `int` >= 1 tại `$.stack[2].width`",
        ),
        (
            "Only the continuous flow has solvers; this is the discrete model",
            "Chỉ dòng chảy liên tục mới có bộ giải; đây là mô hình rời rạc",
        ),
        (
            "/a/b.flow could not be written: No space left on device",
            "Không ghi được /a/b.flow: ổ đĩa đã hết chỗ",
        ),
        ("Segmentation fault", "Segmentation fault"),
        ("", ""),
    ],
)
def test_what_fills_a_sentence_is_said_as_well(english, words):
    assert tr_sentence(english) == words


def test_a_sentence_without_words_of_another_language_stays():
    assert tr_sentence("moons.csv is empty") == "moons.csv is empty"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", [" in ", "project.json: ", ", line ", ": expected ", " at `"])
def test_a_text_that_goes_on_and_on_is_answered_at_once(piece):
    assert BOOK.say(piece * 200)
    assert BOOK.say(piece * 100_000) == piece * 100_000


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
    assert_vietnamese(str(caught.value))


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
def test_what_is_wrong_with_a_target_is_said_in_vietnamese(name, tmp_path):
    (tmp_path / name).write_bytes(FILES[name])
    with pytest.raises(FlowError) as caught:
        spec_from_file(tmp_path / name)
    assert_vietnamese(str(caught.value).replace(str(tmp_path), ""))


@pytest.mark.usefixtures("vietnamese")
def test_what_is_wrong_with_a_pasted_table_is_said_in_vietnamese():
    with pytest.raises(FlowError, match="The table, line 2: expected a number") as caught:
        spec_from_table("1 2\n3 four", "pasted")
    assert tr_sentence(str(caught.value)) == "Bảng số, dòng 2: cần một số, không phải 'four'"


def assert_vietnamese(english: str) -> None:
    """No English word is left, but in names and code."""
    said = tr_sentence(english)
    bare = re.sub(r"`[^`]*`|'[^']*'|\{.*\}|\S*[./]\S*", "", said)
    assert said != english
    assert not re.findall(r"\b(?:the|is|at|got|expected|must|with|of|no|not|a)\b", bare), said
