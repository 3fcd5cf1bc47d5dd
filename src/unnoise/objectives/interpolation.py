"""Interpolation: the middle one of neighbouring images is found from those beside it."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Generator, Tensor

from unnoise.objectives.contract import Batch, Drawn, ImageFacts, Network, Objective
from unnoise.objectives.hidden_pixels import anywhere, at, draw_pixels, put, with_middle
from unnoise.objectives.losses import mse
from unnoise.runs import TrainConfig
from unnoise.sizes import middle_of

CELL = 5  # pixels: the least side of the cells of which one pixel is asked for


@dataclass(frozen=True)
class Interpolation(Objective):
    """Hide an image, and ask for it from those before and after it: ``|f(y₋, y₊) - y|²``.

    Lecoq et al., "Removing independent noise in systems neuroscience data using
    DeepInterpolation", Nature Methods 2021, equation 3. The noise must be independent between
    images; within an image it may be correlated. The expectation of the risk is the error of the
    result plus the variance of the noise, as for ``Noise2Noise``. What all images share, such as
    hot pixels, is not noise for it.

    With a ``blind_spot``, the network sees the middle image, too, except for a square around each
    pixel that is asked for. So it can follow what moves, as in Eom et al., "Statistically unbiased
    prediction enables accurate denoising of voltage imaging data" (SUPPORT), Nature Methods 2023.
    The noise must be independent at the distances that lie outside of the square.

    A batch is ``(noisy,)``.
    """

    learns_from = "noisy"
    obeys: ClassVar = {"blind_spot": ""}
    finds_structure = False
    asks_middle = True
    patch = 64  # more and smaller steps than at 128 gain 0.6 dB in equal time (docs/lab-notes.md)

    depth: int
    blind_spot: int | None = None  # pixels of the side of the square; None hides the whole image

    @classmethod
    def build(cls, config: TrainConfig, images: ImageFacts) -> Objective:
        """Take the depth and the blind spot."""
        return cls(images.depth, config.blind_spot)

    @classmethod
    def hides_middle(cls, config: TrainConfig) -> bool:
        """Hide it, but for a blind spot."""
        return config.blind_spot is None

    def draw(self, batch: Batch, generator: Generator) -> Drawn:
        """Return the images; with a blind spot, with squares replaced, their places and values."""
        (noisy,) = batch
        if self.blind_spot is None:
            return (noisy,)
        middle = middle_of(noisy, self.depth)
        rows, columns = draw_pixels(middle, max(CELL, 2 * self.blind_spot), generator)
        masked = middle.clone(memory_format=torch.contiguous_format)
        height, width = middle.shape[2:]
        reach = range(-(self.blind_spot // 2), self.blind_spot // 2 + 1)
        for down in reach:
            for right in reach:
                y, x = (rows + down).clamp(0, height - 1), (columns + right).clamp(0, width - 1)
                put(masked, y, x, anywhere(middle, rows.shape, generator))
        return with_middle(noisy, masked, self.depth), at(middle, rows, columns), rows, columns

    def losses(self, model: Network, drawn: Drawn) -> Tensor:
        """Return the loss of each sample, ``(B,)``."""
        if self.blind_spot is None:
            (noisy,) = drawn
            return mse(model(noisy).float(), middle_of(noisy, self.depth))
        masked, values, rows, columns = drawn
        return (at(model(masked).float(), rows, columns) - values).square().mean((1, 2))
