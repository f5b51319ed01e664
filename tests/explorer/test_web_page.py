"""The web page: whole, asking for nothing, safe from what stands in it, and true to the films."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import shutil
import subprocess
from copy import deepcopy
from html import escape, unescape

import numpy as np
import pytest

from explorer import resources
from explorer.area.panel_area import PanelArea
from explorer.export.page_data import Steps, unpack_steps
from explorer.export.page_film import MOST_PARTICLES, STEP
from explorer.export.page_source import PageSource, page_of
from explorer.export.page_words import PageFigures
from explorer.export.web_page import COMPARING, read_page, write_web_page
from explorer.metrics.metrics_view import MetricsView
from explorer.metrics.runs import Run
from explorer.panels.film import Film
from explorer.theme import theme
from explorer.training.controller import Controller
from explorer.window.page_sources import page_sources
from explorer.words.languages import translator
from flowengine.arrays import FrozenArray
from flowengine.errors import ExportError
from flowengine.export import ExportCancelled
from flowengine.project import Project, TargetSpec, default_stack
from flowengine.projectfile import read_project
from tests.benchmarks.synthetic_films import films
from tests.explorer.film_messages import heat, particles, still
from tests.explorer.pages import FIGURES, MIB, Panel, data_of, files_in

HOSTILE = [
    "</title><script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<!--<script>",
    '" onload="alert(1)',
    "'><img src=https://example.org/x onerror=alert(1)>",
    "{{data}} {{icon:play}} $& \\1 \u2028 \u2029",
    "&lt;b&gt; & <b>",
]


@pytest.fixture
def stage(qtbot, qapp):
    theme.apply(qapp)
    stage = PanelArea(Controller())
    qtbot.addWidget(stage)
    stage.set_project(Project(stack=default_stack()))
    return stage


@pytest.fixture
def example(stage, qtbot):
    """Gives the window's parts as they are when an example has been opened."""

    def show(name):
        project = read_project(resources.path("examples", f"{name}.flow"))
        metrics = MetricsView()
        qtbot.addWidget(metrics)
        metrics.load(project.lanes)
        stage.load(project.lanes)
        stage.set_project(project)
        return page_sources(stage, project, metrics)

    return show


@pytest.fixture(scope="module")
def pair():
    return films(particles=400, heat=24)


@pytest.fixture
def sources(pair):
    """Two panels with films by formula, as engines send them."""
    project = Project(name="formula", stack=default_stack())
    discrete, continuous = (Panel(deepcopy(film)) for film in pair)
    discrete.layers = tuple("abcdef")
    return [PageSource(panel, project, FIGURES) for panel in (discrete, continuous)]


@pytest.fixture
def few():
    """Two panels with hardly a picture, for what does not look at the films: packing takes time."""
    films = Film("discrete"), Film("continuous")
    for film in films:
        film.take(still(np.zeros((4, 2)), lane=film.lane), 0.0)
    panels = Panel(films[0], layers=tuple("abcdef")), Panel(films[1])
    return [PageSource(panel, Project(stack=default_stack()), FIGURES) for panel in panels]


# --- what is written ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["star", "two-moons"])
def test_an_example_becomes_a_small_page_that_has_been_read_again(example, tmp_path, name):
    path = tmp_path / "page.html"
    done = write_web_page(path, page_of(name, example(name)))
    assert (done.path, done.bytes) == (path, path.stat().st_size)
    assert done.bytes < 1.5 * MIB
    assert done.largest_difference <= STEP / 2
    assert files_in(tmp_path) == ["page.html"]
    page = read_page(path)
    assert page.title == name
    assert page.tags["table"] == 1
    panels = json.loads(page.data)["panels"]
    assert [panel["lane"] for panel in panels] == ["discrete", "continuous"]
    assert panels[0]["layers"][1].endswith(" coupling · y")
    text = unescape(path.read_text(encoding="utf-8"))
    assert "KL (nats)" in text
    assert "NLL (nats)" in text
    assert "entropy of the target (nats)" in text


def test_two_lanes_of_many_frames_stay_below_a_mebibyte_and_a_half(tmp_path):
    own = [PageSource(Panel(film), Project()) for film in films(particles=5000, heat=128)]
    done = write_web_page(tmp_path / "page.html", page_of("many", own))
    assert done.bytes < 1.5 * MIB
    for panel in data_of(done.path)["panels"]:
        track = panel["ways"]["generate"]["tracks"]["particles"]
        assert track["values"]["shape"][2] == MOST_PARTICLES


def test_what_is_read_again_is_within_half_a_step_of_the_films(sources, tmp_path):
    done = write_web_page(tmp_path / "page.html", page_of("formula", sources))
    assert 0 < done.largest_difference <= STEP / 2 * 1.001
    assert set(done.differences) == {"particles", "grid", "log_det", "velocity", "density"}
    assert done.differences["log_det"] <= 1 / 512 * 1.001
    assert done.differences["density"] <= 1 / 255
    film = sources[0].panel.film
    way = data_of(done.path)["panels"][0]["ways"]["generate"]
    track = way["tracks"]["particles"]
    end = unpack_steps(Steps(**track["values"]))[-1].T
    np.testing.assert_allclose(end, film.positions(1.0, math.inf).positions, atol=STEP)


