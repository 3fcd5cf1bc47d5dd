"""Noise that neighbouring pixels share, estimated from what a model removes.

In developed photographs neighbouring pixels share noise: over one pixel in brightness, over several
in colour. Such noise has a covariance C of pixels and channels. Let J be the Jacobian of the best
denoiser f, and r = y - f its residual. Then ``E r rᵀ = C - C J`` and ``E r fᵀ = C J`` (Stein's
identity, and Efron, "Tweedie's Formula and Selection Bias", 2011). So the strength at each
brightness is ``E r rᵀ / (1 - share)``, where share is the share of C J in C. It is multiplied by
0.8, because errors of networks are larger than errors of the best denoiser.

The shape of C is measured in the blocks whose result is flattest. There ``E y yᵀ`` still contains
structure. ``E r yᵀ = E r rᵀ + E r fᵀ`` contains none, but lacks the noise that a model takes for
structure. The mean of both is used, and their ratio is kept as the doubt.

The share is first estimated from white changes, by ``E (C b)·(J b) = tr(C J)``. A network may
follow white changes more than noise with a grain. So the error is estimated with changes
``b ~ N(0, C)``: ``E b·(J b) = tr(C J)``.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from unnoise.trust.noise_level import NoiseLevel
from unnoise.trust.probing import ProbedImage, cells_of, run_count
from unnoise.types import Denoise, Doubles, Floats

BLOCK = 16  # pixels of a side
LAGS = BLOCK // 2 - 1  # pixels; noise farther apart counts as independent
SHARE, FEWEST = 0.05, 6  # of the blocks, the flattest ones, are used; blocks at least
LEAST = 0.3  # power of a frequency that planes must leave; a smaller share is not extrapolated
CELL = 8  # pixels of a side, over which brightness and strength are averaged
ODD = 4.0  # times the structure or the power of other chosen blocks
STRATA, CALM, MEMBERS = 8, 0.5, 8  # of brightness; share of the cells of one; cells at least
FAINT = 1e-3  # share of the noise that counts as none
STEP = 0.1  # of changes with the grain, in units of the noise
MOST_DRAWN = 2  # changes with the grain
EXCESS = 1.2  # errors, relative to the errors of the best denoiser (docs/trust.md)
KEPT = 0.1  # share of the noise that a model must have removed, so that its strength is known


@dataclass(frozen=True)
class Spectrum:
    """A covariance of noise ``sqrt(v_i v_j) r(i - j)`` of values of pixels i and j."""

    correlation: Doubles  # r of two channels up to 7 rows and columns apart, (C, C, 15, 15)
    brightness: Doubles  # (C, 8), rising
    strength: Doubles  # variance v at each brightness, (C, 8)
    # Two readings of the flattest blocks, all noise and all structure, say how much noise was kept.
    doubt: float  # ratio of the two

    @property
    def neighbours(self) -> float:
        """The correlation of pixels side by side, mean of the channels."""
        own = np.einsum("ccij->cij", self.correlation)
        return float((own[:, LAGS, LAGS + 1] + own[:, LAGS + 1, LAGS]).mean() / 2)

    def variance(self, restored: Floats) -> Doubles:
        """Return the variance of the noise of each value of ``(C, H, W)``, by its brightness."""
        lines = zip(restored, self.brightness, self.strength, strict=True)
        return np.stack([np.interp(channel, *line) for channel, *line in lines])

    def level(self, restored: Floats) -> NoiseLevel:
        """Return how strong the noise of an image is."""
        variance = float(self.variance(restored).mean())
        return NoiseLevel(float(np.sqrt(variance)), 0.0, variance)

    def follows(self, found: ProbedImage) -> Doubles:
        """Return how much noise values of the result keep, right on average, ``(C, H, W)``."""
        return _followed(found, self.correlation, np.sqrt(self.variance(found.restored)))

    def draw(self, restored: Floats, generator: np.random.Generator) -> Floats:
        """Draw noise of this covariance for an image with the result ``(C, H, W)``."""
        room, transfer = transfer_of(self.correlation, restored.shape[1:])
        power, ways = np.linalg.eigh(np.moveaxis(transfer, (0, 1), (-2, -1)))
        waves = np.fft.rfft2(generator.standard_normal((len(restored), *room)))
        mixed = np.einsum("ijcd,ijd,dij->cij", ways, np.sqrt(power.clip(0)), waves)
        grain = np.fft.irfft2(mixed, room)[:, : restored.shape[1], : restored.shape[2]]
        return (np.sqrt(self.variance(restored)) * grain).astype(np.float32)

    def share_of_means(self, side: int) -> float:
        """Return the variance of means over squares, relative to means of white noise."""
        falls = (side - np.abs(np.arange(-LAGS, LAGS + 1))).clip(0) / side
        every = np.einsum("ccij,i,j->c", self.correlation, falls, falls)
        return float(np.average(every, weights=self.strength.mean(1)))


def find_spectrum(found: ProbedImage) -> Spectrum | None:
    """Estimate the noise of an image; None if the image is too small, or has no noise."""
    noisy, restored = map(_overlapping_blocks, (found.noisy, found.restored))
    if noisy.shape[1] < FEWEST:
        return None
    power = noisy.var((2, 3)).sum(0)
    structure = restored.var((2, 3)).sum(0)
    # The structure of the block itself would prefer blocks whose noise is fine by chance.
    order = np.argsort(_around(structure, found.noisy.shape[1:]), stable=True)
    flattest = order[: max(FEWEST, round(SHARE * len(structure)))]
    # Objects in flat places are not noise, nor is structure that was removed.
    for each in (structure, power):
        flattest = flattest[each[flattest] <= ODD * np.median(each[flattest])]
    flattest = flattest[power[flattest] > 0]
    if len(flattest) < FEWEST:
        return None
    # Weak and strong noise have the same weight.
    scale = np.sqrt(power[flattest])[:, None, None]
    seen, kept = noisy[:, flattest] / scale, restored[:, flattest] / scale
    ends = [_correlation(each, seen) for each in (seen, seen - kept)]
    if any(each is None for each in ends):
        return None
    correlations = np.array(ends)
    alike = np.ones(noisy.shape[:1])[:, None, None]
    every = [_followed(found, each, alike) for each in correlations]
    most, least = (max(float(each.mean()), FAINT) for each in every)
    lines = _strengths(found, (every[0] + every[1]) / 2)
    return Spectrum(correlations.mean(0), *lines, most / least)


def measure_again(
    denoise: Denoise, found: ProbedImage, grain: Spectrum
) -> tuple[Spectrum, Doubles]:
    """Measure a grain again with changes that have it; return also how much of it was kept."""
    generator = np.random.default_rng(0)
    count = run_count(found.noisy, MOST_DRAWN)
    drawn = np.stack([grain.draw(found.restored, generator) for _ in range(count)])
    made = denoise(found.noisy + np.float32(STEP) * drawn)
    products = np.mean(drawn * (made - found.restored), axis=0, dtype=np.float64) / STEP
    share = products / grain.variance(found.restored)
    better = replace(grain, strength=_strengths(found, share)[1])
    return better, share * better.variance(found.restored)


def _around(structure: Doubles, shape: tuple[int, ...]) -> Doubles:
    """Return the mean structure around each block, in blocks that share no pixel with it."""
    rows, columns = (2 * side // BLOCK - 1 for side in shape)
    mode: Literal["reflect", "edge"] = "reflect" if min(rows, columns) > 2 else "edge"
    padded = np.pad(structure.reshape(rows, columns), 2, mode=mode)
    sides = np.lib.stride_tricks.sliding_window_view(padded, (5, 5))
    ring: Doubles = (sides.sum((2, 3)) - sides[..., 1:-1, 1:-1].sum((2, 3))) / 16
    return ring.ravel()


def without_planes(blocks: Doubles | Floats) -> Doubles:
    """Subtract from blocks ``(C, B, 16, 16)`` the planes that fit them best."""
    flat = blocks.reshape(*blocks.shape[:2], BLOCK**2).astype(np.float64)
    return (flat - flat @ PLANES @ PLANES.T).reshape(blocks.shape)


def _overlapping_blocks(image: Floats) -> Doubles:
    """Cut blocks that overlap by half, and subtract their best planes, ``(C, B, 16, 16)``."""
    if min(image.shape[1:]) < BLOCK:
        return np.zeros((len(image), 0, BLOCK, BLOCK))
    cut = np.lib.stride_tricks.sliding_window_view(image, (BLOCK, BLOCK), axis=(1, 2))
    step = BLOCK // 2
    return without_planes(cut[:, ::step, ::step].reshape(len(image), -1, BLOCK, BLOCK))


def _correlation(ones: Doubles, others: Doubles) -> Doubles | None:
    """Return the correlation of blocks, ``(C, C, 15, 15)``; None if there is none."""
    # With a window (Welch 1967). Low frequencies get back the power that the planes took.
    one, other = (np.fft.fft2(each * WINDOW) / BLOCK for each in (ones, others))
    spectrum = np.einsum("cbij,dbij->cdij", one, other.conj()).real / ones.shape[1]
    spectrum = (spectrum + spectrum.swapaxes(0, 1)) / 2
    spectrum /= np.maximum(LEFT_OF_WHITE, LEAST)
    spectrum[..., 0, 0] = (spectrum[..., 0, 1] + spectrum[..., 1, 0]) / 2  # the mean is gone
    products = np.fft.fftshift(np.fft.ifft2(spectrum).real, axes=(-2, -1))[..., 1:, 1:]
    products /= np.maximum(OF_WINDOW, LEAST)
    power = np.sqrt(np.einsum("cc->c", products[..., LAGS, LAGS]).clip(0))
    if power.min() <= 0:
        return None
    found: Doubles = products / np.multiply.outer(power, power)[..., None, None]
    return found


def _followed(found: ProbedImage, correlation: Doubles, deviation: Doubles) -> Doubles:
    """Return ``D r D b`` times ``J b``, ``(C, H, W)``; D are the deviations of the values."""
    shape = found.noisy.shape[1:]
    room, transfer = transfer_of(correlation, shape)
    total = np.zeros(found.noisy.shape)
    for change, answer in zip(found.changes, found.answers, strict=True):
        waves = np.fft.rfft2(deviation * change, room)
        spread = np.fft.irfft2(np.einsum("cdij,dij->cij", transfer, waves), room)
        total += deviation * spread[:, : shape[0], : shape[1]] * answer
    return total / len(found.changes)


def transfer_of(correlation: Doubles, shape: tuple[int, ...]) -> tuple[tuple[int, int], Doubles]:
    """Return the size of a transform, and the transform ``(..., H, W / 2 + 1)``."""
    lags = correlation.shape[-1] // 2
    # Larger than the image by the lags, because the transform joins opposite ends.
    room = shape[0] + 2 * lags, shape[1] + 2 * lags
    kernel = np.zeros((*correlation.shape[:-2], *room))
    kernel[..., : 2 * lags + 1, : 2 * lags + 1] = correlation
    return room, np.fft.rfft2(np.roll(kernel, (-lags, -lags), (-2, -1))).real


def _strengths(found: ProbedImage, followed: Doubles) -> tuple[Doubles, Doubles]:
    """Return brightness and variance of strata, ``(C, 8)`` each, from their calmest cells."""
    restored = found.restored.astype(np.float64)
    squares, share, bright = (
        cells_of(each, CELL).mean((2, 4)).reshape(len(followed), -1)
        for each in (found.residual.astype(np.float64) ** 2, followed, restored)
    )
    varied = cells_of(restored, CELL).var((2, 4)).sum(0).ravel()
    lines = []
    for channel in range(len(followed)):
        strata = np.array_split(np.argsort(bright[channel], kind="stable"), STRATA)
        calm = [
            s[np.argsort(varied[s], kind="stable")[: max(MEMBERS, round(CALM * len(s)))]]
            for s in strata
        ]
        # Structure that was removed is not noise.
        power = squares[channel]
        calm = [s[power[s] <= ODD * np.median(power[s])] for s in calm]
        means = [[each[channel, part].mean() for part in calm] for each in (bright, squares, share)]
        level, taken = np.array(means[1]), np.maximum(1 - (2 - EXCESS) * np.array(means[2]), KEPT)
        lines.append((np.maximum.accumulate(means[0]), level / taken))
    rising, strength = np.swapaxes(lines, 0, 1)
    return rising, strength


_Y, _X = np.mgrid[:BLOCK, :BLOCK]
# An orthonormal basis of the planes over a block, (256, 3).
PLANES: Doubles = np.linalg.qr(np.stack([np.ones(BLOCK**2), _Y.ravel(), _X.ravel()], axis=1))[0]
_HILL = np.outer(*[np.sin(np.pi * np.arange(BLOCK) / BLOCK) ** 2] * 2)
WINDOW: Doubles = _HILL / np.sqrt(np.mean(_HILL**2))
# The power of each frequency of white noise without planes, under the window.
_REST = (np.eye(BLOCK**2) - PLANES @ PLANES.T).reshape(-1, BLOCK, BLOCK)
LEFT_OF_WHITE: Doubles = (np.abs(np.fft.fft2(_REST * WINDOW)) ** 2).sum(0) / BLOCK**2
# The share of products of pixels up to 7 apart that the window keeps, (15, 15).
_WHOLE = np.fft.ifft2(np.abs(np.fft.fft2(WINDOW, (2 * BLOCK,) * 2)) ** 2).real
OF_WINDOW: Doubles = _WHOLE[np.ix_(*[np.arange(-LAGS, LAGS + 1)] * 2)] / _WHOLE[0, 0]
