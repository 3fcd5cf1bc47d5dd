"""How unlike the training images an image is, as a p-value.

The score is the distance to the second nearest held-out image, by statistics of the denoised
images, whitened. The scores of other held-out images show how large it is for images like those in
training; this gives the p-value. docs/trust.md lists the scores that were tried.

The statistics describe brightness, and edges at several scales. Denoised images have little noise
that could change them. They ignore places, so images of any size can be compared.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from unnoise.denoiser import Denoiser
from unnoise.types import Doubles, Floats

TYPICAL = 0.99  # share of held-out images that every check accepts
SIDES = (24, 48, 96, 192)  # pixels of a side of the windows that are compared
SMALL = 64  # images up to this side are compared whole
WINDOWS = 300  # of each size, in each half of the images; see calibration.py
NEIGHBOUR = 2
SHRINKAGE = 0.05  # towards statistics that are independent of each other
FAINT = 0.01  # standard deviation of a statistic that counts as constant
TINY = 1e-6  # least distance: the image may be in the reference
GRID = 4  # windows of an image, along each side

SCALES = 4
SMALLEST = 4  # pixels of a side of the coarsest scale
BRIGHTNESS = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)  # quantiles
STEEPNESS = (0.25, 0.5, 0.75, 0.9, 0.97)
BEND = 30  # values over a thirtieth count by their logarithms


@dataclass(frozen=True)
class Kind:
    """Held-out windows of one size, by D statistics.

    ``centre`` is the mean of the statistics, ``(D,)``; ``whitening`` makes them independent, with
    variance 1, ``(D, D)``. ``reference`` holds the whitened statistics of N windows, ``(N, D)``,
    ``scores`` the rising scores of M windows of other images, ``(M,)``.
    """

    height: int
    width: int
    centre: Floats
    whitening: Floats
    reference: Floats
    scores: Floats

    @classmethod
    def of(cls, reference: Floats, others: Floats) -> "Kind":
        """Learn from denoised windows ``(N, C, H, W)``, and ``(M, C, H, W)`` of other images."""
        found = image_statistics(reference)
        centre = found.mean(axis=0)
        scale = found.std(axis=0) + FAINT
        spread = np.cov((found - centre) / scale, rowvar=False)
        spread = (1 - SHRINKAGE) * spread + SHRINKAGE * np.eye(len(spread))
        whitening = np.linalg.inv(np.linalg.cholesky(spread)).T / scale[:, None]
        # Rounded as in the model file, so that saving and loading change no score.
        centre, whitening = (_rounded(values) for values in (centre, whitening))
        whitened = _rounded((found - centre) @ whitening)
        height, width = reference.shape[2:]
        made = cls(height, width, centre, whitening, whitened, np.zeros(0, np.float32))
        return replace(made, scores=_rounded(np.sort(made.score(others))))

    def score(self, windows: Floats) -> Doubles:
        """Return how far denoised windows ``(N, C, H, W)`` lie from the reference, ``(N,)``."""
        found = (image_statistics(windows) - self.centre) @ self.whitening
        squares = np.array([np.sum((self.reference - each) ** 2, axis=1) for each in found])
        nearest: Doubles = np.sqrt(np.partition(squares, NEIGHBOUR - 1, axis=1)[:, NEIGHBOUR - 1])
        return nearest

    def log_density(self, windows: Floats) -> float:
        """Return how densely the reference lies around denoised windows, as a logarithm.

        This is the estimate by the nearest neighbour, ``k / (N · volume of the ball up to it)``
        (Loftsgaarden & Quesenberry 1965), without terms that are equal for all kinds of a size.
        """
        distance = max(float(self.score(windows).mean()), TINY)
        scale = float(np.linalg.slogdet(self.whitening)[1])
        return scale - len(self.centre) * math.log(distance) - math.log(len(self.reference))


@dataclass(frozen=True)
class Familiarity:
    """How unlike the training images one image is.

    ``p_value`` is the share of held-out windows that are at least as unlike the reference as the
    windows of this image are on average. ``excess`` is the score over its limit.
    """

    p_value: float
    excess: float


def familiarity(restored: Floats, kinds: Sequence[Kind]) -> Familiarity | None:
    """Compare a denoised image ``(C, H, W)`` with held-out ones, by the largest windows that fit.

    None for an image that is smaller than all windows.
    """
    height, width = restored.shape[1:]
    fitting = [kind for kind in kinds if kind.height <= height and kind.width <= width]
    if not fitting:
        return None
    kind = max(fitting, key=lambda kind: kind.height * kind.width)
    score = float(kind.score(windows(restored, kind.height, kind.width)).mean())
    above = len(kind.scores) - int(np.searchsorted(kind.scores, score))
    limit = float(np.quantile(kind.scores, TYPICAL, method="higher"))
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

    Small images of one size are compared whole, others by the windows that fit into most of them.
    """
    shapes = {image.shape[1:] for image in images}
    if len(shapes) == 1 and max(next(iter(shapes))) <= SMALL:
        return list(shapes)
    typical = float(np.median([min(image.shape[1:]) for image in images]))
    return [(side, side) for side in SIDES if side <= typical]