def test_the_figures_stand_in_the_table(sources, tmp_path):
    done = write_web_page(tmp_path / "page.html", page_of("formula", sources))
    text = done.path.read_text(encoding="utf-8")
    cells = re.findall(r"<td>([^<]+)</td>", text)
    assert cells == ["0.00267"] * 2 + ["2.612"] * 2 + ["2.610"] * 2 + ["0.0123"] * 2


def test_a_bound_and_a_missing_figure_are_told_apart(tmp_path):
    film = Film("vae")
    film.take(still(np.zeros((4, 2)), lane="vae"), 0.0)
    own = [PageSource(Panel(film), Project(), PageFigures(kl=0.5, nll=None, w2=0.1))]
    done = write_web_page(tmp_path / "page.html", page_of("vae", own))
    cells = re.findall(r"<td>([^<]+)</td>", done.path.read_text(encoding="utf-8"))
    assert cells == ["≤ 0.500", "0.100"]


def test_films_of_both_directions_share_a_panel(sources, tmp_path):
    back = Film("discrete", "normalize")
    back.take(particles(np.random.default_rng(0).normal(size=(9, 50, 2)), direction="normalize"), 0)
    own = [sources[0]._replace(other_way=back), sources[1]]
    done = write_web_page(tmp_path / "page.html", page_of("both", own))
    first, second = data_of(done.path)["panels"]
    assert set(first["ways"]) == {"generate", "normalize"}
    assert set(second["ways"]) == {"generate"}


def test_a_guest_stands_on_the_page_with_figures_of_its_own(example, stage, tmp_path, qtbot):
    example("star")
    project = read_project(resources.path("examples", "two-moons.flow"))
    stage.pin(Run(3, project, dict(project.lanes), stage.view_state().picture, ()))
    metrics = MetricsView()
    qtbot.addWidget(metrics)
    own = page_sources(stage, project, metrics)
    done = write_web_page(tmp_path / "page.html", page_of("guest", own))
    titles = [panel["title"] for panel in data_of(done.path)["panels"]]
    assert titles[2:] == ["Run 3 · Discrete", "Run 3 · Continuous"]
    assert own[0].figures == PageFigures()
    assert own[2].figures.kl > 0
    assert own[2].figures.entropy == pytest.approx(own[3].figures.entropy, abs=1e-4)


def test_a_density_of_another_model_is_left_out(tmp_path):
    film = Film("discrete")
    film.take(heat(np.ones((8, 8)), frames=2), 0.0)
    film.take(heat(np.ones((8, 8)), frames=2, index=1), 0.0)
    film.take(still(np.zeros((4, 2))), 0.0)
    page = page_of("now", [PageSource(Panel(film), Project())])
    done = write_web_page(tmp_path / "now.html", page)
    assert data_of(done.path)["panels"][0]["ways"]["generate"]["heat"] is not None
    film.take(still(np.zeros((4, 2)), generation=1), 1.0)
    page = page_of("later", [PageSource(Panel(film), Project())])
    done = write_web_page(tmp_path / "later.html", page)
    (later,) = data_of(done.path)["panels"]
    assert later["ways"]["generate"]["heat"] is None
    assert "density" not in later["chips"]


def test_a_page_is_of_the_moment_it_was_asked_for(sources, tmp_path):
    page = page_of("then", sources)
    film = sources[0].panel.film
    moved = np.full((2, 400, 2), 3.0)
    film.take(particles(moved), 100.0)
    done = write_web_page(tmp_path / "page.html", page)
    way = data_of(done.path)["panels"][0]["ways"]["generate"]
    assert len(way["tracks"]["particles"]["tau"]) > 2


# --- alone and safe -------------------------------------------------------------------------------


def test_a_page_asks_for_nothing(sources, tmp_path):
    path = tmp_path / "page.html"
    write_web_page(path, page_of("alone", sources))
    page, text = read_page(path), path.read_text(encoding="utf-8")
    assert page.fetches == []
    assert page.handlers == []
    assert page.tags["script"] == 2
    assert text.count("url(") == text.count('url("data:font/woff2;base64,') == 2  # its letters
    assert not {"img", "iframe", "object", "embed", "base", "form"} & page.tags.keys()
    for door in (
        "http:",
        "https:",
        "//cdn",
        "@import",
        "fetch(",
        "XMLHttpRequest",
        "eval(",
    ):
        assert door not in text, door


def test_the_policy_lets_in_the_pages_own_script_and_style_alone(few, tmp_path):
    path = tmp_path / "page.html"
    write_web_page(path, page_of("alone", few))
    text = path.read_bytes().decode()
    policy = read_page(path).policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "font-src data:;" in policy
    for kind, element in (("script-src", "<script>"), ("style-src", "<style>")):
        inside = text.split(element)[1].split("</")[0]
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}';" in policy


