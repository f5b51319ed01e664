"""A target written as a formula, with its picture while it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from explorer.target.chips import SPACING, chip, flow
from explorer.target.picture import density_image
from explorer.target.popup import Popup
from explorer.theme import set_role
from explorer.words.languages import mark, tr, tr_sentence, translator
from flowengine.errors import FormulaError, TargetError
from flowengine.targets.formula import MAX_LENGTH, formula_density
from flowengine.targets.sources import spec_from_formula

if TYPE_CHECKING:
    from flowengine.project import Extent

_EXAMPLES: Final = (
    (mark("Bell"), "exp(-r^2 / 2)"),
    (mark("Ring"), "exp(-(r - 2)^2 / 0.1)"),
    (mark("Two bells"), "gauss(-1.5, 0, 0.5) + 2 gauss(1.5, 0, 0.8)"),
    (mark("Flower"), "exp(-8 (r - 2 - 0.6 cos(5 theta))^2)"),
    (mark("Waves"), "sin(3x)^2 sin(3y)^2 exp(-r^2 / 6)"),
    (mark("Banana"), "exp(-x^2 / 2 - 2 (y - x^2 / 2 + 1)^2)"),
)
_PICTURE: Final = 112
_WIDTH: Final = 380


class FormulaPopup(Popup):
    """A field for p(x, y) ∝ …; Enter takes the formula.

    Attributes:
        chosen: The `TargetSpec` of the formula.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._extent: Extent | None = None
        self.field = QLineEdit()
        self.field.setMaxLength(MAX_LENGTH)
        self.field.setMinimumWidth(_WIDTH)
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.picture = QLabel()
        self.picture.setFixedSize(_PICTURE, _PICTURE)
        self.take = QPushButton()
        self.take.setProperty("role", "do")
        self._sign = QLabel("p(x, y) ∝")
        self.examples = [chip() for _ in _EXAMPLES]
        self._lay_out()
        self._connect()
        self.retranslate()
        translator.changed.connect(self.retranslate)

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.addWidget(self._sign)
        line.addWidget(self.field, 1)
        words = QVBoxLayout()
        words.setSpacing(SPACING)
        words.addWidget(self.message, 1)
        words.addLayout(flow(self.examples))
        words.addWidget(self.take, 0, Qt.AlignmentFlag.AlignRight)
        below = QHBoxLayout()
        below.setSpacing(12)
        below.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        below.addLayout(words, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(10)
        layout.addLayout(line)
        layout.addLayout(below)

    def _connect(self) -> None:
        self.field.textChanged.connect(self._try)
        self.field.returnPressed.connect(self._take)
        self.take.clicked.connect(self._take)
        for button, (_, formula) in zip(self.examples, _EXAMPLES, strict=True):
            button.clicked.connect(lambda _checked, formula=formula: self.field.setText(formula))

    def retranslate(self) -> None:
        """Say everything anew in the language of the window."""
        self.field.setAccessibleName(tr("Formula"))
        self.field.setToolTip(
            tr(
                "Of x, y, r and theta, with pi, e, + − * / ^, comparisons, and functions such as "
                "exp, log, sqrt, sin, cos, tanh, abs, min, max, gauss(x0, y0, width)"
            )
        )
        self.picture.setAccessibleName(tr("Picture of the formula"))
        self.take.setText(tr("Take it"))
        self.take.setToolTip(tr("Make this formula the target"))
        for button, (name, formula) in zip(self.examples, _EXAMPLES, strict=True):
            button.setText(tr(name))
            button.setAccessibleName(tr(name))
            button.setToolTip(formula)
        self._try()

    def open_with(self, corner: QPoint, formula: str, extent: Extent) -> None:
        """Show it at a place on the screen, with a formula to begin with."""
        self._extent = extent
        self.field.setText(formula or self.field.text() or _EXAMPLES[1][1])
        self._try()
        self.open_at(corner)
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)
        self.field.selectAll()

    def _try(self) -> None:
        """Show what the formula so far looks like, or what is wrong with it."""
        if self._extent is None:
            return
        try:
            density = formula_density(self.field.text(), self._extent, _PICTURE)
        except TargetError as error:
            self._say(error)
            return
        set_role(self.message, "muted")
        self.message.setText(self.field.toolTip())
        self.picture.setPixmap(QPixmap.fromImage(density_image(density.astype(np.float32))))
        self.take.setEnabled(True)

    def _say(self, error: TargetError) -> None:
        set_role(self.message, "error")
        self.message.setText(tr_sentence(error.sentence))
        self.message.setMinimumHeight(self.message.heightForWidth(self.message.width()))
        self.picture.clear()
        self.take.setEnabled(False)

    def _take(self) -> None:
        if self._extent is None:
            return
        try:
            spec = spec_from_formula(self.field.text(), self._extent)
        except TargetError as error:
            self._say(error)
            if isinstance(error, FormulaError):
                self.field.setCursorPosition(error.at)
            return
        self.close()
        self.chosen.emit(spec)
