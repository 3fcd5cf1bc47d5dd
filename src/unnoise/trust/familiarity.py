"""How unlike its training images an image is, as a p-value.

The score is the distance to the second nearest of held-out images, by the statistics of their
denoised versions, whitened. How large it is for images like those in training is known from other
held-out images, which gives the p-value. docs/trust.md has the scores that were tried.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unnoise.denoiser import Denoiser
from unnoise.trust.statistics import image_statistics
from unnoise.types import Doubles, Floats

SIDES = (24, 48, 96, 192)  # of the windows that are compared, in pixels
SMALL = 64  # images up to this side are compared whole
WINDOWS = 300  # of each size, of each half of the images; see calibration.py
NEIGHBOUR = 2
SHRINKAGE = 0.05  # towards statistics that do not depend on each other
FAINT = 0.01  # standard deviation of a statistic that is as good as constant
TINY = 1e-6  # of a distance: an image may be one of the reference
GRID = 4  # windows of an image, along each side


@dataclass(frozen=True)
class Kind:
    """Held-out windows of one size.

    Attributes:
        height: Of the windows.
        width: Of the windows.
        centre: Mean of the statistics, ``(D,)``.
        whitening: What makes them independent and of unit variance, ``(D, D)``.
        reference: The whitened statistics of windows, ``(N, D)``.
        scores: Of windows of other images, in order, ``(M,)``.
    """

    height: int
    width: int
    centre: Floats
    whitening: Floats
    reference: Floats
    scores: Floats

    @classmethod
    def of(cls, reference: Floats, others: Floats) -> "Kind":
        """Make it from denoised windows ``(N, C, H, W)`` and ``(M, C, H, W)``, of other images."""
        found = image_statistics(reference)
        centre = found.mean(axis=0)
        scale = found.std(axis=0) + FAINT
        spread = np.cov((found - centre) / scale, rowvar=False)
        spread = (1 - SHRINKAGE) * spread + SHRINKAGE * np.eye(len(spread))
        whitening = np.linalg.inv(np.linalg.cholesky(spread)).T / scale[:, None]
        # As precise as the model file keeps them, so that a score is the same before and after.
        centre, whitening = (_rounded(values) for values in (centre, whitening))
        height, width = reference.shape[2:]
        made = cls(
            height,
            width,
            centre,
            whitening,
            _rounded((found - centre) @ whitening),
            np.zeros(0, np.float32),
        )
        scores = _rounded(np.sort(made.score(others)))
        return cls(made.height, made.width, made.centre, made.whitening, made.reference, scores)

    def score(self, windows: Floats) -> Doubles:
        """Return how far denoised windows ``(N, C, H, W)`` lie from the reference."""
        found = (image_statistics(windows) - self.centre) @ self.whitening
        squares = np.array([np.sum((self.reference - each) ** 2, axis=1) for each in found])
        nearest: Doubles = np.sqrt(np.partition(squares, NEIGHBOUR - 1, axis=1)[:, NEIGHBOUR - 1])
        return nearest

    def log_density(self, windows: Floats) -> float:
        """Return how densely the reference lies around denoised windows, as a logarithm.

        It is the estimate by the nearest neighbour, ``k / (N · volume of the ball up to it)``
        (Loftsgaarden & Quesenberry 1965), without what is the same for all kinds of a size.
        """
        distance = max(float(self.score(windows).mean()), TINY)
        scale = float(np.linalg.slogdet(self.whitening)[1])
        return scale - len(self.centre) * math.log(distance) - math.log(len(self.reference))


@dataclass(frozen=True)
class Familiarity:
    """How unlike the training images one image is.

    Attributes:
        p_value: Share of single windows of images like those in training that are at least as
            unlike them as the windows of this image are in the mean.
        excess: The score over the largest that is usual: above 1 the image is unlike.
    """

    p_value: float
    excess: float


def familiarity(restored: Floats, kinds: Sequence[Kind], usual: float) -> Familiarity | None:
    """Compare a denoised image ``(C, H, W)`` with held-out ones.

    Args:
        restored: In the model's own scale.
        kinds: Of several sizes; the largest that fits into the image is taken.
        usual: Share of images like those in training whose score counts as usual.

    Returns:
        None for an image that is smaller than all windows.
    """
    height, width = restored.shape[1:]
    fitting = [kind for kind in kinds if kind.height <= height and kind.width <= width]
    if not fitting:
        return None
    kind = max(fitting, key=lambda kind: kind.height * kind.width)
    score = float(kind.score(windows(restored, kind.height, kind.width)).mean())
    above = len(kind.scores) - int(np.searchsorted(kind.scores, score))
    limit = float(np.quantile(kind.scores, usual, method="higher"))
    return Familiarity((above + 1) / (len(kind.scores) + 1), score / max(limit, 1e-6))


def windows(image: Floats, height: int, width: int) -> Floats:
    """Cut up to 4 × 4 windows, evenly spread, out of ``(C, H, W)``."""
    down, right = (
        np.linspace(0, whole - side, max(1, min(GRID, whole // side))).astype(int)
        for whole, side in zip(image.shape[1:], (height, width), strict=True)
    )
    return np.stack([image[:, y : y + height, x : x + width] for y in down for x in right])


def window_sizes(images: Sequence[Floats]) -> list[tuple[int, int]]:
    """Return the heights and widths of the windows by which images ``(C, H, W)`` are compared.

    Small images of one size are compared whole, others by those windows that most of them have.
    """
    shapes = {image.shape[1:] for image in images}
    if len(shapes) == 1 and max(next(iter(shapes))) <= SMALL:
        return list(shapes)
    usual = float(np.median([min(image.shape[1:]) for image in images]))
    return [(side, side) for side in SIDES if side <= usual]


def learn_kind(
    denoiser: Denoiser, noisy: Sequence[Floats], size: tuple[int, int], count: int, seed: int
) -> Kind | None:
    """Learn how unlike held-out images are to each other, by windows of one size.

    Half of them is the reference, the other half tells how far from it an image lies that is like
    those in training.

    Args:
        denoiser: What is applied.
        noisy: Held-out images ``(C, H, W)``, as noisy as in training, in the model's own scale.
        size: Height and width of the windows.
        count: Windows of each half.
        seed: Of the halves and the places.

    Returns:
        None for too few images.
    """
    random = np.random.default_rng(seed)
    fitting = [x for x in noisy if x.shape[1] >= size[0] and x.shape[2] >= size[1]]
    order = random.permutation(len(fitting))
    halves = [[fitting[i] for i in half] for half in np.array_split(order, 2)]
    if min(map(len, halves)) <= NEIGHBOUR:
        return None
    cut = [_cut(half, *size, count, random) for half in halves]
    return Kind.of(*(denoiser.denoise_floats(part) for part in cut))


def _cut(
    images: Sequence[Floats], height: int, width: int, count: int, random: np.random.Generator
) -> Floats:
    """Cut windows out of images in turn; one of each that is no larger."""
    whole = all(image.shape[1:] == (height, width) for image in images)
    cut = []
    for index in range(min(count, len(images)) if whole else count):
        image = images[index % len(images)]
        y, x = (
            random.integers(0, got - side + 1)
            for got, side in zip(image.shape[1:], (height, width), strict=True)
        )
        cut.append(image[:, y : y + height, x : x + width])
    return np.stack(cut)


def _rounded(values: Doubles) -> Floats:
    """Round to half the precision, which is more than statistics of a few hundred images have."""
    return values.astype(np.float16).astype(np.float32)
