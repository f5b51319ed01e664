"""The tools of the target canvas: what to draw with, and where else a target comes from."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from explorer.flow_layout import FlowLayout
from explorer.i18n import mark, number, tr, translator
from explorer.resources import icon
from explorer.target.brush import Brush, Tool
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
        self.size = _slider(SIZES.start, SIZES.stop - 1, round(self.brush.size))
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
        size_row.addWidget(self.size, 1)
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
        self.size.valueChanged.connect(
            lambda value: self.set_brush(replace(self.brush, size=value))
        )
        self.tip.clicked.connect(lambda: self.tip_popup.open_under(self.tip, self.brush))
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
        self.size.setAccessibleName(tr("Brush size"))
        self.size.setToolTip(tr("Width of the brush; [ and ] make it smaller and larger"))
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
        self.size.setValue(max(self.size.value() + 1, round(self.size.value() * _SIZE_FACTOR)))

    def shrink_brush(self) -> None:
        """Make the brush a step smaller."""
        self.size.setValue(min(self.size.value() - 1, round(self.size.value() / _SIZE_FACTOR)))

    def _show_brush(self) -> None:
        fold = self.brush.symmetry
        self.size.setValue(round(self.brush.size))
        self.size_figure.setText(number(round(self.brush.size)))
        self._folds.actions()[FOLDS.index(fold)].setChecked(True)
        tip = tr("Mirror: repeat every stroke about the centre")
        _say(self.mirror, "" if fold == 1 else f"{fold}×", tip, tr("Mirror"))

    def _retint(self) -> None:
        self.mirror.setIcon(icon("flip-horizontal"))
        self.tip.setIcon(icon("settings-2"))
        self.clear.setIcon(icon("trash-2"))
        self.invert.setIcon(icon("contrast"))


class TipPopup(QFrame):
    """Sliders for what is changed more rarely than the size.

    Attributes:
        changed: Softness and strength, each from 0 to 1.
    """

    changed = Signal(float, float)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setProperty("role", "card")
        self.softness, self.strength = _slider(0, 100, 50), _slider(5, 100, 100)
        self._labels = (QLabel(), QLabel())
        self._figures = (QLabel(), QLabel())
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 10, 12, 10)
        for row, slider in enumerate((self.softness, self.strength)):
            slider.setMinimumWidth(120)
            figure = self._figures[row]
            figure.setProperty("role", "muted")
            figure.setMinimumWidth(self.fontMetrics().horizontalAdvance("100 %"))
            figure.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(self._labels[row], row, 0)
            grid.addWidget(slider, row, 1)
            grid.addWidget(figure, row, 2)
            slider.valueChanged.connect(self._tell)
        self.retranslate()
        self._show_figures()
        translator.changed.connect(self.retranslate)

    def retranslate(self) -> None:
        """Say everything anew in the language of the window."""
        for label, slider, text, tip in zip(
            self._labels,
            (self.softness, self.strength),
            (tr("Softness"), tr("Strength")),
            (tr("How far the rim fades out"), tr("How much density one stroke adds or takes")),
            strict=True,
        ):
            label.setText(text)
            slider.setAccessibleName(text)
            slider.setToolTip(tip)

    def open_under(self, button: QWidget, brush: Brush) -> None:
        """Show it by a button, as far as there is room on the screen."""
        self.softness.setValue(round(100 * brush.softness))
        self.strength.setValue(round(100 * brush.strength))
        self.adjustSize()
        room = button.screen().availableGeometry()
        corner = _below(button)
        self.move(
            max(room.left(), min(corner.x(), room.right() - self.width())),
            max(room.top(), min(corner.y(), room.bottom() - self.height())),
        )
        self.show()
        self.softness.setFocus(Qt.FocusReason.PopupFocusReason)

    def _tell(self) -> None:
        self._show_figures()
        self.changed.emit(self.softness.value() / 100, self.strength.value() / 100)

    def _show_figures(self) -> None:
        for figure, slider in zip(self._figures, (self.softness, self.strength), strict=True):
            figure.setText(f"{slider.value()} %")


def _chip(*, checkable: bool = False) -> QPushButton:
    button = QPushButton()
    button.setProperty("role", "chip")
    button.setCheckable(checkable)
    button.setAutoDefault(False)
    return button


def _slider(low: int, high: int, value: int) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(low, high)
    slider.setValue(value)
    return slider


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
