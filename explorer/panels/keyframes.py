"""Key frames that can be looked at any moment while new ones replace them."""

from __future__ import annotations

import copy
import math
from bisect import bisect_right
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float32]

# A picture takes about as long to become the next as the next takes to come, within these limits.
SHORTEST_MORPH: Final = 0.12
LONGEST_MORPH: Final = 0.9
_FIRST_MORPH: Final = 0.35
_BEYOND: Final = 1e6


class Morph:
    """How far each part of a picture is on its way from what was shown to what has arrived.

    Attributes:
        until: The moment at which the last part arrives, in seconds of the caller's clock.
    """

    def __init__(self, parts: int) -> None:
        self.until = -math.inf
        self._begun = np.full(parts, -math.inf)
        self._lasts = np.full(parts, SHORTEST_MORPH)

    def begin(self, part: slice, now: float, *, at_once: bool) -> None:
        """Start a part on its way to what has just arrived for it."""
        since = now - float(self._begun[part].max(initial=-math.inf))
        lasts = min(max(since, SHORTEST_MORPH), LONGEST_MORPH) if since < 60 else _FIRST_MORPH
        self._begun[part] = -math.inf if at_once else now
        self._lasts[part] = lasts
        if not at_once:
            self.until = max(self.until, now + lasts)

    def weight(self, part: slice, now: float) -> NDArray[np.float32] | None:
        """0 for the old, 1 for the new, shape (parts,); None where every part has arrived."""
        if now >= self.until:
            return None
        way = np.clip((now - self._begun[part]) / self._lasts[part], 0, 1)
        return np.asarray(way * way * (3 - 2 * way), np.float32)


class KeyFrames:
    """Things that move together along the clock: particles, mesh points, arrows.

    New key frames arrive for some of the things at a time. From then on these go from what was
    shown to what arrived, without a jump, whatever moment of the clock is looked at.

    Attributes:
        tau: The moments of the key frames, shape (frames,), ascending.
    """

    def __init__(self, tau: ArrayLike, count: int, width: int, *, smooth: bool) -> None:
        self.tau = np.asarray(tau, np.float64)
        self._keys: list[float] = self.tau.tolist()
        self._smooth = smooth
        self._new = np.full((len(self.tau), count, width), np.nan, np.float32)
        self._old = self._new  # new memory is dear: there are two once frames arrive
        self._morph = Morph(count)
        self._shared = False

    @property
    def count(self) -> int:
        """How many things there are."""
        return self._new.shape[1]

    @property
    def latest(self) -> Floats:
        """The key frames that arrived last, shape (frames, count, width)."""
        return self._new

    @property
    def moving_until(self) -> float:
        """The moment at which everything has become what arrived last."""
        return self._morph.until

    def fits(self, tau: NDArray[np.float64], count: int) -> bool:
        """Whether frames at these moments, of so many things, can be taken as they are."""
        return count == self.count and np.array_equal(tau, self.tau)

    def recast(self, tau: NDArray[np.float64], count: int, now: float) -> KeyFrames:
        """The picture of this moment as the start for key frames of another kind.

        Things that were not there before are not drawn (NaN) until they arrive.
        """
        other = KeyFrames(tau, count, self._new.shape[2], smooth=self._smooth)
        kept = min(count, self.count)
        for k, moment in enumerate(other.tau):
            other._new[k, :kept] = self.at(float(moment), now, kept)
        return other

    def settled(self) -> KeyFrames:
        """Key frames that have become what arrived last; both share it until one takes others."""
        other = copy.copy(self)
        other._old, other._morph = self._new, Morph(self.count)
        self._shared = other._shared = True
        return other

    def _be_alone(self) -> None:
        """Have both arrays for oneself, before anything is written to them."""
        alike = self._old is self._new
        if self._shared:
            self._new = self._new.copy()
        if alike:
            self._old = self._new.copy()
        self._shared = False

    def put(self, first: int, frames: Floats, now: float, *, at_once: bool = False) -> None:
        """Take new key frames, shape (frames, n, width), for the things from index `first` on.

        What is not finite, or far beyond any picture, is not drawn.
        """
        self._be_alone()
        part = slice(first, first + frames.shape[1])
        new, old = self._new[:, part], self._old[:, part]
        weight = self._morph.weight(part, now)
        if weight is None:
            old[:] = new
        else:
            old += (new - old) * weight[:, None]
        new[:] = np.where(np.abs(frames) < _BEYOND, frames, np.nan)
        np.copyto(old, new, where=np.isnan(old))
        self._morph.begin(part, now, at_once=at_once)

    def at(self, tau: float, now: float, count: int | None = None) -> Floats:
        """What is seen at a moment: shape (count, width), NaN where nothing is known."""
        part = slice(0, self.count if count is None else count)
        start, weights = frame_weights(self._keys, tau, smooth=self._smooth)
        new = _mix(self._new, start, weights, part)
        weight = self._morph.weight(part, now)
        if weight is None:
            return new
        old = _mix(self._old, start, weights, part)
        new -= old
        new *= weight[:, None]
        new += old
        return new

    def along(self, moments: Sequence[float], now: float, count: int) -> Floats:
        """What is seen at several moments: shape (moments, count, width).

        A thing that is not known at one of the key frames concerned is NaN at all moments.
        """
        found = [frame_weights(self._keys, tau, smooth=self._smooth) for tau in moments]
        low = min(start for start, _ in found)
        high = max(start + len(weights) for start, weights in found)
        mixture = np.zeros((len(found), high - low), np.float32)
        for row, (start, weights) in zip(mixture, found, strict=True):
            row[start - low : start - low + len(weights)] = weights
        new = _mix_all(self._new[low:high, :count], mixture)
        weight = self._morph.weight(slice(0, count), now)
        if weight is None:
            return new
        old = _mix_all(self._old[low:high, :count], mixture)
        return np.asarray(old + (new - old) * weight[:, None])


