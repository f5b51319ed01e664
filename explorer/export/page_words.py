"""What a web page says, in the language of the window."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Final, NamedTuple

from explorer.panels.kinds import KINDS
from explorer.panels.overlays import OVERLAYS
from explorer.words.languages import mark, number, tr
from flowengine.catalogue import GanSpec, VaeSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.export.web_page import PageLane
    from flowengine.project import Lane

_FIGURES: Final = {
    "kl": (mark("KL"), mark("KL(target ‖ model) on held-out points, in nats"), mark("nats")),
    "nll": (mark("NLL"), mark("Negative log-likelihood on held-out points, in nats"), mark("nats")),
    "entropy": (
        mark("entropy of the target"),
        mark("The target's own entropy in nats: the floor of NLL"),
        mark("nats"),
    ),
    "w2": (
        mark("W₂"),
        mark("Sliced Wasserstein distance of samples to the target in data units; all have it"),
        "",
    ),
}
_BOUNDED: Final = ("kl", "nll")
_CHANGE: Final = mark(
    "Every particle keeps a colour taken from the angle of its z in the base. Particle i starts "
    "at the same z in every panel when generating, and at the same x when normalizing. A flow "
    "carries z to x by an invertible map. Where the map stretches the plane the density falls, and "
    "where it squeezes the plane the density rises, so that the mass of every region stays what it "
    "was."
)
_DISCRETE: Final = mark(
    "A discrete flow applies one layer after the other and adds up what each does to the volume. "
    "The warped grid is warm where the plane has been stretched since the base, cool where it has "
    "been squeezed."
)
_CONTINUOUS: Final = mark(
    "A continuous flow follows a velocity field, and the volume changes at every moment by the "
    "field's divergence."
)
_FIT: Final = mark(
    "KL(target ‖ model) is NLL minus the target's own entropy: 0 is a perfect fit, and no model's "
    "NLL can lie below the entropy."
)
_FOOTER: Final = mark("Made with Flow Explorer. Positions are kept to within {step} data units.")
_LOG_P_X: Final = "log <i>p</i><sub>x</sub>(x) = log <i>p</i><sub>z</sub>(z) − "
_SUM: Final = f"{_LOG_P_X}∑<sub>k</sub> log |det <i>J</i><sub>k</sub>|"
_INTEGRAL: Final = (
    "dx/d<i>t</i> = <i>v</i>(x, <i>t</i>)<br>"
    f"{_LOG_P_X}∫<sub>0</sub><sup>1</sup> div <i>v</i> d<i>t</i>"
)


class PageFigures(NamedTuple):
    """The latest figures of a lane, None for what it does not have: nats, W₂ in data units."""

    kl: float | None = None
    nll: float | None = None
    entropy: float | None = None
    w2: float | None = None


def check_text(largest_difference: float) -> str:
    """What reading a page again has shown, as the message afterwards says it."""
    return tr("read again: positions within {difference} data units").format(
        difference=number(largest_difference, 2)
    )


def script_words(base_name: str) -> dict[str, str]:
    """What the page's script says, by name; {blanks} are filled in there."""
    chips = {f"chip_{name}": tr(overlay.chip) for name, overlay in OVERLAYS.items()}
    tips = {f"tip_{name}": tr(overlay.meaning) for name, overlay in OVERLAYS.items()}
    return {
        **chips,
        **tips,
        "base_name": base_name,
        "density": tr("density"),
        "log_det": tr("log|det| in nats"),
        "reading": tr("density {density}, log p = {log_prob} nats"),
        "hover": tr("Point at a particle to follow it"),
        "layers": tr("layers, from base to target"),
        "layer": tr("layer {n} of {count}"),
        "after": tr("after layer {n} of {count}"),
        "base": tr("base"),
        "target": tr("target"),
        "time": tr("t = {t}"),
        "straight": tr("straight line, {share} %"),
        "play": tr("Play (Space)"),
        "pause": tr("Pause (Space)"),
    }


