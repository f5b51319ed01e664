"""Mixtures of logistic distributions as maps of the line. Source: Ho et al., 2019, §3.2.1."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from flowengine.layers.base import Alpha, is_whole
from flowengine.layers.bounded import LIMIT, soft_clamp, soft_clamp_slope
from flowengine.layers.root import solve_monotone
from flowengine.log_sigmoid import log_sigmoid

LOG_LIMIT = LIMIT / 2
"""Bound on the log-scales of the components, and on that of the whole map; together `LIMIT`."""
FLOOR = 1e-3
"""Part of every map that is the identity: so none is flat between its components."""
START_SCALE = 0.8
"""Scale of the components at the start, where they stand beside each other; see `start`."""


class Bend(NamedTuple):
    """A map at some points x before scale and shift: (1 − FLOOR) · logit F(x) + FLOOR · x.

    Attributes:
        value: Shape (batch,), as is `slope`; the others (components, batch).
        slope: Its derivative, at least `FLOOR`.
        place: The point from the components' view: (x − mean) / scale.
        below: σ(place), how much of each component lies below the point.
        of_below: What part of all that lies below is the component's.
        of_above: The same for what lies above.
        parts: What each component adds to the slope of logit F.
    """

    value: Tensor
    slope: Tensor
    place: Tensor
    below: Tensor
    of_below: Tensor
    of_above: Tensor
    parts: Tensor


class Mixture(NamedTuple):
    """The maps z = scale · bend(x) + shift of a batch; see `Bend`.

    Attributes:
        log_weights: Shape (components, batch), or (components, 1, batch) where x is
            (frames, batch); so are `means` and `rates`.
        means: Where the components stand.
        rates: One over their scales.
        log_scale: Shape (batch,), as is `shift`.
        shift: What is added last.
    """

    log_weights: Tensor
    means: Tensor
    rates: Tensor
    log_scale: Tensor
    shift: Tensor

    def for_frames(self) -> Mixture:
        """The same for x of shape (frames, batch)."""
        log_weights, means, rates = (row[:, None] for row in self[:3])
        return Mixture(log_weights, means, rates, self.log_scale, self.shift)

    def bend(self, x: Tensor) -> Bend:
        """Logit F from log F and log (1 − F), so that no tail runs into 0 or 1."""
        place = (x - self.means) * self.rates
        log_below = log_sigmoid(place)
        of_below, log_f = _shares(self.log_weights + log_below)
        of_above, log_1_f = _shares(self.log_weights + log_below - place)
        below = log_below.exp()
        parts = torch.addcmul(of_above * below, of_below, 1 - below) * self.rates
        value = torch.add(log_f - log_1_f, x - log_f + log_1_f, alpha=FLOOR)
        slope = FLOOR + (1 - FLOOR) * parts.sum(0)
        return Bend(value, slope, place, below, of_below, of_above, parts)

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """z and log dz/dx."""
        bend = self.bend(x)
        return self.log_scale.exp() * bend.value + self.shift, self.log_scale + bend.slope.log()

    def root(self, goal: Tensor, beta: Alpha) -> Tensor:
        """The x at which (1 − beta) · z(x) + beta · x reaches its goal.

        Logit F lies between the lowest and the highest (x − mean) / scale of the components. With
        each of them in its place the equation is linear, and its roots are a bracket.
        """
        with torch.no_grad():
            rest, scale = 1 - beta, self.log_scale.exp()
            gain = rest * scale * (1 - FLOOR) * self.rates
            ends = goal - rest * self.shift + gain * self.means
            low, high = (ends / (gain + rest * scale * FLOOR + beta)).aminmax(dim=0)

        def curve(x: Tensor, *rows: Tensor) -> tuple[Tensor, Tensor]:
            return Mixture(*rows).blended(x, beta)

        return solve_monotone(curve, goal.expand_as(low), low, high, given=self)

    def blended(self, x: Tensor, beta: Alpha) -> tuple[Tensor, Tensor]:
        """(1 − beta) · z(x) + beta · x, and its slope."""
        bend, scale, rest = self.bend(x), self.log_scale.exp(), 1 - beta
        z = scale * bend.value + self.shift
        return rest * z + beta * x, rest * scale * bend.slope + beta


class Notes(NamedTuple):
    """What the gradient of an evaluation needs; see `LogisticMixtures.evaluate`."""

    raw: Tensor
    mixture: Mixture
    bend: Bend


class LogisticMixtures:
    """A family of maps from x to z, steep wherever one of a few logistic distributions stands.

    One of them is chosen by 3 · components + 2 unconstrained numbers: the logits of the weights,
    the means, the log-scales, and log-scale and shift of the whole map. Every point of a batch has
    a map of its own. On the way from the identity to a map, every point goes straight to its place
    and at an even pace, when seen from z.
    """

    def __init__(self, components: int) -> None:
        self.components = components
        self.outputs = 3 * components + 2

    def start(self) -> Tensor:
        """Numbers that choose a map near the identity, shape (outputs, 1).

        Equal components would stay equal for ever. So they start with a scale of φ < 1, at the
        quantiles of the bridge distribution, which is what logistic noise of scale φ lacks to be
        standard logistic. Source: Wang & Louis, 2003, Biometrika 90(4).
        """
        at = (torch.arange(self.components) + 0.5) / self.components * math.pi * START_SCALE
        means = (at.sin() / at.flip(0).sin()).log()
        log_scales = torch.full_like(means, math.log(START_SCALE))
        raw = log_scales / (1 - log_scales.abs() / LOG_LIMIT)  # undoes `soft_clamp`
        return torch.cat([torch.zeros_like(means), means, raw, torch.zeros(2)])[:, None]

    def mixture(self, raw: Tensor) -> Mixture:
        """The maps that the numbers choose, shape (outputs, batch)."""
        logits, means, raw_log_scales = self._rows(raw)
        return Mixture(
            logits.log_softmax(0),
            means,
            (-soft_clamp(raw_log_scales, LOG_LIMIT)).exp(),
            soft_clamp(raw[-2], LOG_LIMIT),
            raw[-1],
        )

    def invert(self, z: Tensor, raw: Tensor, alpha: Alpha) -> tuple[Tensor, Tensor]:
        """x and log dx/dz, a fraction alpha of the way from the identity.

        Args:
            z: Points, shape (batch,).
            raw: What chooses the maps, shape (outputs, batch).
            alpha: How far to go; for shape (frames, 1) the results have the shape (frames, batch).
        """
        mixture = self.mixture(raw)
        x = mixture.root(z, 0.0)
        log_slope = -mixture(x)[1]
        if is_whole(alpha):
            return x, log_slope
        return z + alpha * (x - z), (alpha * log_slope.expm1()).log1p()

    def evaluate_partly(self, x: Tensor, raw: Tensor, alpha: Alpha) -> tuple[Tensor, Tensor]:
        """z and log dz/dx a fraction alpha of the way from the identity; see `invert`."""
        mixture = self.mixture(raw)
        if isinstance(alpha, Tensor):
            mixture = mixture.for_frames()
        z, log_slope = mixture(mixture.root(x, alpha))
        return z, -(alpha * (-log_slope).expm1()).log1p()

    def evaluate(self, x: Tensor, raw: Tensor) -> tuple[Tensor, Tensor, Notes]:
        """z and log dz/dx at x, and notes for `gradient`; shapes as in `invert`."""
        mixture = self.mixture(raw)
        bend = mixture.bend(x)
        z = torch.addcmul(mixture.shift, mixture.log_scale.exp(), bend.value)
        return z, mixture.log_scale + bend.slope.log(), Notes(raw, mixture, bend)

    def gradient(self, notes: Notes, g_z: Tensor, g_log: Tensor) -> tuple[Tensor, Tensor]:
        """From the gradients of z and log dz/dx to those of x and of the unconstrained numbers."""
        raw, mixture, bend = notes
        g_value = g_z * mixture.log_scale.exp()
        g_weights, g_place, g_slope = _bend_gradient(bend, g_value, g_log)
        g_points = g_place * mixture.rates
        g_log_rates = torch.addcmul(g_slope, g_place, bend.place)
        g_log_scale = torch.addcmul(g_log, g_value, bend.value)
        _, _, raw_log_scales = self._rows(raw)
        g_raw = [
            torch.addcmul(g_weights, mixture.log_weights.exp(), g_weights.sum(0), value=-1),
            -g_points,
            -g_log_rates * soft_clamp_slope(raw_log_scales, LOG_LIMIT),
            (g_log_scale * soft_clamp_slope(raw[-2], LOG_LIMIT))[None],
            g_z[None],
        ]
        return torch.add(g_points.sum(0), g_value, alpha=FLOOR), torch.cat(g_raw)

    def _rows(self, raw: Tensor) -> tuple[Tensor, ...]:
        return raw[:-2].view(3, self.components, -1).unbind(0)


def _bend_gradient(bend: Bend, g_value: Tensor, g_log: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """From the gradients of the value and of the log of the slope to those of the components.

    With F' = dF/dx, logit F is log F − log (1 − F), and its slope F' / (F (1 − F)).

    Returns:
        The gradients of the log-weights, of the places, and of the logs of F' and the rates; each
        (components, batch).
    """
    g_logit = (1 - FLOOR) * g_value
    g_parts = (1 - FLOOR) * g_log / bend.slope
    g_slope = bend.parts * g_parts  # by way of log F'
    g_both = g_slope.sum(0)
    g_below = bend.of_below * (g_logit - g_both)  # by way of log F
    g_above = bend.of_above * (g_logit + g_both)  # less that by way of log (1 − F)
    above = 1 - bend.below
    g_place = g_below * above + g_above * bend.below + g_slope * (above - bend.below)
    return g_below - g_above + g_slope, g_place, g_slope


def _shares(log_terms: Tensor) -> tuple[Tensor, Tensor]:
    """What part of a sum each of its terms is, and the log of the sum, by the terms' logs."""
    most = log_terms.detach().amax(0)
    terms = (log_terms - most).exp()
    total = terms.sum(0)
    return terms / total, most + total.log()
