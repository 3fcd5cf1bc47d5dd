"""The noise of one image, in the terms of a noise spec.

In a noisy image alone, noise is measured where the image varies least. With the clean image, it is
the difference. Levels mean the same as in noise specs: the standard deviation of one channel, if
each channel has noise of its own.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unnoise.facts.blurred import fit_blurred, products, shared_products
from unnoise.facts.flat_blocks import FlatBlocks, flat_blocks
from unnoise.facts.floor import noise_floor
from unnoise.facts.impulses import MANY
from unnoise.facts.lines import lines
from unnoise.facts.parts import TO_STD, middle, neighbours
from unnoise.types import LUMA, RGB, Doubles

MAX_SIDE = 1024  # pixels; a larger image is measured in its middle
EVEN = 1.6  # largest unevenness of the variances of flat halves; pure noise has 1
LEAST = 0.003  # level from which on noise counts
LEAST_UNEVEN = 0.01  # the same for colours whose flat places differ, by texture or brightness
SHARED = 0.3  # least ratio of brightness noise to colour noise; a colour gradient has less
WHITE = 0.35  # pixels; a grain up to this width is white noise, texture has at least 0.45
LEAST_KNOWN = 1e-4  # level from which on noise counts if the clean image is known
FAR, OFF = 5.0, 0.1  # an impulse deviates by 5 standard deviations plus 0.1


@dataclass(frozen=True)
class Part:
    """The noise of the brightness, or of the colour differences."""

    level: float  # standard deviation of a channel of white noise with the same power in this part
    width: float  # of its grain, as the standard deviation of a gaussian, in pixels
    correlation: tuple[float, ...]  # of pixels 1 to 4 apart, without structure and lines


@dataclass(frozen=True)
class NoiseSample:
    """The noise of one image. Levels are in the unit of the image."""

    luma: Part  # noise of the brightness, or of the only channel
    chroma: Part | None  # noise of the colour differences; None without three channels
    even: bool  # whether the flattest places vary equally or without grain, unlike texture
    noisy: bool  # whether there is noise
    brightness: Doubles  # of places from dark to bright, ``(K,)``
    variance: Doubles  # of the noise of a channel there, ``(K,)``; 0 where texture hides it
    rows: float  # standard deviation of noise that a row shares; 0 if it could be chance
    columns: float  # the same for columns
    impulses: float  # share of the pixels that were set to the lowest or highest value


def noise_sample(
    noisy: NDArray[np.generic], clean: NDArray[np.generic] | None = None, *, step: float = 0.0
) -> NoiseSample | None:
    """Measure the noise of an image; None if it is too small, flat or clipped.

    Args:
        noisy: ``(H, W, C)``, nominally [0, 1]. Three channels are colours; others are averaged.
        clean: The same image without noise; None measures the noisy one alone.
        step: Distance of neighbouring values after rounding to integers; rounding is no noise.
    """
    seen = middle(noisy, MAX_SIDE).astype(np.float64)
    truth = None if clean is None else middle(clean, MAX_SIDE).astype(np.float64)
    channels = seen.shape[2]
    weights = LUMA if channels == RGB else np.full(channels, 1 / channels)
    impulses, seen = _without_impulses(seen, truth, weights)
    flat = flat_blocks(seen, weights, truth)
    if flat is None:
        return None
    shared = lines(seen if truth is None else seen - truth)
    rows, columns = (shared.rows, shared.columns) if shared and shared.direction else (0.0, 0.0)
    measure = _Measure(weights, step**2 / 12, rows, columns, blind=truth is None)
    luma = measure.luma(flat.halves)
    chroma = measure.chroma(flat.whole) if channels == RGB else None
    even, found = True, luma.level >= LEAST_KNOWN
    if truth is None:
        floor = noise_floor(seen)
        alike = flat.unevenness(weights, luma.width) < EVEN and bool(floor and floor.noise)
        even = alike or luma.width < WHITE
        found = (even and luma.level >= LEAST) or bool(chroma and _is_noise(chroma, luma, flat))
    elif chroma is not None:
        found = found or chroma.level >= LEAST_KNOWN
    variance = [
        measure.luma_there(each.halves, luma.width)
        if chroma is None
        else measure.chroma(each.halves, chroma.width).level ** 2
        for each in flat.strata
    ]
    powers = _colour_powers()
    weighing = weights if chroma is None else powers / powers.sum()
    return NoiseSample(
        luma=luma,
        chroma=chroma,
        even=even,
        noisy=bool(found or rows or columns or impulses),
        brightness=np.array([float(each.brightness @ weighing) for each in flat.strata]),
        variance=np.array(variance),
        rows=rows,
        columns=columns,
        impulses=impulses,
    )


@dataclass(frozen=True)
class _Measure:
    """Measures blocks ``(B, C, H, W)`` without planes."""

    weights: Doubles  # of the channels in the brightness
    rounding: float  # variance of a channel by rounding, which is white
    rows: float  # standard deviation of the noise that rows share, equal in all channels
    columns: float
    blind: bool  # whether the blocks may hold structure of the image

    def luma(self, blocks: Doubles, width: float | None = None) -> Part:
        """Measure the brightness."""
        shape = blocks.shape[-2:]
        found = products(np.tensordot(blocks, self.weights, (1, 0)))
        found -= shared_products(shape, rows=self.rows**2, columns=self.columns**2)
        return self._part(found, float(np.sum(self.weights**2)), shape, width)

    def luma_there(self, blocks: Doubles, width: float) -> float:
        """Return the variance of the noise at one brightness; 0 if it looks like texture."""
        textured = self.blind and width < WHITE <= self.luma(blocks).width
        return 0.0 if textured else self.luma(blocks, width).level ** 2

    def chroma(self, blocks: Doubles, width: float | None = None) -> Part:
        """Measure the differences of all colours from the brightness."""
        luma = np.tensordot(blocks, self.weights, (1, 0))
        found = np.sum([products(blocks[:, c] - luma) for c in range(blocks.shape[1])], axis=0)
        return self._part(found, float(_colour_powers().sum()), blocks.shape[-2:], width)

    def _part(
        self, found: Doubles, unit: float, shape: tuple[int, int], width: float | None
    ) -> Part:
        """Fit noise to products; white noise of level 1 has the variance ``unit``."""
        fitted = fit_blurred(found, shape, structure=self.blind, width=width)
        variance = fitted.variance / unit - self.rounding
        level = float(np.sqrt(max(0.0, variance)))
        return Part(level, fitted.width, fitted.correlation)


def _is_noise(chroma: Part, luma: Part, flat: FlatBlocks) -> bool:
    """Whether noise, not the image, varies the colours where the brightness varies least."""
    uneven = flat.unevenness_of_colours(LUMA, chroma.width)
    if chroma.width < WHITE or uneven < EVEN:
        return chroma.level >= LEAST
    return chroma.level >= LEAST_UNEVEN and luma.level >= SHARED * chroma.level


def _colour_powers() -> Doubles:
    """Return the variance that noise of each channel adds to the colour differences, ``(C,)``."""
    return np.asarray(np.sum((np.eye(RGB) - LUMA) ** 2, axis=0))


def _without_impulses(
    noisy: Doubles, clean: Doubles | None, weights: Doubles
) -> tuple[float, Doubles]:
    """Return the share of impulses, and the image with medians of neighbours in their place."""
    low, high = float(noisy.min()), float(noisy.max())
    ends = [np.asarray(each.all(2)) for each in (noisy <= low, noisy >= high)]
    if min(noisy.shape[:2]) < 3 or np.mean(ends[0] | ends[1]) < MANY / 2:
        return 0.0, noisy
    inner = (slice(1, -1), slice(1, -1))
    medians = [np.median(neighbours(channel), axis=0) for channel in np.moveaxis(noisy, -1, 0)]
    around = np.stack(medians, axis=-1)
    expected = (around if clean is None else clean[inner]) @ weights
    far = FAR * TO_STD * float(np.median(np.abs(noisy[inner] @ weights - expected))) + OFF
    # The places where an impulse would show.
    seen = [np.asarray(np.abs(expected - value) > far) for value in (low, high)]
    found = [end[inner] & there for end, there in zip(ends, seen, strict=True)]
    pairs = zip(found, seen, strict=True)
    share = sum(float(each.sum() / max(1, there.sum())) for each, there in pairs)
    if share < MANY:
        return 0.0, noisy
    filled = noisy.copy()
    filled[inner] = np.where((found[0] | found[1])[..., None], around, noisy[inner])
    return share, filled
