"""Bring the translations up to date with the sources: `python -m resources.translations.make`.

Every text that the window or an engine shows is gathered from the sources, the `.po` of each
language is brought in line with them, and its `.mo`, which the program reads, is made of it. A
language gains the new texts without words, which are to be written into the `.po` before the
command is given once more; a text that is shown no longer goes. A new language begins with an empty
`LANGUAGE/LC_MESSAGES/flow-explorer.po`, and with its name in `explorer.words.languages`.

Needs Babel, of the extra `test`.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from explorer.session.store import LessonError
from explorer.stack.names import PROPER_NAMES, about, choice_words
from flowengine import errors
from flowengine.catalogue import (
    BASE_SPECS,
    BASELINE_SPECS,
    CONTINUOUS_SPECS,
    LAYER_SPECS,
    fields_of,
)
from flowengine.project import Recipe, StackRecipe, StopRule
from flowengine.targets.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = Path(__file__).parent
NEVER_SHOWN: Final = {
    "flowengine/cli.py": "the command line alone",
    "flowengine/commands.py": "the command line alone",
    "flowengine/train_command.py": "the command line alone",
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
KEYWORDS: Final = {
    "tr": None,
    "mark": None,
    "phrase": None,
    "progress": (2,),
    LessonError.__name__: None,
    **{
        name: None
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.FlowError)
    },
}
_THE_SAME: Final = re.compile(r"[\W\d_]*")  # in every language: a dash, a number


def shown() -> dict[str, set[str]]:
    """Every text that needs words, and the files that show it."""
    found: dict[str, set[str]] = {}
    for text, file in (*_in_sources(), *((text, "flowengine/catalogue") for text in _named())):
        if not _THE_SAME.fullmatch(text):
            found.setdefault(text, set()).add(file)
    return found


def _in_sources() -> Iterator[tuple[str, str]]:
    for package in ("flowengine", "explorer"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if path.parent.name == "templates" or name in NEVER_SHOWN:
                continue
            with contextlib.redirect_stderr(io.StringIO()):  # a value may be an f-string
                for _, text, _, _ in extract_from_file("python", path, keywords=KEYWORDS):
                    yield str(text), name


def _named() -> set[str]:
    """What the forms, cards and palettes read from the engine's own words."""
    models = (*LAYER_SPECS, *CONTINUOUS_SPECS, *BASE_SPECS)
    found = {preset.title for preset in PRESETS.values()}
    for cls in models:
        found |= {cls.title, about(cls)}
    for spec in BASELINE_SPECS:
        found |= {spec.title, inspect.getdoc(spec) or "", spec.why_no_ledger, spec.path_note}
    for cls in (*models, *BASELINE_SPECS, Recipe, StackRecipe, StopRule):
        for field in fields_of(cls):
            found |= {field.title, field.description, field.unit}
            found |= {choice_words(choice) for choice in field.choices if not _is_a_name(choice)}
    return found


def _is_a_name(choice: str) -> bool:
    """Whether a choice is written the same way in every language: RK4."""
    return all(word in PROPER_NAMES for word in choice.split("_"))


def po_files() -> list[Path]:
    """The catalogue of each language."""
    return sorted(FOLDER.glob("*/LC_MESSAGES/flow-explorer.po"))


def read(po: Path) -> Catalog:
    """A catalogue as it stands."""
    with po.open("rb") as stream:
        return read_po(stream, locale=po.parent.parent.name)


def _brought_up(old: Catalog) -> Catalog:
    """The words that there are for what is shown now."""
    fresh = Catalog(
        locale=old.locale,
        project="Flow Explorer",
        version="1",
        header_comment="# What Flow Explorer shows, in another language.",
        creation_date=old.creation_date,
        revision_date=old.revision_date,
        msgid_bugs_address="-",
        last_translator="Flow Explorer",
        language_team="Flow Explorer",
        fuzzy=False,
    )
    for text, files in shown().items():
        known = old.get(text)
        places = [(file, None) for file in sorted(files)]
        fresh.add(text, known.string if known else "", locations=places)
    return fresh


def main() -> None:
    """Bring every language up to date, and say what it has no words for."""
    for po in po_files():
        catalog = _brought_up(read(po))
        with po.open("wb") as stream:
            write_po(stream, catalog, width=100, sort_output=True, include_lineno=False)
        with po.with_suffix(".mo").open("wb") as stream:
            write_mo(stream, catalog)
        missing = [message.id for message in catalog if message.id and not message.string]
        sys.stdout.write(f"{po.relative_to(ROOT)}: {len(catalog)} texts\n")
        sys.stdout.writelines(f"  without words: {text!r}\n" for text in missing)


if __name__ == "__main__":
    main()
