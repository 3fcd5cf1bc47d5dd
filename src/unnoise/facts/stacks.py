"""Neighbouring images of a stack: how much they help to predict pixels, and whether they are alike.

Both are measured on noisy images alone, by what noise cannot do: noise of one pixel predicts no
other pixel, and noise of one image is independent of the noise of the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unnoise.facts.parts import TO_STD, blocks_of
from unnoise.facts.parts import middle as middle_of
from unnoise.types import Doubles, Floats, Mask

MAX_SIDE = 512  # pixels; a larger image is measured in its middle, or every n-th pixel of it
ENDS = (0.001, 0.999)  # quantiles; values beyond them, such as hot pixels, are clipped

# For the gain.
BINNED = 128  # pixels of a side from which on the means of 2 × 2 pixels are predicted
BLOCKS = {1: 4, 2: 8}  # pixels of the side of a block, without and with such means
FEWEST = 30  # blocks; an image of 28 × 28 pixels has 36
NEAR = [(y, x) for y in range(-2, 3) for x in range(-2, 3) if (y, x) > (0, 0)]  # half of 5 × 5
OWN, THEIRS = (3, 5, 9, 17, 33, 65), (3, 5, 9, 17)  # pixels of the sides of squares, all odd
RIDGE = 1e-5  # share of the variance that keeps the equations solvable
# Neighbours help above this share and this number of standard errors. Unrelated photographs have
# 0.0007 at most, strong noise with a grain 0.001 to 0.006 where they help (docs/lab-notes.md).
LEAST_GAIN, SURE = 0.001, 1.5
LITTLE = 1e-6  # share of the variance; a smaller error means that there is no noise to remove
SECOND = 36.0  # variance of a second difference both ways of independent values
KNOWN = 0.05  # share of the noise that the error must exceed it by
MOST = 100.0  # largest ratio of two errors

# For the likeness.
COARSE, FEWEST_COARSE = 4, 32  # pixels that are averaged each way, and means of a side at least
WIDE = 9  # coarse pixels; slower variation is shading
REACH = 8  # coarse pixels by which the image may move
FAR = 5.0  # standard deviations at which coarse pixels are clipped
VAGUE = 0.1  # standard error from which on the likeness is not known
# Likeness below which two images show two scenes. Two photographs have 0.35 at most, and moved,
# zoomed or overexposed ones at least 0.62 (docs/lab-notes.md).
UNLIKE = 0.4


@dataclass(frozen=True)
class Gain:
    """Mean squared errors of two predictions of noisy pixels, as shares of the squared range.

    Each is the variance of the noise plus the error about what the image shows. If pixels are means
    of 2 × 2 pixels, so is their noise.
    """

    without: float  # from pixels of the same image
    beside: float  # from these and from pixels of the neighbours
    alone: float  # from pixels of the neighbours alone
    error: float  # standard error of ``better``
    noise: float  # variance of the noise; texture counts as noise

    @property
    def better(self) -> float:
        """How much lower the error is with neighbours: 0.38 for 38 %."""
        return self.without / self.beside - 1

    @property
    def own(self) -> float:
        """How much lower the error is with pixels of the same image beside the neighbours."""
        return self.alone / self.beside - 1

    @property
    def beyond(self) -> float | None:
        """The same for the error without the noise; None if nearly all of the error is noise.

        It is as uncertain as the noise: too high if texture counts as noise, 99 at most.
        """
        without, beside = self.without - self.noise, self.beside - self.noise
        if without < KNOWN * self.noise:
            return None
        return without / max(beside, without / MOST) - 1

    @property
    def helps(self) -> bool:
        """Whether neighbours help more than by chance."""
        return self.better > max(LEAST_GAIN, SURE * self.error)


def gain(
    middle: NDArray[np.generic], neighbours: Sequence[NDArray[np.generic]], *, distance: int = 1
) -> Gain | None:
    """Measure how much better pixels are predicted if neighbouring images are known.

    Two linear rules predict a pixel with the least squared error. One sees pixels of the same image
    around it, its means over squares of up to 65 pixels, and its place. The other also sees the
    same place in the neighbours, by itself and averaged over squares. Both are fitted to every
    second block, and judged on the others, and the other way round.

    Unrelated images give 0 or a little below. Shading that they share, such as a vignette, does not
    count, since the place predicts it. What has sharp edges and is in all images counts, since it
    looks like a scene that does not move: hot pixels and other patterns of a camera, black bars, a
    round mask. So does noise that is the same in two images, such as that of repeated frames.

    In images of at least 128 pixels a side, means of 2 × 2 pixels are predicted. They have less
    noise, so the gain is larger and more certain.

    Args:
        middle: ``(H, W, C)``, any real dtype, any scale; the mean of the channels counts.
        neighbours: Images of this size, nearest first, in pairs (before, after). The two of a pair
            count equally.
        distance: Least distance in pixels at which the noise is independent, which is
            ``noise_correlation(middle).stride``.

    Returns:
        None if the image is too small or flat, or has no noise.
    """
    image = _grey(middle_of(middle, MAX_SIDE))
    low, high = (float(end) for end in np.quantile(image[::3, ::3], ENDS))
    step = 2 if min(image.shape) >= BINNED else 1
    apart = (distance + 2 * step - 2) // step  # so that no pixel of one mean is too near another
    edge, side = 2 * apart, BLOCKS[step]
    down, right = ((length // step - 2 * edge) // side for length in image.shape)
    if not high > low or min(down, right) < 1 or down * right < FEWEST:
        return None

    def seen(values: Doubles) -> Doubles:
        return _binned((values.clip(low, high) - low) / (high - low), step)

    def cut(values: Doubles) -> Floats:
        return blocks_of(values[edge:-edge, edge:-edge], side).astype(np.float32)

    target = seen(image)
    others = [seen(_grey(middle_of(each, MAX_SIDE))) for each in neighbours]
    pairs = [np.sum(others[at : at + 2], axis=0) for at in range(0, len(others), 2)]
    own = [*_around(target, apart), *_squares(target, OWN, 2 * apart - 1), *_place(*target.shape)]
    theirs = [each for pair in pairs for each in (pair, *_squares(pair, THEIRS, 0))]
    half = np.add.outer(np.arange(down), np.arange(right)).ravel() % 2 == 0
    wanted = cut(target)
    known = np.stack([cut(each) for each in own + theirs])
    without, beside, alone = _errors(known, wanted, len(own), half)
    if without.mean() <= LITTLE * wanted.var():
        return None
    least = max(float(beside.mean()), float(without.mean()) / MOST)
    error = float((without - beside).std() / len(wanted) ** 0.5 / least)
    noise = _noise(target[::apart, ::apart])
    return Gain(float(without.mean()), least, float(alone.mean()), error, noise)


def likeness(before: NDArray[np.generic], after: NDArray[np.generic]) -> float | None:
    """Measure how alike the structure of two neighbouring images is beyond their noise, -1 to 1.

    Images are averaged over 4 × 4 pixels. The covariance of such pixels of one image with their
    diagonal neighbours in the other, at the shift where it is largest, is divided by the same
    within each image. Noise has no part in either, even if it has a grain. The figure depends
    neither on brightness and contrast, nor on what whole rows or columns share.

    About 1 for one scene, up to 0.3 for two scenes, since the best shift is taken. Shifts of more
    than 32 of 512 pixels look like another scene. A sharp pattern that a camera adds to all images
    looks like one scene.

    Args:
        before: ``(H, W, C)``, any real dtype, any scale; the mean of the channels counts.
        after: The next image, of the same size.

    Returns:
        None if one of them is too small, or shows too little structure in its noise.
    """
    step = -(-max(before.shape[:2]) // MAX_SIDE)
    if min(before.shape[:2]) < step * COARSE * FEWEST_COARSE:
        return None
    one, other = (_coarse(_grey(image[::step, ::step])) for image in (before, after))
    # One image beside the other in zeros, so that the products do not wrap around.
    padded = [length + REACH + 8 for length in one.shape]
    seen = [np.fft.rfft2(each, padded) for each in (one, other)]

    def covariance(first: int, second: int) -> Doubles:
        """Return the mean products at each shift."""
        products = np.fft.irfft2(seen[first].conj() * seen[second], padded) / one.size
        shifts = np.arange(-REACH - 1, REACH + 2)
        return np.asarray(products[np.ix_(shifts, shifts)])

    own, theirs, cross = covariance(0, 0), covariance(1, 1), covariance(0, 1)
    structure = [float(_diagonal(each)[REACH, REACH]) for each in (own, theirs)]
    if min(structure) <= 0:
        return None
    whole = float(np.sqrt(structure[0] * structure[1]))
    # Bartlett: the variance of a covariance of unrelated images; the mean of four has half at most.
    error = np.sqrt(max(0.0, float(np.sum(own * theirs))) / one.size / 2)
    if error > VAGUE * whole:
        return None
    return float(np.clip(_diagonal(cross).max() / whole, -1, 1))


def is_cut(before: NDArray[np.generic], after: NDArray[np.generic]) -> bool:
    """Return whether two neighbouring frames ``(H, W, C)`` certainly show two scenes.

    A pan, a flash, a fade, and frames without structure are no cuts.
    """
    found = likeness(before, after)
    return found is not None and found < UNLIKE


def _binned(image: Doubles, step: int) -> Doubles:
    """Return the means of ``step`` × ``step`` pixels of ``(H, W)``."""
    height, width = (length // step for length in image.shape)
    rows = image[: height * step, : width * step].reshape(height, step, -1).sum(1)
    return np.asarray(rows.reshape(height, width, step).sum(2) / step**2)


def _grey(image: NDArray[np.generic]) -> Doubles:
    return np.asarray(image.astype(np.float64).mean(axis=2))


def _around(image: Doubles, apart: int) -> list[Doubles]:
    """Return the sums of opposite pixels of 5 × 5 pixels, which are ``apart``."""
    reach = 2 * apart
    padded = np.pad(image, reach, mode="reflect")

    def moved(down: int, right: int) -> Doubles:
        return padded[reach + down :, reach + right :][: image.shape[0], : image.shape[1]]

    return [moved(apart * y, apart * x) + moved(-apart * y, -apart * x) for y, x in NEAR]


def _squares(image: Doubles, sides: Sequence[int], hole: int) -> list[Doubles]:
    """Return the means over squares around each pixel, without the square of side ``hole``."""
    sides = [side for side in sides if hole < side < min(image.shape)]
    reach = max([hole, *sides]) // 2 + 1
    total = np.pad(image, reach, mode="reflect").cumsum(0).cumsum(1)

    def summed(side: int) -> Doubles:
        low, high = reach - side // 2 - 1, reach + side // 2
        rows = total[high:][: len(image)] - total[low:][: len(image)]
        return np.asarray(rows[:, high:][:, : image.shape[1]] - rows[:, low:][:, : image.shape[1]])

    inner = summed(hole) if hole else 0.0
    return [(summed(side) - inner) / (side**2 - hole**2) for side in sides]


def _place(height: int, width: int) -> list[Doubles]:
    """Return polynomials of the place, which predict shading."""
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    return [y, x, y * x, y * y, x * x]


def _errors(
    known: Floats, wanted: Floats, own: int, half: Mask
) -> tuple[Doubles, Doubles, Doubles]:
    """Return the mean squared errors of blocks ``(B,)`` by own values, by all, by the others.

    Args:
        known: Values that predict, ``(F, B, side, side)``; changed in place.
        wanted: Pixels to predict, ``(B, side, side)``.
        own: How many of the values, the first ones, belong to the image itself.
        half: Blocks of one of two halves, ``(B,)``.
    """
    known -= known.mean((1, 2, 3), keepdims=True)
    known /= known.std((1, 2, 3), keepdims=True) + np.float32(1e-9)
    wanted = wanted - wanted.mean()
    errors = np.empty((3, len(wanted)))
    used = slice(own), slice(None), slice(own, None)
    for fitted in (half, ~half):
        given, judged = known[:, fitted].reshape(len(known), -1), known[:, ~fitted]
        products = (given @ given.T).astype(np.float64)
        products += RIDGE * given.shape[1] * np.eye(len(known))
        aims = (given @ wanted[fitted].ravel()).astype(np.float64)
        for which, part in enumerate(used):
            weights = np.linalg.solve(products[part, part], aims[part])
            rest = wanted[~fitted] - np.tensordot(weights.astype(np.float32), judged[part], 1)
            errors[which, ~fitted] = np.mean(rest**2, axis=(1, 2))
    return errors[0], errors[1], errors[2]


def _noise(image: Doubles) -> float:
    """Estimate the variance of the noise by the median of second differences both ways."""
    # Immerkaer, "Fast Noise Variance Estimation", CVIU 1996; the median leaves out edges.
    across = image[:, 2:] - 2 * image[:, 1:-1] + image[:, :-2]
    both = across[2:] - 2 * across[1:-1] + across[:-2]
    return float((TO_STD * np.median(np.abs(both))) ** 2 / SECOND)


def _coarse(image: Doubles) -> Doubles:
    """Return means of 4 × 4 pixels without shading and without what rows or columns share."""
    from scipy.ndimage import uniform_filter

    means = _binned(image, COARSE)
    rest = means - uniform_filter(means, WIDE, mode="nearest")
    rest -= rest.mean(1, keepdims=True)
    rest -= rest.mean(0, keepdims=True)
    limit = FAR * TO_STD * float(np.median(np.abs(rest)))
    return np.asarray(rest.clip(-limit, limit) if limit > 0 else rest)


def _diagonal(products: Doubles) -> Doubles:
    """Return the means of the four diagonal neighbours of each inner shift."""
    above, below = products[:-2], products[2:]
    return np.asarray((above[:, :-2] + above[:, 2:] + below[:, :-2] + below[:, 2:]) / 4)
