"""What the command line has trained is never lost, whatever happens to it, its file or its disk."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile

import msgspec
import pytest

import flowengine as fe
from flowengine.catalogue import ScaleShift
from flowengine.errors import NumericsError
from flowengine.project import TargetSpec, with_ids
from flowengine.projectfile import read_project, read_thumbnail, write_project
from flowengine.trainer import Trainer
from tests.engine.projectfiles import PNG

posix = pytest.mark.skipif(sys.platform == "win32", reason="files and limits of POSIX")
TRAIN = ("--lane", "discrete", "--steps", 4)


def steps_in(path, lane="discrete"):
    return Trainer(read_project(path), lane).step_count


@pytest.fixture
def at_step(monkeypatch):
    """Have something happen in the middle of training, just before a step."""

    def plan(number, happen):
        step, made = Trainer.step, []

        def planned(trainer):
            made.append(1)
            if len(made) == number:
                happen()
            step(trainer)

        monkeypatch.setattr(Trainer, "step", planned)

    return plan


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """The system's folder for temporary files."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def own(tmp_path, untrained):
    """The project in a folder of its own."""
    (tmp_path / "own").mkdir()
    return untrained.rename(tmp_path / "own" / "small.flow")


def raising(error):
    def happen(*_, **__):
        raise error

    return happen


# --- measuring ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [NumericsError("no figures"), RuntimeError("no memory"), ValueError("no shape")]
)
@pytest.mark.parametrize("measurement", ["evaluate", "sliced_w2"])
def test_a_last_measurement_that_fails_takes_no_weights_away(
    run, untrained, monkeypatch, measurement, error
):
    monkeypatch.setattr(Trainer, measurement, raising(error))
    status, out, err = run("train", untrained, *TRAIN, "--json")
    report = json.loads(out)["lanes"]["discrete"]
    assert status == 1
    assert str(error) in err
    assert "it is kept" in err
    assert (report["step"], report["stopped_by"]) == (4, "steps")
    assert report["kl"] is report["nll"] is report["sliced_w2"] is None
    assert steps_in(untrained) == 4


def test_weights_that_cannot_be_measured_on_the_way_are_left_for_those_that_could(
    run, untrained, monkeypatch
):
    evaluate, failed = Trainer.evaluate, []

    def once(trainer):
        if not failed:
            failed.append(trainer.step_count)
            raise NumericsError("no figures")
        return evaluate(trainer)

    monkeypatch.setattr(Trainer, "evaluate", once)
    monkeypatch.setattr("flowengine.training.MEASURE_EVERY_S", 0.0)
    status, out, err = run("train", untrained, *TRAIN, "--json")
    assert (status, failed) == (0, [1])
    assert "no figures; training of the discrete model went back" in err
    assert json.loads(out)["lanes"]["discrete"]["step"] == steps_in(untrained) == 4


# --- what happens on the way --------------------------------------------------------------------


@pytest.mark.parametrize("error", [MemoryError("none left"), KeyError("a bug")])
def test_an_error_in_a_step_keeps_the_steps_before_it(run, untrained, at_step, error):
    at_step(4, raising(error))
    with pytest.raises(type(error)) as caught:
        run("train", untrained, *TRAIN)
    assert steps_in(untrained) == 3
    assert "holds the discrete lane as trained up to step 3" in caught.value.__notes__[0]


def test_what_was_trained_is_written_now_and_then(run, untrained, at_step):
    """A program that is killed outright has written all but the last of it."""
    at_step(4, raising(SystemExit(9)))
    assert run("train", untrained, *TRAIN, "--save-every", "1e-9")[0] == 9
    assert steps_in(untrained) == 3


def test_a_second_ctrl_c_says_what_the_file_holds(run, untrained, at_step):
    at_step(4, raising(KeyboardInterrupt))
    status, out, err = run("train", untrained, *TRAIN, "--save-every", "1e-9")
    assert (status, out, err.count("\n")) == (130, "", 1)
    assert "interrupted; " in err
    assert "holds the discrete lane as trained up to step 3" in err


def test_a_ctrl_c_while_it_is_measured_comes_after_the_writing(run, untrained, monkeypatch):
    monkeypatch.setattr(Trainer, "evaluate", raising(KeyboardInterrupt))
    status, _, err = run("train", untrained, *TRAIN)
    assert status == 130
    assert "holds the discrete lane as trained up to step 4" in err
    assert steps_in(untrained) == 4


def test_nothing_is_written_of_a_lane_that_could_not_begin(run, untrained, at_step):
    before = untrained.read_bytes()
    at_step(1, raising(KeyboardInterrupt))
    err = run("train", untrained, *TRAIN)[2]
    assert "nothing of this discrete run is in" in err
    assert untrained.read_bytes() == before


