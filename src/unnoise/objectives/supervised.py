"""Supervised denoising: the objective of the denoising autoencoder."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from unnoise.images import LUMA
from unnoise.objectives.contract import Batch, Drawn, Network
from unnoise.objectives.losses import Loss, mse, nearly_clamp

PAIR = 2


@dataclass(frozen=True)
class Supervised:
    """Corrupt a clean image, ask for it back: ``loss(f(noise(x)), x)``.

    Vincent et al., "Extracting and Composing Robust Features with Denoising Autoencoders",
    ICML 2008, equation 4. Results are clamped to [0, 1] when they are used, so the loss sees them
    nearly clamped: 0.2 dB on digits, where most pixels are black (docs/lab-notes.md).

    A batch is ``(clean,)``, or ``(noisy, clean)`` where the noise came with the images; more can be
    added to it.

    A colour model is handed a grey image as one whose channels are equal, and so is their noise.
    To one that saw colours only this is a noise that it does not know, so a share of the clean
    images can be turned to grey.

    Attributes:
        loss: Of the output against the clean image.
        noise: What corrupts clean images, and the noisy ones of pairs; None leaves pairs alone.
        clamped: Whether results are clamped when they are used.
        grey: Chance of a clean image to be turned to grey, less than 1.
    """

    loss: Loss
    noise: Callable[[Tensor, Generator], Tensor] | None = None
    clamped: bool = True
    grey: float = 0.0

    def losses(self, model: Network, drawn: Drawn) -> Tensor:
        """Return the loss of each sample as ``(B,)``."""
        noisy, clean = drawn
        return self.distance(model(noisy).float(), clean)

    def distance(self, denoised: Tensor, clean: Tensor) -> Tensor:
        """Return the loss of denoised images, ``(B,)``."""
        return self.loss(nearly_clamp(denoised) if self.clamped else denoised, clean)

    def risk(self, model: Network, drawn: Drawn) -> Tensor:
        """Return the mean squared error against the clean image itself, ``(B,)``."""
        noisy, clean = drawn
        denoised = model(noisy).float()
        return mse(denoised.clamp(0, 1) if self.clamped else denoised, clean)

    def draw(self, batch: Batch, generator: Generator) -> tuple[Tensor, Tensor]:
        """Return noisy and clean images of a batch."""
        if len(batch) == PAIR:
            noisy, clean = batch
            return noisy if self.noise is None else self.noise(noisy, generator), clean
        assert self.noise is not None
        (clean,) = batch
        if not self.grey:
            return self.noise(clean, generator), clean
        grey = torch.rand(len(clean), generator=generator, device=clean.device) < self.grey
        noisy, wanted = torch.empty_like(clean), torch.empty_like(clean)
        for chosen, convert in (grey, to_grey), (~grey, lambda images: images):
            images = chosen.nonzero()[:, 0]
            if len(images):
                given = convert(clean[images])
                wanted[images] = given  # one channel becomes all three, and so does its noise
                noisy[images] = self.noise(given, generator)
        return noisy, wanted


def to_grey(images: Tensor) -> Tensor:
    """Return the luma ``(B, 1, H, W)`` of colour images, by ITU-R BT.601."""
    # Not a matrix product, which autocast would round to bfloat16.
    weights = images.new_tensor(LUMA)[:, None, None]
    return (images * weights).sum(1, keepdim=True)
