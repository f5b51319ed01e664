"""Every text of the window and of the engines has words in each language, with the same blanks."""

from __future__ import annotations

import json
import re

import pytest
from babel.messages.mofile import read_mo

from explorer.words.languages import LANGUAGES
from resources.translations import make

CATALOGUES = {po.parent.parent.name: po for po in make.po_files()}
BLANK = re.compile(r"\{\w*\}")


@pytest.fixture(scope="module")
def shown():
    return set(make.shown())


@pytest.fixture(params=CATALOGUES)
def words(request):
    """What stands in the catalogue of a language: English texts, and theirs."""
    return texts(make.read(CATALOGUES[request.param]))


def texts(catalog):
    return {message.id: message.string for message in catalog if message.id}


def test_every_language_has_a_catalogue():
    assert {"en", *CATALOGUES} == set(LANGUAGES)


def test_every_text_is_translated(shown, words):
    missing = sorted(text for text in shown if not words.get(text))
    assert not missing, json.dumps(missing, ensure_ascii=False, indent=1)


def test_no_translation_is_left_over(shown, words):
    assert sorted(set(words) - shown) == []


def test_a_translation_has_the_same_blanks(words):
    def blanks(text):
        return sorted(BLANK.findall(text))

    assert {text: said for text, said in words.items() if blanks(text) != blanks(said)} == {}


@pytest.mark.parametrize("po", CATALOGUES.values(), ids=CATALOGUES)
def test_the_program_reads_what_the_catalogue_says(po):
    with po.with_suffix(".mo").open("rb") as compiled:
        assert texts(read_mo(compiled)) == texts(make.read(po))


@pytest.mark.parametrize("name", sorted(make.NEVER_SHOWN))
def test_what_is_never_shown_is_there(name):
    assert (make.ROOT / name).is_file()
