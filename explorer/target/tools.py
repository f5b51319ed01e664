"""The tools of the target canvas: what to draw with, and where else a target comes from."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QIcon
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from explorer.flow_layout import FlowLayout
from explorer.i18n import mark, number, tr, translator
from explorer.resources import icon
from explorer.target.brush import Brush, Tool
from explorer.target.tip_popup import TipPopup, slider
from explorer.theme import theme

SIZES: Final = range(2, 201)
FOLDS: Final = (1, 2, 3, 4, 5, 6, 8)
_SIZE_FACTOR: Final = 1.2
_SPACING: Final = 6
_TOOLS: Final = {
    Tool.BRUSH: (mark("Brush"), mark("Add density (B). The right mouse button erases.")),
    Tool.ERASER: (mark("Eraser"), mark("Take density away (E)")),
    Tool.SMOOTH: (mark("Smooth"), mark("Blur what is there (S)")),
}


class ToolRows(QWidget):
    """Rows of small controls under the canvas.

    Attributes:
        brush_changed: Another `Brush`.
        tool_changed: Another `Tool`.
        presets_requested: The presets are wanted, in a popup whose corner belongs at this point of
            the screen.
        import_requested: A target from a file is wanted.
        clear_requested: An empty canvas is wanted.
        invert_requested: Dense and empty should change places.
    """

    brush_changed = Signal(object)
    tool_changed = Signal(object)
    presets_requested = Signal(QPoint)
    import_requested = Signal()
    clear_requested = Signal()
    invert_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.brush = Brush()
        self.tool = Tool.BRUSH
        self.tools = {tool: _chip(checkable=True) for tool in Tool}
        self.mirror = _chip()
        self.size_slider = slider(SIZES.start, SIZES.stop - 1, round(self.brush.size))
        self.size_label, self.size_figure = QLabel(), QLabel()
        self.tip = _chip()
        self.tip_popup = TipPopup(self)
        self.presets, self.open, self.clear, self.invert = (_chip() for _ in range(4))
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
        size_row = QHBoxLayout()
        size_row.setSpacing(_SPACING)
        size_row.addWidget(self.size_label)
        size_row.addWidget(self.size_slider, 1)
        size_row.addWidget(self.size_figure)
        size_row.addWidget(self.tip)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(_SPACING)
        layout.addLayout(_flow([*self.tools.values(), self.mirror]))
        layout.addLayout(size_row)
        layout.addLayout(_flow([self.presets, self.open, self.clear, self.invert]))

    def _connect(self) -> None:
        for tool, button in self.tools.items():
            button.clicked.connect(lambda _checked, tool=tool: self.set_tool(tool))
        self.mirror.setMenu(self._mirror_menu())
        self.size_slider.valueChanged.connect(
            lambda value: self.set_brush(replace(self.brush, size=value))
        )
        self.tip.clicked.connect(lambda: self.tip_popup.open_with(_below(self.tip), self.brush))
        self.tip_popup.changed.connect(
            lambda softness, strength: self.set_brush(
                replace(self.brush, softness=softness, strength=strength)
            )
        )
        self.presets.clicked.connect(lambda: self.presets_requested.emit(_below(self.presets)))
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
        for tool, (text, tip) in _TOOLS.items():
            _say(self.tools[tool], tr(text), tr(tip))
        for fold, action in zip(FOLDS, self._folds.actions(), strict=True):
            action.setText(_fold_text(fold))
        self.size_label.setText(tr("Size"))
        self.size_slider.setAccessibleName(tr("Brush size"))
        self.size_slider.setToolTip(tr("Width of the brush; [ and ] make it smaller and larger"))
        tip = tr("Softness and strength of the brush")
        _say(self.tip, "", tip, tr("Softness and strength"))
        tip = tr("Choose one of the ready-made targets")
        _say(self.presets, f"{tr('Presets')} ▾", tip, tr("Presets"))
        _say(self.open, tr("Open…"), tr("Take a picture, a table of points or an array"))
        _say(self.clear, "", tr("Clear: empty the canvas"), tr("Clear"))
        tip = tr("Invert: make dense what is empty, and empty what is dense")
        _say(self.invert, "", tip, tr("Invert"))
        self._show_brush()

    def set_tool(self, tool: Tool) -> None:
        """Take up another tool."""
        self.tools[tool].setChecked(True)
        if tool is not self.tool:
            self.tool = tool
            self.tool_changed.emit(tool)

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

    def _show_brush(self) -> None:
        fold = self.brush.symmetry
        self.size_slider.setValue(round(self.brush.size))
        self.size_figure.setText(number(round(self.brush.size)))
        self._folds.actions()[FOLDS.index(fold)].setChecked(True)
        tip = tr("Mirror: repeat every stroke about the centre")
        _say(self.mirror, "" if fold == 1 else f"{fold}×", tip, tr("Mirror"))
        self.mirror.setIcon(icon("flip-horizontal") if fold == 1 else QIcon())

    def _retint(self) -> None:
        self._show_brush()
        self.tip.setIcon(icon("settings-2"))
        self.clear.setIcon(icon("trash-2"))
        self.invert.setIcon(icon("contrast"))


def _chip(*, checkable: bool = False) -> QPushButton:
    button = QPushButton()
    button.setProperty("role", "chip")
    button.setCheckable(checkable)
    button.setAutoDefault(False)
    return button


def _flow(widgets: list[QPushButton]) -> FlowLayout:
    layout = FlowLayout(spacing=_SPACING)
    for widget in widgets:
        layout.addWidget(widget)
    return layout


def _say(button: QPushButton, text: str, tip: str, name: str = "") -> None:
    button.setText(text)
    button.setAccessibleName(name or text)
    button.setToolTip(tip)


def _fold_text(fold: int) -> str:
    if fold == 1:
        return tr("Off")
    text = tr("{fold}-fold mirror") if fold % 2 == 0 else tr("{fold}-fold rotation")
    return text.format(fold=fold)


def _below(widget: QWidget) -> QPoint:
    return widget.mapToGlobal(QPoint(0, widget.height() + 2))
