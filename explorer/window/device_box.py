"""The choice of a device, with how quickly each has trained in this session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QStyle, QStyleOptionComboBox, QStylePainter, QWidget

from explorer.lanes import LANE_ORDER, lane_title
from explorer.widgets.named_box import NamedBox
from explorer.words.languages import number, tr, translator
from flowengine.protocol import LaneStatus, Metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent

    from flowengine.protocol import DeviceInfo, Event

_USUAL: Final = "CPU · 2,100 + 5,400 steps/s"
_SHORTEST: Final = "Automatic device"
_DIGITS: Final = 2  # more of them would change with every measurement


class DeviceBox(NamedBox):
    """Offers the devices that the engines have found.

    It listens to the engines: a lane's speed belongs to the device that its last status named.
    """

    picked = Signal(str)
    """The device to train on: "auto", or the kind of one that is there."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._devices: tuple[DeviceInfo, ...] = ()
        self._training_on: dict[str, str] = {}
        self._rates: dict[str, dict[str, str]] = {}
        self.activated.connect(lambda row: self.picked.emit(self.itemData(row)))
        translator.changed.connect(self.retranslate)
        self.retranslate()

    def set_devices(self, devices: Sequence[DeviceInfo]) -> None:
        """Offer the devices that the engines have found."""
        chosen = self.currentData() or "auto"
        self._devices = tuple(devices)
        self.clear()
        for kind in ("auto", *(device.kind for device in devices)):
            self.addItem("", kind)
        self.setCurrentIndex(max(0, self.findData(chosen)))
        self.setEnabled(bool(devices))
        self._show_texts()

    def receive(self, lane: str, message: Event) -> None:
        """Take a message of a lane's engine up, if it says where it trains or how quickly."""
        if isinstance(message, LaneStatus):
            training = message.state == "training"
            self._training_on[lane] = message.device if training else ""
        elif isinstance(message, Metrics) and message.steps_per_second > 0:
            self._take_rate(lane, number(message.steps_per_second, _DIGITS))

    def retranslate(self) -> None:
        """Say every word again."""
        self.setAccessibleName(tr("Device"))
        self.set_devices(self._devices)

    def sizeHint(self) -> QSize:
        """Wide enough for a usual device, however long the name of another is."""
        return self._size_for(_USUAL)

    def minimumSizeHint(self) -> QSize:
        """Wide enough for what stands there at first."""
        return self._size_for(_SHORTEST)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the box, its text shortened in the middle where it is too long."""
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        style, control = self.style(), QStyle.ComplexControl.CC_ComboBox
        part = QStyle.SubControl.SC_ComboBoxEditField
        room = style.subControlRect(control, option, part, self).width() - 4
        option.currentText = self.fontMetrics().elidedText(
            option.currentText, Qt.TextElideMode.ElideMiddle, room
        )
        painter.drawComplexControl(control, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        painter.end()

    def showPopup(self) -> None:
        """Open the list as wide as its longest line."""
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + 12)
        super().showPopup()

    def _size_for(self, text: str) -> QSize:
        """The size of a box with this text, whatever stands in its list."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        inside = QSize(self.fontMetrics().horizontalAdvance(text), 0)
        kind = QStyle.ContentsType.CT_ComboBox
        width = self.style().sizeFromContents(kind, option, inside, self).width()
        return QSize(width, super().sizeHint().height())

    def _take_rate(self, lane: str, rate: str) -> None:
        device = self._training_on.get(lane)
        if device and self._rates.get(device, {}).get(lane) != rate:
            self._rates.setdefault(device, {})[lane] = rate
            self._show_texts()

    def _show_texts(self) -> None:
        if self.count():
            self.setItemText(0, tr("Automatic device"))
        for row, device in enumerate(self._devices, start=1):
            name = "CPU" if device.kind == "cpu" else device.name
            self.setItemText(row, f"{name} · {self._measured(device.kind)}")
            self.setItemData(row, self._in_words(device), Qt.ItemDataRole.ToolTipRole)
        said = [tr("Where the models are trained")]
        said += [self._in_words(device) for device in self._devices]
        self.setToolTip("\n".join(said))

    def _measured(self, kind: str) -> str:
        rates = self._rates.get(kind)
        if not rates:
            return tr("not measured yet")
        shown = " + ".join(rates[lane] for lane in LANE_ORDER if lane in rates)
        return tr("{rate} steps/s").format(rate=shown)

    def _in_words(self, device: DeviceInfo) -> str:
        """Every lane's own speed on a device."""
        rates = self._rates.get(device.kind, {})
        lanes = [
            f"{tr(lane_title(lane))} {tr('{rate} steps/s').format(rate=rates[lane])}"
            for lane in LANE_ORDER
            if lane in rates
        ]
        return f"{device.name}: {', '.join(lanes) or tr('not measured yet')}"
