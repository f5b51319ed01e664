"""Every action of the window in one table: its words, its key, its icon, and what it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from explorer.panels.overlays import OVERLAYS
from explorer.widgets.keys import focus_next
from explorer.window.actions import EDIT, FILE, HELP, PICTURE, PLAY, TRAIN, VIEW, ActionSpec
from explorer.words.languages import mark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from PySide6.QtWidgets import QMainWindow

    from explorer.area.panel_area import PanelArea
    from explorer.export.exporter import Exporter
    from explorer.help.helper import Helper
    from explorer.models.model_tabs import ModelTabs
    from explorer.session.documents import Documents
    from explorer.session.store import Store
    from explorer.session.training_actions import TrainingActions
    from explorer.widgets.card import CardDock
    from explorer.window.appearance import Appearance
    from explorer.window.layout import WindowLayout
    from explorer.window.lesson_controller import LessonController
    from explorer.window.overlay_switches import OverlaySwitches
    from explorer.window.particle_choice import ParticleChoice
    from explorer.window.presentation import Presentation


@dataclass(frozen=True)
class ActionReach:
    """All that an action can reach."""

    window: QMainWindow
    store: Store
    documents: Documents
    training: TrainingActions
    exporter: Exporter
    models: ModelTabs
    area: PanelArea
    docks: Mapping[str, CardDock]
    overlays: OverlaySwitches
    presentation: Presentation
    lesson: LessonController
    appearance: Appearance
    particles: ParticleChoice
    layout: WindowLayout
    help: Helper

    def paste(self) -> None:
        """Take what is on the clipboard up: layers into the stack, anything else as the target."""
        if not self.models.paste_layers():
            self.documents.paste()

    def search_layers(self) -> None:
        """Find a layer by typing."""
        self.docks["models"].show()
        self.docks["models"].raise_()
        self.models.search_layers()

    def focus_next_part(self) -> None:
        """Put the keyboard into the next part of the window that is shown."""
        parts = [dock.widget() for dock in self.docks.values() if dock.isVisible()]
        parts.insert(1, self.area)
        focus_next(parts, self.window.focusWidget())


def _overlay_actions() -> Iterator[ActionSpec[ActionReach]]:
    for name, overlay in OVERLAYS.items():
        yield ActionSpec(
            f"show_{name}",
            PICTURE,
            overlay.title,
            f"Alt+{overlay.place}",
            "",
            _switch(name),
            overlay.tip,
        )


def _switch(name: str) -> Callable[[ActionReach], None]:
    return lambda to: to.overlays.switch(name)


# fmt: off
ACTIONS: Final[tuple[ActionSpec[ActionReach], ...]] = (
    ActionSpec("new", FILE, mark("New"), "Ctrl+N", "file-plus",
               lambda to: to.documents.new(), mark("Start a new project")),
    ActionSpec("open", FILE, mark("Open…"), "Ctrl+O", "folder-open",
               lambda to: to.documents.choose_and_open(), mark("Open a project file")),
    ActionSpec("save", FILE, mark("Save"), "Ctrl+S", "save",
               lambda to: to.documents.save(),
               mark("Save the project with what has been trained"), separated=True),
    ActionSpec("save_as", FILE, mark("Save as…"), "Ctrl+Shift+S", "save-all",
               lambda to: to.documents.save_as(), mark("Save the project under another name")),
    ActionSpec("import", FILE, mark("Import a target…"), "Ctrl+I", "image",
               lambda to: to.documents.choose_and_import(),
               mark("Take a picture, a table of points or an array as the target"), separated=True),
    ActionSpec("export", FILE, mark("Export…"), "Ctrl+E", "download",
               lambda to: to.exporter.open(to.store.folder),
               mark("Take away a model, a film, a figure, samples, a web page or the project"),
               words=mark("film movie video gif figure picture samples web page code download")),
    ActionSpec("quit", FILE, mark("Quit"), "Ctrl+Q", "log-out",
               lambda to: to.window.close(),
               mark("Close the window and end the engines"), separated=True),

    ActionSpec("undo", EDIT, mark("Undo"), "Ctrl+Z", "undo-2",
               lambda to: to.store.undo_stack.undo(), mark("Take the last edit back"),
               repeats=True),
    ActionSpec("redo", EDIT, mark("Redo"), "Ctrl+Shift+Z", "redo-2",
               lambda to: to.store.undo_stack.redo(),
               mark("Make the edit again that was taken back"), repeats=True),
    ActionSpec("paste", EDIT, mark("Paste as the target"), "Ctrl+V", "image",
               lambda to: to.paste(),
               mark("Take a picture, a table or a file on the clipboard"), separated=True),

    ActionSpec("train", TRAIN, mark("Train"), "Ctrl+R", "play",
               lambda to: to.training.toggle(), mark("Fit both models to the target, or pause")),
    ActionSpec("step", TRAIN, mark("Step"), "Ctrl+.", "step-forward",
               lambda to: to.training.step(), mark("Make a single training step"), repeats=True),
    ActionSpec("reset", TRAIN, mark("Reset"), "Ctrl+Backspace", "rotate-ccw",
               lambda to: to.training.reset(),
               mark("Start again with the same seed: exactly the same run"), separated=True),
    ActionSpec("new_start", TRAIN, mark("New start"), "Ctrl+Shift+Backspace", "dices",
               lambda to: to.training.new_start(), mark("Start again with a new seed")),

    ActionSpec("play", PLAY, mark("Play"), "Space", "play",
               lambda to: to.area.clock.toggle(),
               mark("Let the picture move from base to target, or hold it")),
    ActionSpec("frame_back", PLAY, mark("One frame back"), ",", "step-back",
               lambda to: to.area.frame_back(), mark("Go back by one frame"), separated=True,
               repeats=True),
    ActionSpec("frame_forward", PLAY, mark("One frame on"), ".", "step-forward",
               lambda to: to.area.frame_forward(), mark("Go on by one frame"), repeats=True),
    ActionSpec("to_base", PLAY, mark("To the base"), "Home", "skip-back",
               lambda to: to.area.transport.to_base(), mark("Show the base distribution")),
    ActionSpec("to_target", PLAY, mark("To the target"), "End", "skip-forward",
               lambda to: to.area.transport.to_target(), mark("Show where the flows arrive")),
    ActionSpec("direction", PLAY, mark("Switch direction"), "D", "arrow-right-left",
               lambda to: to.area.switch_direction(),
               mark("Generate (z → x) or normalize (x → z)"), separated=True),

    *_overlay_actions(),

    ActionSpec("presentation", VIEW, mark("Presentation"), "F5", "monitor",
               lambda to: to.presentation.toggle(),
               mark("Show the panels alone, in large type; Esc or F5 brings the rest back"),
               separated=True),
    ActionSpec("teacher_mode", VIEW, mark("Teacher mode"), "Ctrl+Shift+T", "graduation-cap",
               lambda to: to.lesson.toggle(),
               mark("Choose what a student sees and may change in this project")),
    ActionSpec("enlarge", VIEW, mark("Enlarge a panel"), "M", "maximize-2",
               lambda to: to.area.enlarge(),
               mark("Give one panel all the room, or show all again")),
    ActionSpec("enlarge_next", VIEW, mark("Enlarge the next panel"), "Shift+M", "maximize-2",
               lambda to: to.area.enlarge_next(),
               mark("Give one panel after the other all the room, then show all again")),
    ActionSpec("next_part", VIEW, mark("Next part of the window"), "F6", "chevron-right",
               lambda to: to.focus_next_part(),
               mark("Move the keyboard to the next part of the window"), separated=True),
    ActionSpec("search_layers", VIEW, mark("Search the layers"), "/", "search",
               lambda to: to.search_layers(),
               mark("Find a layer by typing, and add it to the stack")),
    ActionSpec("theme_dark", VIEW, mark("Dark"), "", "",
               lambda to: to.appearance.dark(),
               mark("Light on dark"), group="theme", separated=True),
    ActionSpec("theme_light", VIEW, mark("Light"), "", "",
               lambda to: to.appearance.light(), mark("Dark on light"), group="theme"),
    ActionSpec("theme_system", VIEW, mark("Like the system"), "", "",
               lambda to: to.appearance.system(),
               mark("Follow the dark or light mode of the desktop"), group="theme"),
    ActionSpec("switch_theme", VIEW, mark("Switch dark and light"), "Ctrl+Shift+L", "contrast",
               lambda to: to.appearance.switch(),
               mark("Change between the dark and the light theme")),
    ActionSpec("motion_system", VIEW, mark("Motion like the system"), "", "",
               lambda to: to.appearance.motion_system(),
               mark("Move less if the desktop asks for it"), group="motion", separated=True),
    ActionSpec("motion_full", VIEW, mark("Full motion"), "", "",
               lambda to: to.appearance.motion_full(),
               mark("Let pictures change gradually"), group="motion"),
    ActionSpec("motion_less", VIEW, mark("Less motion"), "", "",
               lambda to: to.appearance.motion_less(),
               mark("Let pictures change at once; what you play still plays"), group="motion"),
    ActionSpec("particles_usual", VIEW, mark("10,000 particles"), "", "",
               lambda to: to.particles.usual(),
               mark("A clear picture on any machine"), group="particles", separated=True),
    ActionSpec("particles_many", VIEW, mark("30,000 particles"), "", "",
               lambda to: to.particles.many(),
               mark("A finer picture, which takes the engines three times as long"),
               group="particles"),
    ActionSpec("particles_most", VIEW, mark("100,000 particles"), "", "",
               lambda to: to.particles.most(),
               mark("The finest picture; drawn by OpenGL where there is a GPU for it"),
               group="particles"),
    ActionSpec("language_en", VIEW, "English", "", "",
               lambda to: to.appearance.english(),
               mark("Show the window in English"), group="language", separated=True),
    ActionSpec("language_vi", VIEW, "Tiếng Việt", "", "",
               lambda to: to.appearance.vietnamese(),
               mark("Show the window in Vietnamese"), group="language"),
    ActionSpec("reset_layout", VIEW, mark("Reset the arrangement"), "", "maximize-2",
               lambda to: to.layout.reset(),
               mark("Put every part of the window back in its place"), separated=True),

    ActionSpec("palette", HELP, mark("Find an action…"), "Ctrl+Shift+P", "search",
               lambda to: to.help.show_palette(),
               mark("Find any action by typing a part of its name")),
    ActionSpec("glossary", HELP, mark("Glossary"), "F1", "info",
               lambda to: to.help.show_glossary(), mark("Say what the words of the window mean")),
    ActionSpec("shortcuts", HELP, mark("Keyboard shortcuts"), "?", "keyboard",
               lambda to: to.help.show_shortcuts(), mark("Show every key")),
    ActionSpec("about", HELP, mark("About Flow Explorer"), "", "info",
               lambda to: to.help.show_about(), mark("Say what this program is, and its version")),
)
# fmt: on
