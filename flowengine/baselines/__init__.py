"""What flows are compared with: a small VAE and a small GAN, trained as lanes like any other."""

from flowengine.baselines.gan import Gan, build_gan
from flowengine.baselines.losses import BoundLoss, CriticLoss
from flowengine.baselines.vae import Vae, build_vae

__all__ = ["BoundLoss", "CriticLoss", "Gan", "Vae", "build_gan", "build_vae"]
