"""What the baselines learn from: a bound on the likelihood, and a critic's verdict."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from flowengine.loss import Loss
from flowengine.targets.streams import STREAMS

if TYPE_CHECKING:
    from flowengine.baselines.gan import Gan
    from flowengine.baselines.vae import Vae
    from flowengine.catalogue import GanSpec, VaeSpec
    from flowengine.targets.grid import GridTarget
    from flowengine.targets.streams import Method


class BaselineLoss(Loss):
    """A loss whose target points and latent numbers come from one stream.

    So that Sobol points spread evenly over both together.

    Args:
        latent: Normal numbers that go with each target point.
        target: The density to learn.
        seed: The same seed gives the same batches.
        batch_size: Target points in each batch.
        sampling: "sobol" or "iid".
    """

    def __init__(
        self, latent: int, target: GridTarget, *, seed: int, batch_size: int, sampling: Method
    ) -> None:
        self._target = target
        self._stream = STREAMS[sampling](
            2 + latent, batch_size, seed, transform=self._lesson, device=target.device
        )
        self.streams = {"": self._stream}

    def draw(self) -> tuple[Tensor, Tensor]:
        """Target points, shape (batch, 2), and normal numbers, shape (batch, latent)."""
        rows = self._stream.next()
        return rows[:, :2], rows[:, 2:]

    def _lesson(self, u: Tensor) -> Tensor:
        return torch.cat([self._target.quantile(u[:, :2]), torch.special.ndtri(u[:, 2:])], dim=1)


class BoundLoss(BaselineLoss):
    """Minus the bound on log p(x): the ELBO with one importance sample, IWAE's with more."""

    def __init__(
        self, spec: VaeSpec, target: GridTarget, *, seed: int, batch_size: int, sampling: Method
    ) -> None:
        self._samples = spec.importance_samples
        latent = self._samples * spec.latent
        super().__init__(latent, target, seed=seed, batch_size=batch_size, sampling=sampling)

    def learn(self, model: Vae, batch: tuple[Tensor, ...]) -> Tensor:
        """See `Loss.learn`; in nats."""
        x, noise = batch
        noise = noise.reshape(len(x), self._samples, -1).transpose(0, 1)
        bound = torch.logsumexp(model.log_weights(x, noise), 0) - math.log(self._samples)
        loss = -bound.mean()
        loss.backward()
        return loss.detach()


class CriticLoss(BaselineLoss):
    """Critic and generator move at once, each by its own loss, in one backward pass.

    The critic's slope at real and made points is held down (R1 and R2), without which the two
    circle each other for ever. That slope is carried through the critic beside its verdict, so the
    penalty needs no second derivative of autograd's, and the generator's gradient needs no pass
    through the critic at all: it is the slope at the made points.

    Source: Huang et al., 2024, arXiv:2501.05441, eq. 2-4 (paired verdicts, R1 and R2); Mescheder
    et al., 2018, arXiv:1801.04406 (why the penalty makes simultaneous steps converge).
    """

    def __init__(
        self, spec: GanSpec, target: GridTarget, *, seed: int, batch_size: int, sampling: Method
    ) -> None:
        self.spec = spec
        super().__init__(spec.latent, target, seed=seed, batch_size=batch_size, sampling=sampling)

    def learn(self, model: Gan, batch: tuple[Tensor, ...]) -> Tensor:
        """See `Loss.learn`; the loss is the critic's, without the penalty."""
        x, noise = batch
        made = model.generate(noise)
        verdicts, slopes = model.judge(torch.cat([x, made.detach()]))
        real, false = verdicts.chunk(2)
        if self.spec.loss == "relativistic":
            gap = real - false
            loss, push = F.softplus(-gap).mean(), torch.sigmoid(gap.detach())
        else:
            loss = F.softplus(-real).mean() + F.softplus(false).mean()
            push = torch.sigmoid(-false.detach())
        penalty = self.spec.penalty * slopes.square().sum(-1).mean()  # ½γ for each of two halves
        (loss + penalty).backward()
        uphill = slopes.detach().chunk(2)[1]
        made.backward(-push.unsqueeze(-1) * uphill / len(x))
        return loss.detach()
