"""Films: real frames through the real ffmpeg and Pillow, and what is left of one given up."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.export import ffmpeg
from explorer.export.formats import film
from explorer.export.formats.film import FilmJob, FilmWish, moments
from explorer.export.frame import FramePainter
from explorer.export.scene import columns_for
from explorer.theme import theme
from flowengine.errors import ExportError
from tests.explorer.scenes import scene_of, without

PATIENCE_MS = 60_000
SMALL = {"width": 320, "height": 180, "seconds": 1}


def wish(kind="mp4", **changes):
    return FilmWish(**{"kind": kind, "rate": 12 if kind == "mp4" else 10, **SMALL, **changes})


def made(qtbot, job):
    with qtbot.waitSignal(job.done, timeout=PATIENCE_MS) as told:
        job.start()
    return told.args[0]


def ffmpegs():
    """The ffmpeg processes that this one has started."""
    children = " ".join(p.read_text() for p in Path("/proc/self/task").glob("*/children"))
    return [
        pid for pid in children.split() if b"ffmpeg" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def frames_of(path):
    """All frames of an MP4 as RGB, by ffmpeg alone."""
    command = [ffmpeg.program(), "-v", "error", "-i", str(path), "-f", "rawvideo"]
    raw = subprocess.run(
        [*command, "-pix_fmt", "rgb24", "-"], capture_output=True, check=True
    ).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, SMALL["height"], SMALL["width"], 3)


# --- where the clock is -------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["generate", "normalize"])
def test_the_clock_goes_from_one_end_to_the_other_and_rests_at_both(direction):
    way = [moment.tau for moment in moments(100, direction, back=False)]
    begin, end = (0.0, 1.0) if direction == "generate" else (1.0, 0.0)
    assert way == sorted(way, reverse=direction == "normalize")
    assert way[:3] == [begin] * 3
    assert way[-10:] == [end] * 10
    assert len(set(way)) > 75


def test_back_again_ends_where_it_began():
    way = moments(61, "generate", back=True)
    assert len(way) == 61
    assert (way[0].tau, way[-1].tau) == (0.0, 0.0)
    assert max(moment.tau for moment in way) == 1.0
    assert [moment.forward for moment in way] == [True] * 31 + [False] * 30


@pytest.mark.parametrize(
    ("count", "size", "columns"),
    [
        (1, (16, 9), 1),
        (2, (16, 9), 2),
        (2, (9, 16), 1),
        (4, (16, 9), 2),
        (4, (1, 1), 2),
        (3, (3, 1), 3),
    ],
)
def test_panels_are_as_large_as_they_can_be(count, size, columns):
    assert columns_for(count, *size) == columns


def test_four_panels_stand_in_a_row_where_their_words_would_take_the_height():
    assert columns_for(4, 1240, 660) == 2
    assert columns_for(4, 1240, 660, words=70) == 4


# --- frames -------------------------------------------------------------------------------------


def frame(scene, tau, colours="dark", size=(320, 180), **how):
    painter = FramePainter(scene, size, colours)
    parts = sum(1 for _ in painter.draw(tau, **how))
    assert parts == len(scene.panels) + 1
    pixels = np.frombuffer(bytes(painter.image.constBits()), np.uint8)
    return pixels.reshape(size[1], size[0], 4)[..., :3].astype(int)


def test_a_frame_is_drawn_in_its_own_theme_and_the_windows_stays(qapp):
    seen = []
    theme.changed.connect(lambda: seen.append(theme.name))
    dark, light = frame(scene_of(), 0.5, "dark"), frame(scene_of(), 0.5, "light")
    assert dark[0, 0].max() < 60
    assert light[0, 0].min() > 200
    assert theme.name == "dark"
    assert seen == []


def test_frames_move_with_the_clock_and_show_what_is_switched_on(qapp):
    scene = scene_of()
    assert (frame(scene, 0.2) != frame(scene, 0.8)).any()
    for part in ("density", "points", "grid", "field", "trails"):
        assert (frame(scene, 0.5) != frame(without(scene, part), 0.5)).any(), part
    assert (frame(scene, 0.5) != frame(scene, 0.5, forward=False)).any()


@pytest.mark.parametrize("lanes", [("discrete",), ("discrete", "continuous", "vae", "gan")])
def test_any_number_of_panels_makes_a_frame(qapp, lanes):
    scene = scene_of(lanes=lanes)
    assert frame(scene, 1.0, size=(540, 540)).std() > 10


# --- films --------------------------------------------------------------------------------------


def test_an_mp4_has_all_frames_at_their_size_in_their_colours(qtbot, tmp_path):
    path = tmp_path / "star.mp4"
    taken = made(qtbot, FilmJob(scene_of(), wish(colours="light"), path))
    assert taken.path == path
    assert taken.bytes == path.stat().st_size
    assert taken.check == "played through: 12 frames of 320 × 180, 1.00 s"
    frames = frames_of(path)
    assert frames.shape == (12, 180, 320, 3)
    with theme.painting_in("light"):
        ground = np.array(theme.color("window").getRgb()[:3])
    assert np.abs(frames[:, 2, 2].astype(int) - ground).max() <= 4
    assert (frames[0].astype(int) - frames[-1]).std() > 3
    assert list(tmp_path.iterdir()) == [path]
    assert ffmpegs() == []


def test_a_gif_has_all_frames_at_their_size_and_starts_over(qtbot, tmp_path):
    path = tmp_path / "star.gif"
    taken = made(qtbot, FilmJob(scene_of(), wish("gif", back=True), path))
    assert taken.check == "played through: 10 frames of 320 × 180, 1.00 s"
    with Image.open(path) as gif:
        assert (gif.n_frames, gif.size, gif.info["loop"]) == (10, (320, 180), 0)
        assert gif.info["duration"] == 100
        pictures = []
        for k in (0, 5, 9):
            gif.seek(k)
            pictures.append(np.asarray(gif.convert("RGB"), int))
    drawn = frame(scene_of(), 0.0)[..., ::-1]
    assert np.abs(pictures[0] - drawn).mean() < 4
    assert np.abs(pictures[0] - pictures[1]).mean() > 1
    assert np.abs(pictures[0] - pictures[2]).mean() < 1
    assert list(tmp_path.iterdir()) == [path]


def test_progress_grows_to_the_check(qtbot, tmp_path):
    job = FilmJob(scene_of(), wish(), tmp_path / "star.mp4")
    told = []
    job.progressed.connect(lambda done, doing: told.append((done, doing)))
    made(qtbot, job)
    shares = [done for done, _ in told]
    assert shares == sorted(shares)
    assert len(shares) == 13
    assert told[-1][1] == "checking"


@pytest.mark.parametrize("kind", ["mp4", "gif"])
def test_a_film_that_is_given_up_leaves_no_file_and_no_process(qtbot, tmp_path, kind):
    job = FilmJob(scene_of(), wish(kind, seconds=60), tmp_path / f"star.{kind}")
    with qtbot.waitSignal(job.progressed, timeout=PATIENCE_MS):
        job.start()
    qtbot.waitUntil(lambda: list(tmp_path.iterdir()) != [], timeout=PATIENCE_MS)
    with qtbot.waitSignal(job.given_up, timeout=PATIENCE_MS):
        job.cancel()
    assert list(tmp_path.iterdir()) == []
    assert ffmpegs() == []


def test_finishing_waits_until_nothing_is_left(qtbot, tmp_path):
    job = FilmJob(scene_of(), wish(seconds=60), tmp_path / "star.mp4")
    with qtbot.waitSignal(job.progressed, timeout=PATIENCE_MS):
        job.start()
    qtbot.waitUntil(lambda: ffmpegs() != [], timeout=PATIENCE_MS)
    job.finish()
    assert list(tmp_path.iterdir()) == []
    assert ffmpegs() == []


def failed(qtbot, job):
    with qtbot.waitSignal(job.failed, timeout=PATIENCE_MS) as told:
        job.start()
    return told.args[0]


def test_without_ffmpeg_it_is_said_and_a_gif_can_be_made(qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "nowhere" / "ffmpeg"))
    sentence = failed(qtbot, FilmJob(scene_of(), wish(), tmp_path / "star.mp4"))
    assert "MP4 needs the program ffmpeg" in sentence
    assert list(tmp_path.iterdir()) == []
    made(qtbot, FilmJob(scene_of(), wish("gif"), tmp_path / "star.gif"))


def test_what_ffmpeg_complains_of_is_told(qtbot, tmp_path):
    (tmp_path / "full").symlink_to("/dev/full")
    frames = iter([bytes(320 * 180 * 4)] * 3)
    with pytest.raises(ExportError, match="No space left"):
        ffmpeg.encode(frames, tmp_path / "full", (320, 180), 10)
    assert ffmpegs() == []


def test_a_place_that_cannot_be_written_is_told(qtbot, tmp_path):
    sentence = failed(qtbot, FilmJob(scene_of(), wish("gif"), tmp_path / "none" / "star.gif"))
    assert "No such file or directory" in sentence


def test_a_film_with_frames_missing_is_not_left(qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr(film, "moments", lambda *_, **__: moments(7, "generate", back=False))
    sentence = failed(qtbot, FilmJob(scene_of(), wish(), tmp_path / "star.mp4"))
    assert "holds 7 frames of 320 × 180 where 12 of 320 × 180" in sentence
    assert list(tmp_path.iterdir()) == []


def test_an_empty_scene_is_no_film(qapp, tmp_path):
    with pytest.raises(ExportError, match="nothing to film yet"):
        FilmJob(scene_of(empty=True), wish(), tmp_path / "star.mp4")


@pytest.mark.parametrize("kind", ["mp4", "gif"])
def test_every_size_and_rate_that_is_offered_can_be_written(kind):
    for size in film.SIZES[kind]:
        assert size.width % 2 == size.height % 2 == 0
    assert film.USUAL_RATE[kind] in film.RATES[kind]
    assert all(100 % rate == 0 for rate in film.RATES["gif"])
