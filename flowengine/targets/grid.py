"""A target density on a grid: exact log-density, exact entropy, exact sampling."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from flowengine.checks import check_count, check_points
from flowengine.errors import SpecError
from flowengine.frame import Frame
from flowengine.numbers import check_seed
from flowengine.project import DEFAULT_EXTENT
from flowengine.targets.checks import check_density, check_extent, check_not_empty
from flowengine.targets.streams import STREAMS, Method, PointStream, iid_points, sobol_points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from flowengine.project import TargetSpec


class GridTarget:
    """A density that is constant in each cell of a grid and zero outside it.

    Points that fall on the border of two cells belong to the upper one, those on the upper border
    of the extent to the last.

    Args:
        density: Shape (rows, columns), row 0 at y_min; non-negative, of any sum.
        extent: (x_min, x_max, y_min, y_max) in data units.

    Attributes:
        extent: As given.
        shape: (rows, columns).
        mass: What `density` integrated to before it was normalised.
        entropy: −∫ p log p, exact, in nats.
        spec: What a document says of it, if it came from one.

    Raises:
        TargetError: the density is no density, or it is empty.
    """

    spec: TargetSpec | None = None

    def __init__(self, density: ArrayLike, extent: Sequence[float] = DEFAULT_EXTENT) -> None:
        grid = check_density(density)
        check_not_empty(grid)
        self.extent = check_extent(extent)
        self.shape: tuple[int, int] = (grid.shape[0], grid.shape[1])
        x_min, x_max, y_min, y_max = self.extent
        rows, columns = self.shape
        self._cell = ((x_max - x_min) / columns, (y_max - y_min) / rows)
        area = self._cell[0] * self._cell[1]
        peak = float(grid.max())
        grid = grid / peak  # so that the sum neither overflows nor sinks below the smallest
        self.mass = float(grid.sum()) * area * peak
        cells = torch.from_numpy(grid / grid.sum())  # (rows, columns), sums to 1
        log_density = torch.log(cells / area)
        self.entropy = -float(torch.where(cells > 0, cells * log_density, 0.0).sum())
        self._log_density = log_density.flatten()
        self._rows = _InverseCdf(cells.sum(1, keepdim=True).T)
        self._columns = _InverseCdf(cells)
        self._margin = self._rounding_margin()

    def __repr__(self) -> str:
        name = "" if self.spec is None else f"{self.spec.name!r}, "
        return (
            f"GridTarget({name}{self.shape[0]}×{self.shape[1]} cells, extent={self.extent}, "
            f"entropy={self.entropy:.4f} nats)"
        )

    @property
    def device(self) -> torch.device:
        """Where `log_prob` computes and points are given."""
        return self._log_density.device

    @property
    def density(self) -> Tensor:
        """The density of every cell, shape (rows, columns), on this target's device."""
        return self._log_density.exp().view(self.shape)

    def to(self, device: torch.device | str) -> GridTarget:
        """The same target on another device."""
        moved = copy.copy(self)
        device = torch.device(device)
        if device.type == "mps":  # which has no float64: there, points are drawn on the CPU
            moved._log_density = self._log_density.to(device, torch.float32)
            device = torch.device("cpu")
        else:
            moved._log_density = self._log_density.to(device)
        moved._rows = self._rows.to(device)
        moved._columns = self._columns.to(device)
        return moved

    @property
    def frame(self) -> Frame:
        """Leads from normalized coordinates, in which the extent is [-4, 4]², to data units."""
        return Frame.of(self.extent)

    def normalized(self, frame: Frame | None = None) -> GridTarget:
        """The same cells in the normalized coordinates of a frame, its own unless another is given.

        What depends on the unit square alone, such as `quantile`, rounds alike in every unit.
        """
        frame = frame or self.frame
        if frame.is_identity:
            return self
        moved = copy.copy(self)
        moved.extent = x_min, x_max, y_min, y_max = frame.normal_extent(self.extent)
        rows, columns = self.shape
        moved._cell = ((x_max - x_min) / columns, (y_max - y_min) / rows)
        moved._log_density = self._log_density + frame.log_area
        moved.entropy = self.entropy - frame.log_area
        moved.mass = self.mass / math.exp(frame.log_area)
        moved._margin = moved._rounding_margin()
        return moved

    def cell_masses(self) -> Tensor:
        """The mass of every cell, (rows, columns), row 0 at y_min, summing to 1; float64, CPU."""
        area = self._cell[0] * self._cell[1]
        return self._log_density.cpu().double().exp().mul(area).view(self.shape)

    def log_prob(self, x: Tensor) -> Tensor:
        """Exact log p(x) in nats, shape (batch,): −inf outside the extent and in empty cells.

        Args:
            x: Points, shape (batch, 2), in data units; NaN counts as outside.

        Raises:
            ShapeError: `x` is not of shape (batch, 2) and a floating type.
        """
        check_points(x)
        rows, columns = self.shape
        x_min, x_max, y_min, y_max = self.extent
        wide = x.to(self._log_density)
        column = ((wide[:, 0] - x_min) / self._cell[0]).clamp(0, columns - 1)
        row = ((wide[:, 1] - y_min) / self._cell[1]).clamp(0, rows - 1)
        inside = (
            (wide[:, 0] >= x_min)
            & (wide[:, 0] <= x_max)
            & (wide[:, 1] >= y_min)
            & (wide[:, 1] <= y_max)
        )
        index = row.nan_to_num().long() * columns + column.nan_to_num().long()
        return torch.where(inside, self._log_density[index], -math.inf).to(x.dtype)

    def quantile(self, u: Tensor) -> Tensor:
        """Carry uniform points to the target: u[:, 0] chooses y, u[:, 1] then x given y.

        Both maps are the inverse of an exact distribution function, so evenly spread points stay
        evenly spread with respect to the target, and no point falls into an empty cell.

        Args:
            u: Shape (n, 2), in [0, 1).

        Returns:
            Points, shape (n, 2), in data units, of the type and on the device of `u`.

        Raises:
            ShapeError: `u` is not of shape (n, 2) and a floating type.
        Source: Rosenblatt, 1952, doi:10.1214/aoms/1177729394.
        """
        check_points(u, "u")
        wide = u.to(self._rows.ends)
        row, up = self._rows(torch.zeros_like(wide[:, 0], dtype=torch.long), wide[:, 0])
        column, right = self._columns(row, wide[:, 1])
        margin_x, margin_y = self._margin
        points = torch.empty_like(wide)
        points[:, 0] = (column + right.clamp_(margin_x, 1 - margin_x)) * self._cell[0]
        points[:, 1] = (row + up.clamp_(margin_y, 1 - margin_y)) * self._cell[1]
        points += points.new_tensor([self.extent[0], self.extent[2]])
        return points.to(u)

    def sample(
        self,
        n: int,
        *,
        seed: int | None = None,
        generator: torch.Generator | None = None,
        method: Method = "sobol",
        dtype: torch.dtype | None = None,
    ) -> Tensor:
        """Draw `n` points, shape (n, 2), in data units.

        Args:
            n: How many.
            seed: The same seed gives the same points. Without it `generator` gives one.
            generator: On the CPU; without either, the global random state gives a seed.
            method: "sobol" spreads the points evenly, "iid" draws them independently.
            dtype: Of the points; if left out, float32, or float64 where `Frame.is_fine`.

        Raises:
            SpecError: `n` is no number of points, `seed` no seed, or there is no such method.
        """
        count = check_count(n)
        _check_method(method)
        if seed is None:
            seed = int(torch.randint(2**62, (1,), generator=generator))
        draw = {"sobol": sobol_points, "iid": iid_points}[method]
        uniform = draw(count, 2, check_seed(seed))
        dtype = dtype or (torch.float64 if self.frame.is_fine else torch.float32)
        return self._drawn(uniform).to(device=self.device, dtype=dtype)

    def stream(
        self,
        batch_size: int,
        seed: int,
        *,
        method: Method = "sobol",
        dtype: torch.dtype = torch.float32,
    ) -> PointStream:
        """Endless batches of target points, shape (batch_size, 2), on this target's device.

        Raises:
            SpecError: `batch_size` is below 1, or there is no such method.
        """
        _check_method(method)
        return STREAMS[method](
            2, batch_size, check_seed(seed), transform=self._drawn, dtype=dtype, device=self.device
        )

    def _drawn(self, uniform: Tensor) -> Tensor:
        """The quantiles of uniform points, computed and left where the tables are."""
        return self.quantile(uniform.to(self._rows.ends))

    def _rounding_margin(self) -> tuple[float, float]:
        """How many cells a point keeps from its cell's border, so that it is not rounded out."""
        step = 4 * torch.finfo(torch.float64 if self.frame.is_fine else torch.float32).eps
        x_min, x_max, y_min, y_max = self.extent
        reach = (max(abs(x_min), abs(x_max)), max(abs(y_min), abs(y_max)))
        return (
            min(0.25, step * reach[0] / self._cell[0]),
            min(0.25, step * reach[1] / self._cell[1]),
        )


