"""What a layer is, and how a spec of the catalogue becomes one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, TypeVar

import torch
from torch import Tensor, nn

from flowengine.catalogue import admitted
from flowengine.checks import check_points
from flowengine.errors import SpecError
from flowengine.modes import in_full_precision, needs_plain, single_precision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from flowengine.catalogue import LayerSpec

Columns = tuple[Tensor, Tensor]
"""The two coordinates of a batch, each of shape (batch,), and dense in memory."""

Alpha = float | Tensor
"""How far along its way a layer is: a number, or many of them with the shape (frames, 1)."""


class Layer(nn.Module, ABC):
    """One invertible map of the plane, and the way it takes there from the identity.

    A layer is defined by two methods on columns:

    - `push(z, alpha)` goes from base towards target, `pull(x, alpha)` undoes it;
    - at alpha 0 both are the identity, at alpha 1 the layer's own map, and invertible in between;
    - both return the log|det| of the map that was called, of a shape that broadcasts to the points.

    `alpha` may have the shape (frames, 1): then the results have the shape (frames, batch), and
    whatever does not depend on alpha, such as a conditioner network, is computed once.

    Everything else (`forward`, `inverse`, `partial`, `jacobian`, …) follows from these two and
    takes points of shape (batch, 2).
    """

    start_fields: ClassVar[tuple[str, ...]] = ()
    """Settings that say where the weights start: a change of one of them starts the layer anew."""

    def __init__(self, spec: LayerSpec) -> None:
        super().__init__()
        self.spec = spec

    @property
    def name(self) -> str:
        """What an error calls this layer: its title and its id."""
        return f"{self.spec.title} {self.spec.id}".strip()

    @property
    def settled_spec(self) -> LayerSpec:
        """The spec with a number where it leaves one to the layer, as an export freezes it."""
        return self.spec

    @abstractmethod
    def push(self, z: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """Base towards target, a fraction alpha of the way; the columns and log|det dx/dz|."""

    @abstractmethod
    def pull(self, x: Columns, alpha: Alpha = 1.0) -> tuple[Columns, Tensor]:
        """Undo `push`; the columns and log|det dz/dx|."""

    def pull_and_push(self, x: Columns, alpha: Tensor) -> tuple[Columns, Columns]:
        """Undo the layer, then go again by fractions: z, and its way to x at every alpha.

        The points of a trace that starts at the target come from here.
        """
        z, _ = self.pull(x)
        return z, self.push(z, alpha)[0]

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Generate: z (batch, 2) to x (batch, 2), and log|det dx/dz|, shape (batch,), in nats."""
        return self._on_points(self.push, z, 1.0)

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Normalize: x (batch, 2) to z (batch, 2), and log|det dz/dx|, shape (batch,), in nats."""
        return self._on_points(self.pull, x, 1.0)

    def partial(self, z: Tensor, alpha: float) -> tuple[Tensor, Tensor]:
        """The map a fraction alpha of the way: identity at 0, `forward` at 1. Shapes as there."""
        return self._on_points(self.push, z, alpha)

    def partial_inverse(self, x: Tensor, alpha: float) -> tuple[Tensor, Tensor]:
        """Undo `partial`. Shapes as in `inverse`."""
        return self._on_points(self.pull, x, alpha)

    def partials(self, z: Tensor, alphas: Tensor) -> tuple[Tensor, Tensor]:
        """`partial` at every alpha, shape (frames,): (frames, batch, 2) and (frames, batch)."""
        columns, log_det = self.push(to_columns(check_points(z, "z")), alphas[:, None])
        shape = torch.Size((alphas.shape[0], z.shape[0]))
        points = torch.stack([column.expand(shape) for column in columns], -1)
        return points, for_each(log_det, shape)

    @in_full_precision
    def jacobian(self, z: Tensor) -> Tensor:
        """dx/dz of `forward` at every point, shape (batch, 2, 2); differentiable."""
        if torch.is_inference_mode_enabled():  # which knows no derivatives
            with torch.inference_mode(False), torch.no_grad():
                return self.jacobian(z)
        z = check_points(z, "z")
        return torch.stack(list(_rows(lambda p: self.push(to_columns(p))[0], z)), 1)

    def initialize(self, x: Columns) -> None:
        """Choose the start by a batch on the target's side of the layer, if the layer does so."""

    def settle(self) -> None:
        """Write into the weights what else they decide, before an export takes them away."""

    def resumes(self, old: Layer) -> bool:
        """Whether this layer can take over the weights of `old`: same kind, shapes and start."""
        here, there = self.state_dict(), old.state_dict()
        return (
            type(self) is type(old)
            and here.keys() == there.keys()
            and all(here[name].shape == there[name].shape for name in here)
            and all(getattr(self.spec, f) == getattr(old.spec, f) for f in self.start_fields)
        )

    def _on_points(
        self,
        move: Callable[[Columns, Alpha], tuple[Columns, Tensor]],
        points: Tensor,
        alpha: float,
    ) -> tuple[Tensor, Tensor]:
        columns, log_det = move(to_columns(check_points(points, "points")), alpha)
        return to_points(columns), for_each(log_det, columns[0].shape)


