"""A web page of what the panels show: one file that plays by itself, in any browser, offline."""

from __future__ import annotations

import base64
import hashlib
import re
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import msgspec
import numpy as np
from msgspec import Struct

from explorer import resources, typeface
from explorer.export.page_data import Bytes, Steps, pack_bytes, pack_steps
from explorer.export.page_film import STEP, Way, differences, pack_film
from explorer.panels import colormap, strokes
from explorer.words.languages import mark
from flowengine.errors import ExportError
from flowengine.export import ExportCancelled
from flowengine.files import replacing
from flowengine.foreign import words_of

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from explorer.panels.film import Film
    from flowengine.project import Lane

    Cancelled = Callable[[], bool]
    Progress = Callable[[float, str], None]

Goes = Literal["layers", "time", "straight"]
WRITING: Final = mark("writing the page")
COMPARING: Final = mark("comparing it with the panels")
_SCRIPTS: Final = ("film.js", "picture.js", "panel.js", "page.js")
_MARKER: Final = re.compile(r"\{\{(\w+)(?:[:](?P<icon>[\w-]+))?\}\}")
_DATA_ID: Final = "data"
_FETCHING: Final = ("src", "href", "action", "data", "poster", "srcset", "background", "ping")


class PageLane(NamedTuple):
    """One panel of the page.

    Attributes:
        lane: Whose colour it has.
        title: As it stands over the picture.
        goes: How the picture goes along the clock.
        films: One, or one for each direction; those that show nothing are left out.
        layers: What the layers that share the clock are called.
        chips: Parts of the picture that can be switched, names of `rasterizer.Shown`.
        shown: Those that are on at first.
        colours: The density's colour map.
        outline: The target's contour, segments of shape (n, 4) in data units.
        caption: What the picture cannot show.
    """

    lane: Lane
    title: str
    goes: Goes
    films: Sequence[Film]
    layers: tuple[str, ...] = ()
    chips: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    colours: str = "magma"
    outline: NDArray[np.float64] = np.empty((0, 4))
    caption: str = ""


class Page(NamedTuple):
    """Everything that a page says and shows; all words in one language.

    Attributes:
        title: The project's name.
        language: "en" or "vi".
        lanes: The panels, from left to right.
        words: What the page's own script says, by name.
        fragments: Finished HTML for the template, by name; whoever makes it escapes what is in it.
        themes: The colours of "dark" and "light", by role.
    """

    title: str
    language: str
    lanes: Sequence[PageLane]
    words: Mapping[str, str]
    fragments: Mapping[str, str]
    themes: Mapping[str, Mapping[str, str]]


class WebPage(NamedTuple):
    """What was written, and what reading it again has shown.

    Attributes:
        path: Where it is.
        bytes: Its size.
        largest_difference: Between a position on the page and in the window, in data units.
        differences: The same for every kind of number, see `page_film.differences`.
    """

    path: Path
    bytes: int
    largest_difference: float
    differences: dict[str, float]


class _Panel(Struct, frozen=True, forbid_unknown_fields=True):
    lane: str
    title: str
    goes: Goes
    layers: tuple[str, ...]
    chips: tuple[str, ...]
    shown: tuple[str, ...]
    colours: str
    caption: str
    outline: Steps
    ways: dict[str, Way]


class _Data(Struct, frozen=True, forbid_unknown_fields=True):
    """What the script reads."""

    panels: tuple[_Panel, ...]
    tables: dict[str, Bytes]
    inks: dict[str, str]
    words: dict[str, str]


def write_web_page(
    path: str | os.PathLike[str],
    page: Page,
    *,
    on_progress: Progress = lambda _done, _doing: None,
    cancelled: Cancelled = lambda: False,
) -> WebPage:
    """Write a page, read it again as a browser does, and compare it with what went in.

    The file appears at `path` complete and checked, or not at all. Films must not change meanwhile.

    Args:
        path: The file to write; one that is there is replaced in the last moment.
        page: What to write.
        on_progress: Called with how much is done, from 0 to 1, and what is being done.
        cancelled: Asked often; once it says yes, the export is given up.

    Raises:
        ExportError: there is nothing to show, the place cannot be written, or what was read again
            is not what was written.
        ExportCancelled: `cancelled` said so.
    """

    def tell(done: float, doing: str) -> None:
        if cancelled():
            raise ExportCancelled("The export was cancelled")
        on_progress(done, doing)

    data = _data(page, tell)
    text = _html(page, data)
    try:
        with replacing(path) as stream:
            tell(0.7, WRITING)
            stream.write(text.encode())
            stream.flush()
            tell(0.8, COMPARING)
            found = _check(Path(stream.name), page, data)
            tell(1.0, COMPARING)
    except OSError as error:
        raise ExportError(
            "{path} could not be written: {strerror}",
            path=path,
            strerror=words_of(error.strerror or error),
        ) from None
    largest = max((found.get(name, 0.0) for name in ("particles", "grid")), default=0.0)
    return WebPage(Path(path), len(text.encode()), largest, found)


# --- writing --------------------------------------------------------------------------------------


def _html(page: Page, data: _Data) -> str:
    style, script = _style(page), _script()
    parts = {
        **page.fragments,
        "title": escape(page.title),
        "language": escape(page.language),
        "policy": _policy(style, script),
        "style": style,
        "script": script,
        "data": _for_script(data),
    }

    def part(marker: re.Match[str]) -> str:
        icon = marker["icon"]
        return _icon(icon) if icon else parts[marker[1]]

    return _MARKER.sub(part, _read("page.html"))


