"""Why planar layers fail on most targets, shown on the layers of the stack as they are now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QPainter, QPen, QPixmap
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from explorer.stack.names import formula_html
from explorer.stack.ready_made import READY_MADE
from explorer.stack.thumbnail import REACH, grid_pixmap, plain_grid
from explorer.theme import theme
from explorer.words.languages import number, tr, translator
from flowengine.catalogue import Planar, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from explorer.stack.edits import Stack
    from flowengine.protocol import LayerFact

_KIND: Final = kind_of(Planar)
_BENDING: Final = ("coupling", "autoregressive", "residual")  # groups that do more than mix axes
_OFFERED: Final = ("Planar × 32", "Neural spline flow")
_SIDE: Final = 170
_WIDTH: Final = 460
_STILL: Final = 1e-3  # a layer that moves no point further than this does nothing, in data units


class Push(NamedTuple):
    """What a layer does to the square mesh, seen as movements.

    Attributes:
        direction: The one direction that holds most of the movement, of length 1.
        share: How much of the squared movement it holds, from 0.5 to 1.
        longest: The longest movement, in data units.
    """

    direction: tuple[float, float]
    share: float
    longest: float


def push_of(grid: NDArray[np.floating]) -> Push | None:
    """How a layer moves the mesh of its card, shape (n, n, 2); None where nothing moves."""
    moved = (np.asarray(grid, np.float64) - plain_grid(len(grid))).reshape(-1, 2)
    moved = moved[np.isfinite(moved).all(axis=1)]
    longest = float(np.hypot(*moved.T).max(initial=0.0))
    if longest < _STILL:
        return None
    _, strengths, directions = np.linalg.svd(moved, full_matrices=False)
    x, y = directions[0].tolist()
    return Push((x, y), float(strengths[0] ** 2 / (strengths**2).sum()), longest)


def leans_on_planar(stack: Stack) -> bool:
    """Whether planar layers are all that bends the plane in a stack."""
    bending = [layer.kind for layer in stack if layer.enabled and layer.group in _BENDING]
    return bool(bending) and set(bending) == {_KIND}


class WhyPlanar(QDialog):
    """The reason in three short paragraphs, a picture from the stack, and two stacks to try.

    Args:
        stack: The layers, base first.
        fact_of: What an engine has measured of a layer, by its id; None where it has not.
    """

    stack_chosen = Signal(object)
    """A `ReadyMade` stack is wanted in the place of the present one."""

    def __init__(
        self, stack: Stack, fact_of: Callable[[str], LayerFact | None], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._planar = [layer for layer in stack if layer.enabled and layer.kind == _KIND]
        self._strongest = _strongest([fact_of(layer.id) for layer in self._planar])
        self._rank, self._here, self._why = QLabel(), QLabel(), QLabel()
        self._picture = QLabel()
        self._offers = [ready for ready in READY_MADE if ready.name in _OFFERED]
        self.buttons = [QPushButton() for _ in self._offers]
        for button, ready in zip(self.buttons, self._offers, strict=True):
            button.clicked.connect(lambda _checked=False, r=ready: self._offer(r))
        self._lay_out()
        translator.changed.connect(self.retranslate)
        theme.changed.connect(self._draw)
        self._draw()
        self.retranslate()

    @property
    def text(self) -> str:
        """Everything that is said."""
        return "\n".join(label.text() for label in (self._rank, self._here, self._why))

    def retranslate(self) -> None:
        """Say every word in the language of the window."""
        self.setWindowTitle(tr("Why planar layers fail here"))
        self._rank.setText(
            tr(
                "A planar layer, {formula}, moves every point along one direction u, and how far "
                "depends on one coordinate alone. Its Jacobian is the identity plus a matrix of "
                "rank one."
            ).format(formula=formula_html(Planar.formula))
        )
        self._here.setText(self._here_words())
        self._why.setText(
            tr(
                "So each layer can stretch or squeeze along one straight line. A gap between two "
                "parts, a ring or a corner needs such a line for every side: dozens of planar "
                "layers do what one spline coupling does, which bends a coordinate in another way "
                "for every value of the other."
            )
        )
        for button, ready in zip(self.buttons, self._offers, strict=True):
            button.setText(tr("Use {stack}").format(stack=tr(ready.name)))
            button.setToolTip(tr(ready.about))

    def _here_words(self) -> str:
        if not self._planar:
            return tr("This stack has no planar layer. Try thirty-two of them, and watch.")
        count = len(self._planar)
        if self._strongest is None:
            words = tr("Planar layers that act here: {count}. None has moved a point yet.")
            return words.format(count=count)
        push = self._strongest[1]
        return tr(
            "Planar layers that act here: {count}. The strongest moves points by up to {longest} "
            "data units, with {share} % of that along the one direction drawn."
        ).format(count=count, longest=number(push.longest, 2), share=round(100 * push.share))

    def _lay_out(self) -> None:
        for label in (self._rank, self._here, self._why):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.RichText)
        self._picture.setVisible(self._strongest is not None)
        middle = QHBoxLayout()
        middle.setSpacing(14)
        middle.addWidget(self._picture)
        middle.addWidget(self._here, 1)
        foot = QHBoxLayout()
        foot.addStretch(1)
        for button in self.buttons:
            foot.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 18)
        layout.setSpacing(14)
        layout.addWidget(self._rank)
        layout.addLayout(middle)
        layout.addWidget(self._why)
        layout.addLayout(foot)
        self.setFixedWidth(_WIDTH)

    def _draw(self) -> None:
        if self._strongest is not None:
            grid, push = self._strongest
            ratio = self.devicePixelRatioF()
            self._picture.setPixmap(_with_direction(grid_pixmap(grid, _SIDE, ratio), push))

    def _offer(self, ready: object) -> None:
        self.stack_chosen.emit(ready)
        self.close()


def _strongest(facts: Sequence[LayerFact | None]) -> tuple[NDArray[np.floating], Push] | None:
    pushes = [(fact.grid, push) for fact in facts if fact and (push := push_of(fact.grid))]
    return max(pushes, key=lambda found: found[1].longest, default=None)


def _with_direction(pixmap: QPixmap, push: Push) -> QPixmap:
    """The picture of a mesh with the line along which it was pushed."""
    x, y = push.direction
    reach = 0.9 * _SIDE / 2 * (3.0 / REACH)
    tip = QPointF(x * reach, -y * reach)
    centre = QPointF(_SIDE / 2, _SIDE / 2)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.color("accent"), 2, c=Qt.PenCapStyle.RoundCap))
    painter.drawLine(centre - tip, centre + tip)
    painter.end()
    return pixmap
