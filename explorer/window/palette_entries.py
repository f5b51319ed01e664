"""All that the command palette offers: what stands in the menus, and what is a click elsewhere."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction

from explorer import icons
from explorer.help.glossary import glossary
from explorer.lanes import LANES
from explorer.stack.names import about
from explorer.stack.ready_made import READY_MADE
from explorer.window.actions import VIEW
from explorer.words.languages import tr
from flowengine.catalogue import LAYER_SPECS, LayerSpec, kind_of
from flowengine.project import BASELINE_LANES
from flowengine.targets.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtCore import QObject

    from explorer.window.parts import Parts

    Entry = tuple[str, QAction]


def palette_entries(parts: Parts, show_term: Callable[[str], None], parent: QObject) -> list[Entry]:
    """Where each stands in the window, and the action itself.

    Args:
        parts: Of the window: what they act on.
        show_term: Opens the glossary at a word.
        parent: Those made here go with it.
    """
    entries = parts.actions.places()
    view = tr(VIEW).replace("&", "")
    entries += [(view, dock.toggleViewAction()) for dock in parts.docks.values()]
    parts.menus.recent.fill()
    for found in (_baselines, _presets, _ready_made, _layers):
        entries += found(parts, parent)
    for menu in (parts.menus.recent, parts.menus.lessons):
        entries += [(menu.title(), action) for action in menu.actions()]
    return [*entries, *_glossary(show_term, parent)]


def _baselines(parts: Parts, parent: QObject) -> Iterator[Entry]:
    button = parts.area.compare_button
    for lane in BASELINE_LANES:
        shown = lane in parts.area.panels
        action = _made(
            parent,
            tr(LANES[lane].take_away if shown else LANES[lane].add),
            partial(button.toggle_lane, lane),
            icon="minus" if shown else "plus",
            tip=button.toolTip(),
        )
        action.setEnabled(button.isEnabled())
        yield tr("In the panels"), action


def _presets(parts: Parts, parent: QObject) -> Iterator[Entry]:
    for preset in PRESETS.values():
        action = _made(
            parent,
            tr("Preset: {title}").format(title=tr(preset.title)),
            partial(parts.target.choose_preset, preset.name),
            icon="target",
            words=preset.name,
            enabled=parts.target.isEnabled(),
        )
        yield tr("Target"), action


def _ready_made(parts: Parts, parent: QObject) -> Iterator[Entry]:
    for ready in READY_MADE:
        action = _made(
            parent,
            tr("Use {stack}").format(stack=tr(ready.name)),
            partial(parts.models.stack.use_ready_made, ready),
            icon="layers",
            tip=tr(ready.about),
            enabled=parts.models.stack.isEnabled(),
        )
        yield tr("Stack"), action


def _layers(parts: Parts, parent: QObject) -> Iterator[Entry]:
    for layer in LAYER_SPECS:
        action = _made(
            parent,
            tr("Add {layer}").format(layer=tr(layer.title)),
            partial(_add_layer, parts, layer),
            icon="plus",
            tip=tr(about(layer)),
            words=f"{layer.title} {kind_of(layer)}",
            enabled=parts.models.stack.isEnabled(),
        )
        yield tr("Stack"), action


def _add_layer(parts: Parts, layer: type[LayerSpec]) -> None:
    parts.models.stack.insert_layers([layer()])


def _glossary(show_term: Callable[[str], None], parent: QObject) -> Iterator[Entry]:
    for entry in glossary():
        yield (
            tr("Glossary"),
            _made(
                parent,
                entry.term,
                partial(show_term, entry.term),
                icon="info",
                tip=entry.text,
            ),
        )


def _made(
    parent: QObject,
    text: str,
    act: Callable[[], None],
    *,
    icon: str,
    tip: str = "",
    words: str = "",
    enabled: bool = True,
) -> QAction:
    action = QAction(icons.icon(icon), text, parent)
    action.setStatusTip(tip)
    action.setData(words)
    action.setEnabled(enabled)
    action.triggered.connect(lambda _checked=False: act())
    return action
