"""Supervised denoising: the objective of the denoising autoencoder."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Generator, Tensor

from unnoise.objectives.losses import Loss, nearly_clamp


@dataclass(frozen=True)
class Supervised:
    """Corrupt a clean image, ask for it back: ``loss(f(noise(x)), x)``.

    Vincent et al., "Extracting and Composing Robust Features with Denoising Autoencoders",
    ICML 2008, equation 4. Results are clamped to [0, 1] when they are used, so the loss sees them
    nearly clamped: 0.2 dB on digits, where most pixels are black (docs/lab-notes.md).
    """

    noise: Callable[[Tensor, Generator], Tensor]
    loss: Loss

    def __call__(
        self, model: Callable[[Tensor], Tensor], clean: Tensor, generator: Generator
    ) -> Tensor:
        """Return the loss of each clean sample ``(B, C, H, W)`` as ``(B,)``."""
        noisy = self.noise(clean, generator)
        denoised = model(noisy).float()
        return self.loss(nearly_clamp(denoised), clean)