def _data(page: Page, tell: Progress) -> _Data:
    panels = []
    for k, lane in enumerate(page.lanes):
        tell(0.6 * k / len(page.lanes), WRITING)
        if any(not film.empty for film in lane.films):
            panels.append(_panel(lane))
    if not panels:
        raise ExportError("There is nothing to show yet: no panel has a picture")
    inks = {**page.themes["dark"]}  # the panels are near-black in every theme
    return _Data(tuple(panels), _tables(panels), inks, dict(page.words))


def _panel(lane: PageLane) -> _Panel:
    return _Panel(
        lane.lane,
        lane.title,
        lane.goes,
        lane.layers,
        lane.chips,
        lane.shown,
        lane.colours,
        lane.caption,
        pack_steps(lane.outline, STEP) if len(lane.outline) else pack_steps(np.empty((1, 0)), STEP),
        {film.direction: pack_film(film) for film in lane.films if not film.empty},
    )


def _tables(panels: Sequence[_Panel]) -> dict[str, Bytes]:
    """The colours of densities, particles and tints, each table of shape (n, 3)."""
    tables = {name: colormap.bar(name) for name in {panel.colours for panel in panels}}
    tables["wheel"] = colormap.wheel()
    tables["tint"] = colormap.diverging(strokes.TINTS)
    return {name: pack_bytes(np.rint(255 * table)) for name, table in sorted(tables.items())}


def _for_script(data: _Data) -> str:
    """As JSON in which no letter can end the element that it stands in."""
    text = msgspec.json.encode(data).decode()
    return re.sub(r"[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text)


def _style(page: Page) -> str:
    def roles(theme: str) -> str:
        return "".join(f"--{role}: {colour};" for role, colour in page.themes[theme].items())

    light = f"{roles('light')}color-scheme: light;"
    dark = f"{roles('dark')}color-scheme: dark;"
    return (
        f"{typeface.style_rules()}:root {{{light}}}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{{dark}}} }}\n"
        f':root[data-theme="light"] {{{light}}}\n'
        f':root[data-theme="dark"] {{{dark}}}\n' + _read("page.css")
    )


def _script() -> str:
    return '\n(() => {\n"use strict";\n' + "\n".join(map(_read, _SCRIPTS)) + "})();\n"


def _policy(style: str, script: str) -> str:
    """Nothing but the page's own style, letters and script, and not one request."""
    return (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
        "img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _icon(name: str) -> str:
    source = resources.path("icons", f"{name}.svg").read_text(encoding="utf-8")
    return re.sub(r'\s+xmlns="[^"]*"', ' aria-hidden="true"', source).strip()


def _read(name: str) -> str:
    return resources.path("web", name).read_text(encoding="utf-8")


# --- reading it again -----------------------------------------------------------------------------


def _check(path: Path, page: Page, written: _Data) -> dict[str, float]:
    reader = read_page(path)
    if reader.fetches:
        raise ExportError(
            "{path}: expected a page that asks for nothing, got {fetches}",
            path=path,
            fetches=reader.fetches[0],
        )
    if reader.title != page.title:
        raise ExportError(
            "{path}: expected the title {title}, got {title_}",
            path=path,
            title=repr(page.title),
            title_=repr(reader.title),
        )
    try:
        data = msgspec.json.decode(reader.data, type=_Data)
        if data != written:
            raise ValueError("some of their letters have changed")
        return _compare(page, data)
    except (msgspec.DecodeError, ValueError) as error:
        raise ExportError(
            "{path}: expected the films that were written: {error}",
            path=path,
            error=words_of(error),
        ) from None


def _compare(page: Page, data: _Data) -> dict[str, float]:
    largest: dict[str, float] = {}
    lanes = [lane for lane in page.lanes if any(not film.empty for film in lane.films)]
    for lane, panel in zip(lanes, data.panels, strict=True):
        for film in lane.films:
            if film.empty:
                continue
            for name, value in differences(film, panel.ways[film.direction]).items():
                largest[name] = max(largest.get(name, 0.0), value)
    return largest


class PageReader(HTMLParser):
    """Reads a page as a browser does, as far as it must be checked.

    Attributes:
        title: Its title.
        data: What the script reads, JSON.
        policy: What it allows itself.
        fetches: What it would ask a server for.
        tags: How often each element occurs.
        handlers: Attributes that would run a script.
    """

    def __init__(self) -> None:
        super().__init__()
        self.title = ""
        self.data = ""
        self.policy = ""
        self.fetches: list[str] = []
        self.tags: dict[str, int] = {}
        self.handlers: list[str] = []
        self._into = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element and what its attributes ask for."""
        self.tags[tag] = self.tags.get(tag, 0) + 1
        given = {name: value or "" for name, value in attrs}
        self.fetches += [
            f"<{tag} {name}={given[name]!r}>"
            for name in _FETCHING
            if name in given and not given[name].startswith(("data:", "#"))
        ]
        self.handlers += [name for name in given if name.startswith("on")]
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"]
        self._into = tag if tag == "title" else ""
        if tag == "script" and given.get("id") == _DATA_ID:
            self._into = _DATA_ID

    def handle_endtag(self, tag: str) -> None:
        """Stop listening."""
        self._into = ""

    def handle_data(self, data: str) -> None:
        """Take the text of what is listened to."""
        if self._into == "title":
            self.title += data
        elif self._into == _DATA_ID:
            self.data += data


def read_page(path: Path) -> PageReader:
    """Read a page from its file."""
    reader = PageReader()
    reader.feed(path.read_text(encoding="utf-8"))
    reader.close()
    return reader
