"""The tools of the target canvas: what to draw with, and where else a target comes from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QIcon
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSpacerItem,
    QVBoxLayout,
    QWidget,
)

from explorer.icons import icon
from explorer.target.brush import Brush, Tool
from explorer.target.chips import SPACING, below, chip, flow, say
from explorer.target.keys import with_key
from explorer.target.options import PointOptions, TextOptions
from explorer.target.tip_popup import TipPopup, slider
from explorer.theme import set_role, theme
from explorer.words.languages import mark, number, tr, translator

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

SIZES: Final = range(2, 201)
OWN_SIZES: Final = {
    Tool.TEXT: 64.0,  # a few letters then span half the canvas
    Tool.ERASER: 27.0,  # so that its full middle takes a stroke's soft rim away as well
}
FOLDS: Final = (1, 2, 3, 4, 5, 6, 7, 8)
_SIZE_FACTOR: Final = 1.2
_SOFTNESS_STEP: Final = 0.1
_AROUND_NAME: Final = 46  # pixels of a button with a name: the icon, gaps, the frame
_TOOLS: Final = {
    Tool.BRUSH: (mark("Brush"), "B", mark("Add density. The right mouse button erases.")),
    Tool.ERASER: (mark("Eraser"), "E", mark("Take density away, or points")),
    Tool.SMOOTH: (mark("Smooth"), "S", mark("Blur what is there")),
    Tool.LINE: (mark("Line"), "L", mark("Draw a straight line; Shift keeps it to steps of 15°")),
    Tool.FILL: (mark("Fill"), "F", mark("Fill what hangs together; the right button empties it")),
    Tool.TEXT: (mark("Text"), "T", mark("Write words, as high as the brush is wide")),
    Tool.POINTS: (
        mark("Points"),
        "P",
        mark("Click to add a point, drag to move it, right-click to remove it"),
    ),
}
_ICONS: Final = {
    Tool.BRUSH: "brush",
    Tool.ERASER: "eraser",
    Tool.SMOOTH: "droplets",
    Tool.LINE: "slash",
    Tool.FILL: "paint-bucket",
    Tool.TEXT: "type",
    Tool.POINTS: "chart-scatter",
}


class ToolRows(QWidget):
    """Rows of small controls under the canvas.

    Attributes:
        brush_changed: Another `Brush`.
        tool_changed: Another `Tool`.
        presets_requested: The presets are wanted, in a popup whose corner belongs at this point of
            the screen.
        formula_requested: A formula is to be written, in a popup whose corner belongs there.
        import_requested: A target from a file is wanted.
        clear_requested: An empty canvas is wanted.
        invert_requested: Dense and empty should change places.
    """

    brush_changed = Signal(object)
    tool_changed = Signal(object)
    presets_requested = Signal(QPoint)
    formula_requested = Signal(QPoint)
    import_requested = Signal()
    clear_requested = Signal()
    invert_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.brush = Brush()
        self.tool = Tool.BRUSH
        self._sizes: dict[Tool | None, float] = {None: self.brush.size}
        for tool, size in OWN_SIZES.items():
            self._sizes[tool] = size
        self.tools = {tool: chip(checkable=True) for tool in Tool}
        self.text, self.points = TextOptions(), PointOptions()
        self._strut = QSpacerItem(0, 0)  # keeps the row as high as its highest control
        self.mirror = chip(role="tool")
        self.size_slider = slider(SIZES.start, SIZES.stop - 1, round(self.brush.size))
        self.size_label, self.size_figure = QLabel(), QLabel()
        self.tip = chip(role="tool")
        self.tip_popup = TipPopup(self)
        self.presets = chip()
        self.formula, self.open, self.clear, self.invert = (chip(role="tool") for _ in range(4))
        self._lay_out()
        self._connect()
        translator.changed.connect(self.retranslate)
        theme.changed.connect(self._retint)
        self.retranslate()
        self._retint()

    def _lay_out(self) -> None:
        group = QButtonGroup(self)
        for button in self.tools.values():
            group.addButton(button)
        self.tools[self.tool].setChecked(True)
        for label in (self.size_label, self.size_figure):
            label.setProperty("role", "muted")
        self.size_figure.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.size_figure.setMinimumWidth(self.fontMetrics().horizontalAdvance("000"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        layout.addLayout(flow(self.tools.values()))
        self._options = self._options_row()
        layout.addLayout(self._options)
        layout.addLayout(flow([self.presets, self.formula, self.open, self.clear, self.invert]))
        self._show_options()

    def _options_row(self) -> QHBoxLayout:
        """What the tool in hand needs: always one row, so that the canvas keeps its size."""
        row = QHBoxLayout()
        row.setSpacing(SPACING)
        row.addItem(self._strut)
        row.addWidget(self.size_label)
        row.addWidget(self.text, 3)
        row.addWidget(self.points, 1)
        row.addWidget(self.size_slider, 2)
        for widget in (self.size_figure, self.tip, self.mirror):
            row.addWidget(widget)
        return row

    def _connect(self) -> None:
        for tool, button in self.tools.items():
            button.clicked.connect(lambda _checked, tool=tool: self.take_up(tool))
        self.mirror.setMenu(self._mirror_menu())
        self.size_slider.valueChanged.connect(
            lambda value: self.set_brush(replace(self.brush, size=value))
        )
        self.tip.clicked.connect(lambda: self.tip_popup.open_with(below(self.tip), self.brush))
        self.tip_popup.changed.connect(
            lambda softness, strength: self.set_brush(
                replace(self.brush, softness=softness, strength=strength)
            )
        )
        self.presets.clicked.connect(lambda: self.presets_requested.emit(below(self.presets)))
        self.formula.clicked.connect(lambda: self.formula_requested.emit(below(self.formula)))
        self.open.clicked.connect(self.import_requested)
        self.clear.clicked.connect(self.clear_requested)
        self.invert.clicked.connect(self.invert_requested)

    def _mirror_menu(self) -> QMenu:
        menu = QMenu(self)
        self._folds = QActionGroup(menu)
        for fold in FOLDS:
            action = QAction(menu, checkable=True, checked=fold == self.brush.symmetry)
            action.triggered.connect(
                lambda _checked, fold=fold: self.set_brush(replace(self.brush, symmetry=fold))
            )
            self._folds.addAction(action)
            menu.addAction(action)
        return menu

    def retranslate(self) -> None:
        """Say everything anew in the language of the window."""
        for tool, (name, key, tip) in _TOOLS.items():
            tip = f"{tr(name)}: {tr(tip)}"
            say(self.tools[tool], self.tools[tool].text(), with_key(tip, key), tr(name))
        for fold, action in zip(FOLDS, self._folds.actions(), strict=True):
            action.setText(_fold_text(fold))
        self.size_label.setText(tr("Size"))
        self.size_slider.setAccessibleName(tr("Brush size"))
        self.size_slider.setToolTip(tr("Width of the brush; [ and ] make it smaller and larger"))
        tip = tr("Softness and strength of the brush; { and } change one, 1 to 0 the other")
        say(self.tip, "", tip, tr("Softness and strength"))
        tip = with_key(tr("Choose one of the ready-made targets"), "R")
        say(self.presets, f"{tr('Presets')} ▾", tip, tr("Presets"))
        say(self.formula, "", with_key(tr("Write a formula p(x, y) ∝ …"), "="), tr("Formula"))
        tip = tr("Take a picture, a table of points or an array")
        say(self.open, "", tip, tr("Open…"))
        say(self.clear, "", with_key(tr("Clear: empty the canvas"), "Del"), tr("Clear"))
        tip = with_key(tr("Invert: make dense what is empty, and empty what is dense"), "I")
        say(self.invert, "", tip, tr("Invert"))
        self._show_brush()
        self._claim_height()
        if self.isVisible():  # before that it has no width to go by
            self._name_tools()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Write the tools' names where there is room for all of them."""
        super().resizeEvent(event)
        self._name_tools()
        self._claim_height()

    def minimumSizeHint(self) -> QSize:
        """As many rows as this width makes of the buttons; the style sheet reaches them late."""
        return QSize(super().minimumSizeHint().width(), self.heightForWidth(self.width()))

    def _claim_height(self) -> None:
        """Let the canvas leave room for as many rows as this width makes of the buttons."""
        controls = (self.text.field, self.points.auto, self.tip, self.mirror)
        for control in controls:
            control.ensurePolished()  # those that have not been shown yet
        self._strut.changeSize(0, max(control.sizeHint().height() for control in controls))
        self._options.invalidate()
        self.updateGeometry()

    def _name_tools(self) -> None:
        names = {tool: tr(name) for tool, (name, *_) in _TOOLS.items()}
        metrics = self.tools[Tool.BRUSH].fontMetrics()
        words = sum(metrics.horizontalAdvance(name) for name in names.values())
        named = self.width() >= words + len(names) * (_AROUND_NAME + SPACING)
        for tool, button in self.tools.items():
            button.setText(names[tool] if named else "")
            set_role(button, "chip" if named else "tool")

    def take_up(self, tool: Tool) -> None:
        """Take up another tool by hand: who takes the text tool up has words to write."""
        self.set_tool(tool)
        if tool is Tool.TEXT:
            self.text.begin()

    def set_tool(self, tool: Tool) -> None:
        """Take up another tool, with the size that it had last."""
        self.tools[tool].setChecked(True)
        if tool is not self.tool:
            self._sizes[_sized_as(self.tool)] = self.brush.size
            self.set_brush(replace(self.brush, size=self._sizes[_sized_as(tool)]))
            self.tool = tool
            self._show_options()
            self.tool_changed.emit(tool)

    def _show_options(self) -> None:
        writes, points = self.tool is Tool.TEXT, self.tool is Tool.POINTS
        self.text.setVisible(writes)
        self.points.setVisible(points)
        self.size_label.setVisible(not (writes or points))
        for widget in (self.size_slider, self.size_figure, self.tip):
            widget.setVisible(not points)

    def set_brush(self, brush: Brush) -> None:
        """Take up another tip."""
        if brush != self.brush:
            self.brush = brush
            self._show_brush()
            self.brush_changed.emit(brush)

    def grow_brush(self) -> None:
        """Make the brush a step larger."""
        self.size_slider.setValue(
            max(self.size_slider.value() + 1, round(self.size_slider.value() * _SIZE_FACTOR))
        )

    def shrink_brush(self) -> None:
        """Make the brush a step smaller."""
        self.size_slider.setValue(
            min(self.size_slider.value() - 1, round(self.size_slider.value() / _SIZE_FACTOR))
        )

    def soften_brush(self, steps: int) -> None:
        """Let the brush fade out over a larger share of its radius, or a smaller one."""
        softness = round(self.brush.softness + steps * _SOFTNESS_STEP, 2)
        self.set_brush(replace(self.brush, softness=min(1.0, max(0.0, softness))))

    def set_strength(self, strength: float) -> None:
        """Let a stroke add or take another share."""
        self.set_brush(replace(self.brush, strength=strength))

    def _show_brush(self) -> None:
        fold = self.brush.symmetry
        self.size_slider.setValue(round(self.brush.size))
        self.size_figure.setText(number(round(self.brush.size)))
        self._folds.actions()[FOLDS.index(fold)].setChecked(True)
        tip = with_key(tr("Mirror: repeat every stroke about the centre"), "M")
        say(self.mirror, "" if fold == 1 else f"{fold}×", tip, tr("Mirror"))
        self.mirror.setIcon(icon("flip-horizontal") if fold == 1 else QIcon())

    def _retint(self) -> None:
        self._show_brush()
        for tool, button in self.tools.items():
            button.setIcon(icon(_ICONS[tool]))
        self.tip.setIcon(icon("settings-2"))
        self.open.setIcon(icon("folder-open"))
        self.formula.setIcon(icon("square-function"))
        self.clear.setIcon(icon("trash-2"))
        self.invert.setIcon(icon("contrast"))


def _sized_as(tool: Tool) -> Tool | None:
    """Which size a tool has: one of its own, or None for the one that all others share."""
    return tool if tool in OWN_SIZES else None


def _fold_text(fold: int) -> str:
    if fold == 1:
        return tr("Off")
    text = tr("{fold}-fold mirror") if fold % 2 == 0 else tr("{fold}-fold rotation")
    return text.format(fold=fold)
