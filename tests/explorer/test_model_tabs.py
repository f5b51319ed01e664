"""The tabs of the models: what is in them is made when they are opened, and nobody notices."""

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from explorer.models.baseline_form import BaselineForms
from explorer.models.model_tabs import ModelTabs
from explorer.models.recipe_form import RecipeForm
from explorer.stack.continuous_form import ContinuousForm
from explorer.stack.solver_lab import SolverLab
from explorer.words.languages import translator
from flowengine.project import Project, default_stack


@pytest.fixture
def project():
    return Project(stack=default_stack(), compare=("vae",))


@pytest.fixture
def tabs(qtbot, project):
    tabs = ModelTabs(project)
    qtbot.addWidget(tabs)
    tabs.resize(380, 700)
    tabs.show()
    qtbot.waitExposed(tabs)
    return tabs


def open_tab(tabs, index):
    bar = tabs.tabs.tabBar()
    QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(index).center())


@pytest.mark.parametrize(
    ("index", "kind"), [(1, ContinuousForm), (2, RecipeForm), (3, BaselineForms)]
)
def test_an_editor_is_made_when_its_tab_is_opened_and_only_once(tabs, index, kind):
    assert not tabs.findChildren(kind)
    for each in (index, 0, index):
        open_tab(tabs, each)
    (editor,) = tabs.findChildren(kind)
    assert editor.isVisible()


def test_a_tab_that_is_opened_late_shows_the_document_and_language_of_now(tabs, project):
    continuous = replace(project.continuous, width=48)
    training = replace(project.training, discrete=replace(project.training.discrete, batch_size=96))
    tabs.set_project(
        replace(project, continuous=continuous, training=training, compare=("vae", "gan"))
    )
    translator.set_language("vi")
    open_tab(tabs, 1)
    assert tabs.continuous.form.spec == continuous
    assert tabs.continuous.kind_box.accessibleName() != "Kind of continuous flow"
    open_tab(tabs, 2)
    assert tabs.recipe.form("discrete").spec.batch_size == 96
    assert tabs.recipe.form("gan").isVisible()
    open_tab(tabs, 3)
    assert tabs.baselines.form("gan").isVisible()


def test_an_edit_in_a_late_tab_is_asked_for(tabs, qtbot):
    open_tab(tabs, 2)
    with qtbot.waitSignal(tabs.edited) as asked:
        tabs.recipe.form("discrete").editor("batch_size").value_edited.emit(256)
    assert asked.args[0].training.discrete.batch_size == 256


def test_the_tab_key_goes_from_the_tabs_into_the_page_and_through_it(tabs):
    open_tab(tabs, 1)
    tabs.activateWindow()
    tabs.tabs.tabBar().setFocus()
    QTest.keyClick(tabs.tabs.tabBar(), Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is tabs.continuous.kind_box
    QTest.keyClick(tabs.continuous.kind_box, Qt.Key.Key_Tab)
    first = tabs.continuous.form.first_editor()
    assert first is QApplication.focusWidget() or first.isAncestorOf(QApplication.focusWidget())


@pytest.mark.parametrize("offered", [True, False])
def test_the_solver_lab_is_shown_where_somebody_answers_it(tabs, qtbot, offered):
    if offered:
        tabs.offer_lab()
    open_tab(tabs, 1)
    (lab,) = tabs.findChildren(SolverLab)
    assert lab.isVisible() is offered
    with qtbot.waitSignal(tabs.solvers_asked):
        lab.button.click()
