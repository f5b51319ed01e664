"""Lessons that come with the program: the ideas of normalizing flows, each as something to do."""

from __future__ import annotations

import html
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from msgspec.structs import replace
from PySide6.QtCore import Signal

from explorer.stack.ready_made import READY_MADE
from explorer.widgets.tip_menu import TipMenu
from explorer.words.languages import mark, tr, translator
from flowengine.project import Project
from flowengine.targets.sources import spec_from_formula

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from flowengine.project import Extent


class LessonPlan(NamedTuple):
    """A project to begin with, and what to do in it.

    Attributes:
        title: In English, as the menu shows it.
        note: In English, shown over the panels.
        stack: Its layers, as a project file writes them.
        target: A preset's name, or what `formula` computes on `extent`.
        rest: Other parts of the document.
    """

    title: str
    note: str
    stack: tuple[dict[str, Any], ...]
    target: str = "star"
    formula: str = ""
    extent: Extent = (-4.0, 4.0, -4.0, 4.0)
    rest: dict[str, Any] = {}  # noqa: RUF012  never changed

    def project(self) -> Project:
        """The document, untrained."""
        document = {
            "name": tr(self.title),
            "stack": self.stack,
            "target": {"name": self.target},
            "lesson": {"note": self.note},
        }
        project = Project.from_dict(document | self.rest)
        if self.formula:
            project = replace(project, target=spec_from_formula(self.formula, self.extent))
        return project


def _ready(name: str) -> tuple[dict[str, Any], ...]:
    return next(ready.layers for ready in READY_MADE if ready.name == name)


LESSONS: Final = (
    LessonPlan(
        mark("The potter"),
        mark(
            "Press Train at the top: a round lump of clay, the bell at the left end of the "
            "slider, is kneaded into a star. Then press “x → z” above the slider (key D): the "
            "star goes all the way back into the bell. What can be undone loses nothing; that is "
            "what invertible means."
        ),
        ({"kind": "spline_coupling"},) * 4,
    ),
    LessonPlan(
        mark("x = 2z + 1, and what it costs"),
        mark(
            "One layer, x = 2z + 1 on both axes, and it fits without training. Click the middle "
            "of the bell in the left panel: the ledger on the right takes log 2 off for each "
            "axis, since twice the width has half the height. Change the scale on the layer's "
            "card (Models, lower left) and click again."
        ),
        _ready("x = 2z + 1"),
        formula="exp(-((x-1)^2 + (y-1)^2) / 8)",
        extent=(-7.0, 9.0, -7.0, 9.0),
    ),
    LessonPlan(
        mark("The stretching fee"),
        mark(
            "Press Train at the top. The grid is orange where a layer has stretched the plane, "
            "and density fell, and blue where it has squeezed it. Click a point in the left "
            "panel: the ledger on the right shows log|det J| of every layer, its fee, and an "
            "ellipse: what became of a small circle there."
        ),
        _ready("RealNVP"),
        target="moons",
    ),
    LessonPlan(
        mark("Why coupling layers are cheap"),
        mark(
            "One coordinate steers and stays, the other moves: the Jacobian is triangular, so its"
            " determinant is a product and costs next to nothing. But one such layer bends in one"
            " direction only. Press Train at the top, then “+ Affine” over the stack on the left,"
            " again and again."
        ),
        ({"kind": "affine_coupling"},),
        target="moons",
    ),
    LessonPlan(
        mark("A flip book and a film"),
        mark(
            "Press Train at the top. On the left the layers are pages of a flip book; on the "
            "right a velocity field carries every point along without a jump, by an ordinary "
            "differential equation. Drag the slider under the panels slowly, follow one colour "
            "through both, and click a point in each."
        ),
        ({"kind": "spline_coupling"},) * 4,
        target="eight_gaussians",
    ),
    LessonPlan(
        mark("Straighter paths"),
        mark(
            "Flow matching pairs points of the base with points of the target and learns to go "
            "from one to the other. Press Train, show paths by the button … under the right "
            "panel, then choose optimal transport as the pairing in the Continuous tab, lower "
            "left: paths straighten, and the solver lab below it shows that fewer steps do."
        ),
        ({"kind": "spline_coupling"},) * 4,
        target="two_spirals",
    ),
    LessonPlan(
        mark("A VAE and a GAN beside the flows"),
        mark(
            "Press Train at the top. A flow tells the exact density of every point. A VAE tells a"
            " bound of it (≤) and blurs; a GAN draws without any density, and its training may "
            "swing. W₂ in the Fit card, lower right, is the one figure that all four have. The "
            "button + over the slider takes them away."
        ),
        ({"kind": "spline_coupling"},) * 4,
        target="moons",
        rest={"compare": ["vae", "gan"]},
    ),
    LessonPlan(
        mark("Why planar layers fail"),
        mark(
            "A planar layer pushes along one direction only. Press Train at the top: thirty-two "
            "of them still do not close four rings. Then choose the neural spline flow under "
            "“Ready-made” over the stack on the left, and watch KL fall."
        ),
        _ready("Planar × 32"),
        target="rings",
    ),
    LessonPlan(
        mark("Two ways to be wrong"),
        mark(
            "The stack here learns by reverse KL, which punishes density where the target has "
            "none: it settles on some of the bells and forgets the others. Press Train at the "
            "top, then choose forward KL in the Training tab, lower left, which punishes every "
            "bell that is left out."
        ),
        ({"kind": "affine_coupling"},) * 8,
        target="grid_of_gaussians",
        rest={"training": {"discrete": {"objective": "reverse_kl"}}},
    ),
)


def place_of(project: Project) -> int | None:
    """Which of `LESSONS` a document is, counted from 0; None for any other document."""
    note = project.lesson.note
    return next((i for i, plan in enumerate(LESSONS) if plan.note == note), None)


class LessonMenu(TipMenu):
    """The lessons by name."""

    chosen = Signal(object)
    """The `Project` to begin with."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        for plan in LESSONS:
            self.addAction("").triggered.connect(partial(self._choose, plan))
        translator.changed.connect(self.retranslate)
        self.retranslate()

    def retranslate(self) -> None:
        """Say every lesson again."""
        self.setTitle(tr("Lessons"))
        for number, (plan, action) in enumerate(zip(LESSONS, self.actions(), strict=True), start=1):
            action.setText(f"&{number}  {tr(plan.title)}")
            action.setToolTip(f"<qt>{html.escape(tr(plan.note))}</qt>")  # which wraps

    def _choose(self, plan: LessonPlan, _checked: bool = False) -> None:
        self.chosen.emit(plan.project())