AGED: Final = 0.3
"""How strongly a picture is shown that is not of the present model and target."""


class Moments:
    """A picture at equally spaced moments of the clock, which arrive one by one.

    Attributes:
        shape: Rows and columns of the picture.
    """

    def __init__(self, frames: int, shape: tuple[int, int]) -> None:
        self.shape = shape
        self._new = np.zeros((frames, *shape), np.float32)
        self._old = np.zeros_like(self._new)
        self._known, self._aged = np.zeros((2, frames), bool)
        self._pale = np.ones(frames, np.float32)
        self._morph = Morph(frames)
        self._shared = False

    @property
    def frames(self) -> int:
        """How many moments there are."""
        return len(self._new)

    @property
    def moving_until(self) -> float:
        """The moment at which everything has become what arrived last."""
        return self._morph.until

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which of the moments have arrived, shape (frames,)."""
        return self._known.copy()

    def recast(self, frames: int, shape: tuple[int, int], now: float) -> Moments:
        """The picture of this moment as the start for another number of moments or cells."""
        other = Moments(frames, shape)
        if not self._known.any():
            return other
        for index in range(frames):
            picture = self.at(index / max(frames - 1, 1), now)
            if shape != self.shape:
                picture = _resized(_resized(picture, shape[0]).T, shape[1]).T
            other._new[index] = picture
        other._old, other._shared = other._new, True
        other._known[:] = True
        other._aged[:] = self._aged.any()
        return other

    def settled(self) -> Moments:
        """Moments that have become what arrived last; both share them until one takes others."""
        other = copy.copy(self)
        other._old, other._morph = self._new, Morph(self.frames)
        other._known, other._aged = self._known.copy(), self._aged.copy()
        other._pale = self._pale.copy()
        self._shared = other._shared = True
        return other

    def age(self) -> None:
        """What has arrived so far is of something that is no more."""
        self._aged[:] = True

    def strength(self, tau: float, now: float) -> float:
        """How strongly the picture at a moment may be shown: less where it has aged, up to 1."""
        place = tau * (self.frames - 1)
        low, high, share = self._neighbours(place)
        strength = (1 - share) * self._strength(low, now) + share * self._strength(high, now)
        return strength * self._nearness(place)

    def _strength(self, index: int, now: float) -> float:
        if self._aged[index]:
            return AGED
        weight, pale = self._morph.weight(slice(index, index + 1), now), float(self._pale[index])
        return 1.0 if weight is None else pale + (1 - pale) * float(weight[0])

    def put(self, index: int, picture: Floats, now: float, *, at_once: bool = False) -> None:
        """Take the picture of one moment; cells that are not finite count as empty."""
        tau = index / max(self.frames - 1, 1)
        shown = self.at(tau, now) if self._known.any() else None
        if self._shared:
            self._new, self._old = self._new.copy(), self._old.copy()
            self._shared = False
        self._pale[index] = self.strength(tau, now) if self._aged[index] else 1.0
        self._new[index] = np.where(np.isfinite(picture), picture, 0)
        self._old[index] = self._new[index] if shown is None else shown
        self._known[index] = True
        self._aged[index] = False
        self._morph.begin(slice(index, index + 1), now, at_once=at_once)

    def at(self, tau: float, now: float) -> Floats:
        """The picture at a moment, between the nearest moments that have arrived.

        Raises:
            LookupError: none has arrived.
        """
        low, high, share = self._neighbours(tau * (self.frames - 1))
        picture = self._one(low, now) * np.float32(1 - share)
        if share > 0:
            picture += self._one(high, now) * np.float32(share)
        return picture

    def _neighbours(self, place: float) -> tuple[int, int, float]:
        """The moments that a picture is mixed from, and the second one's share."""
        known = np.flatnonzero(self._known)
        if not known.size:
            raise LookupError("No moment has arrived yet")
        low, high, share = _around(known, place)
        young = self._young_around(place)
        if young is None or not self._aged[[low, high]].any():
            return low, high, share
        nearest = young[0] if young[2] < 0.5 else young[1]
        return nearest, nearest, 0.0

    def _young_around(self, place: float) -> tuple[int, int, float] | None:
        """The same of those that have not aged, where there are some on both sides."""
        young = np.flatnonzero(self._known & ~self._aged)
        return _around(young, place) if young.size and young[0] <= place <= young[-1] else None

    def _nearness(self, place: float) -> float:
        """1 where a picture is of its moment; down to 0 where that is of a former model.

        There the nearest one that is not stands in, but it is true only near its own moment.
        """
        young = self._young_around(place)
        if young is None or not self._aged[young[0] + 1 : young[1]].any():
            return 1.0
        return 1 - 2 * min(young[2], 1 - young[2])

    def _one(self, index: int, now: float) -> Floats:
        new: Floats = self._new[index]
        weight = self._morph.weight(slice(index, index + 1), now)
        if weight is None or weight[0] >= 1:
            return new
        old = self._old[index]
        return np.asarray(old + (new - old) * weight[0])