def _check_method(method: str) -> None:
    if method not in STREAMS:
        raise SpecError(
            "method must be {streams}, got {method}",
            streams=" or ".join(STREAMS),
            method=repr(method),
        )


class _InverseCdf:
    """The inverse distribution functions of several densities over equal cells of [0, 1).

    Args:
        masses: Shape (k, cells), non-negative; each row is one density, of any sum.
    """

    def __init__(self, masses: Tensor) -> None:
        cells = masses.shape[1]
        totals = masses.sum(1, keepdim=True)
        shares = masses / torch.where(totals > 0, totals, 1.0)
        ends = shares.cumsum(1)
        starts = ends - shares
        # From the last cell with any mass on there is nothing to find: rounding may leave its end
        # just below 1.
        last = (shares > 0).cumsum(1).argmax(1, keepdim=True)
        ends = ends.masked_fill(torch.arange(cells) >= last, math.inf)
        self._width = 1 << (cells - 1).bit_length()
        self._cells = cells
        self.ends = functional.pad(ends, (0, self._width - cells), value=math.inf).flatten()
        self._starts = starts.flatten()
        self._shares = shares.flatten()

    def to(self, device: torch.device) -> _InverseCdf:
        """The same functions on another device."""
        moved = copy.copy(self)
        moved.ends = self.ends.to(device)
        moved._starts = self._starts.to(device)
        moved._shares = self._shares.to(device)
        return moved

    def __call__(self, which: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Where density number `which` has accumulated `t`.

        Returns:
            The cell, shape (n,), int64, never one without mass, and how far into it, in [0, 1].
        """
        cell = self._first_ending_above(which, t)
        flat = which * self._cells + cell
        into = (t - self._starts.index_select(0, flat)) / self._shares.index_select(0, flat)
        return cell, into

    def _first_ending_above(self, which: Tensor, t: Tensor) -> Tensor:
        """Bisect for all points in step, without `searchsorted`'s branches: four times as fast."""
        base = which * self._width
        position = base.clone()
        step = self._width // 2
        while step:
            below = self.ends[step - 1 :].index_select(0, position) <= t
            position.add_(below, alpha=step)
            step //= 2
        return position - base
