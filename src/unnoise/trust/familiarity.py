"""How unlike the training images an image is, as a p-value.

The score is the distance to the second nearest held-out image, by statistics of the denoised
images, whitened. The scores of other held-out images show how large it is for images like those in
training; this gives the p-value. docs/trust.md lists the scores that were tried.

The statistics describe brightness, and edges at several scales. Denoised images have little noise
that could change them. They ignore places, so images of any size can be compared.
"""

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unnoise.denoiser import Denoiser
from unnoise.trust.probing import SIDE, cells_of
from unnoise.types import Doubles, Floats

TYPICAL = 0.99  # share of held-out images that every check accepts
SIDES = (24, 48, 96, 192)  # pixels of a side of the windows that are compared
MARGIN = 16  # pixels around a window that are denoised with it
SMALL = 64  # images up to this side are compared whole
WINDOWS = 300  # of each size, in each half of the images
NEIGHBOUR = 2
SHRINKAGE = 0.05  # towards statistics that are independent of each other
FAINT = 0.01  # standard deviation of a statistic that counts as constant
LARGEST = 4096  # pixels of a side of a window
TINY = 1e-6  # least distance: the image may be in the reference
GRID = 4  # windows of an image, along each side

ARRAYS = ("centre", "whitening", "reference", "scores")  # of a Kind

SCALES = 4
SMALLEST = 4  # pixels of a side of the coarsest scale
BRIGHTNESS = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)  # quantiles
STEEPNESS = (0.25, 0.5, 0.75, 0.9, 0.97)
BEND = 30  # values over a thirtieth count by their logarithms


@dataclass(frozen=True)
class Kind:
    """Held-out windows of one size, by D statistics."""

    height: int
    width: int
    centre: Floats  # mean of the statistics, (D,)
    whitening: Floats  # makes them independent, with variance 1, (D, D)
    reference: Floats  # whitened statistics of N windows, (N, D)
    scores: Floats  # of M windows of other images, rising, (M,)

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

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> "Kind":
        """Read what ``to_plain`` returned; ValueError for damaged statistics."""
        height, width = int(plain["height"]), int(plain["width"])
        centre, whitening, reference, scores = (_unpack(plain[name]) for name in ARRAYS)
        size = len(centre)
        if whitening.shape != (size, size) or reference.ndim != 2 or reference.shape[1] != size:
            raise ValueError("the sizes of its statistics differ")
        if len(reference) < 2 or scores.ndim != 1 or len(scores) == 0:
            raise ValueError("it holds no images")
        if not (1 <= min(height, width) <= max(height, width) <= LARGEST):
            raise ValueError(f"its windows are {height} × {width}")
        if size != statistics_count(height, width):
            raise ValueError(f"there are {size} statistics of windows of {height} × {width}")
        return cls(height, width, centre, whitening, reference, scores)

    def to_plain(self) -> dict[str, Any]:
        """Return values that JSON can hold."""
        return {**vars(self), **{name: _pack(getattr(self, name)) for name in ARRAYS}}

    def score(self, windows: Floats) -> Doubles:
        """Return how far denoised windows ``(N, C, H, W)`` lie from the reference, ``(N,)``."""
        found = (image_statistics(windows) - self.centre) @ self.whitening
        squares = np.array([np.sum((self.reference - each) ** 2, axis=1) for each in found])
        return np.sqrt(np.partition(squares, NEIGHBOUR - 1, axis=1)[:, NEIGHBOUR - 1])

    def log_density(self, windows: Floats) -> float:
        """Return the logarithm of the density of the reference around denoised windows."""
        # k / (N · volume of the ball up to the neighbour k) (Loftsgaarden & Quesenberry 1965),
        # without terms that are equal for all kinds of a size.
        distance = max(float(self.score(windows).mean()), TINY)
        scale = float(np.linalg.slogdet(self.whitening)[1])
        return scale - len(self.centre) * math.log(distance) - math.log(len(self.reference))


@dataclass(frozen=True)
class Familiarity:
    """How unlike the training images one image is."""

    p_value: float  # share of held-out windows that are at least as unlike as this image's
    excess: float  # the score over its limit


