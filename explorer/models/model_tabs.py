"""The models of the lanes: stack, continuous flow and baselines, and how they are trained."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from msgspec import to_builtins
from msgspec.structs import replace
from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QScrollArea, QTabWidget, QVBoxLayout, QWidget

from explorer.icons import icon
from explorer.lanes import lane_title, titles_beside
from explorer.stack.mime import clipboard_data, from_mime
from explorer.stack.names import weights_text
from explorer.stack.stack_view import StackEditor
from explorer.theme import theme
from explorer.words.languages import tr, translator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QResizeEvent

    from explorer.models.baseline_form import BaselineForms
    from explorer.models.recipe_form import RecipeForm
    from explorer.stack.continuous_form import ContinuousForm
    from explorer.stack.solver_lab import SolverLab
    from flowengine.catalogue import BaselineSpec, BaseSpec, ContinuousSpec, LayerSpec
    from flowengine.lesson import LessonPart, LessonRule
    from flowengine.project import BaselineLane, Lane, Project, Training
    from flowengine.protocol import LayerFacts

Editor = TypeVar("Editor", bound=QWidget)
_PARTS: Final[tuple[LessonPart, ...]] = ("stack", "continuous", "recipe", "compare")
_STACK: Final = _PARTS.index("stack")
_ICONS: Final = ("layers", "waves", "settings-2", "list-checks")
_BASELINES: Final = _PARTS.index("compare")
_EDITORS: Final[dict[LessonPart, tuple[str, ...]]] = {
    "continuous": ("continuous", "lab"),
    "recipe": ("recipe",),
    "compare": ("baselines",),
}


class ModelTabs(QWidget):
    """Editors of one document, in tabs; that of the baselines is there while there are any.

    All but the stack are made when they are first asked for or their tab is first opened: the
    window is up sooner without them.
    """

    edited = Signal(object, str, str)
    """The new `Project`, what the edit is called, and the key by which edits are one."""
    layer_activated = Signal(str)
    figure_changed = Signal(str)
    """How many weights the models in the tab at the front have, in words."""
    solvers_asked = Signal()
    """The solver lab wants a measurement; its `set_rows` or `set_problem` answers."""

    def __init__(self, project: Project, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._project = project
        self._rules: Mapping[LessonPart, LessonRule] = {}
        self._weights: dict[Lane, int] = {}
        self._offers_lab = False
        self._accuracy: tuple[int | None, float | None] = (None, None)
        self.stack = StackEditor()
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.tabs)
        self._page().addWidget(self.stack)
        self._scrolled = {part: _scrolled(self._page()) for part in _EDITORS}
        self.stack.stack_edited.connect(self._edit_stack)
        self.stack.base_edited.connect(self._edit_base)
        self.stack.layer_activated.connect(self.layer_activated)
        self.stack.weights_changed.connect(self._tell_figure)
        self.tabs.currentChanged.connect(self._open)
        self._show_baselines()
        theme.changed.connect(self._show_tabs)
        translator.changed.connect(self.retranslate)
        self.retranslate()

    def set_project(self, project: Project) -> None:
        """Show the models of a document."""
        before, self._project = self._project, project
        self.stack.set_base(project.base)
        self.stack.set_stack(project.stack)
        if "lab" in vars(self):
            if _velocity(project.continuous) != _velocity(before.continuous):
                self.lab.clear()
            self.lab.set_present(project.continuous)
        if "continuous" in vars(self):
            self.continuous.set_continuous(project.continuous)
        if "recipe" in vars(self):
            self.recipe.set_training(project.training)
        self._show_baselines()
        self._tell_figure()

    # --- the editors that are made when they are wanted -----------------------------------------

    @cached_property
    def continuous(self) -> ContinuousForm:
        """The editor of the continuous flow."""
        from explorer.stack.continuous_form import ContinuousForm

        form = ContinuousForm(self._project.continuous)
        form.continuous_edited.connect(self._edit_continuous)
        form.set_accuracy(*self._accuracy)
        return self._put("continuous", form)

    @cached_property
    def lab(self) -> SolverLab:
        """The solver lab, below the editor of the continuous flow."""
        from explorer.stack.solver_lab import SolverLab

        lab = SolverLab()
        lab.set_present(self._project.continuous)
        lab.requested.connect(self.solvers_asked)
        lab.chosen.connect(self.continuous.use_solver)
        lab.measured.connect(lambda: QTimer.singleShot(0, self, self._show_lab))
        self._put("continuous", lab)
        lab.setVisible(self._offers_lab)
        return lab

    @cached_property
    def recipe(self) -> RecipeForm:
        """How all lanes are trained."""
        from explorer.models.recipe_form import RecipeForm

        form = RecipeForm(self._project.training)
        form.set_lanes(self._project.shown_lanes)
        form.training_edited.connect(self._edit_training)
        return self._put("recipe", form)

    @cached_property
    def baselines(self) -> BaselineForms:
        """The editors of the baselines."""
        from explorer.models.baseline_form import BaselineForms

        forms = BaselineForms(self._project)
        forms.edited.connect(self._edit_baseline)
        return self._put("compare", forms)

    def offer_lab(self) -> None:
        """Show the solver lab, to be called by whoever answers `solvers_asked`."""
        self._offers_lab = True
        if "lab" in vars(self):
            self.lab.show()

    def _open(self, index: int) -> None:
        for editor in _EDITORS.get(_PARTS[index], ()):
            getattr(self, editor)
        self._fit_tabs()
        self._tell_figure()

    def _put(self, part: LessonPart, editor: Editor) -> Editor:
        """Put an editor at the bottom of its tab, and into its place for the Tab key."""
        area, holder, rows = self._scrolled[part]
        rows.insertWidget(rows.count() - 1, editor)
        editor.show()  # else it would be shown a moment after its tab
        before: QWidget = self.tabs.tabBar()
        for control in holder.findChildren(QWidget):
            takes_tab = control.focusPolicy() & Qt.FocusPolicy.TabFocus
            if takes_tab and control.window() == area.window():  # not the list of a combo box
                QWidget.setTabOrder(before, control)
                before = control
        return editor

    # --- what is told of the models -------------------------------------------------------------

    def set_rules(self, rules: Mapping[LessonPart, LessonRule]) -> bool:
        """Lock or hide tabs as a lesson says, and tell whether any is left to see."""
        if rules != self._rules:  # asked with every edit
            self._rules = rules
            for index, part in enumerate(_PARTS):
                page = self.tabs.widget(index)
                if page is not None:
                    page.setEnabled(part not in rules)
            self._show_tabs()
        return any(self.tabs.isTabVisible(index) for index in range(len(_PARTS)))

    def set_facts(self, facts: LayerFacts) -> None:
        """Show what an engine has measured of the layers."""
        self.stack.set_facts({fact.id: fact for fact in facts.layers})

    def set_accuracy(self, steps: int | None, error: float | None) -> None:
        """Say in how many steps the continuous flow is followed, and what error they leave."""
        self._accuracy = steps, error
        if "continuous" in vars(self):
            self.continuous.set_accuracy(steps, error)

    def set_weights(self, lane: Lane, count: int) -> None:
        """Say how many weights the model of a lane has; 0 where its engine could not make it."""
        self._weights[lane] = count
        self._tell_figure()

    def forget_facts(self) -> None:
        """Show nothing of what was measured of the layers of another document."""
        self.stack.forget_facts()

    def set_active_layer(self, layer_id: str, fraction: float) -> None:
        """Light up the layer that acts now; "" for none."""
        self.stack.set_active_layer(layer_id or None, fraction)

    def show_base(self) -> None:
        """Bring the stack to the front, where it begins."""
        self.tabs.setCurrentIndex(0)
        self.stack.list.scrollToTop()

    def search_layers(self) -> None:
        """Bring the stack to the front, and the keyboard into its search."""
        self.tabs.setCurrentIndex(0)
        self.stack.focus_search()

    def paste_layers(self) -> bool:
        """Paste layers that were copied in this window or another; False where there are none."""
        layers = from_mime(clipboard_data())
        if layers:
            self.tabs.setCurrentIndex(0)
            self.stack.paste_layers()
        return bool(layers)

    def retranslate(self) -> None:
        """Say the tabs again."""
        self.tabs.setAccessibleName(tr("Models"))
        for index, name in enumerate(self._names()):
            self.tabs.tabBar().setAccessibleTabName(index, name)
        self._show_tabs()
        self._tell_figure()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Name the tabs by the room that they have."""
        super().resizeEvent(event)
        self._fit_tabs()

    def changeEvent(self, event: QEvent) -> None:
        """Name the tabs by the room that larger letters leave."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit_tabs()

    def _fit_tabs(self) -> None:
        """Where tabs would be cut, call the stack by a shorter word, or have icons for words."""
        names, front = self._names(), self.tabs.currentIndex()
        short = (tr("Layers"), *names[1:])
        front_only = tuple(name if index == front else "" for index, name in enumerate(short))
        for texts in (names, short, front_only, ("",) * len(names)):
            self._name_tabs(texts)
            if self.tabs.tabBar().sizeHint().width() <= self.width():
                break

    def _names(self) -> tuple[str, ...]:
        continuous = titles_beside(self._project.shown_lanes)["continuous"]
        return tr("Stack"), tr(continuous), tr("Training"), tr("Baselines")

    def _name_tabs(self, texts: tuple[str, ...]) -> None:
        for index, (part, name, text) in enumerate(zip(_PARTS, self._names(), texts, strict=True)):
            locked = self._rules.get(part) == "locked"
            sign = "lock" if locked else ("" if text else _ICONS[index])
            tip = tr("Locked in this lesson") if locked else ""
            self.tabs.setTabText(index, text)
            self.tabs.setTabIcon(index, icon(sign, "text_muted") if sign else QIcon())
            self.tabs.setTabToolTip(index, " · ".join(filter(None, ("" if text else name, tip))))

    @property
    def figure(self) -> str:
        """How many weights the models in the tab at the front have; "" where that is unknown."""
        part = _PARTS[self.tabs.currentIndex()]
        if part == "stack":
            return self.stack.weights_text
        lanes: dict[LessonPart, tuple[Lane, ...]] = {
            "continuous": ("continuous",),
            "compare": self._project.compare,
        }
        known = {
            lane: count for lane in lanes.get(part, ()) if (count := self._weights.get(lane, 0))
        }
        if len(known) == 1:
            return weights_text(*known.values())
        return " · ".join(
            f"{tr(lane_title(lane))} {weights_text(count)}" for lane, count in known.items()
        )

    def _tell_figure(self) -> None:
        self.figure_changed.emit(self.figure)

    def _page(self) -> QVBoxLayout:
        """Another tab, with some air between the tabs and what it will hold."""
        holder = QWidget()
        layout = QVBoxLayout(holder)
        layout.setContentsMargins(0, 8, 0, 0)
        self.tabs.addTab(holder, "")
        return layout

    def _edit_stack(self, stack: tuple[LayerSpec, ...], text: str, key: str) -> None:
        self.edited.emit(replace(self._project, stack=stack), text, key)

    def _edit_base(self, base: BaseSpec, text: str, key: str) -> None:
        self.edited.emit(replace(self._project, base=base), text, key)

    def _edit_continuous(self, spec: ContinuousSpec, text: str, key: str) -> None:
        self.edited.emit(replace(self._project, continuous=spec), text, key)

    def _edit_baseline(self, lane: BaselineLane, spec: BaselineSpec, text: str, key: str) -> None:
        self.edited.emit(replace(self._project, **{lane: spec}), text, key)

    def _show_lab(self) -> None:
        """Scroll to the lab, as high as it goes: its measurement lies below all settings."""
        self._scrolled["continuous"].area.verticalScrollBar().setValue(self.lab.y())

    def _show_baselines(self) -> None:
        if "baselines" in vars(self):
            self.baselines.set_project(self._project)
        if "recipe" in vars(self):
            self.recipe.set_lanes(self._project.shown_lanes)
        if self.tabs.isTabVisible(_BASELINES) != self._is_shown("compare"):
            self._show_tabs()
            self.retranslate()

    def _show_tabs(self) -> None:
        for index, part in enumerate(_PARTS):
            self.tabs.setTabVisible(index, self._is_shown(part))
        self._fit_tabs()

    def _is_shown(self, part: LessonPart) -> bool:
        wanted = part != "compare" or bool(self._project.compare)
        return wanted and self._rules.get(part) != "hidden"

    def _edit_training(self, training: Training, text: str, key: str) -> None:
        self.edited.emit(replace(self._project, training=training), text, key)


def _velocity(spec: ContinuousSpec) -> dict[str, Any]:
    """What makes the velocity field; not how it is followed."""
    followed = ("solver", "solver_steps", "tolerance")
    return {k: v for k, v in to_builtins(spec).items() if k not in followed}


class _Column(NamedTuple):
    area: QScrollArea
    holder: QWidget
    rows: QVBoxLayout


def _scrolled(page: QVBoxLayout) -> _Column:
    """A column on a page, which scrolls where there is too little room.

    From the outside in: Qt styles all that a widget holds again whenever it gets another parent.
    """
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    page.addWidget(area)
    column = QWidget()
    layout = QVBoxLayout(column)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addStretch(1)
    area.setWidget(column)
    return _Column(area, column, layout)
