"""Figures: what is in them, sharp where it can be, and read again before they are done."""

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage, QPainter, QPicture
from PySide6.QtSvg import QSvgRenderer

from explorer.export import vectors
from explorer.export.drawing import _cut
from explorer.export.figure_page import FigurePage
from explorer.export.formats import figure
from explorer.export.formats.figure import FigureJob, FigureWish
from explorer.export.scene import Sight
from explorer.metrics.curves import CurvesView
from explorer.theme import theme
from flowengine.errors import ExportError
from flowengine.export import ExportCancelled
from tests.explorer.scenes import scene_of, without

PATIENCE_MS = 60_000
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def curves(qtbot):
    view = CurvesView()
    qtbot.addWidget(view)
    return view.copy()


@pytest.fixture
def draw(qtbot, curves, tmp_path):
    """Makes a figure; gives what was taken."""

    def make(kind, scene=None, name="star", **changes):
        wish = FigureWish(**{"kind": kind, "scale": 1, **changes})
        job = FigureJob(scene or scene_of(), curves, wish, tmp_path / f"{name}.{kind}")
        with qtbot.waitSignal(job.done, timeout=PATIENCE_MS) as told:
            job.start()
        return told.args[0]

    return make


def pixels(picture):
    """RGB of an image or of a file, shape (height, width, 3)."""
    image = picture if isinstance(picture, QImage) else QImage(str(picture))
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    words = np.frombuffer(bytes(image.constBits()), np.uint8)
    return words.reshape(image.height(), image.width(), 4)[..., 2::-1].astype(int)


def drawing(**changes):
    """Two lines, to be written."""
    picture = QPicture()
    painter = QPainter(picture)
    painter.drawLine(0, 0, 200, 100)
    painter.end()
    line = bytes(picture.data())
    parts = {"size": (200, 100), "title": "star", "ground": line, "pictures": [], "over": line}
    return vectors.Drawing(**{**parts, **changes})


def children():
    """The processes that this one has started and that still run."""
    listings = Path("/proc/self/task").glob("*/children")
    return set(" ".join(listing.read_text() for listing in listings).split())


def shapes_in(path):
    kinds = {SVG + kind for kind in ("path", "circle", "polyline", "ellipse", "line")}
    return sum(element.tag in kinds for element in ElementTree.parse(path).iter())


# --- the three formats ----------------------------------------------------------------------------


@pytest.mark.parametrize("scale", figure.SCALES)
def test_a_png_has_its_scale(draw, scale):
    taken = draw("png", scale=scale)
    size = FigurePage(scene_of(), None, paper=True).size * scale
    assert QImage(str(taken.path)).size() == size
    assert taken.check == f"read again: {size.width()} × {size.height()} pixels".replace(",", "")
    assert taken.bytes == taken.path.stat().st_size


def test_an_svg_holds_words_as_words_and_particles_as_shapes(draw):
    path = draw("svg").path
    tree = ElementTree.parse(path)
    words = " ".join("".join(text.itertext()).strip() for text in tree.iter(f"{SVG}text"))
    for said in ("Discrete", "Continuous", "KL 0.0123 nats", "t = 0.60", "1/unit", "log|det|"):
        assert said in words
    families = {place.get("font-family") for place in tree.iter() if place.get("font-family")}
    assert any(family.startswith("Inter,") for family in families)
    assert "@font-face" in tree.find(f"{SVG}defs/{SVG}style").text
    pictures = list(tree.iter(f"{SVG}image"))
    assert len(pictures) == 2  # the densities, and nothing else
    few = draw("svg", without(scene_of(), "points"), "few").path
    assert shapes_in(path) >= shapes_in(few) + 2 * 300  # each of the particles
    assert QSvgRenderer(str(path)).viewBox().size() == FigurePage(scene_of(), None, paper=True).size


def test_an_svg_looks_as_the_png_does(draw):
    drawn = pixels(draw("png").path)
    renderer = QSvgRenderer(str(draw("svg").path))
    image = QImage(renderer.viewBox().size(), QImage.Format.Format_RGB32)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    assert np.abs(drawn - pixels(image)).mean() < 12


def test_a_pdf_is_one_page_of_the_figures_size_with_words(draw):
    data = draw("pdf").path.read_bytes()
    size = FigurePage(scene_of(), None, paper=True).size
    (box,) = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", data)
    assert [round(float(side)) for side in box] == [size.width(), size.height()]
    assert re.search(rb"/FontName /\S*Inter-Regular", data)


# --- what is drawn --------------------------------------------------------------------------------


def test_paper_is_white_and_dark_is_dark_and_the_window_stays_as_it_is(draw):
    paper = pixels(draw("png").path)
    dark = pixels(draw("png", name="dark", colours="dark").path)
    assert (paper[0, 0] == 255).all()
    assert np.median(paper) == 255
    assert np.median(dark) < 40
    assert theme.name == "dark"


def test_what_is_switched_off_is_not_drawn(draw):
    whole = pixels(draw("png").path)
    for part in ("density", "points", "grid", "field"):
        assert (pixels(draw("png", without(scene_of(), part), part).path) != whole).any(), part


