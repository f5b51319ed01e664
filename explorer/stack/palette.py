"""Where new layers come from: a row of chips, the whole catalogue, and ready-made stacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QDrag, QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QLineEdit,
    QMenu,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from explorer.icons import icon
from explorer.stack.mime import to_mime
from explorer.stack.palette_list import PaletteList
from explorer.stack.palette_model import palette_tip
from explorer.stack.ready_made import READY_MADE
from explorer.theme import theme
from explorer.widgets.flow_layout import FlowLayout
from explorer.words.languages import tr, translator
from flowengine.catalogue import LAYER_SPECS, kind_of

if TYPE_CHECKING:
    from PySide6.QtCore import QObject
    from PySide6.QtGui import QMouseEvent

    from flowengine.catalogue import LayerSpec

_AT_HAND: Final = ("affine_coupling", "spline_coupling", "linear", "glow", "planar")
_TALLEST_LIST: Final = 340


class LayerChip(QPushButton):
    """A button for one kind of layer: a click adds it, a drag carries it."""

    chosen = Signal(object)
    """A new layer is wanted after the selected card."""

    def __init__(self, cls: type[LayerSpec]) -> None:
        super().__init__()
        self.kind = cls
        self._pressed_at: QPoint | None = None
        self.setProperty("role", "chip")
        self.clicked.connect(lambda: self.chosen.emit(cls()))
        translator.changed.connect(self.retranslate)
        self.retranslate()

    def retranslate(self) -> None:
        """Say the kind in the language of the window: the chip has room for one word."""
        title = tr(self.kind.title)
        self.setText(f"+ {tr(self.kind.title.split()[0])}")
        self.setToolTip(palette_tip(self.kind))
        self.setAccessibleName(tr("Add {layer}").format(layer=title))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Remember where a drag would have begun."""
        super().mousePressEvent(event)
        self._pressed_at = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Begin a drag once the mouse has left the spot."""
        if self._pressed_at is None or not event.buttons() & Qt.MouseButton.LeftButton:
            super().mouseMoveEvent(event)
            return
        way = event.position().toPoint() - self._pressed_at
        if way.manhattanLength() >= QApplication.startDragDistance():
            self.setDown(False)
            self._drag()

    def _drag(self) -> None:
        drag = QDrag(self)
        drag.setMimeData(to_mime(self.kind()))
        drag.setPixmap(self.grab())
        drag.setHotSpot(self._pressed_at or QPoint())
        self._pressed_at = None
        drag.exec(Qt.DropAction.CopyAction)


class Palette(QWidget):
    """Chips for the layers at hand; "All…" shows the whole catalogue in their place."""

    layer_chosen = Signal(object)
    """A new layer is wanted after the selected card."""
    stack_chosen = Signal(object)
    """A `ReadyMade` stack is wanted in the place of the present one."""
    why_planar_asked = Signal()
    """Somebody wants to know why planar layers fail here."""
    dismissed = Signal()
    """The search was left with Escape."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        known = {kind_of(cls): cls for cls in LAYER_SPECS}
        self.chips = [LayerChip(known[kind]) for kind in _AT_HAND if kind in known]
        self.all_button = _chip(checkable=True)
        self.ready_button = _chip()
        self.search_box = QLineEdit()
        self.list = PaletteList()
        self._lay_out()
        self._connect()
        self._expand(False)
        self.retint()
        self.retranslate()

    def focus_search(self) -> None:
        """Open the whole catalogue and put the keyboard into its search box."""
        self.all_button.setChecked(True)
        self.search_box.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search_box.selectAll()

    def retranslate(self) -> None:
        """Say every word in the language of the window."""
        self.all_button.setText(tr("All…"))
        self.all_button.setToolTip(tr("Show every layer of the catalogue (/)"))
        self.ready_button.setText(tr("Ready-made ▾"))
        self.ready_button.setToolTip(tr("Replace the stack by a well-known one"))
        self.search_box.setPlaceholderText(tr("Search the layers"))
        self.search_box.setAccessibleName(tr("Search the layers"))
        self.list.setAccessibleName(tr("All layers"))
        self._fill_menu()
        self.list.kinds.refresh()

    def retint(self) -> None:
        """Draw in the colours of the theme."""
        self._glass.setIcon(icon("search", "text_muted"))
        self.list.viewport().update()

    # --- details --------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        chips = FlowLayout()
        for chip in (*self.chips, self.all_button, self.ready_button):
            chips.addWidget(chip)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(chips)
        layout.addWidget(self.search_box)
        layout.addWidget(self.list)
        self.list.setMaximumHeight(_TALLEST_LIST)
        self.list.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._glass = self.search_box.addAction(
            icon("search", "text_muted"), QLineEdit.ActionPosition.LeadingPosition
        )
        self.search_box.setClearButtonEnabled(True)
        self.ready_button.setMenu(QMenu(self.ready_button))

    def _connect(self) -> None:
        for chip in self.chips:
            chip.chosen.connect(self.layer_chosen)
        self.all_button.toggled.connect(self._expand)
        self.all_button.clicked.connect(self._search_if_opened)
        self.search_box.textChanged.connect(self._search)
        self.search_box.returnPressed.connect(self.list.choose_current)
        self.search_box.installEventFilter(self)
        self.list.chosen.connect(self.layer_chosen)
        self.list.left_upwards.connect(self.search_box.setFocus)
        self.list.typed.connect(self._type_on)
        translator.changed.connect(self.retranslate)
        theme.changed.connect(self.retint)

    def _expand(self, expanded: bool) -> None:
        for chip in self.chips:
            chip.setVisible(not expanded)
        self.search_box.setVisible(expanded)
        self.list.setVisible(expanded)
        if not expanded:
            self.search_box.clear()

    def _search(self, text: str) -> None:
        self.list.kinds.search(text)
        if text:
            self.list.setCurrentIndex(self.list.kinds.first())

    def _type_on(self, sign: str) -> None:
        """Go on in the search box with what was typed in the list."""
        self.search_box.setFocus(Qt.FocusReason.OtherFocusReason)
        self.search_box.end(False)
        if sign == "\b":
            self.search_box.backspace()
        else:
            self.search_box.insert(sign)

    def _fill_menu(self) -> None:
        menu = self.ready_button.menu()
        menu.clear()
        menu.setToolTipsVisible(True)
        for ready in READY_MADE:
            action = menu.addAction(tr(ready.name))
            action.setToolTip(tr(ready.about))
            action.triggered.connect(lambda _on=False, r=ready: self.stack_chosen.emit(r))
        menu.addSeparator()
        why = menu.addAction(icon("circle-help"), tr("Why planar fails here…"))
        why.setObjectName("why_planar")
        why.triggered.connect(self.why_planar_asked)

    def _search_if_opened(self, opened: bool) -> None:
        if opened:
            self.focus_search()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """In the search box the down key goes to the list, and Escape closes the catalogue."""
        if watched is not self.search_box:
            return super().eventFilter(watched, event)
        if not isinstance(event, QKeyEvent):
            return super().eventFilter(watched, event)
        if event.type() == QEvent.Type.KeyPress:
            return self._search_key(event)
        if event.type() == QEvent.Type.ShortcutOverride and event.key() == Qt.Key.Key_Escape:
            event.accept()  # else the window's own use of Escape would come first
            return True
        return super().eventFilter(watched, event)

    def _search_key(self, event: QKeyEvent) -> bool:
        if event.key() == Qt.Key.Key_Down:
            if not self.list.currentIndex().isValid():
                self.list.setCurrentIndex(self.list.kinds.first())
            self.list.setFocus(Qt.FocusReason.OtherFocusReason)
            return True
        if event.key() == Qt.Key.Key_Escape:
            self.all_button.setChecked(False)
            self.dismissed.emit()
            return True
        return False


def _chip(*, checkable: bool = False) -> QPushButton:
    button = QPushButton()
    button.setProperty("role", "chip")
    button.setCheckable(checkable)
    return button
