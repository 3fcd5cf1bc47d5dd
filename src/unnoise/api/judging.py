"""Known images as a model sees them: in its scale, noisy, and with their neighbours."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Self

import numpy as np
import torch

from unnoise.denoiser import Denoiser, apart
from unnoise.errors import ConfigError
from unnoise.images import ValueRange, hole_mask, ranges_of, without_holes
from unnoise.noise import parse_noise
from unnoise.sizes import middle_of
from unnoise.types import Array, Floats, Indices

CHUNK = 16  # images of a stack that are copied at once, each with its neighbours


@dataclass(frozen=True)
class Judged:
    """Images of one size that a denoiser is judged by.

    For a model that sees several images, ``around`` says which images are seen with each. Without
    it, each image comes with its neighbours, ``(N, H, W, depth · C)``; its clean version does not.
    """

    images: Array  # (N, H, W, C): noisy ones, or clean ones that become noisy
    clean: Array | None = None  # (N, H, W, C) of noisy images
    around: Indices | None = None  # (N, depth), or fewer rows: the first images are judged

    @classmethod
    def of(cls, views: Sequence[Array]) -> Self:
        """Take the views of scenes: noisy and clean images, or clean ones alone."""
        return cls(views[0], views[1] if len(views) > 1 else None)

    @property
    def count(self) -> int:
        """Number of images that are judged."""
        return len(self.images if self.around is None else self.around)


@dataclass(frozen=True)
class Ready:
    """A stack in the model's scale, ``(N, C, H, W)``."""

    noisy: Floats
    clean: Floats
    together: Callable[[], Floats]  # the noisy images as the model sees them, (N, depth · C, H, W)


def first_ready(
    denoiser: Denoiser, views: Sequence[Array], noise: str, random: torch.Generator
) -> Ready:
    """Return the first stack of some views in the model's scale, with its noise."""
    shown = Judged.of(views)
    return ready(denoiser, shown, value_ranges(denoiser, [shown]), noise, random)[0]


def with_data(judged: Judged) -> list[Judged]:
    """Leave out pixels without data; stacks that lack none stay whole."""
    images, clean = judged.images, judged.clean
    both = [images] if clean is None else [images, clean]
    if all(hole_mask(side) is None for side in both):
        return [
            Judged(np.asarray(images), clean if clean is None else np.asarray(clean), judged.around)
        ]
    if judged.around is not None:
        raise ConfigError(
            "some pixels have no data, and images that are seen together cannot be cut there: cut "
            "the stacks to the part that has data"
        )
    cut = [part for scene in zip(*both, strict=True) for part in without_holes(scene)]
    return [Judged.of([side[None] for side in part]) for part in cut]


def first(judged: Sequence[Judged], limit: int) -> Iterator[Judged]:
    """Yield stacks until there are ``limit`` images; stacks of one size in a row are joined."""
    left = limit or sum(each.count for each in judged)

    def kind(item: tuple[int, Judged]) -> object:
        place, each = item
        sides = [side for side in (each.images, each.clean) if side is not None]
        alone = None if each.around is None else place  # neighbours lie in one stack
        return alone, [(side.shape[1:], side.dtype) for side in sides]

    for _, group in groupby(enumerate(judged), key=kind):
        joined = _joined([each for _, each in group], left)
        left -= joined.count
        if joined.count:
            yield joined


def _joined(stacks: Sequence[Judged], most: int) -> Judged:
    """Join stacks of one kind, up to a number of images."""
    (one, *others) = stacks
    if one.around is not None:
        assert not others
        return replace(one, around=one.around[:most])
    clean = [each.clean for each in stacks if each.clean is not None]
    return Judged(
        np.concatenate([each.images for each in stacks])[:most],
        np.concatenate(clean)[:most] if clean else None,
    )


def ready(
    denoiser: Denoiser,
    judged: Judged,
    ranges: tuple[ValueRange, ValueRange],
    spec: str,
    random: torch.Generator,
) -> list[Ready]:
    """Scale images as the model sees them; a spec makes them noisy.

    All images of a stack get noise of one strength, as they do in training.
    """
    depth = denoiser.backend.network.depth
    inside = depth if judged.around is None else 1  # images that come as one
    floats = denoiser.sight.floats
    noisy = floats(judged.images, ranges[1 if spec else 0], depth=inside)
    clean = middle_of(noisy, inside) if judged.clean is None else floats(judged.clean, ranges[1])
    if spec:
        alone = torch.from_numpy(noisy.reshape(len(noisy) * inside, -1, *noisy.shape[2:]))
        alike = inside if judged.around is None else len(noisy)
        noisy = parse_noise(spec)(alone, random, alike).numpy().reshape(noisy.shape)
    if judged.around is None:
        return [Ready(middle_of(noisy, depth), clean, lambda: noisy)]
    table = judged.around

    def together(rows: slice) -> Callable[[], Floats]:
        return lambda: noisy[table[rows]].reshape(len(table[rows]), -1, *noisy.shape[2:])

    chunks = [slice(start, start + CHUNK) for start in range(0, len(table), CHUNK)]
    last = len(table)
    return [Ready(noisy[:last][rows], clean[:last][rows], together(rows)) for rows in chunks]


def value_ranges(denoiser: Denoiser, judged: Sequence[Judged]) -> tuple[ValueRange, ValueRange]:
    """Return the ranges of noisy and of clean stacks, as training finds them."""
    noisy = [_alone(each, denoiser.backend.network.depth) for each in judged]
    clean = [n if each.clean is None else each.clean for n, each in zip(noisy, judged, strict=True)]
    kinds = {side.dtype for side in (*noisy, *clean)}
    sight = denoiser.sight
    if len(kinds) == 1 and sight.results is not None:  # in the units of the model
        return sight.values(_images(noisy))[0], sight.results
    views = [_images(noisy), _images(clean)] if len(kinds) > 1 else [_images([*noisy, *clean])]
    ours = sight.values(views[0])[0]
    found = ranges_of(views)
    return ours, ours if found[0] == found[-1] else found[-1]


def _alone(judged: Judged, depth: int) -> Array:
    """Return images without their neighbours."""
    return (
        judged.images
        if judged.around is not None
        else apart(judged.images, depth)[depth // 2 :: depth]
    )


def _images(stacks: Sequence[Array]) -> list[Array]:
    return [image for stack in stacks for image in stack]