# --- others who write the same file -------------------------------------------------------------


def test_lanes_of_one_file_are_merged(run, untrained, trained, at_step):
    theirs = msgspec.structs.replace(
        read_project(untrained),
        name="renamed",
        lanes={"continuous": read_project(trained).lanes["continuous"]},
    )
    at_step(2, lambda: write_project(theirs, untrained, thumbnail=PNG))
    assert run("train", untrained, *TRAIN)[0] == 0
    project = read_project(untrained)
    assert project.name == "renamed"
    assert project.lanes["continuous"] == theirs.lanes["continuous"]
    assert read_thumbnail(untrained) == PNG
    assert steps_in(untrained) == 4


def test_a_lane_goes_on_from_what_others_made_of_it_meanwhile(run, untrained, trained, at_step):
    theirs = read_project(trained).lanes["continuous"]
    change = msgspec.structs.replace(read_project(untrained), lanes={"continuous": theirs})
    at_step(2, lambda: write_project(change, untrained))
    status, out, _ = run("train", untrained, "--steps", 4, "--json")
    assert status == 0
    assert json.loads(out)["lanes"]["continuous"]["step"] == 24
    assert steps_in(untrained, "continuous") == 24


def other_lane(path, trained):
    return msgspec.structs.replace(
        read_project(path), lanes={"discrete": read_project(trained).lanes["discrete"]}
    )


def other_target(path, _):
    return msgspec.structs.replace(read_project(path), target=TargetSpec(name="cat"))


def other_stack(path, _):
    return msgspec.structs.replace(read_project(path), stack=with_ids((ScaleShift(),)))


@pytest.mark.parametrize("change", [other_lane, other_target, other_stack])
def test_what_does_not_fit_any_more_is_written_beside(run, untrained, trained, at_step, change):
    theirs = change(untrained, trained)
    at_step(2, lambda: write_project(theirs, untrained))
    status, _, err = run("train", untrained, "--steps", 4)
    beside = untrained.with_name("small-discrete.flow")
    assert (status, err.count("\n")) == (1, 1)
    assert f"{untrained} was changed by another program" in err
    assert str(beside) in err
    assert read_project(untrained) == theirs
    assert steps_in(beside) == steps_in(beside, "continuous") == 4


def test_a_file_that_is_no_project_any_more_is_left_alone(run, untrained, at_step):
    at_step(2, lambda: untrained.write_bytes(b"notes"))
    untrained.with_name("small-discrete.flow").write_bytes(b"taken")
    status, _, err = run("train", untrained, *TRAIN)
    assert (status, untrained.read_bytes()) == (1, b"notes")
    assert untrained.with_name("small-discrete.flow").read_bytes() == b"taken"
    assert "small-discrete-2.flow" in err
    assert steps_in(untrained.with_name("small-discrete-2.flow")) == 4


def test_a_file_that_was_taken_away_is_written_anew(run, untrained, at_step):
    at_step(2, untrained.unlink)
    assert run("train", untrained, *TRAIN)[0] == 0
    assert steps_in(untrained) == 4


def test_an_output_that_lay_there_before_is_replaced_as_ever(run, untrained, trained):
    assert run("train", untrained, *TRAIN, "-o", trained)[0] == 0
    assert list(read_project(trained).lanes) == ["discrete"]
    assert steps_in(trained) == 4


# --- disks --------------------------------------------------------------------------------------


@posix
def test_a_disk_without_room_leaves_the_old_file_and_says_so(run, trained, elsewhere):
    import resource

    before, limit = trained.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limit[1]))
    try:
        status, out, err = run("train", trained, *TRAIN, "--save-every", "1e-9")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert (status, out) == (1, "")
    assert "could not be written: File too large" in err
    assert f"nothing of this discrete run is in {trained}, which is as it was" in err
    assert trained.read_bytes() == before
    assert not list(elsewhere.iterdir())
    assert sorted(entry.name for entry in trained.parent.iterdir()) == [
        "elsewhere",
        "trained.flow",
    ]


def test_a_folder_that_went_away_does_not_take_the_weights_along(run, own, elsewhere, at_step):
    at_step(2, lambda: shutil.rmtree(own.parent))
    status, _, err = run("train", own, *TRAIN)
    assert status == 1
    assert f"what was trained is in {elsewhere / 'small-discrete.flow'}" in err
    assert steps_in(elsewhere / "small-discrete.flow") == 4


def test_a_disk_that_comes_back_in_time_is_written_to(run, own, elsewhere, at_step):
    away = own.parent.with_name("away")
    at_step(2, lambda: own.parent.rename(away))
    at_step(4, lambda: away.rename(own.parent))
    status, _, err = run("train", own, *TRAIN, "--save-every", "1e-9")
    assert status == 0
    assert "training goes on, and it is tried again" in err
    assert steps_in(own) == 4
    assert not list(elsewhere.iterdir())


