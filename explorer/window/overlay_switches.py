"""What of the pictures is switched on and off by key, in all panels at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject

if TYPE_CHECKING:
    from explorer.area.panel_area import PanelArea
    from explorer.panels.flow_panel import FlowPanel
    from explorer.window.actions import Actions

_PREFIX: Final = "show_"  # of the action's id, before a field of `Shown`


class OverlaySwitches(QObject):
    """Switches one part of the picture in every panel that has it.

    Where panels differ it is switched on in all; once all show it, off in all.

    Args:
        actions: Their marks say what the panels show.
        area: Holds the panels.
    """

    def __init__(self, actions: Actions, area: PanelArea) -> None:
        super().__init__(area)
        self._area = area
        self._marks = {name.removeprefix(_PREFIX): actions[name] for name in actions.ids(_PREFIX)}
        for mark in self._marks.values():
            mark.setCheckable(True)

    def tell(self) -> None:
        """Mark the actions by what the panels show, before a menu of them opens."""
        for name, mark in self._marks.items():
            mark.setChecked(_all_show(self._panels(name), name))

    def switch(self, name: str) -> None:
        """Switch a part, a field of `Shown`."""
        panels = self._panels(name)
        on = not _all_show(panels, name)
        for panel in panels:
            panel.switch(name, on)
        self._marks[name].setChecked(_all_show(panels, name))

    def _panels(self, name: str) -> list[FlowPanel]:
        return [panel for panel in self._area.all_panels if panel.can_show(name)]


def _all_show(panels: list[FlowPanel], name: str) -> bool:
    return bool(panels) and all(getattr(panel.shown, name) for panel in panels)
