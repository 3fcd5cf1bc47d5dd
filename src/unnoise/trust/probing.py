"""One image, what a model makes of it, and how that answers to small changes of the image.

All that is said of a result without a clean reference is computed from these.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from unnoise.denoiser import Denoiser
from unnoise.types import Doubles, Floats

Denoise = Callable[[Floats], Floats]

STEP = np.float32(0.01)  # of the changes, in the model's scale: small for it, large for float32
VALUES = 300_000  # of all changes of an image together, from which their means are steady
MOST = 16  # changes of a small image
SIDE = 128  # pixels of a side of the parts in which held-out images are looked at
WIDE = 2 * SIDE  # pixels of a side, in which facts are looked for that need no model


@dataclass(frozen=True)
class Probe:
    """An image in the model's own scale, and what was found.

    Attributes:
        noisy: The image, ``(C, H, W)``.
        restored: What the model makes of it.
        changes: What was added to the image, in units of ``STEP``: 1 or -1, ``(K, C, H, W)``.
        answers: What that changed in the result, in the same units.
    """

    noisy: Floats
    restored: Floats
    changes: Floats
    answers: Floats

    @property
    def residual(self) -> Floats:
        """What was taken away."""
        taken: Floats = self.noisy - self.restored
        return taken

    @property
    def sensitivity(self) -> Doubles:
        """How pixels of the result follow the same pixels of the image, ``(C, H, W)``.

        This is the diagonal of the Jacobian, by a random estimate that is right in the mean: means
        over many pixels are meaningful, single pixels are not.
        """
        found: Doubles = np.mean(self.changes * self.answers, axis=0, dtype=np.float64)
        return found


def probe(denoiser: Denoiser, noisy: Floats, *, seed: int = 0, most: int = MOST) -> Probe:
    """Probe what a denoiser makes of an image; see ``probe_function``."""
    return probe_function(denoiser.denoise_floats, noisy, seed=seed, most=most)


def probe_function(denoise: Denoise, noisy: Floats, *, seed: int = 0, most: int = MOST) -> Probe:
    """Denoise an image ``(C, H, W)``, and again with small random changes.

    From them follow sums over the Jacobian of the model, as in Ramani et al., "Monte-Carlo SURE: A
    Black-Box Optimization of Regularization Parameters for General Denoising Algorithms" (2008).

    Args:
        denoise: What is applied, from ``(N, C, H, W)`` to results of the same shape.
        noisy: float32, in the model's own scale.
        seed: Of the changes.
        most: How many changes there are at the most.

    Raises:
        ModelError: The model does not take the image.
    """
    count = min(most, max(1, -(-VALUES // noisy.size)))
    signs = np.random.default_rng(seed).integers(0, 2, (count, *noisy.shape), dtype=np.int8)
    changes = signs.astype(np.float32) * 2 - 1
    made = denoise(np.concatenate([noisy[None], noisy + STEP * changes]))
    return Probe(noisy, made[0], changes, (made[1:] - made[0]) / STEP)


def parts_of(images: Floats) -> list[Floats]:
    """Cut images ``(..., H, W)`` into parts of up to ``SIDE``; small ones stay whole."""
    height, width = images.shape[-2:]
    return [
        images[..., y : y + SIDE, x : x + SIDE]
        for y in range(0, max(1, height - SIDE // 2), SIDE)
        for x in range(0, max(1, width - SIDE // 2), SIDE)
    ]