# --- places that are no files -------------------------------------------------------------------


def make_pipe(path):
    os.mkfifo(path)


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as listener:
        before = os.getcwd()
        os.chdir(path.parent)  # a socket's path may be too long otherwise
        try:
            listener.bind(path.name)
        finally:
            os.chdir(before)


def make_link_to_a_terminal(path):
    import pty

    ours, theirs = pty.openpty()
    path.symlink_to(os.ttyname(theirs))
    return ours, theirs


WRITERS = {
    "new": "new --target moons -o {o}.flow",
    "train": "train {p} --lane discrete --steps 1 -o {o}.flow",
    "sample": "sample {p} --lane discrete -n 5 -o {o}.npy",
    "export": "export {p} --lane discrete --format samples -n 5 -o {o}.csv",
}


@posix
@pytest.mark.parametrize("make", [make_pipe, make_socket, make_link_to_a_terminal])
@pytest.mark.parametrize("writer", WRITERS)
def test_only_plain_files_are_replaced(run, trained, tmp_path, writer, make):
    line = WRITERS[writer].format(p=trained, o=tmp_path / "o").split()
    place = tmp_path / line[-1]
    kept = make(place)
    before = os.lstat(place), os.stat(place)
    status, out, err = run(*line)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "only plain files are replaced" in err
    assert [s.st_ino for s in (os.lstat(place), os.stat(place))] == [s.st_ino for s in before]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted(
        [place.name, "trained.flow"]
    )
    for descriptor in kept or ():
        os.close(descriptor)


@posix
def test_a_link_to_a_file_still_leads_there(run, untrained, tmp_path):
    (tmp_path / "link.flow").symlink_to(untrained)
    assert run("train", tmp_path / "link.flow", *TRAIN)[0] == 0
    assert (tmp_path / "link.flow").is_symlink()
    assert steps_in(untrained) == 4


def test_a_library_refuses_as_well(tmp_path):
    with pytest.raises(fe.ProjectError, match="only plain files are replaced"):
        fe.Project.new().save(tmp_path)


# --- streams ------------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("closed", ["1", "012"])
def test_every_command_works_with_closed_streams(trained, tmp_path, closed):
    """As under cron, daemons and pythonw: no stream's number comes to be another file's."""
    code = """
import json, os, sys
for number in sys.argv[2]:
    os.close(int(number))
    setattr(sys, ("stdin", "stdout", "stderr")[int(number)], None)
from flowengine import cli
commands = json.loads(sys.argv[1])
statuses = [cli.main(line.split()) for line in commands]
os._exit(sum(map(abs, statuses)))
"""
    lines = [
        "layers",
        "new --target moons --stack swap,scale_shift -o {d}/n.flow",
        "train {d}/n.flow --lane discrete --steps 3 --save-every 1e-9",
        "evaluate {p} --lane discrete --json",
        "sample {p} --lane discrete -n 5 -o {d}/s.npy",
        "export {p} --lane discrete --format samples -n 5 -o {d}/s.csv",
    ]
    told = json.dumps([line.format(p=trained, d=tmp_path) for line in lines])
    done = subprocess.run([sys.executable, "-c", code, told, closed], check=False)
    assert done.returncode == 0
    assert steps_in(tmp_path / "n.flow") == 3
    assert {"n.flow", "s.npy", "s.csv"} <= {entry.name for entry in tmp_path.iterdir()}


@posix
def test_a_terminal_that_is_closed_ends_training_and_takes_nothing_away(untrained):
    """A real hang-up: the signal comes, and from then on every word to the terminal fails."""
    import pty

    code = """
import fcntl, runpy, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
runpy.run_module("flowengine", run_name="__main__", alter_sys=True)
"""
    ours, theirs = pty.openpty()
    line = ("train", str(untrained), "--lane", "discrete", "--seconds", "200")
    with subprocess.Popen(
        [sys.executable, "-c", code, *line],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        seen = b""
        while b"step " not in seen:
            seen += os.read(ours, 1024)
        os.close(ours)
        assert process.wait(timeout=60) == 130
    assert steps_in(untrained) > 0


@posix
def test_a_reader_of_errors_that_leaves_does_not_end_training(trained):
    """Notices go to a pipe that nobody reads any more; the status is that of the training."""
    reading, writing = os.pipe()
    os.close(reading)
    arguments = ["-m", "flowengine", "train", str(trained), "--lane", "all", "--steps", "2"]
    done = subprocess.run([sys.executable, *arguments], stdout=writing, stderr=writing, check=False)
    os.close(writing)
    assert done.returncode == 1  # the results could not be told
    assert steps_in(trained) == steps_in(trained, "continuous") == 22