def for_each(log_det: Tensor, shape: torch.Size) -> Tensor:
    """A log|det| that may be one for many points, as numbers of their own that may be changed."""
    return log_det if log_det.shape == shape else log_det.expand(shape).clone()


def is_whole(alpha: Alpha) -> bool:
    """Whether a layer is to go all its way, at one moment."""
    return not isinstance(alpha, Tensor) and alpha == 1.0


def at_each(
    move: Callable[[Columns, float], tuple[Columns, Tensor]], p: Columns, alpha: Tensor
) -> tuple[Columns, Tensor]:
    """A move that knows one moment only, at every alpha of shape (frames, 1): (frames, batch)."""
    return stacked([move(p, moment) for moment in alpha.flatten().tolist()])


def stacked(moved: Sequence[tuple[Columns, Tensor]]) -> tuple[Columns, Tensor]:
    """What a move gave at several moments, each of shape (batch,), as (frames, batch)."""
    first, second = (torch.stack([columns[k] for columns, _ in moved]) for k in (0, 1))
    return (first, second), torch.stack([log_det for _, log_det in moved])


def _rows(moved: Callable[[Tensor], Columns], z: Tensor) -> Iterator[Tensor]:
    """The gradient of either coordinate of where each point goes, shape (batch, 2)."""
    if needs_plain():
        columns, back = torch.func.vjp(moved, z)  # type: ignore[misc]
        one, none = torch.ones_like(columns[0]), torch.zeros_like(columns[0])
        yield from (back(g)[0] for g in ((one, none), (none, one)))
        return
    again = torch.is_grad_enabled()
    with torch.enable_grad():
        z = z.view_as(z) if z.requires_grad and again else z.detach().requires_grad_()
        for column in moved(z):
            yield torch.autograd.grad(column.sum(), z, retain_graph=True, create_graph=again)[0]


def to_columns(points: Tensor) -> Columns:
    """Points of shape (batch, 2) as two dense columns."""
    x, y = points.t().contiguous().unbind(0)
    return x, y


def to_points(columns: Columns) -> Tensor:
    """Two columns as points of shape (batch, 2)."""
    return torch.stack(columns, -1)


_layers: dict[type[LayerSpec], Callable[[LayerSpec, torch.Generator], Layer]] = {}
_L = TypeVar("_L", bound=type[Layer])


def implements(spec_class: type[LayerSpec]) -> Callable[[_L], _L]:
    """Class decorator: this layer is what specs of `spec_class` describe.

    The class is called with the spec and the generator of its starting weights.
    """

    def register(cls: _L) -> _L:
        if spec_class in _layers:
            raise TypeError(f"{spec_class.__name__} is already implemented")
        _layers[spec_class] = cls
        return cls

    return register


def build_layer(spec: LayerSpec, generator: torch.Generator | None = None) -> Layer:
    """Make the layer that a spec describes.

    Args:
        spec: A layer of the catalogue. Weights of a frozen or bypassed layer take no gradient.
        generator: Draws the starting weights; without one, always the same weights are drawn.

    Raises:
        SpecError: no layer implements this spec, or a setting is out of its limits.
    """
    make = _layers.get(type(spec))
    if make is None:
        raise SpecError("No layer implements {spec}", spec=type(spec).__name__)
    spec = admitted(spec)
    with single_precision() as dtype:
        layer = make(spec, generator or torch.Generator().manual_seed(0)).to(dtype)
    return layer.requires_grad_(spec.enabled and not spec.frozen)
