"""Stacks to start from: the models of the literature, and the simplest change of variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from explorer.stack.edits import fresh
from explorer.words.languages import mark
from flowengine.catalogue import LAYER_SPECS, kind_of
from flowengine.project import Project

if TYPE_CHECKING:
    from explorer.stack.edits import Stack


class ReadyMade(NamedTuple):
    """A whole stack by name.

    Attributes:
        layers: Base first, each as a project file writes it.
    """

    name: str
    about: str
    layers: tuple[dict[str, Any], ...]

    @property
    def known(self) -> bool:
        """Whether the catalogue has every kind of layer that it needs."""
        kinds = {kind_of(cls) for cls in LAYER_SPECS}
        return all(layer["kind"] in kinds for layer in self.layers)

    def stack(self) -> Stack:
        """Its layers, each with an id that no layer has had.

        Raises:
            ProjectError: the catalogue does not have every kind of layer that it needs.
        """
        return fresh(Project.from_dict({"stack": self.layers}).stack)


def _repeated(count: int, *kinds: str) -> tuple[dict[str, Any], ...]:
    return tuple({"kind": kind} for kind in kinds) * count


_ALL: Final = (
    ReadyMade(
        "RealNVP",
        mark("Eight affine couplings, with ActNorm after every pair (Dinh et al., 2017)"),
        _repeated(4, "affine_coupling", "affine_coupling", "actnorm"),
    ),
    ReadyMade(
        "Glow",
        mark("Eight Glow steps (Kingma & Dhariwal, 2018)"),
        _repeated(8, "glow"),
    ),
    ReadyMade(
        mark("Neural spline flow"),
        mark("Four spline couplings that take turns (Durkan et al., 2019)"),
        _repeated(4, "spline_coupling"),
    ),
    ReadyMade(
        mark("Gaussianization"),
        mark(
            "Eight turns of the plane, each followed by a spline on either axis (Meng et al., 2020)"
        ),
        ({"kind": "rotation", "angle": 45.0}, {"kind": "spline"}) * 8,
    ),
    ReadyMade(
        "MAF",
        mark("Five MAF layers that take turns (Papamakarios et al., 2017)"),
        _repeated(5, "maf"),
    ),
    ReadyMade(
        mark("Planar × 32"),
        mark("Thirty-two planar layers (Rezende & Mohamed, 2015)"),
        _repeated(32, "planar"),
    ),
    ReadyMade(
        mark("Residual"),
        mark("Eight contractive residual layers (Behrmann et al., 2019)"),
        _repeated(8, "residual"),
    ),
    ReadyMade(
        "x = 2z + 1",
        mark("One scale and shift: the change of variables at its simplest"),
        (
            {
                "kind": "scale_shift",
                "scale_x": 2.0,
                "scale_y": 2.0,
                "shift_x": 1.0,
                "shift_y": 1.0,
            },
        ),
    ),
)
READY_MADE: Final = tuple(ready for ready in _ALL if ready.known)
