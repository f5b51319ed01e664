"""Template: scale and shift that were started from data."""

from __future__ import annotations

from flowengine.export.templates.scale_shift import ScaleShift


class ActNorm(ScaleShift):
    """A scale and shift that took mean and spread of its first batch (arXiv:1807.03039, §3.1)."""
