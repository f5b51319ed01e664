"""One lane's panel: its title, its picture, its figure and the switches of the picture."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from explorer.lanes import lane_title
from explorer.panels.camera import Camera
from explorer.panels.chips import ChipRow
from explorer.panels.difference import Reference
from explorer.panels.flow_view import FlowView
from explorer.panels.head_line import HeadLine
from explorer.panels.kinds import KINDS, room_for
from explorer.panels.outline import contour, level_holding
from explorer.panels.pace import with_rests
from explorer.panels.panel_copy import PanelCopy, places
from explorer.panels.sentence import Sentence
from explorer.panels.shot import Marker
from explorer.theme import theme
from explorer.words.languages import number, tr, tr_sentence, translator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike
    from PySide6.QtGui import QResizeEvent, QShowEvent

    from explorer.panels.film import Film
    from explorer.panels.shot import Shown
    from flowengine.project import Extent, Lane
    from flowengine.protocol import Event

_NARROWEST: Final = 160
_LOW: Final = 280  # pixels of height below which the picture needs the room of the switches
_USUAL_FIGURE: Final = "KL ≤ 0.0000"
_EITHER: Final = {"density", "difference"}  # one takes the place of the other
_OUTLINE_SHARES: Final = (0.5, 0.9)


class FlowPanel(QWidget):
    """Shows one lane on the common clock.

    Signals:
        point_picked: x and y of a point of data space, whose ledger is asked for.
        hovered: x and y under the mouse, in data units of the moment that is shown.
        left: The mouse has left the picture.
        options_changed: What of the picture is switched on, a `Shown`.
        enlarged: Whether the panel should have all the room.

    Args:
        lane: Whose panel it is.
        camera: Shared by the panels that zoom and pan together.
        title: In English; the lane's name without one.
    """

    point_picked = Signal(float, float)
    hovered = Signal(float, float)
    left = Signal()
    options_changed = Signal(object)
    enlarged = Signal(bool)

    def __init__(
        self,
        lane: Lane,
        camera: Camera | None = None,
        title: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._lane: Lane = lane
        self._kind = KINDS[lane]
        self._title_text = title or lane_title(lane)
        self._layers: tuple[str, ...] = ()
        self._value: float | None = None
        self._note_text = ""
        self._beneath = True  # whether there was a density where the difference is
        self.view = FlowView(lane, camera or Camera(self))
        self.view.shown = self._kind.shown
        self._head = HeadLine(lane, self._kind.place)
        self._figure, self._unit, self._note = _label("figure"), _label("muted"), _label("muted")
        self._message, self._message_text = Sentence(self.view), ""
        self._caption = Sentence(self.view, low=True)
        self._chips = ChipRow(
            self._kind.chips, self.view.shown, self._kind.more, room_for(self._kind)
        )
        self._lay_out()
        self.view.point_picked.connect(self.point_picked)
        self.view.hovered.connect(self.hovered)
        self.view.left.connect(self.left)
        self._head.enlarged.connect(self.enlarged)
        self._chips.toggled.connect(self.switch)
        self._chips.colours_chosen.connect(self.view.set_colours)
        translator.changed.connect(self.retranslate)
        self.retranslate()

    # --- what it shows --------------------------------------------------------------------------

    @property
    def film(self) -> Film:
        """The film that is shown."""
        return self.view.film

    def set_film(self, film: Film) -> None:
        """Show another film."""
        self.view.film = film
        self.view.update()

    def take(self, message: Event, now: float) -> bool:
        """Give a message to the film; true if the picture changes and the clock should wake."""
        return self.film.take(message, now)

    def show_moment(self, tau: float, now: float) -> None:
        """Show a moment of the clock; the clock itself calls this with every tick."""
        self.view.show_moment(tau, now)
        self._tell_place()

    def moving_until(self) -> float:
        """The time until which the picture changes although the clock stands."""
        return self.view.moving_until

    def set_layers(self, count: int, titles: Sequence[str] = ()) -> None:
        """Say how many layers share the clock: the picture rests at the end of every one.

        Raises:
            ValueError: there are titles, but not one for each layer.
        """
        if titles and len(titles) != count:
            raise ValueError(f"Expected a title for each of {count} layers, got {len(titles)}")
        self._layers = tuple(titles) or ("",) * count
        self.view.pace = partial(with_rests, layers=count)
        self.view.update()
        self._tell_place()

    @property
    def layers(self) -> tuple[str, ...]:
        """The titles of the layers that share the clock."""
        return self._layers

    @property
    def colours(self) -> str:
        """The name of the density's colour map."""
        return self.view.colours

    @property
    def measured(self) -> str:
        """Which field of `protocol.Metrics` the figure shows."""
        return self._kind.figure.measured

    def set_figures(self, value: float | None, note: str = "") -> None:
        """Show the lane's figure, a flow's KL in nats, or a dash; and a short note beside it.

        The note is in English.
        """
        self._value, self._note_text = value, note
        self._tell_figures()

    def set_message(self, text: str) -> None:
        """Lay a sentence, in English, over the picture; none takes it away."""
        self._message_text = text
        self._message.show_text(tr_sentence(text))
        self._tell_caption()

    def set_target_outline(self, density: ArrayLike | None, extent: Extent) -> None:
        """Draw the regions that hold half and nine tenths of the target.

        Args:
            density: Shape (rows, columns), row 0 at y_min, of any sum; None takes the outline away.
            extent: (x_min, x_max, y_min, y_max) in data units.
        """
        lines = [np.empty((0, 4))]
        if density is not None:
            levels = [level_holding(density, share) for share in _OUTLINE_SHARES]
            lines += [contour(density, extent, level) for level in levels]
        self.view.set_outline(np.concatenate(lines))

    def set_reference(
        self, density: ArrayLike | None, extent: Extent, *, is_base: bool = False
    ) -> None:
        """Say what the density should become; the difference map shows what it lacks.

        Args:
            density: Shape (rows, columns), row 0 at y_min, of any sum; None for nothing.
            extent: (x_min, x_max, y_min, y_max) in data units.
            is_base: Whether it is the base's density, and not the target's.
        """
        reference = None if density is None else Reference(density, extent, is_base=is_base)
        self.view.set_reference(reference)

    def set_hindrance(self, name: str, reason: str) -> None:
        """Let a part of the picture be switched no more, and say why; "" lets it again."""
        self._chips.set_hindrance(name, reason)

    def set_marker(
        self,
        point: tuple[float, float] | None,
        jacobian: tuple[float, float, float, float] | None = None,
    ) -> None:
        """Point out a point, with its row-major Jacobian as an ellipse; None takes it away."""
        self.view.set_marker(None if point is None else Marker(point, jacobian))

    def set_large(self, large: bool) -> None:
        """Say whether the panel has all the room."""
        self._head.set_large(large)

    @property
    def title(self) -> str:
        """The title, in the language of the window."""
        return self._head.title

    @property
    def caption(self) -> str:
        """What the picture cannot show, in the language of the window; "" for a flow."""
        return tr(self._kind.caption) if self._kind.caption else ""

    @property
    def place(self) -> str:
        """Where the clock is, in words."""
        return self._head.place

    def copy(self) -> PanelCopy:
        """What is shown, for any moment, to be drawn elsewhere while the panel goes on."""
        return PanelCopy(
            lane=self._lane,
            title=self.title,
            figure=f"{self._figure.text()} {self._unit.text()}".strip(),
            caption=self.caption,
            film=self.film.settled(),
            shown=self.shown,
            colours=self.view.colours,
            outline=self.view.outline,
            reference=self.view.reference,
            layers=self._layers,
        )

    @property
    def shown(self) -> Shown:
        """What of the picture is switched on."""
        return self.view.shown

    def set_shown(self, shown: Shown) -> None:
        """Switch parts of the picture on and off."""
        if shown != self.view.shown:
            self.view.shown = shown
            self._chips.set_shown(shown)
            self.view.update()
            self.options_changed.emit(shown)

    def can_show(self, name: str) -> bool:
        """Whether the picture has a part, a field of `Shown`, and nothing stands in its way."""
        return name in (*self._kind.chips, *self._kind.more) and not self._chips.hindrance(name)

    def switch(self, name: str, on: bool) -> None:
        """Switch one part of the picture; the density and the difference take turns."""
        changes = {name: on}
        if name == "difference" and on:
            self._beneath = self.view.shown.density
        elif name == "difference":
            changes["density"] = self._beneath
        if on and name in _EITHER:
            changes |= dict.fromkeys(_EITHER - {name}, False)
        self.set_shown(replace(self.view.shown, **changes))

    def set_title(self, title: str) -> None:
        """Give the panel another title, in English."""
        self._title_text = title
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything in the language of the window."""
        title = tr(self._title_text)
        self._head.set_title(title)
        self._message.show_text(tr_sentence(self._message_text))
        self._tell_caption()
        self.view.setAccessibleName(title)
        self.view.setAccessibleDescription(
            tr("Click a point for its ledger. Drag to pan, turn the wheel to zoom, 0 shows all.")
        )
        self._head.retranslate()
        figure = self._kind.figure
        self._unit.setText(tr(figure.unit) if figure.unit else "")
        self._figure.setToolTip(tr(figure.meaning))
        self._tell_figures()
        self._tell_place()

    # --- how ------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        figures = QHBoxLayout()
        figures.setSpacing(6)
        for label in (self._figure, self._unit, self._note):
            figures.addWidget(label, 0, Qt.AlignmentFlag.AlignBaseline)
        figures.addStretch(1)
        self._foot = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._foot.setSpacing(6)
        self._foot.addLayout(figures, 1)
        self._foot.addWidget(self._chips)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._head)
        layout.addWidget(self.view, 1)
        layout.addLayout(self._foot)

    def minimumSizeHint(self) -> QSize:
        """Narrower than the footer in one row, which then takes two."""
        return QSize(_NARROWEST, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Set the switches below the figure where both do not fit beside each other."""
        super().resizeEvent(event)
        self._arrange_foot()

    def showEvent(self, event: QShowEvent) -> None:
        """Arrange the footer by the look of the window, which counts from now on."""
        super().showEvent(event)
        self._arrange_foot()

    def _arrange_foot(self) -> None:
        self._chips.set_compact(self._low)
        self._tell_caption()
        # A figure of usual length, so that panels of one width look alike.
        figure = self._figure.fontMetrics().horizontalAdvance(_USUAL_FIGURE)
        figure += self._unit.fontMetrics().horizontalAdvance(tr("nats")) + 4 * self._foot.spacing()
        beside = figure + self._chips.sizeHint().width() <= self.width()
        direction = QBoxLayout.Direction
        self._foot.setDirection(direction.LeftToRight if beside else direction.TopToBottom)

    def _tell_caption(self) -> None:
        """Say what the picture cannot show, once there is one with room for words."""
        self._caption.show_text("" if self._message.text() or self._low else self.caption)

    @property
    def _low(self) -> bool:
        return self.height() < _LOW * theme.scale

    def _tell_figures(self) -> None:
        name = self._kind.figure.name
        value = "–" if self._value is None else number(self._value)
        # a bound of nothing would read as a bound of less than nothing
        self._figure.setText(f"{name.removesuffix(' ≤') if value == '–' else name} {value}")
        self._note.setText(tr(self._note_text))

    def _tell_place(self) -> None:
        self._head.set_place(*places(self._kind.goes, self._layers, self.view.tau))


def _label(role: str) -> QLabel:
    label = QLabel()
    label.setProperty("role", role)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
