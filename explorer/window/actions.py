"""Every action of the window in one table: its words, its key, its icon, and what it calls."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup, QKeySequence

from explorer.resources import icon
from explorer.theme import theme
from explorer.words.languages import mark, tr, translator

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMenu, QMenuBar, QWidget


class ActionSpec(NamedTuple):
    """One action.

    Attributes:
        slot: The method that it calls, as seen from the window: "documents.save".
        menu: The menu it stands in; "" for an action that only has a key.
        group: Actions of one group exclude each other; "" for none.
        words: Others that it is found by, see `explorer.help.command_palette`.
    """

    id: str
    menu: str
    text: str
    key: str
    icon: str
    slot: str
    tip: str
    group: str = ""
    separated: bool = False
    words: str = ""


FILE: Final = mark("&File")
EDIT: Final = mark("&Edit")
TRAIN: Final = mark("&Train")
PLAY: Final = mark("&Play")
PICTURE: Final = mark("Pi&cture")
VIEW: Final = mark("&View")
HELP: Final = mark("&Help")
MENUS: Final = (FILE, EDIT, TRAIN, PLAY, PICTURE, VIEW, HELP)

# fmt: off
ACTIONS: Final[tuple[ActionSpec, ...]] = (
    ActionSpec("new", FILE, mark("New"), "Ctrl+N", "file-plus", "documents.new",
               mark("Start a new project")),
    ActionSpec("open", FILE, mark("Open…"), "Ctrl+O", "folder-open", "documents.choose_and_open",
               mark("Open a project file")),
    ActionSpec("save", FILE, mark("Save"), "Ctrl+S", "save", "documents.save",
               mark("Save the project with what has been trained"), separated=True),
    ActionSpec("save_as", FILE, mark("Save as…"), "Ctrl+Shift+S", "save-all", "documents.save_as",
               mark("Save the project under another name")),
    ActionSpec("import", FILE, mark("Import a target…"), "Ctrl+I", "image",
               "documents.choose_and_import",
               mark("Take a picture, a table of points or an array as the target"), separated=True),
    ActionSpec("export", FILE, mark("Export…"), "Ctrl+E", "download", "export_model",
               mark("Take away a model, a film, a figure, samples, a web page or the project"),
               words=mark("film movie video gif figure picture samples web page code download")),
    ActionSpec("quit", FILE, mark("Quit"), "Ctrl+Q", "log-out", "close",
               mark("Close the window and end the engines"), separated=True),

    ActionSpec("undo", EDIT, mark("Undo"), "Ctrl+Z", "undo-2", "store.undo_stack.undo",
               mark("Take the last edit back")),
    ActionSpec("redo", EDIT, mark("Redo"), "Ctrl+Shift+Z", "redo-2", "store.undo_stack.redo",
               mark("Make the edit again that was taken back")),
    ActionSpec("paste", EDIT, mark("Paste as the target"), "Ctrl+V", "image",
               "paste", mark("Take a picture, a table or a file on the clipboard"),
               separated=True),

    ActionSpec("train", TRAIN, mark("Train"), "Ctrl+R", "play", "training.toggle",
               mark("Fit both models to the target, or pause")),
    ActionSpec("step", TRAIN, mark("Step"), "Ctrl+.", "step-forward", "training.step",
               mark("Make a single training step")),
    ActionSpec("reset", TRAIN, mark("Reset"), "Ctrl+Backspace", "rotate-ccw", "training.reset",
               mark("Start again with the same seed: exactly the same run"), separated=True),
    ActionSpec("new_start", TRAIN, mark("New start"), "Ctrl+Shift+Backspace", "dices",
               "training.new_start", mark("Start again with a new seed")),

    ActionSpec("play", PLAY, mark("Play"), "Space", "play", "stage.clock.toggle",
               mark("Let the picture move from base to target, or hold it")),
    ActionSpec("frame_back", PLAY, mark("One frame back"), ",", "step-back", "stage.frame_back",
               mark("Go back by one frame"), separated=True),
    ActionSpec("frame_forward", PLAY, mark("One frame on"), ".", "step-forward",
               "stage.frame_forward", mark("Go on by one frame")),
    ActionSpec("to_base", PLAY, mark("To the base"), "Home", "skip-back", "stage.transport.to_base",
               mark("Show the base distribution")),
    ActionSpec("to_target", PLAY, mark("To the target"), "End", "skip-forward",
               "stage.transport.to_target", mark("Show where the flows arrive")),
    ActionSpec("direction", PLAY, mark("Switch direction"), "D", "arrow-right-left",
               "stage.switch_direction", mark("Generate (z → x) or normalize (x → z)"),
               separated=True),

    ActionSpec("show_density", PICTURE, mark("Density"), "Alt+1", "", "picture.density",
               mark("Show or hide the density in all panels")),
    ActionSpec("show_points", PICTURE, mark("Points"), "Alt+2", "", "picture.points",
               mark("Show or hide the particles in all panels")),
    ActionSpec("show_grid", PICTURE, mark("Warped grid"), "Alt+3", "", "picture.grid",
               mark("Show or hide the warped grid")),
    ActionSpec("show_trails", PICTURE, mark("Trails"), "Alt+4", "", "picture.trails",
               mark("Show or hide the trails of the particles in all panels")),
    ActionSpec("show_field", PICTURE, mark("Velocity field"), "Alt+5", "", "picture.field",
               mark("Show or hide the velocity field")),
    ActionSpec("show_outline", PICTURE, mark("Outline of the target"), "Alt+6", "",
               "picture.outline",
               mark("Show or hide the outline of the target in all panels")),
    ActionSpec("show_difference", PICTURE, mark("Difference, model − target"), "Alt+7", "",
               "picture.difference",
               mark("Show or hide by how much each density differs from the target")),
    ActionSpec("show_paths", PICTURE, mark("Paths"), "Alt+8", "", "picture.paths",
               mark("Show or hide the whole ways of some particles in all panels")),
    ActionSpec("show_exact", PICTURE, mark("Exact field"), "Alt+9", "", "picture.exact",
               mark("Show or hide in dashes the field that the velocity should become")),

    ActionSpec("presentation", VIEW, mark("Presentation"), "F5", "monitor", "presentation.toggle",
               mark("Show the panels alone, in large type; Esc or F5 brings the rest back"),
               separated=True),
    ActionSpec("teacher_mode", VIEW, mark("Teacher mode"), "Ctrl+Shift+T", "graduation-cap",
               "lesson.toggle", mark("Choose what a student sees and may change in this project")),
    ActionSpec("enlarge", VIEW, mark("Enlarge a panel"), "M", "maximize-2", "stage.enlarge",
               mark("Give one panel all the room, or show all again")),
    ActionSpec("enlarge_next", VIEW, mark("Enlarge the next panel"), "Shift+M", "maximize-2",
               "stage.enlarge_next",
               mark("Give one panel after the other all the room, then show all again")),
    ActionSpec("next_part", VIEW, mark("Next part of the window"), "F6", "chevron-right",
               "focus_next_part", mark("Move the keyboard to the next part of the window"),
               separated=True),
    ActionSpec("search_layers", VIEW, mark("Search the layers"), "/", "search", "search_layers",
               mark("Find a layer by typing, and add it to the stack")),
    ActionSpec("theme_dark", VIEW, mark("Dark"), "", "", "appearance.dark",
               mark("Light on dark"), group="theme", separated=True),
    ActionSpec("theme_light", VIEW, mark("Light"), "", "", "appearance.light",
               mark("Dark on light"), group="theme"),
    ActionSpec("theme_system", VIEW, mark("Like the system"), "", "", "appearance.system",
               mark("Follow the dark or light mode of the desktop"), group="theme"),
    ActionSpec("switch_theme", VIEW, mark("Switch dark and light"), "Ctrl+Shift+L", "contrast",
               "appearance.switch", mark("Change between the dark and the light theme")),
    ActionSpec("motion_system", VIEW, mark("Motion like the system"), "", "",
               "appearance.motion_system", mark("Move less if the desktop asks for it"),
               group="motion", separated=True),
    ActionSpec("motion_full", VIEW, mark("Full motion"), "", "", "appearance.motion_full",
               mark("Let pictures change gradually"), group="motion"),
    ActionSpec("motion_less", VIEW, mark("Less motion"), "", "", "appearance.motion_less",
               mark("Let pictures change at once; what you play still plays"), group="motion"),
    ActionSpec("particles_usual", VIEW, mark("10,000 particles"), "", "", "particles.usual",
               mark("A clear picture on any machine"), group="particles", separated=True),
    ActionSpec("particles_many", VIEW, mark("30,000 particles"), "", "", "particles.many",
               mark("A finer picture, which takes the engines three times as long"),
               group="particles"),
    ActionSpec("particles_most", VIEW, mark("100,000 particles"), "", "", "particles.most",
               mark("The finest picture; drawn by OpenGL where there is a GPU for it"),
               group="particles"),
    ActionSpec("language_en", VIEW, "English", "", "", "appearance.english",
               mark("Show the window in English"), group="language", separated=True),
    ActionSpec("language_vi", VIEW, "Tiếng Việt", "", "", "appearance.vietnamese",
               mark("Show the window in Vietnamese"), group="language"),
    ActionSpec("reset_layout", VIEW, mark("Reset the arrangement"), "", "maximize-2",
               "arrangement.reset", mark("Put every part of the window back in its place"),
               separated=True),

    ActionSpec("palette", HELP, mark("Find an action…"), "Ctrl+Shift+P", "search",
               "help.show_palette", mark("Find any action by typing a part of its name")),
    ActionSpec("glossary", HELP, mark("Glossary"), "F1", "info", "help.show_glossary",
               mark("Say what the words of the window mean")),
    ActionSpec("shortcuts", HELP, mark("Keyboard shortcuts"), "?", "keyboard",
               "help.show_shortcuts", mark("Show every key")),
    ActionSpec("about", HELP, mark("About Flow Explorer"), "", "info", "help.show_about",
               mark("Say what this program is, and its version")),
)
# fmt: on

# Held down, these go on from step to step; a switch that is held would flicker, and leave the
# window with changes to make long after the key is up.
REPEATED: Final = frozenset({"undo", "redo", "step", "frame_back", "frame_forward"})


class Actions(QObject):
    """The actions of `ACTIONS`, made for one window and connected to its methods."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._groups: dict[str, QActionGroup] = {}
        self._menus: dict[str, QMenu] = {}
        self._edits: dict[str, str] = {}
        self._actions = {spec.id: self._make(spec, window) for spec in ACTIONS}
        self.retint()
        self.retranslate()
        theme.changed.connect(self.retint)
        translator.changed.connect(self.retranslate)

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    @staticmethod
    def ids(prefix: str) -> list[str]:
        """The actions whose id begins with `prefix`, as they stand in the table."""
        return [spec.id for spec in ACTIONS if spec.id.startswith(prefix)]

    def places(self) -> list[tuple[str, QAction]]:
        """Every action, with the name of the menu in which it stands."""
        return [(tr(spec.menu).replace("&", ""), self._actions[spec.id]) for spec in ACTIONS]

    def fill(self, bar: QMenuBar) -> dict[str, QMenu]:
        """Lay the menus out in a menu bar, and give them back by the name of `MENUS`."""
        for name in MENUS:
            self._menus[name] = menu = bar.addMenu(tr(name))
            for spec in (s for s in ACTIONS if s.menu == name):
                if spec.separated:
                    menu.addSeparator()
                menu.addAction(self._actions[spec.id])
        return self._menus

    def retint(self) -> None:
        """Draw every icon in the colours of the theme."""
        for spec in ACTIONS:
            if spec.icon:  # a menu shows either an icon or whether an action is on
                self._actions[spec.id].setIcon(icon(spec.icon))

    def retranslate(self) -> None:
        """Say every action and menu in the language of the window."""
        for name, menu in self._menus.items():
            menu.setTitle(tr(name))
        for spec in ACTIONS:
            action = self._actions[spec.id]
            action.setText(tr(spec.text))
            self._say_tip(spec)
            action.setData(tr(spec.words) if spec.words else "")

    def name_undo(self, edit: str) -> None:
        """Say in a tip which edit would be taken back; "" for none."""
        self._name_edit("undo", edit)

    def name_redo(self, edit: str) -> None:
        """Say in a tip which edit would be made again; "" for none."""
        self._name_edit("redo", edit)

    def _name_edit(self, name: str, edit: str) -> None:
        self._edits[name] = edit
        self._say_tip(next(spec for spec in ACTIONS if spec.id == name))

    def _say_tip(self, spec: ActionSpec) -> None:
        action, edit = self._actions[spec.id], self._edits.get(spec.id)
        tip = f"{tr(spec.tip)}: {edit}" if edit else tr(spec.tip)
        action.setToolTip(_with_key(tip, action.shortcut()))
        action.setStatusTip(tip)

    def _make(self, spec: ActionSpec, window: QWidget) -> QAction:
        action = QAction(window)
        action.setObjectName(spec.id)
        action.setShortcut(QKeySequence(spec.key))
        action.setAutoRepeat(spec.id in REPEATED)
        if spec.group:
            group = self._groups.setdefault(spec.group, QActionGroup(self))
            action.setCheckable(True)
            group.addAction(action)
        slot = attrgetter(spec.slot)
        action.triggered.connect(lambda _checked=False: slot(window)())
        window.addAction(action)  # the key works even where no menu bar shows the action
        return action


def _with_key(tip: str, key: QKeySequence) -> str:
    shown = key.toString(QKeySequence.SequenceFormat.NativeText)
    return f"{tip} ({shown})" if shown else tip