def learn_kind(
    denoiser: Denoiser, noisy: Sequence[Floats], size: tuple[int, int], count: int, seed: int
) -> Kind | None:
    """Learn how unlike held-out images ``(C, H, W)`` are, by windows of one size, ``count`` a half.

    One half of the images is the reference, the other half gives the scores. None for too few
    images.
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
    """Cut ``count`` windows out of images in turn; one each where the images have that size."""
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
    """Round to half precision: statistics of a few hundred images are less precise."""
    return values.astype(np.float16).astype(np.float32)


def image_statistics(images: Floats) -> Doubles:
    """Return the statistics of images ``(N, C, H, W)`` of one size, ``(N, D)``.

    D depends on the size: scales of less than 4 pixels have no statistics.
    """
    grey = images.mean(axis=1, dtype=np.float64)
    columns = [*np.quantile(_flat(grey), BRIGHTNESS, axis=1), _flat(grey).mean(1)]
    for _ in range(SCALES):
        columns += _edges(grey)
        height, width = (side // 2 * 2 for side in grey.shape[1:])
        if min(height, width) < 2 * SMALLEST:
            break
        grey = grey[:, :height, :width].reshape(len(grey), height // 2, 2, width // 2, 2)
        grey = grey.mean((2, 4))
    found = np.stack(columns, axis=1)
    bent: Doubles = np.sign(found) * np.log1p(BEND * np.abs(found))
    return bent


def statistics_count(height: int, width: int) -> int:
    """Return D for images of a size."""
    scales, least = 1, min(height, width)
    while scales < SCALES and least // 2 * 2 >= 2 * SMALLEST:
        scales, least = scales + 1, least // 2
    return len(BRIGHTNESS) + 1 + scales * (len(STEEPNESS) + 7)


def _edges(grey: Doubles) -> list[Doubles]:
    """Return statistics of the gradient and the curvature of ``(N, H, W)``."""
    right, down = np.diff(grey, axis=2)[:, :-1], np.diff(grey, axis=1)[:, :, :-1]
    steep = _flat(np.hypot(right, down))
    inner = grey[:, 1:-1, 1:-1]
    around = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:]
    curved = _flat(4 * inner - around)
    return [
        *np.quantile(steep, STEEPNESS, axis=1),
        steep.mean(1),
        steep.std(1),
        np.abs(curved).mean(1),
        curved.std(1),
        _flat(right * down).mean(1),
        _flat(right**2 - down**2).mean(1),
        _flat(grey).std(1),
    ]


def _flat(values: Doubles) -> Doubles:
    return values.reshape(len(values), -1)