def test_the_moment_and_the_place_are_the_windows(draw):
    whole = pixels(draw("png").path)
    later = pixels(draw("png", scene_of(tau=0.9), "later").path)
    nearer = replace(scene_of(), sight=Sight(0.5, 0.5, 1.0))
    assert (later != whole).any()
    assert (pixels(draw("png", nearer, "nearer").path) != whole).any()


def test_nothing_of_a_panel_lies_outside_of_its_frame(draw):
    """Zoomed in, lines and particles leave the picture on all sides."""
    near = replace(scene_of(), sight=Sight(0.0, 0.0, 0.4))
    shown = pixels(draw("png", near, "near").path)
    bare = without(near, "density", "points", "grid", "field", "trails", "outline")
    empty = pixels(draw("png", bare, "bare").path)
    page = FigurePage(near, None, paper=True)
    for row in (page._areas[0].top() - 3, page._areas[0].bottom() + 8):
        assert (shown[round(row)] == empty[round(row)]).all()
    middle = round((page._areas[0].right() + page._areas[1].left()) / 2) - 6
    assert (shown[:, middle] == empty[:, middle]).all()


def test_the_curves_stand_below(draw):
    without_them, with_them = draw("png"), draw("png", name="curves", curves=True)
    assert QImage(str(with_them.path)).height() > QImage(str(without_them.path)).height() + 150


def test_a_difference_and_four_panels_are_drawn(draw):
    scene = scene_of(lanes=("discrete", "continuous", "vae", "gan"))
    taken = draw("png", scene)
    assert QImage(str(taken.path)).width() < QImage(str(taken.path)).height() * 1.2


def test_lines_are_cut_to_the_view():
    view = Sight(0.0, 0.0, 1.0).view(100, 100, 1.0)
    lines = [
        [-50, 50, 150, 50], [10, 10, 20, 20], [-9, -9, -1, -1], [50, 50, 50, 300],
        [np.nan, 0, 1, 1], [120, 50, 120, 60], [10, 20, 30, 20],
    ]  # fmt: skip
    cut, seen = _cut(np.array(lines, np.float32), view)
    assert seen.tolist() == [True, True, False, True, False, False, True]
    assert cut[0].tolist() == [0, 50, 100, 50]
    assert cut[3].tolist() == [50, 50, 50, 100]
    assert cut[6].tolist() == [10, 20, 30, 20]


# --- what may go wrong ----------------------------------------------------------------------------


def test_a_place_that_cannot_be_written_is_told_and_nothing_left(qtbot, curves, tmp_path):
    for kind in figure.KINDS:
        job = FigureJob(scene_of(), curves, FigureWish(kind), tmp_path / "none" / f"a.{kind}")
        with qtbot.waitSignal(job.failed, timeout=PATIENCE_MS) as told:
            job.start()
        assert told.args[0]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", figure.KINDS)
def test_a_figure_that_reads_as_another_is_not_left(qtbot, curves, tmp_path, monkeypatch, kind):
    monkeypatch.setattr(figure, f"_{kind}_size", lambda _file: QSize(1, 1))
    job = FigureJob(scene_of(), curves, FigureWish(kind), tmp_path / f"a.{kind}")
    with qtbot.waitSignal(job.failed, timeout=PATIENCE_MS) as told:
        job.start()
    assert "cannot be read again" in told.args[0]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.qt_log_ignore("Cannot read file")
@pytest.mark.parametrize("kind", figure.KINDS)
def test_damage_is_seen(kind, draw, tmp_path):
    path = draw(kind).path
    whole = path.read_bytes()
    read = getattr(figure, f"_{kind}_size")
    assert read(path) == FigurePage(scene_of(), None, paper=True).size
    path.write_bytes(whole[: len(whole) // 2])
    assert read(path) != FigurePage(scene_of(), None, paper=True).size


def test_giving_up_leaves_nothing(qtbot, curves, tmp_path):
    job = FigureJob(scene_of(), curves, FigureWish(scale=4), tmp_path / "a.png")
    job.start()
    with qtbot.waitSignal(job.given_up, timeout=PATIENCE_MS):
        job.cancel()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["svg", "pdf"])
def test_giving_up_while_it_is_written_leaves_no_file_and_no_process(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    before, asked = children(), set()  # such as what forks the engines of other tests

    def cancelled():
        asked.update(children() - before)
        return bool(asked)

    with pytest.raises(ExportCancelled):
        vectors.write(drawing(), kind, path, cancelled)
    assert asked
    assert not children() & asked
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["svg", "pdf"])
def test_what_stops_the_writing_is_told(tmp_path, kind):
    there = tmp_path / f"a.{kind}"
    nowhere = tmp_path / "none" / f"a.{kind}"
    for work, path, reason in (
        (drawing(), nowhere, "cannot be written"),
        (drawing(over=drawing().over[:40]), there, "The drawing is damaged"),
    ):
        with pytest.raises(ExportError, match=f"The figure could not be written: .*{reason}"):
            vectors.write(work, kind, path, lambda: False)


def test_an_empty_scene_is_no_figure(curves, tmp_path):
    with pytest.raises(ExportError, match="nothing to draw yet"):
        FigureJob(scene_of(empty=True), curves, FigureWish(), tmp_path / "a.png")
