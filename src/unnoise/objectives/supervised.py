"""Supervised denoising: the objective of the denoising autoencoder, and the one of its bounds."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Generator, Tensor

from unnoise.errors import ConfigError
from unnoise.images import LUMA, RGB
from unnoise.noise import parse_noise
from unnoise.objectives.contract import Batch, Drawn, ImageFacts, Network, Objective
from unnoise.objectives.losses import LOSSES, Loss, mse, nearly_clamp
from unnoise.runs import TrainConfig
from unnoise.sizes import middle_of

PAIR = 2
LEAST = 1e-3  # added to the mean error that the loss of the quantiles is relative to


@dataclass(frozen=True)
class Supervised(Objective):
    """Corrupt a clean image, ask for it back: ``loss(f(noise(x)), x)``.

    Vincent et al., "Extracting and Composing Robust Features with Denoising Autoencoders",
    ICML 2008, equation 4. Results are clamped to [0, 1] when they are used, so the loss
    clamps them, with a small slope outside. This gains 0.2 dB on digits, where most pixels are
    black (docs/lab-notes.md).

    A batch is ``(clean,)``, or ``(noisy, clean)`` where the noise came with the images; ``noise``
    is then added to the noisy image, too. Neighbouring images get noise of one strength.
    """

    learns_from = "pairs"
    obeys: ClassVar = {
        "loss": "with noisy targets only mse leads to the clean image, which is their mean",
        "intervals": "it needs clean images (--targets, or --noise on clean ones)",
        "grey": "",
    }

    loss: Loss
    noise: Callable[..., Tensor] | None = None  # as ``Noise``; None leaves pairs alone
    clamped: bool = True  # whether results are clamped when they are used
    # Chance of a clean image to be turned to grey: three equal channels with equal noise, which a
    # model that saw colours only does not know.
    grey: float = 0.0
    depth: int = 1  # neighbouring images that the model sees

    @classmethod
    def build(cls, config: TrainConfig, images: ImageFacts) -> Objective:
        """Build it; with ``intervals``, bounds are learned, too."""
        if config.grey and (images.paired or images.channels != RGB):
            raise ConfigError("--grey is for clean colour images that --noise makes noisy")
        if config.grey and images.depth > 1:
            raise ConfigError("--grey is for single images: leave it out, or add --depth 1")
        noise = parse_noise(config.noise) if config.noise else None
        parts = LOSSES[config.loss], noise, images.clamped, config.grey, images.depth
        level = config.intervals
        return cls(*parts) if level is None else Quantiles(*parts, level=level)

    def losses(self, model: Network, drawn: Drawn) -> Tensor:
        """Return the loss of each sample, ``(B,)``."""
        noisy, clean = drawn
        return self.distance(model(noisy).float(), clean)

    def distance(self, denoised: Tensor, clean: Tensor) -> Tensor:
        """Return the loss of denoised images, ``(B,)``."""
        return self.loss(nearly_clamp(denoised) if self.clamped else denoised, clean)

    def risk(self, model: Network, drawn: Drawn) -> Tensor:
        """Return the mean squared error against the clean image, ``(B,)``."""
        noisy, clean = drawn
        denoised = model(noisy).float()
        return mse(denoised.clamp(0, 1) if self.clamped else denoised, clean)

    def examples(self, batch: Batch, generator: Generator) -> tuple[Tensor, Tensor]:
        """Return noisy and clean images."""
        return self.draw(batch, generator)

    def draw(self, batch: Batch, generator: Generator) -> tuple[Tensor, Tensor]:
        """Draw the noise; return noisy and clean images."""
        if len(batch) == PAIR:
            noisy, clean = batch
            return noisy if self.noise is None else self._corrupt(noisy, generator), clean
        (clean,) = batch
        if not self.grey:
            return self._corrupt(clean, generator), middle_of(clean, self.depth)
        grey = torch.rand(len(clean), generator=generator, device=clean.device) < self.grey
        noisy, wanted = torch.empty_like(clean), torch.empty_like(clean)
        for chosen, convert in (grey, to_grey), (~grey, lambda images: images):
            images = chosen.nonzero()[:, 0]
            if len(images):
                given = convert(clean[images])
                wanted[images] = given  # one channel becomes all three, and so does its noise
                noisy[images] = self._corrupt(given, generator)
        return noisy, wanted

    def _corrupt(self, clean: Tensor, generator: Generator) -> Tensor:
        """Add noise to images, or to each of neighbouring images."""
        assert self.noise is not None
        if self.depth == 1:
            return self.noise(clean, generator)
        apart = clean.unflatten(1, (self.depth, -1)).flatten(0, 1)
        return self.noise(apart, generator, self.depth).reshape(clean.shape)


@dataclass(frozen=True)
class Quantiles(Supervised):
    """``loss(f(y), x) + (pinball(f(y) - below(y), x) + pinball(f(y) + above(y), x)) / |f(y) - x|``.

    The pinball loss of a quantile q (Koenker and Bassett, "Regression Quantiles", 1978) is q times
    the distance by which the truth lies above it, or 1 - q times the distance below. As in
    Angelopoulos et al., "Image-to-Image Regression with Distribution-Free Uncertainty
    Quantification", ICML 2022, but the quantiles give no gradient to the image, and their loss is
    relative to the mean error of each sample, so that weak noise is learned as well as strong
    noise.
    """

    level: float = field(
        kw_only=True
    )  # share of the truth that should lie between the quantiles, in (0, 1)

    def losses(self, model: Network, drawn: Drawn) -> Tensor:
        """Return the loss of each sample, ``(B,)``; the model is one with ``Bounds``."""
        noisy, clean = drawn
        image, below, above = model(noisy).float().chunk(3, dim=1)
        loss = self.distance(image, clean)
        tail = (1 - self.level) / 2
        error = clean - image.detach()
        low = pinball(error + below, tail)
        quantiles = (low + pinball(error - above, 1 - tail)).mean((1, 2, 3))
        return loss + quantiles / (error.abs().mean((1, 2, 3)) + LEAST)

    def risk(self, model: Network, drawn: Drawn) -> Tensor:
        """Return the mean squared error of the image, ``(B,)``."""
        return super().risk(lambda noisy: model(noisy).chunk(3, dim=1)[0], drawn)


def pinball(excess: Tensor, quantile: float) -> Tensor:
    """Return the loss of a quantile where the truth lies ``excess`` above it."""
    return torch.maximum(quantile * excess, (quantile - 1) * excess)


def to_grey(images: Tensor) -> Tensor:
    """Return the luma ``(B, 1, H, W)`` of colour images, by ITU-R BT.601."""
    # Not a matrix product, which autocast would round to bfloat16.
    weights = images.new_tensor(LUMA)[:, None, None]
    return (images * weights).sum(1, keepdim=True)
