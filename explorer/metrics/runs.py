"""The runs of a session: what was trained, how well it fitted, and what set it apart."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from explorer.lanes import LANE_ORDER, LANES, lane_title
from explorer.metrics.history import History
from explorer.stack.names import choice_name
from explorer.stack.ready_made import READY_MADE
from explorer.words.languages import integer, mark, number, tr
from flowengine.catalogue import fields_of, kind_of
from flowengine.project import BASELINE_LANES
from flowengine.targets.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from msgspec import Struct
    from PySide6.QtGui import QImage

    from flowengine.catalogue import LayerSpec
    from flowengine.project import Lane, LaneState, Project, TargetSpec

_CONTINUOUS = mark("continuous")


class Run(NamedTuple):
    """One run, as it was when it ended.

    Attributes:
        number: Counted from 1 over the session.
        project: The document.
        lanes: What training had made of each lane, and what its panel showed.
        picture: Of the panels.
        changes: What differs from the run before, in words; empty for the first.
        name: Of the file, where this is what a project was opened with; "" for any other.
    """

    number: int
    project: Project
    lanes: Mapping[Lane, LaneState]
    picture: QImage
    changes: tuple[str, ...]
    name: str = ""

    def history(self, lane: Lane) -> History:
        """The curves of a lane; empty for one that was not trained."""
        history = History()
        state = self.lanes.get(lane)
        history.load(state.history if state else b"")
        return history


class Achieved(NamedTuple):
    """How far a run came, by lane; of those lanes alone that were trained.

    Attributes:
        best: The lowest KL, of a VAE its bound, that this target and model came to, in nats.
        spent: Steps and seconds of training on this target with this model.
    """

    best: dict[Lane, float]
    spent: dict[Lane, tuple[float, float]]


def achieved(run: Run) -> Achieved:
    """How far a run came: to be asked once, as it reads the run's curves."""
    histories = {lane: run.history(lane) for lane in LANE_ORDER}
    best = {lane: history.least("kl") for lane, history in histories.items()}
    return Achieved(
        {lane: kl for lane, kl in best.items() if kl is not None},
        {lane: history.spent for lane, history in histories.items() if history.spent[0]},
    )


def differences(before: Project, after: Project) -> tuple[str, ...]:
    """What sets a document apart from another, in a few words for each thing."""
    found = []
    if before.target != after.target:
        found.append(tr("target: {name}").format(name=_target_name(after.target)))
    found += _stack_differences(before, after)
    found += [f"{tr(_CONTINUOUS)}: {text}" for text in _spec_differences(before, after)]
    for baseline in BASELINE_LANES:
        title = lane_title(baseline)
        old, new = getattr(before, baseline), getattr(after, baseline)
        found += [f"{tr(title)}: {text}" for text in _field_differences(old, new)]
    for lane, title in ((lane, words.within) for lane, words in LANES.items()):
        old, new = getattr(before.training, lane), getattr(after.training, lane)
        found += [f"{tr(title)}: {text}" for text in _field_differences(old, new)]
    if before.seed != after.seed:
        found.append(tr("another seed"))
    return tuple(found)


def best_texts(run: Achieved) -> dict[Lane, str]:
    """The best KL of each lane that was trained, ready to show."""
    return {lane: number(kl) for lane, kl in run.best.items()}


def spent_texts(run: Achieved) -> list[str]:
    """For how long each lane was trained on this target with this model, ready to show."""
    pattern = tr("{lane}: {steps} steps in {seconds} s")
    return [
        pattern.format(
            lane=tr(lane_title(lane)), steps=integer(int(steps)), seconds=number(seconds)
        )
        for lane, (steps, seconds) in run.spent.items()
    ]


def _target_name(target: TargetSpec) -> str:
    if target.source == "preset" and target.name in PRESETS:
        return tr(PRESETS[target.name].title)
    return tr("drawing") if target.source == "drawing" else target.name


def _ready_made(stack: tuple[LayerSpec, ...]) -> str:
    """The name of a ready-made stack that nobody has changed; "" for any other."""
    layers = _without_ids(stack)
    return next((tr(r.name) for r in READY_MADE if _without_ids(r.stack()) == layers), "")


def _without_ids(stack: tuple[LayerSpec, ...]) -> list[LayerSpec]:
    return [replace(layer, id="") for layer in stack]


def _stack_differences(before: Project, after: Project) -> Iterator[str]:
    """The stack by its name, or what came and went, by kind, or that it was changed at all."""
    if before.stack == after.stack:
        return
    if name := _ready_made(after.stack):
        yield name
        return
    titles = {kind_of(layer): tr(layer.title) for layer in (*before.stack, *after.stack)}
    old, new = (Counter(map(kind_of, stack)) for stack in (before.stack, after.stack))
    for sign, more in (("+", new - old), ("−", old - new)):
        for kind, count in more.items():
            yield f"{sign}{count} {titles[kind]}" if count > 1 else f"{sign}{titles[kind]}"
    if old == new:
        yield from _settings_differences(before.stack, after.stack)


def _settings_differences(
    before: tuple[LayerSpec, ...], after: tuple[LayerSpec, ...]
) -> Iterator[str]:
    """What became of the layers where none came or went: on, off, frozen, moved, or set anew."""
    past = {layer.id: layer for layer in before}
    if set(past) != {layer.id for layer in after}:
        yield tr("the stack's settings or order")
        return
    if list(past) != [layer.id for layer in after]:
        yield tr("another order of layers")
    for layer in after:
        old = past[layer.id]
        title = tr(layer.title)
        if old.enabled != layer.enabled:
            words = tr("{layer} on") if layer.enabled else tr("{layer} bypassed")
            yield words.format(layer=title)
        if old.frozen != layer.frozen:
            words = tr("{layer} frozen") if layer.frozen else tr("{layer} not frozen")
            yield words.format(layer=title)
        yield from (f"{title}: {text}" for text in _field_differences(old, layer))


def _spec_differences(before: Project, after: Project) -> Iterator[str]:
    old, new = before.continuous, after.continuous
    if type(old) is not type(new):
        yield tr(new.title)
    else:
        yield from _field_differences(old, new)


def _field_differences(old: Struct, new: Struct) -> Iterator[str]:
    for field in fields_of(type(new)):
        value = getattr(new, field.name)
        if value != getattr(old, field.name):
            shown = number(value) if isinstance(value, int | float) else choice_name(value)
            yield f"{tr(field.title)} {shown}"
