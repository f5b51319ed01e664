"""The target editor: the canvas with its tools, the entropy, and the target that they make."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from explorer.target.brush import Tool
from explorer.target.canvas import TargetCanvas
from explorer.target.formula_popup import FormulaPopup
from explorer.target.keys import STRENGTH_KEYS, TOOL_KEYS
from explorer.target.point_cloud import NO_POINTS, PointCloud
from explorer.target.preset_popup import PresetPopup
from explorer.target.tools import ToolRows
from explorer.words.languages import number, tr, translator
from flowengine.arrays import FrozenArray
from flowengine.frame import Frame
from flowengine.project import DEFAULT_EXTENT, TargetSpec
from flowengine.targets.presets import preset
from flowengine.targets.sources import density_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray
    from PySide6.QtCore import QPoint
    from PySide6.QtGui import QDragEnterEvent, QDropEvent

    from flowengine.project import Extent

_SPACING: Final = 8
_COMMANDS = (
    Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.AltModifier
    | Qt.KeyboardModifier.MetaModifier
)


class TargetEditor(QWidget):
    """Shows a target and proposes another with every stroke and every click.

    Args:
        parent: The widget it stands in.
        header: Whether it shows its own title and entropy; without, a dock shows `figure`.

    Attributes:
        target_edited: A new `TargetSpec`, what undo calls the edit, and the key by which edits that
            follow each other merge ("": never).
        target_preview: The `TargetSpec` that a stroke has come to so far, at most ten times a
            second, and the standing one again when a stroke is taken back. Never an empty one.
        import_requested: A target from a file is wanted.
        files_dropped: The URLs of files that were dropped, a list of QUrl.
        figure_changed: The entropy in words, "H = 2.31 nats".
        filled: The height that the canvas and its tools fill at this width; more would be empty.
    """

    target_edited = Signal(object, str, str)
    target_preview = Signal(object)
    import_requested = Signal()
    files_dropped = Signal(list)
    figure_changed = Signal(str)
    filled = Signal(int)

    def __init__(self, parent: QWidget | None = None, *, header: bool = True) -> None:
        super().__init__(parent)
        self.canvas = TargetCanvas()
        self.tools = ToolRows()
        self.figure = ""
        self._spec: TargetSpec | None = None
        self._extent: Extent = DEFAULT_EXTENT
        self._popup: PresetPopup | None = None
        self._formula_popup: FormulaPopup | None = None
        self._keys = self._key_table()
        self._title, self._figure_label = QLabel(), QLabel()
        self._title.setProperty("role", "title")
        self._figure_label.setProperty("role", "muted")
        self.setAcceptDrops(True)
        self._lay_out(header=header)
        self._connect()
        self.canvas.set_text(self.tools.text.field.text())
        translator.changed.connect(self.retranslate)
        self.retranslate()

    def _lay_out(self, *, header: bool) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(_SPACING)
        if header:
            row = QHBoxLayout()
            row.addWidget(self._title)
            row.addStretch(1)
            row.addWidget(self._figure_label)
            layout.addLayout(row)
        layout.addWidget(self.canvas, 1)
        layout.addWidget(self.tools)
        layout.addStretch(0)

    def _connect(self) -> None:
        self.canvas.density_changed.connect(self._preview)
        self.canvas.stroke_finished.connect(self._edit)
        self.canvas.stroke_cancelled.connect(self._take_back)
        self.tools.brush_changed.connect(self.canvas.set_brush)
        self.tools.tool_changed.connect(self.canvas.set_tool)
        self.tools.tool_changed.connect(self._show_bandwidth)
        self.tools.text.changed.connect(self.canvas.set_text)
        self.tools.text.done.connect(self.canvas.setFocus)
        self.tools.points.changed.connect(self._set_bandwidth)
        self.tools.formula_requested.connect(self._show_formula)
        self.tools.clear_requested.connect(self.clear)
        self.tools.invert_requested.connect(self.invert)
        self.tools.presets_requested.connect(self._show_presets)
        self.tools.import_requested.connect(self.import_requested)

    def retranslate(self) -> None:
        """Say everything anew in the language of the window."""
        self._title.setText(tr("Target"))
        self._figure_label.setToolTip(
            tr("Entropy of the target, exact. No model's NLL can lie below it.")
        )
        self._show_figure()
        if self._popup is not None:
            self._popup.retranslate()

    # --- the target --------------------------------------------------------------------------

    def set_target(self, spec: TargetSpec) -> None:
        """Show a target of the document; the one that is shown already changes nothing."""
        if spec == self._spec and not self.canvas.painting:
            return
        self._show(spec)

    def clear(self) -> None:
        """Empty the canvas."""
        self._replace(np.zeros_like(self.canvas.density()), tr("Clear the target"))

    def invert(self) -> None:
        """Make dense what is empty, and empty what is dense."""
        self._replace(1 - self.canvas.density(), tr("Invert the target"))

    def choose_preset(self, name: str) -> None:
        """Take one of the presets as the target.

        Raises:
            TargetError: there is no preset of that name.
        """
        text = tr("Preset: {title}").format(title=tr(preset(name).title))
        spec = TargetSpec(source="preset", name=name)
        if spec != self._spec:
            self._show(spec)
            self.target_edited.emit(spec, text, "")

    def take_formula(self, spec: TargetSpec) -> None:
        """Take a target that was written as a formula."""
        if spec != self._spec:
            self._show(spec)
            self.target_edited.emit(spec, tr("Formula"), "")

    def _show(self, spec: TargetSpec) -> None:
        self._spec = spec
        self._extent = spec.extent
        self.canvas.set_density(
            density_of(spec),
            DEFAULT_EXTENT,
            clears=spec.source != "drawing",
            cloud=_cloud_of(spec),
        )
        self._show_facts()

    def _replace(self, density: ArrayLike, text: str) -> None:
        """Put another drawing on the canvas, as one edit."""
        spec = self._drawn(density)
        if spec != self._spec:
            self._show(spec)
            self.target_edited.emit(spec, text, "")

    def _edit(self, density: NDArray[np.float32], text: str) -> None:
        self._spec = self._made(density)
        self._show_facts()
        self.target_edited.emit(self._spec, text, "")

    def _preview(self, density: NDArray[np.float32]) -> None:
        self._show_facts()
        if density.any():
            self.target_preview.emit(self._made(density))

    def _take_back(self) -> None:
        self._show_facts()
        if self._spec is not None and self.canvas.entropy is not None:
            self.target_preview.emit(self._spec)

    def _set_bandwidth(self, bandwidth: float | None, on_the_move: bool) -> None:
        cloud = self.canvas.cloud
        if cloud is None:
            return
        self.canvas.set_cloud(replace(cloud, bandwidth=bandwidth))
        if on_the_move:
            self.canvas.tell_soon()
            self._show_facts()
            return
        spec = self._made(self.canvas.density())
        if spec != self._spec:
            self._spec = spec
            self._show_facts()
            self.target_edited.emit(spec, tr("Bandwidth"), "bandwidth")

    def _made(self, density: ArrayLike) -> TargetSpec:
        """The target that is on the canvas: points, or else a drawing."""
        cloud = self.canvas.cloud
        if cloud is None:
            return self._drawn(density)
        spec = self._spec
        return TargetSpec(
            source="points",
            name=spec.name if spec is not None and spec.source == "points" else "points",
            extent=self._extent,
            density=FrozenArray(density),
            points=_in_data_units(cloud.points, self._extent),
            bandwidth=cloud.bandwidth and cloud.bandwidth * self._frame.scale[0],
        )

    def _drawn(self, density: ArrayLike) -> TargetSpec:
        return TargetSpec(
            source="drawing",
            name="drawing",
            extent=self._extent,
            density=FrozenArray(density),
        )

    @property
    def _frame(self) -> Frame:
        """Leads from the canvas, whose square every target fills, to data units."""
        return Frame.of(self._extent)

    def _show_facts(self) -> None:
        self._show_bandwidth()
        self._show_figure()

    def _show_bandwidth(self) -> None:
        if self.tools.tool is Tool.POINTS:  # to choose one for very many points takes a while
            self.tools.points.show_cloud(self.canvas.cloud, self._frame.scale[0])

    def _show_figure(self) -> None:
        entropy = self.canvas.entropy
        self.figure = (
            tr("H = –")
            if entropy is None
            else tr("H = {entropy} nats").format(entropy=number(entropy + self._frame.log_area))
        )
        self._figure_label.setText(self.figure)
        self.figure_changed.emit(self.figure)

    # --- presets, keys, drops ----------------------------------------------------------------

    def _show_presets(self, corner: QPoint) -> None:
        if self._popup is None:  # its pictures are computed when they are first wanted
            self._popup = PresetPopup(self)
            self._popup.chosen.connect(self.choose_preset)
        shown = self._spec.name if self._spec and self._spec.source == "preset" else None
        self._popup.open_with(corner, shown)

    def _show_formula(self, corner: QPoint) -> None:
        if self._formula_popup is None:
            self._formula_popup = FormulaPopup(self)
            self._formula_popup.chosen.connect(self.take_formula)
        formula = self._spec.formula if self._spec else ""
        self._formula_popup.open_with(corner, formula, self._extent)

    def _key_table(self) -> dict[Qt.Key, Callable[[], None]]:
        tools = self.tools
        return {
            **{key: partial(tools.take_up, tool) for key, tool in TOOL_KEYS.items()},
            **{key: partial(tools.set_strength, s) for key, s in STRENGTH_KEYS.items()},
            Qt.Key.Key_BracketLeft: tools.shrink_brush,
            Qt.Key.Key_BracketRight: tools.grow_brush,
            Qt.Key.Key_BraceLeft: partial(tools.soften_brush, -1),
            Qt.Key.Key_BraceRight: partial(tools.soften_brush, 1),
            Qt.Key.Key_M: tools.mirror.showMenu,
            Qt.Key.Key_R: tools.presets.click,
            Qt.Key.Key_Equal: tools.formula.click,
            Qt.Key.Key_I: tools.invert.click,
            Qt.Key.Key_Delete: tools.clear.click,
        }

    def event(self, event: QEvent) -> bool:
        """Keep the editor's keys from the window's shortcuts; tell the height that it can use."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and self._act_of(event) is not None
        ):
            event.accept()
            return True
        done = super().event(event)
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Resize):
            self.filled.emit(self._filled_height())
        return done

    def _filled_height(self) -> int:
        """What lies over the canvas, the canvas as high as it is wide, and the tools."""
        square = max(self.canvas.minimumHeight(), self.width())
        return self.canvas.y() + square + _SPACING + self.tools.heightForWidth(self.tools.width())

    def _act_of(self, event: QKeyEvent) -> Callable[[], None] | None:
        """What a key does here; on some keyboards braces and digits need Shift or AltGr."""
        if event.modifiers() & _COMMANDS:
            return None
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and event.text().isalpha():
            return None
        return self._keys.get(Qt.Key(event.key()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Size the brush with [ and ], take up a tool with its letter."""
        act = self._act_of(event)
        if act is None:
            super().keyPressEvent(event)
        elif not event.isAutoRepeat() or event.text() in tuple("[]{}"):
            act()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files; what a browser drags is the window's."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Pass the files on: whoever owns the document knows what they can be."""
        event.acceptProposedAction()
        self.files_dropped.emit(event.mimeData().urls())


def _cloud_of(spec: TargetSpec) -> PointCloud | None:
    """The points that a target stands for; None where it stands for itself."""
    if spec.source != "points":
        return None
    frame = Frame.of(spec.extent)
    bandwidth = spec.bandwidth and spec.bandwidth / frame.scale[0]
    cloud = PointCloud(NO_POINTS.points, DEFAULT_EXTENT, bandwidth)
    if spec.points is None:
        return cloud
    points = spec.points.values.astype(np.float64)
    return cloud.added((points - frame.center) / frame.scale)


def _in_data_units(points: NDArray[np.float64], extent: Extent) -> FrozenArray:
    """The points of the canvas, whose square stands for `extent`."""
    frame = Frame.of(extent)
    return FrozenArray(points * frame.scale + frame.center, wide=frame.is_fine)