def familiarity(restored: Floats, kinds: Sequence[Kind]) -> Familiarity | None:
    """Compare a denoised image ``(C, H, W)`` by the largest windows that fit; None if none fits."""
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
    """Return the heights and widths of the windows by which images ``(C, H, W)`` are compared."""
    shapes = {image.shape[1:] for image in images}
    if len(shapes) == 1 and max(next(iter(shapes))) <= SMALL:
        return list(shapes)
    typical = float(np.median([min(image.shape[1:]) for image in images]))
    return [(side, side) for side in SIDES if side <= typical]


def window_count(size: tuple[int, int]) -> int:
    """Return the number of windows of a size: the smaller, the more."""
    return 2 * WINDOWS if max(size) <= SMALL else WINDOWS // 2 if max(size) > SIDE else WINDOWS


def seen_pixels(size: tuple[int, int], whole: tuple[int, int]) -> int:
    """Return the number of pixels that are denoised for a window of an image of a size."""
    height, width = (min(a + 2 * MARGIN, b) for a, b in zip(size, whole, strict=True))
    return int(height * width)


def learn_kind(
    denoiser: Denoiser, noisy: Sequence[Floats], size: tuple[int, int], count: int, seed: int
) -> Kind | None:
    """Learn from held-out images ``(C, H, W)``, ``count`` windows a half; None for too few."""
    # One half of the images is the reference, the other half gives the scores.
    random = np.random.default_rng(seed)
    fitting = [x for x in noisy if x.shape[1] >= size[0] and x.shape[2] >= size[1]]
    order = random.permutation(len(fitting))
    halves = [[fitting[i] for i in half] for half in np.array_split(order, 2)]
    if min(map(len, halves)) <= NEIGHBOUR:
        return None
    return Kind.of(*(_denoised_windows(denoiser, half, size, count, random) for half in halves))


def _denoised_windows(
    denoiser: Denoiser,
    images: Sequence[Floats],
    size: tuple[int, int],
    count: int,
    random: np.random.Generator,
) -> Floats:
    """Denoise windows of images in turn, with what surrounds them; one each if they are whole."""
    if all(image.shape[1:] == size for image in images):
        return denoiser.denoise_floats(np.stack(images[:count]))
    # Networks are worse at the border of what they see, so windows that are denoised alone would
    # not look like those of a whole image.
    parts: dict[tuple[int, ...], list[tuple[Floats, tuple[slice, slice]]]] = {}
    for index in range(count):
        image = images[index % len(images)]
        outer, inner = zip(
            *(_place(*sides, random) for sides in zip(image.shape[1:], size, strict=True)),
            strict=True,
        )
        part = image[:, *outer]
        parts.setdefault(part.shape, []).append((part, inner))
    windows: list[Floats] = []
    for alike in parts.values():
        restored = denoiser.denoise_floats(np.stack([part for part, _ in alike]))
        windows += [made[:, *inner] for made, (_, inner) in zip(restored, alike, strict=True)]
    return np.stack(windows)


def _place(whole: int, side: int, random: np.random.Generator) -> tuple[slice, slice]:
    """Draw what is seen of a length, and the window in it."""
    start, seen = int(random.integers(0, whole - side + 1)), min(side + 2 * MARGIN, whole)
    first = min(max(start - MARGIN, 0), whole - seen)
    return slice(first, first + seen), slice(start - first, start - first + side)


def _rounded(values: Doubles) -> Floats:
    """Round to half precision: statistics of a few hundred images are less precise."""
    return values.astype(np.float16).astype(np.float32)


def _pack(array: Floats) -> dict[str, Any]:
    data = np.ascontiguousarray(array, "<f2").tobytes()
    return {"shape": list(array.shape), "float16": base64.b64encode(data).decode("ascii")}


def _unpack(plain: Mapping[str, Any]) -> Floats:
    values = np.frombuffer(base64.b64decode(plain["float16"], validate=True), "<f2")
    array = values.astype(np.float32).reshape([int(side) for side in plain["shape"]])
    if not np.isfinite(array).all():
        raise ValueError("a statistic is not finite")
    return array


def image_statistics(images: Floats) -> Doubles:
    """Return the statistics of images ``(N, C, H, W)`` of one size, ``(N, D)``."""
    grey = images.mean(axis=1, dtype=np.float64)
    columns = [*np.quantile(_flat(grey), BRIGHTNESS, axis=1), _flat(grey).mean(1)]
    for _ in range(SCALES):
        columns += _edges(grey)
        if min(grey.shape[1:]) < 2 * SMALLEST:
            break
        grey = cells_of(grey, 2).mean((2, 4))
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
