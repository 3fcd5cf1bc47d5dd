"""An image among its neighbours, and how the result follows small changes of all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from unnoise.denoiser import Denoiser, View
from unnoise.trust.spectrum import Spectrum
from unnoise.trust.structure import Noise, box_mean
from unnoise.types import Denoise, Doubles, Floats

# Of the added noise, in units of the noise: its square must exceed the rounding of bf16.
STEP = 0.5

OWN = 0x5AFE  # makes the random numbers others than those of the seed alone


@dataclass(frozen=True)
class Among:
    """An image, the images beside it that a model sees, and the result."""

    images: Floats  # (depth, C, H, W), in the model's scale
    restored: Floats  # (C, H, W)
    sizes: tuple[int, ...]  # number of images along each axis of the stack
    denoise: Denoise  # from (N, depth · C, H, W) to (N, C, H, W)
    hidden: bool  # whether the result does not depend on the image itself

    @classmethod
    def of(
        cls, denoiser: Denoiser, seen: Floats, restored: Floats, view: View | None
    ) -> "Among | None":
        """View an image with its neighbours ``(depth · C, H, W)``; None for single images."""
        if not denoiser.info.depth:
            return None
        images = seen.reshape(-1, *restored.shape)
        return cls(
            images,
            restored,
            tuple(denoiser.info.depth.values()),
            partial(denoiser.denoise_floats, view=view),
            denoiser.sight.hidden and not _is_alone(images),
        )

    @property
    def middle(self) -> Floats:
        """The image itself, ``(C, H, W)``."""
        image: Floats = self.images[len(self.images) // 2]
        return image

    @property
    def residual(self) -> Doubles:
        """What the model removed, ``(C, H, W)``."""
        return self.middle.astype(np.float64) - self.restored

    def beside(self, images: Floats) -> Doubles:
        """Return the mean of those of ``(depth, ...)`` that are next to the middle one."""
        mean: Doubles = images[adjacent(self.sizes)].mean(axis=0, dtype=np.float64)
        return mean

    def shaken(self, noise: Noise, *, seed: int = 0) -> "Shaken":
        """Denoise again with a little more noise in all images."""
        # Synthetic noise of an image may come from the plain seed; it must not be drawn again.
        generator = np.random.default_rng((seed, OWN))
        added = np.empty_like(self.images)
        for index, image in enumerate(self.images):
            # Equal images, as at the end of a stack, have equal noise.
            same = next(i for i in range(index + 1) if np.array_equal(self.images[i], image))
            if same < index:
                added[index] = added[same]
            elif isinstance(noise, Spectrum):
                added[index] = noise.draw(self.restored, generator)
            else:
                deviation = np.sqrt(noise.variance(self.restored))
                added[index] = deviation * generator.standard_normal(image.shape)
        changed = self.images + np.float32(STEP) * added
        made = self.denoise(changed.reshape(1, -1, *self.restored.shape[1:]))[0]
        return Shaken(added, (made.astype(np.float64) - self.restored) / STEP)


@dataclass(frozen=True)
class Shaken:
    """Noise as strong as the noise of the images, and what a result would keep of it."""

    added: Floats  # (depth, C, H, W)
    kept: Doubles  # (C, H, W)


def _is_alone(images: Floats) -> bool:
    """Whether an image stands for those beside it, because no other one shows its scene."""
    return all(np.array_equal(image, images[0]) for image in images)


def adjacent(sizes: Sequence[int]) -> list[int]:
    """Return which images are next to the middle one, in a grid of ``sizes`` images."""
    places = np.stack(np.unravel_index(np.arange(np.prod(sizes)), tuple(sizes)))
    apart = np.abs(places - np.array(sizes)[:, None] // 2).sum(axis=0)
    return [int(index) for index in np.flatnonzero(apart == 1)]


def ring_mean(values: Doubles, outer: int, inner: int) -> Doubles:
    """Average ``(C, H, W)`` over squares around each pixel, but for smaller squares inside."""
    whole = box_mean(values, outer) * outer**2
    hole = values if inner == 1 else box_mean(values, inner) * inner**2
    mean: Doubles = (whole - hole) / (outer**2 - inner**2)
    return mean
