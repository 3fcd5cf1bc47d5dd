"""The smaller copies (levels) of an OME-Zarr image, made anew by means of blocks."""

import re
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np

from unnoise.images.holes import Holes

NAME = re.compile(r"\w[\w.-]*")  # of a level: no path leads out of its group


def levels_of(group: Any, names: Sequence[str]) -> tuple[str, ...]:
    """Return the levels of a group, from full resolution, that can be made from each other.

    Each must be smaller than the one before by whole factors. The others are left out.
    """
    there = {str(name): array for name, array in group.arrays()}
    kept: list[str] = []
    for name in names:
        fits = NAME.fullmatch(name) and name in there and name not in kept
        if fits and (not kept or factors(there[kept[-1]].shape, there[name].shape)):
            kept.append(name)
    return tuple(kept)


def factors(larger: Sequence[int], smaller: Sequence[int]) -> tuple[int, ...] | None:
    """Return the whole factors between the shapes of two levels; None if they are no such."""
    if len(larger) != len(smaller) or 0 in smaller:
        return None
    found = tuple(round(n / m) for n, m in zip(larger, smaller, strict=True))
    fits = (
        f >= 1 and m in (n // f, -(-n // f)) for n, m, f in zip(larger, smaller, found, strict=True)
    )
    return found if all(fits) else None


def fill_level(target: Any, larger: Any, holes: Holes) -> None:
    """Fill a level by the means of the larger one, chunk by chunk; no data do not count."""
    scale = factors(larger.shape, target.shape)
    assert scale is not None
    for region in _regions(target.shape, getattr(target, "shards", None) or target.chunks):
        part = tuple(
            slice(f * span.start, n if span.stop == m else f * span.stop)
            for span, f, n, m in zip(region, scale, larger.shape, target.shape, strict=True)
        )
        values = np.asarray(larger[part])
        # A last row that is no block of its own belongs to no block.
        ends = zip(region, scale, strict=True)
        values = values[tuple(slice(f * (span.stop - span.start)) for span, f in ends)]
        target[region] = _means(values, scale, holes)


def _regions(shape: Sequence[int], chunks: Sequence[int]) -> Iterator[tuple[slice, ...]]:
    spans = (
        [slice(start, min(start + chunk, n)) for start in range(0, n, chunk)]
        for n, chunk in zip(shape, chunks, strict=True)
    )
    return product(*spans)


def _means(values: Any, scale: Sequence[int], holes: Holes) -> Any:
    """Return the means of blocks, in the dtype of the values."""
    lacks = holes.find(values) if holes else None
    weights: Any = np.ones(values.shape) if lacks is None else (~lacks).astype(np.float64)
    sums: Any = np.where(weights > 0, values, 0).astype(np.float64)
    for axis, factor in enumerate(scale):
        if factor > 1:
            starts = np.arange(0, sums.shape[axis], factor)
            sums, weights = (np.add.reduceat(each, starts, axis) for each in (sums, weights))
    means = sums / np.maximum(weights, 1)
    if values.dtype.kind != "f":
        means = np.rint(means)
    means = means.astype(values.dtype)
    if lacks is not None:
        means[weights == 0] = np.nan if holes.value is None else holes.value
    return means
