"""The switches of a panel's picture."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from explorer.icons import icon
from explorer.panels.colormap import SEQUENTIAL
from explorer.panels.overlays import OVERLAYS
from explorer.theme import theme
from explorer.widgets.flow_layout import FlowLayout
from explorer.words.languages import tr, translator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from explorer.panels.shot import Shown


class ChipRow(QWidget):
    """A small toggle button for each part of a picture, and a menu for what is wanted less often.

    Signals:
        toggled: A person's choice: the part's name, a field of `Shown`, and whether it is on.
        colours_chosen: One of `colormap.SEQUENTIAL`.

    Args:
        names: Parts with a button of their own.
        shown: What is on at first.
        more: Parts in the menu.
        room_for: Parts of other panels, for whose buttons room is kept, so that all are one size.
    """

    toggled = Signal(str, bool)
    colours_chosen = Signal(str)

    def __init__(
        self,
        names: Sequence[str],
        shown: Shown,
        more: Sequence[str] = (),
        room_for: Sequence[str] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._chips = {name: _chip() for name in names}
        self._absent = {name: _chip() for name in room_for}
        self._hindrances: dict[str, str] = {}
        self._compact = False
        self._menu = QMenu(self)
        self._doubles = {name: QAction(self._menu) for name in names}  # of the buttons
        self._entries = {name: QAction(self._menu) for name in more}
        self._colours = self._menu.addMenu("")
        self._more = _chip()
        self._more.setProperty("role", "tool")  # narrow, so that it seldom needs a row of its own
        self._more.setMenu(self._menu)
        self._more.setVisible(bool(more))
        self._lay_out()
        self.set_shown(shown)
        for name, chip in self._chips.items():
            chip.clicked.connect(lambda on, name=name: self.toggled.emit(name, on))
        for name, entry in [*self._doubles.items(), *self._entries.items()]:
            entry.triggered.connect(lambda on, name=name: self.toggled.emit(name, on))
        theme.changed.connect(self._retint)
        translator.changed.connect(self.retranslate)
        self._retint()
        self.retranslate()

    def set_compact(self, compact: bool) -> None:
        """Have all switches in the menu, where there is little room; or their own buttons again."""
        if compact == self._compact:
            return
        self._compact = compact
        for name, chip in self._chips.items():
            chip.setVisible(not compact)
            self._doubles[name].setVisible(compact)
        for chip in self._absent.values():
            policy = chip.sizePolicy()
            policy.setRetainSizeWhenHidden(not compact)
            chip.setSizePolicy(policy)
        self._more.setVisible(compact or bool(self._entries))
        self.updateGeometry()

    def set_shown(self, shown: Shown) -> None:
        """Press the buttons as a picture is."""
        for name, switch in self._switches():
            switch.setChecked(getattr(shown, name))

    def set_colours(self, name: str) -> None:
        """Tick the map that the density is shown in."""
        self._maps[name].setChecked(True)

    def set_hindrance(self, name: str, reason: str) -> None:
        """Disable the switch of a part and say why when the mouse rests on it; "" enables it."""
        for switch in [switch for known, switch in self._switches() if known == name]:
            self._hindrances[name] = reason
            switch.setEnabled(not reason)
            switch.setToolTip(reason or tr(OVERLAYS[name].meaning))

    def hindrance(self, name: str) -> str:
        """Why a part cannot be switched; "" where it can."""
        return self._hindrances.get(name, "")

    def retranslate(self) -> None:
        """Say everything in the language of the window."""
        for name, switch in self._switches():
            switch.setText(tr(OVERLAYS[name].chip))
            switch.setToolTip(self._hindrances.get(name) or tr(OVERLAYS[name].meaning))
        for name, chip in self._chips.items():
            chip.setAccessibleName(tr(OVERLAYS[name].chip))
        for name, chip in self._absent.items():
            chip.setText(tr(OVERLAYS[name].chip))
        self._more.setToolTip(tr("More to show, and colours"))
        self._more.setAccessibleName(self._more.toolTip())
        self._colours.setTitle(tr("Colours of the density"))

    def _switches(self) -> Iterator[tuple[str, QPushButton | QAction]]:
        for switches in (self._chips, self._doubles, self._entries):
            yield from switches.items()

    def _lay_out(self) -> None:
        layout = FlowLayout(self, spacing=5)
        for chip in self._chips.values():
            chip.setCheckable(True)
            layout.addWidget(chip)
        layout.addWidget(self._more)
        layout.attach(self._more)
        for chip in self._absent.values():
            policy = chip.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            chip.setSizePolicy(policy)
            layout.addWidget(chip)
            chip.hide()
        self._menu.setToolTipsVisible(True)
        entries = [*self._doubles.values(), *self._entries.values()]
        for entry in entries:
            entry.setCheckable(True)
        for entry in self._doubles.values():
            entry.setVisible(False)
        self._menu.insertActions(self._colours.menuAction(), entries)
        group = QActionGroup(self._colours)
        self._maps = {name: self._colours.addAction(name.capitalize()) for name in SEQUENTIAL}
        for name, entry in self._maps.items():
            entry.setCheckable(True)
            group.addAction(entry)
            entry.triggered.connect(partial(self.colours_chosen.emit, name))
        self._maps[SEQUENTIAL[0]].setChecked(True)

    def _retint(self) -> None:
        self._more.setIcon(icon("ellipsis"))


def _chip() -> QPushButton:
    chip = QPushButton()
    chip.setProperty("role", "chip")
    chip.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return chip
