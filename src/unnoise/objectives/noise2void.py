"""Noise2Void: guess pixels from their surroundings."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Generator, Tensor

from unnoise.facts import Structure
from unnoise.objectives.contract import Batch, Drawn, ImageFacts, Network, Objective
from unnoise.objectives.hidden_pixels import anywhere, at, draw_pixels, put, with_middle
from unnoise.runs import TrainConfig
from unnoise.sizes import middle_of

CELL = 5  # one pixel of each 5 × 5 is masked, 4 %
RADIUS = 2  # of the window that replacements come from
SPAN = 5  # pixels to each side that a mask for structured noise covers

Replacement = Literal["uniform", "median"]


@dataclass(frozen=True)
class Noise2Void(Objective):
    """Replace some pixels and ask for their values: the mean of ``|f(ỹ) - y|²`` over them.

    Krull et al., "Noise2Void", CVPR 2019, equation 8. The noise of a pixel must be independent of
    its surroundings; where it is correlated along an axis, the pixels on it are replaced too
    (Broaddus et al., "Removing Structured Noise with Self-Supervised Blind-Spot Networks", ISBI
    2020).

    The input of the model does not depend on the pixels that are hidden. So the expectation of the
    risk is the error against the clean pixels plus the variance of their noise (Batson & Royer,
    "Noise2Self", ICML 2019, proposition 1).

    A batch is ``(noisy,)`` with sides of at least 5. A pixel is replaced with another one of its
    5 × 5 window (``uniform``), or with the ``median`` of the others (Höck et al., "N2V2", ECCV
    Workshops 2022).
    """

    learns_from = "noisy"
    obeys: ClassVar = {"replacement": "", "structure": "", "stride": ""}
    finds_structure = False  # masks along lines lose more than they gain (docs/lab-notes.md)

    replacement: Replacement = "uniform"
    structure: Structure = "none"  # the axis along which noise is correlated
    depth: int = 1  # neighbouring images; pixels of the middle one alone are replaced

    @classmethod
    def build(cls, config: TrainConfig, images: ImageFacts) -> Objective:
        """Take the replacement, the structure and the depth."""
        return cls(config.replacement, images.structure, images.depth)

    @classmethod
    def allows_shortcuts(cls, config: TrainConfig) -> bool:
        """Forbid them with the median: it is so close that the network would copy its input."""
        return config.replacement != "median"

    def draw(self, batch: Batch, generator: Generator) -> Drawn:
        """Return images with replaced pixels, the values that were there, and their places."""
        (noisy,) = batch
        middle = middle_of(noisy, self.depth)
        rows, columns = draw_pixels(middle, CELL, generator)
        masked = self._mask(middle, rows, columns, generator)
        return with_middle(noisy, masked, self.depth), at(middle, rows, columns), rows, columns

    def losses(self, model: Network, drawn: Drawn) -> Tensor:
        """Return the loss of each sample, ``(B,)``."""
        masked, hidden, rows, columns = drawn
        return (at(model(masked).float(), rows, columns) - hidden).square().mean((1, 2))

    def _mask(self, noisy: Tensor, rows: Tensor, columns: Tensor, generator: Generator) -> Tensor:
        masked = noisy.clone(memory_format=torch.contiguous_format)
        if self.structure != "none":
            height, width = noisy.shape[2:]
            for shift in range(-SPAN, SPAN + 1):
                across = self.structure == "horizontal"
                y = rows if across else (rows + shift).clamp(0, height - 1)
                x = (columns + shift).clamp(0, width - 1) if across else columns
                # A value from nearby may share the structured noise, one from anywhere does not.
                put(masked, y, x, anywhere(noisy, rows.shape, generator))
            return masked
        others = _window(noisy, rows, columns)  # (B, C, n, 24)
        if self.replacement == "median":
            return put(masked, rows, columns, others.median(-1).values)
        count = others.shape[-1]
        choice = torch.randint(0, count, rows.shape, generator=generator, device=noisy.device)
        choice = choice[:, None, :, None].expand(-1, noisy.shape[1], -1, -1)
        return put(masked, rows, columns, others.gather(-1, choice).squeeze(-1))


def _window(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Take all pixels but the middle one of the window around each, ``(B, C, n, 24)``.

    At the border the window is moved inside, so that it never holds a pixel twice.
    """
    height, width = images.shape[2:]
    side = 2 * RADIUS + 1
    top = (rows - RADIUS).clamp(0, height - side)
    left = (columns - RADIUS).clamp(0, width - side)
    middle = (rows - top) * side + (columns - left)
    place = torch.arange(side**2 - 1, device=images.device).expand(*rows.shape, -1)
    place = place + (place >= middle[..., None])
    y, x = top[..., None] + place // side, left[..., None] + place % side
    return at(images, y.flatten(1), x.flatten(1)).view(*images.shape[:2], *place.shape[1:])
