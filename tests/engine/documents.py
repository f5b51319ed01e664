"""Projects for tests: one with everything in it, and hypothesis strategies for any."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec
import numpy as np
from hypothesis import strategies as st

from flowengine.archive import dump_npz
from flowengine.arrays import FrozenArray
from flowengine.catalogue import (
    BASE_SPECS,
    CONTINUOUS_SPECS,
    LAYER_SPECS,
    Field,
    GanSpec,
    VaeSpec,
    fields_of,
)
from flowengine.lesson import LONGEST_NOTE, Lesson, LessonPart, LessonRule
from flowengine.project import (
    BASELINE_LANES,
    LaneState,
    Project,
    Recipe,
    StackRecipe,
    StopRule,
    TargetSpec,
    Training,
    with_ids,
)

Source = Literal["preset", "drawing", "picture", "points", "array"]
SOURCES: tuple[Source, ...] = get_args(Source)


def safetensors_bytes() -> bytes:
    header = msgspec.json.encode(
        {
            "w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
            "__metadata__": {"a": "b"},
        }
    )
    return len(header).to_bytes(8, "little") + header + bytes(24)


def trained_lane() -> LaneState:
    return LaneState(
        weights=safetensors_bytes(),
        state=safetensors_bytes(),
        history=dump_npz({"step": np.arange(3), "kl": np.array([1.0, np.nan, 0.5])}),
        trace=dump_npz({"positions": np.zeros((3, 5, 2), np.float32)}),
    )


def full_project() -> Project:
    """A project with a target from points, every layer and both lanes trained."""
    rng = np.random.default_rng(0)
    return Project(
        name="Tất cả",
        seed=7,
        target=TargetSpec(
            source="points",
            name="mine",
            extent=(-3.0, 3.0, -2.0, 2.0),
            density=FrozenArray(rng.random((16, 24))),
            points=FrozenArray(rng.random((50, 2))),
        ),
        stack=with_ids(tuple(cls() for cls in LAYER_SPECS)),
        lanes={"discrete": trained_lane(), "continuous": trained_lane()},
    )


def values_of(field: Field) -> st.SearchStrategy[object]:
    """Any value that the catalogue allows for a setting."""
    if field.choices:
        return st.sampled_from(field.choices)
    if field.type is bool:
        return st.booleans()
    if field.type is int:
        assert field.minimum is not None
        assert field.maximum is not None
        numbers = st.integers(int(field.minimum), int(field.maximum))
        return st.just(field.word) | numbers if field.word else numbers
    return st.floats(field.minimum, field.maximum, exclude_min=field.exclusive_minimum)


def specs(cls: type[msgspec.Struct]) -> st.SearchStrategy[msgspec.Struct]:
    """Any spec of a class of the catalogue."""
    return st.builds(cls, **{field.name: values_of(field) for field in fields_of(cls)})


@st.composite
def targets(draw: st.DrawFn) -> TargetSpec:
    x_min, y_min = draw(st.floats(-50, 50)), draw(st.floats(-50, 50))
    extent = (x_min, x_min + draw(st.floats(0.5, 9)), y_min, y_min + draw(st.floats(0.5, 9)))
    source = draw(st.sampled_from(SOURCES))
    density = points = None
    if source != "preset":
        shape = draw(st.tuples(st.integers(2, 9), st.integers(2, 9)))
        density = FrozenArray(np.random.default_rng(draw(st.integers(0, 9))).random(shape))
    if source == "points":
        points = FrozenArray(np.zeros((draw(st.integers(0, 5)), 2)))
    name = draw(st.text(min_size=1, max_size=200).filter(_encodable))
    return TargetSpec(source=source, name=name, extent=extent, density=density, points=points)


def projects() -> st.SearchStrategy[Project]:
    """Any document, untrained."""
    layers = st.one_of(*(specs(cls) for cls in LAYER_SPECS))
    return st.builds(
        Project,
        name=st.text(max_size=200).filter(_encodable),
        seed=st.integers(0, 2**31 - 1),
        target=targets(),
        base=st.one_of(*(specs(cls) for cls in BASE_SPECS)),
        stack=st.lists(layers, max_size=6).map(lambda found: with_ids(tuple(found))),
        continuous=st.one_of(*(specs(cls) for cls in CONTINUOUS_SPECS)),
        vae=specs(VaeSpec),
        gan=specs(GanSpec),
        compare=st.lists(st.sampled_from(BASELINE_LANES), unique=True).map(tuple),
        training=st.builds(
            Training,
            vae=specs(Recipe),
            gan=specs(Recipe),
            discrete=specs(StackRecipe),
            continuous=specs(Recipe),
            stop=st.builds(
                StopRule,
                kind=st.sampled_from(["never", "plateau", "kl", "time", "steps"]),
                value=st.floats(0, 1e9),
            ),
        ),
        lesson=st.builds(
            Lesson,
            note=st.text(max_size=LONGEST_NOTE).filter(_encodable),
            rules=st.dictionaries(
                st.sampled_from(get_args(LessonPart)), st.sampled_from(get_args(LessonRule))
            ),
        ),
    )


def _encodable(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)
