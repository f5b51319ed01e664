"""What a teacher has prepared in a project: a word to the student, and what may not be changed.

A lesson guides and does not guard: whoever wants to can turn the teacher mode on and change all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

from msgspec import Meta, Struct, field

if TYPE_CHECKING:
    from flowengine.project import Project

LessonPart = Literal[
    "target",
    "stack",
    "continuous",
    "recipe",
    "training",
    "compare",
    "ledger",
    "metrics",
    "export",
]
LessonRule = Literal["locked", "hidden"]
LONGEST_NOTE: Final = 500

_FIELDS: Final[dict[LessonPart, tuple[str, ...]]] = {
    "target": ("target",),
    "stack": ("base", "stack"),
    "continuous": ("continuous",),
    "recipe": ("training",),
    "training": ("seed",),
    "compare": ("compare", "vae", "gan"),
}


class Lesson(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a project looks to a student.

    Attributes:
        note: Shown over the panels: what to try, what to watch.
        rules: Which parts of the window are locked, to be seen and not changed, or hidden. Parts
            without a rule are open.
    """

    note: Annotated[str, Meta(max_length=LONGEST_NOTE)] = ""
    rules: dict[LessonPart, LessonRule] = field(default_factory=dict)

    def forbids(self, before: Project, after: Project) -> LessonPart | None:
        """The first part with a rule that an edit would change; None where it changes none."""
        for part, names in _FIELDS.items():
            if part in self.rules and any(getattr(before, n) != getattr(after, n) for n in names):
                return part
        return None