def _around(moments: NDArray[np.intp], place: float) -> tuple[int, int, float]:
    """The two of some moments that a place lies between, and how near it is to the second."""
    after = int(np.searchsorted(moments, place))
    low = int(moments[max(after - 1, 0)])
    high = int(moments[min(after, moments.size - 1)])
    share = (place - low) / (high - low) if high > low else 0.0
    return low, high, min(max(share, 0.0), 1.0)


def frame_weights(
    keys: Sequence[float], tau: float, *, smooth: bool
) -> tuple[int, NDArray[np.float32]]:
    """Which key frames make the picture at `tau`, and how much of each.

    Args:
        keys: Moments of the key frames, ascending.
        tau: The moment looked at; held within the keys.
        smooth: Cubic with Catmull-Rom tangents for keys of any spacing, else linear.

    Returns:
        The first key frame, and the weights of it and of those that follow; they add up to 1.
    """
    last = len(keys) - 1
    tau = min(max(tau, keys[0]), keys[-1])
    k = min(max(bisect_right(keys, tau) - 1, 0), max(last - 1, 0))
    if last == 0 or tau == keys[k]:
        return k, np.ones(1, np.float32)
    if tau == keys[k + 1]:
        return k + 1, np.ones(1, np.float32)
    step = keys[k + 1] - keys[k]
    u = (tau - keys[k]) / step
    if not smooth or last < 2:
        return k, np.array([1 - u, u], np.float32)
    before, after = max(k - 1, 0), min(k + 2, last)
    weights = np.zeros(after - before + 1)
    weights[k - before] += (1 + 2 * u) * (1 - u) ** 2
    weights[k + 1 - before] += u * u * (3 - 2 * u)
    for slope, left, right in (
        (u * (1 - u) ** 2, before, k + 1),
        (u * u * (u - 1), k, after),
    ):
        share = slope * step / (keys[right] - keys[left])
        weights[right - before] += share
        weights[left - before] -= share
    return before, weights.astype(np.float32)


def _mix(frames: Floats, start: int, weights: NDArray[np.float32], part: slice) -> Floats:
    picture: Floats = frames[start, part] * weights[0]
    for offset in range(1, len(weights)):
        picture += frames[start + offset, part] * weights[offset]
    return picture


def _mix_all(frames: Floats, mixture: Floats) -> Floats:
    return np.asarray((mixture @ frames.reshape(len(frames), -1)).reshape(-1, *frames.shape[1:]))


def _resized(picture: Floats, rows: int) -> Floats:
    """The picture in another number of rows of cells, linear between the cells' centres."""
    place = (np.arange(rows) + 0.5) * (len(picture) / rows) - 0.5
    place = np.clip(place, 0, len(picture) - 1)
    low = place.astype(np.intp)
    share = (place - low).astype(np.float32)[:, None]
    high = np.minimum(low + 1, len(picture) - 1)
    return np.asarray(picture[low] * (1 - share) + picture[high] * share)


def fitting(
    frames: KeyFrames | None,
    tau: NDArray[np.float64],
    count: int,
    width: int,
    now: float,
    *,
    smooth: bool,
) -> KeyFrames:
    """The key frames themselves where they fit the arriving ones, else what they turn into."""
    moments = np.asarray(tau, np.float64)
    if frames is None:
        return KeyFrames(moments, count, width, smooth=smooth)
    return frames if frames.fits(moments, count) else frames.recast(moments, count, now)


def fitting_moments(
    moments: Moments | None, frames: int, shape: tuple[int, int], now: float
) -> Moments:
    """The same for moments, each with a picture of `shape`."""
    if moments is None:
        return Moments(frames, shape)
    if moments.frames == frames and moments.shape == shape:
        return moments
    return moments.recast(frames, shape, now)
