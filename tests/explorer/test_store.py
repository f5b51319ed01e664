"""Edits, undo, and the file that the document lives in."""

import io

import numpy as np
import pytest
from msgspec.structs import replace

from explorer.session.store import MAX_RECENT, MAX_UNDO, Store, recent_files, remember_recent
from flowengine.errors import ProjectError
from flowengine.project import LaneState, Project, TargetSpec, default_stack
from tests.explorer.windows import save


@pytest.fixture
def store(qapp):
    return Store(Project(stack=default_stack()))


def with_seed(store, seed):
    return replace(store.project, seed=seed)


def test_an_edit_is_announced_and_can_be_undone_and_redone(store, qtbot):
    before = store.project
    with qtbot.waitSignal(store.changed) as edit:
        store.apply(with_seed(store, 1), "Change the seed")
    assert edit.args == [before, store.project]
    assert store.undo_stack.undoText() == "Change the seed"
    store.undo_stack.undo()
    assert store.project == before
    store.undo_stack.redo()
    assert store.project.seed == 1


def test_one_gesture_is_one_step(store):
    for seed in (1, 2, 3):
        store.apply(with_seed(store, seed), "Drag", merge_key="drag-1")
    store.apply(with_seed(store, 4), "Drag", merge_key="drag-2")
    assert store.undo_stack.count() == 2
    store.undo_stack.undo()
    assert store.project.seed == 3
    store.undo_stack.undo()
    assert store.project.seed == 0


def test_edits_without_a_key_do_not_merge(store):
    store.apply(with_seed(store, 1), "Edit")
    store.apply(with_seed(store, 2), "Edit")
    assert store.undo_stack.count() == 2


def test_an_hour_of_edits_takes_no_more_memory_than_the_last_hundred(store):
    for seed in range(1, MAX_UNDO + 21):
        store.apply(with_seed(store, seed), "Edit")
    assert store.undo_stack.count() == MAX_UNDO
    for _ in range(MAX_UNDO):
        store.undo_stack.undo()
    assert store.project.seed == 20
    assert store.modified  # what the file holds cannot be reached any more


def test_a_gesture_that_ends_where_it_began_leaves_no_step(store):
    for seed in (1, 2, 0):
        store.apply(with_seed(store, seed), "Drag", merge_key="drag")
    assert store.undo_stack.count() == 0
    assert not store.modified


def test_an_edit_that_changes_nothing_is_none(store, qtbot):
    with qtbot.assertNotEmitted(store.changed):
        store.apply(Project.from_dict(store.project.to_dict()), "Nothing")
    assert not store.modified


def test_a_document_out_of_range_is_refused_and_changes_nothing(store, qtbot):
    before = store.project
    bad = replace(before, stack=(replace(before.stack[0], width=0), *before.stack[1:]))
    with (
        qtbot.assertNotEmitted(store.changed),
        pytest.raises(ProjectError, match=r"expected `int` >= 1 at `\$\.stack\[0\]\.width`"),
    ):
        store.apply(bad, "Break")
    assert store.project == before
    assert not store.modified


def test_a_target_without_density_is_refused(store):
    with pytest.raises(ProjectError, match="expected a density"):
        store.apply(replace(store.project, target=TargetSpec(source="drawing", name="d")), "Draw")


def test_saved_and_opened_again_with_its_lanes(store, tmp_path, qtbot):
    trace = io.BytesIO()
    np.savez(trace, tau=np.linspace(0, 1, 3, dtype=np.float32))
    lanes = {"discrete": LaneState(trace=trace.getvalue())}
    store.apply(with_seed(store, 7), "Edit")
    assert store.modified
    with qtbot.waitSignals([store.unsaved_changed, store.path_changed]):
        save(store, tmp_path / "seven.flow", store.project, lanes)
    assert not store.modified

    other = Store(Project(stack=default_stack()))
    other.apply(with_seed(other, 1), "Edit")
    with qtbot.waitSignal(other.loaded):
        other.open(tmp_path / "seven.flow")
    assert other.project == replace(store.project, name="seven")
    assert other.lanes == lanes
    assert other.path == tmp_path / "seven.flow"
    assert not other.modified
    assert not other.undo_stack.canUndo()


def test_undo_after_saving_is_work_that_no_file_holds(store, tmp_path):
    store.apply(with_seed(store, 1), "Edit")
    save(store, tmp_path / "p.flow", store.project, {})
    store.undo_stack.undo()
    assert store.modified
    store.undo_stack.redo()
    assert not store.modified


def test_training_is_work_too(store, tmp_path, qtbot):
    with qtbot.waitSignal(store.unsaved_changed) as told:
        store.mark_trained()
    assert told.args == [True]
    assert store.unsaved
    assert not store.modified
    save(store, tmp_path / "p.flow", store.project, {})
    assert not store.unsaved


def test_a_file_that_is_no_project_changes_nothing(store, tmp_path):
    (tmp_path / "bad.flow").write_bytes(b"not a zip")
    before = store.project
    with pytest.raises(ProjectError):
        store.open(tmp_path / "bad.flow")
    assert store.project is before
    assert store.path is None
    assert recent_files() == []


def test_a_place_that_cannot_be_written_keeps_the_work_unsaved(store, tmp_path):
    store.apply(with_seed(store, 1), "Edit")
    with pytest.raises(ProjectError):
        save(store, tmp_path / "missing" / "p.flow", store.project, {})
    assert store.modified
    assert store.path is None


def test_recent_files_are_those_still_there_latest_first(tmp_path):
    names = [tmp_path / f"{i}.flow" for i in range(MAX_RECENT + 3)]
    for name in names:
        name.touch()
        remember_recent(name)
    remember_recent(names[5])
    names[-1].unlink()
    recent = recent_files()
    assert recent[0] == names[5]
    assert len(recent) == MAX_RECENT - 1
    assert names[-1] not in recent


def test_an_edit_made_while_saving_stays_unsaved(store, tmp_path):
    store.apply(with_seed(store, 1), "Edit")
    asked = store.project
    store.apply(with_seed(store, 2), "Edit on")
    save(store, tmp_path / "p.flow", asked, {})
    assert store.modified
    assert Project.open(tmp_path / "p.flow").seed == 1
