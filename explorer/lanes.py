"""What the lanes are called; the theme has a colour of the same name for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from explorer.i18n import mark

if TYPE_CHECKING:
    from flowengine.project import Lane

LANE_TITLES: Final[dict[Lane, str]] = {
    "discrete": mark("Discrete"),
    "continuous": mark("Continuous"),
}