def fragments(
    lanes: Sequence[PageLane],
    figures: Sequence[PageFigures],
    *,
    target: str,
    base: str,
    precision: float,
) -> dict[str, str]:
    """The page's own words as HTML, by the names that the template has for them.

    Args:
        lanes: The panels.
        figures: Of each panel.
        target: What the target is called.
        base: What the base is called.
        precision: To which positions are kept, in data units.
    """
    words = {
        "subtitle": tr("Target: {target} · base: {base}").format(target=target, base=base),
        "theme_tip": tr("Change between the dark and the light theme"),
        "no_script": tr("The pictures need JavaScript; the figures and the words do not."),
        "trouble": tr("The pictures need a browser of 2023 or later."),
        "panels_label": tr("The flows side by side"),
        "transport_label": tr("Moment between base and target"),
        "first_tip": tr("To the base (Home)"),
        "back_tip": tr("Back to the layer before (←)"),
        "on_tip": tr("On to the next layer (→)"),
        "last_tip": tr("To the target (End)"),
        "speed_tip": tr("Speed"),
        "generate": tr("generate z → x"),
        "generate_tip": tr("Draw from the base and watch samples appear"),
        "normalize": tr("normalize x → z"),
        "normalize_tip": tr("Start from the target and watch it become the base"),
        "scrub_tip": tr("Drag to any moment between base and target"),
        "scrub_label": tr("Moment between base and target"),
        "figures_title": tr("How well it fits"),
        "prose_title": tr("What one sees"),
        "footer": tr(_FOOTER).format(step=number(precision, 1)),
    }
    return {
        **{name: escape(text) for name, text in words.items()},
        "figures": _table(lanes, figures),
        "prose": "\n".join(f"<p>{text}</p>" for text in _paragraphs(lanes)),
    }


# --- figures --------------------------------------------------------------------------------------


def _table(lanes: Sequence[PageLane], figures: Sequence[PageFigures]) -> str:
    heads = "".join(f'<th scope="col" class="{lane.lane}">{_short(lane)}</th>' for lane in lanes)
    rows = [_row(name, lanes, figures) for name in _FIGURES]
    return (
        f"<table><thead><tr><td></td>{heads}</tr></thead>"
        f"<tbody>{''.join(row for row in rows if row)}</tbody></table>"
    )


def _short(lane: PageLane) -> str:
    return escape(lane.title.split(" · ")[0])


def _row(name: str, lanes: Sequence[PageLane], figures: Sequence[PageFigures]) -> str:
    """One row of the table; none for a figure that no lane has."""
    values = [getattr(each, name) for each in figures]
    if all(value is None for value in values):
        return ""
    title, meaning, unit = _FIGURES[name]
    cells = [
        f"<td>{_figure(name, lane.lane, value)}</td>"
        for lane, value in zip(lanes, values, strict=True)
    ]
    said = f"{tr(title)} ({tr(unit)})" if unit else tr(title)
    head = f'<th scope="row" title="{escape(tr(meaning))}">{escape(said)}</th>'
    return f"<tr>{head}{''.join(cells)}</tr>"


def _figure(name: str, lane: Lane, value: float | None) -> str:
    if value is None or math.isnan(value):
        return "–"
    bound = "≤ " if lane == "vae" and name in _BOUNDED else ""
    return bound + escape(number(value, 4 if abs(value) >= 1 else 3))


# --- what one sees --------------------------------------------------------------------------------


def _paragraphs(lanes: Sequence[PageLane]) -> list[str]:
    here = {lane.lane for lane in lanes}
    said = [escape(tr(_CHANGE))]
    if "discrete" in here:
        said.append(escape(tr(_DISCRETE)) + _formula("discrete", _SUM))
    if "continuous" in here:
        said.append(escape(tr(_CONTINUOUS)) + _formula("continuous", _INTEGRAL))
    said.append(escape(tr(_FIT)))
    if "vae" in here:
        said.append(escape(f"{tr(KINDS['vae'].figure.meaning)}. {tr(VaeSpec.path_note)}."))
    if "gan" in here:
        said.append(escape(f"{tr(KINDS['gan'].caption)}. {tr(GanSpec.path_note)}."))
    return said


def _formula(lane: Lane, formula: str) -> str:
    return f' <span class="formula {lane}">{formula}</span>'