@pytest.mark.parametrize("words", HOSTILE)
def test_no_word_of_a_project_can_become_markup(few, tmp_path, words):
    plain, path = tmp_path / "plain.html", tmp_path / "page.html"
    write_web_page(plain, page_of("plain", few))
    for panel in (source.panel for source in few):
        panel.title = panel.caption = words
        panel.layers = (words,) * len(panel.layers)
    target = TargetSpec(source="array", name=words, density=FrozenArray(np.ones((8, 8))))
    project = Project(target=target, stack=default_stack())
    write_web_page(path, page_of(words, [each._replace(project=project) for each in few]))
    page = read_page(path)
    assert page.title == words
    assert escape(words) in path.read_text(encoding="utf-8").split('class="subtitle">')[1]
    assert page.tags == read_page(plain).tags
    assert page.handlers == []
    assert page.fetches == []
    panel = json.loads(page.data)["panels"][0]
    assert panel["title"] == words
    assert set(panel["layers"]) <= {words}
    assert len(page.data) == len(data_between(path))


def data_between(path):
    """What a browser finds in the element: up to the first thing that could end it."""
    text = path.read_text(encoding="utf-8").split('id="data">')[1]
    return re.split(r"</|<!--", text)[0]


@pytest.mark.parametrize(
    "markup",
    ["<img src=x.png>", '<link href="page.css">', '<script src="//a"></script>', "<a href=b>"],
)
def test_a_page_that_asks_for_something_is_found_out(tmp_path, markup):
    path = tmp_path / "page.html"
    path.write_text(f"<p>{markup}", encoding="utf-8")
    assert len(read_page(path).fetches) == 1


@pytest.mark.parametrize("language", ["en", "vi"])
def test_a_page_speaks_the_language_of_the_window(few, tmp_path, language):
    translator.set_language(language)
    path = tmp_path / "page.html"
    write_web_page(path, page_of("page", few))
    text = unescape(path.read_text(encoding="utf-8"))
    assert f'<html lang="{language}">' in text
    words = data_of(path)["words"]
    if language == "vi":
        assert "Điều ta nhìn thấy" in text
        assert "What one sees" not in text
        assert words["chip_density"] == "mật độ"
        assert words["layer"] == "lớp {n}/{count}"
    else:
        assert "What one sees" in text
        assert words["layer"] == "layer {n} of {count}"


def test_every_word_that_the_script_asks_for_is_there(sources, tmp_path):
    done = write_web_page(tmp_path / "page.html", page_of("page", sources))
    words = data_of(done.path)["words"]
    scripts = "".join(
        resources.path("web", name).read_text(encoding="utf-8")
        for name in ("picture.js", "panel.js", "page.js")
    )
    asked = set(re.findall(r"words\.(\w+)", scripts))
    assert asked
    assert asked <= words.keys()
    for panel in data_of(done.path)["panels"]:
        assert all(f"chip_{name}" in words and f"tip_{name}" in words for name in panel["chips"])


# --- all or nothing -------------------------------------------------------------------------------


def test_without_a_picture_there_is_no_page(stage, tmp_path):
    empty = [PageSource(panel, Project()) for panel in stage.panels.values()]
    with pytest.raises(ExportError, match="nothing to show"):
        page_of("empty", empty)


def test_a_folder_that_is_not_there_is_named(few, tmp_path):
    path = tmp_path / "none" / "page.html"
    with pytest.raises(ExportError, match=re.escape(str(path))):
        write_web_page(path, page_of("page", few))
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("question", range(5))
def test_a_page_that_is_given_up_leaves_what_was_there(few, tmp_path, question):
    path = tmp_path / "page.html"
    path.write_text("before", encoding="utf-8")
    asked = iter(range(100))
    with pytest.raises(ExportCancelled):
        write_web_page(path, page_of("page", few), cancelled=lambda: next(asked) == question)
    assert files_in(tmp_path) == ["page.html"]
    assert path.read_text(encoding="utf-8") == "before"


@pytest.mark.parametrize("damage", ["cut", "letter", "title", "request"])
def test_a_page_that_a_disk_has_damaged_is_not_kept(sources, tmp_path, damage):
    def harm(text):
        at = text.index('"letters":"') + 400
        other = "B" if text[at] == "A" else "A"
        return {
            "cut": text[: len(text) // 2],
            "letter": text[:at] + other + text[at + 1 :],
            "title": text.replace("<title>page", "<title>pape"),
            "request": text.replace("<main>", "<main><img src=x>"),
        }[damage]

    def meddle(_done, doing):
        if doing == COMPARING:
            for part in tmp_path.glob(".*.part"):
                part.write_text(harm(part.read_text(encoding="utf-8")), encoding="utf-8")

    with pytest.raises(ExportError, match="expected"):
        write_web_page(tmp_path / "page.html", page_of("page", sources), on_progress=meddle)
    assert files_in(tmp_path) == []


# --- what the script makes of it ------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node to read the script")
def test_the_whole_script_can_be_read(sources, tmp_path):
    path = tmp_path / "page.html"
    write_web_page(path, page_of("page", sources))
    script = tmp_path / "page.js"
    script.write_text(path.read_text(encoding="utf-8").split("<script>")[1].split("</script")[0])
    subprocess.run(["node", "--check", str(script)], check=True, timeout=60)
