"""``unnoise.add_noise`` and ``evaluate``: the quality of a denoiser on known images."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray

from unnoise.api.common import Source, print_message
from unnoise.data import load_images, load_pairs
from unnoise.denoiser import Denoiser
from unnoise.errors import ConfigError
from unnoise.evaluation import Evaluation, compare
from unnoise.images import (
    MAX_PIXELS,
    NaN,
    ReadOptions,
    ValueRange,
    as_stack,
    from_float,
    hole_mask,
    ranges_of,
    to_float,
    without_holes,
)
from unnoise.noise import parse_noise
from unnoise.seeding import generator
from unnoise.trust import error_estimator
from unnoise.types import Array, Say, Scalar


def add_noise(
    image: NDArray[Scalar],
    noise: str,
    *,
    axes: str | None = None,
    range: tuple[float, float] | None = None,  # noqa: A002  the word of the option
    seed: int = 0,
) -> NDArray[Scalar]:
    """Corrupt an image as training does.

    Args:
        image: ``(H, W)``, ``(H, W, C)`` or ``(N, H, W, C)``; others with ``axes``.
        noise: A spec, such as ``gaussian:0.1``; levels count from 0 to 1 of the value range.
        axes: One letter per axis, such as ``NYX`` for a stack of grey images.
        range: The values that are 0 and 1 for the spec; None finds them in the image, as training
            does, and a ``UserWarning`` reports them where the dtype does not define them.
        seed: Decides the noise.

    Returns:
        An array of the same shape and dtype. Integers are rounded and clipped to their range;
        floats are clipped only if the spec says so.
    """
    stack, layout = as_stack(image, axes=axes)
    values = ValueRange.of(list(stack)) if range is None else ValueRange.given(*range)
    if range is None and values != ValueRange.nominal(stack.dtype):
        warnings.warn(
            f"levels count in the range of the values, {values} of {stack.dtype}; range=(LOW, "
            "HIGH) sets it",
            stacklevel=2,
        )
    clean = torch.from_numpy(to_float(stack, values))
    noisy = parse_noise(noise)(clean, generator(seed, "add_noise")).numpy()
    return cast("NDArray[Scalar]", from_float(noisy, layout, replace(values, clamp=False)))


def evaluate(
    denoiser: Denoiser,
    data: Source,
    *,
    targets: Source | None = None,
    noise: str | None = None,
    axes: str | None = None,
    array: str | None = None,
    max_pixels: int = MAX_PIXELS,
    nodata: float | None = None,
    nan: NaN = "refuse",
    sequence: bool = False,
    limit: int = 1000,
    baselines: bool = True,
    seed: int = 0,
    data_dir: str | Path | None = None,
    say: Say = print_message,
) -> Evaluation:
    """Measure a denoiser on clean images that it has not seen, beside classical methods.

    Args:
        data: A named dataset (its test part), file, folder, pattern or array of clean images; of
            noisy images where there are targets.
        targets: The clean version of each image, matched by name. None looks for pairs in ``data``.
        noise: The corruption; None takes the noise that the denoiser was trained for.
        axes: The axes of the images, where they are ambiguous.
        array: The name of the array in a ``.npz`` archive.
        max_pixels: Larger images are refused; 0 is no limit.
        nodata: The value that stands for no data; such pixels are left out.
        nan: ``keep`` takes NaN and infinity as no data, ``refuse`` refuses them.
        sequence: Whether each folder of numbered files is one stack along T.
        limit: The first N images are measured; 0 takes all.
        baselines: Whether to run classical methods, too, tuned without the clean image.
        seed: Decides the noise.
        data_dir: Where to look for named datasets first.

    Raises:
        ConfigError: There is neither a noise nor targets, or both.
    """
    read = ReadOptions(
        axes=axes, array=array, max_pixels=max_pixels, nodata=nodata, nan=nan, sequence=sequence
    )
    if limit < 0:
        raise ConfigError(f"limit is {limit}: it is a number of images, or 0 for all")
    if noise is not None and targets is not None:
        raise ConfigError("--targets and --noise are both given: noisy images bring their own")
    found = load_pairs(data, targets, read=read, say=say)
    if found is not None:
        if noise is not None:
            raise ConfigError(
                f"{found[0].name} holds pairs of noisy and clean images, which bring their own "
                "noise: leave --noise out, or name the clean ones alone"
            )
        pairs = list(zip(*(side.stacks for side in found), strict=True))
        spec, name = "", found[0].name
    else:
        spec = noise or denoiser.info.noise
        if not spec:
            raise ConfigError(
                "the model was trained on noisy images, so say what to measure with: "
                "--targets with the clean version of each image, or --noise for clean images"
            )
        images = load_images(
            data, split="test", read=read, data_dir=Path(data_dir) if data_dir else None, say=say
        )
        name, pairs = images.name, [(stack, stack) for stack in images.stacks]
    return measure(
        denoiser, pairs, spec=spec, name=name, limit=limit, baselines=baselines, seed=seed
    )


def measure(
    denoiser: Denoiser,
    pairs: Sequence[tuple[Array, Array]],
    *,
    spec: str,
    name: str,
    limit: int,
    baselines: bool = True,
    seed: int = 0,
) -> Evaluation:
    """Measure a denoiser on stacks ``(N, H, W, C)``: noisy and clean, or clean ones and a noise."""
    pairs = [part for pair in pairs for part in _with_data(*pair)]
    first = list(_first(pairs, limit))
    ranges = value_ranges(denoiser, *([pair[side] for pair in first] for side in (0, 1)))
    return compare(
        denoiser.denoise_floats,
        [
            _floats(denoiser, pair, ranges, spec, generator(seed, "evaluate", *([i] if i else [])))
            for i, pair in enumerate(first)
        ],
        noise=str(parse_noise(spec)) if spec else "",
        data=name,
        seed=seed,
        baselines=baselines,
        estimator=error_estimator,
    )


def value_ranges(
    denoiser: Denoiser, noisy: Sequence[Array], clean: Sequence[Array]
) -> tuple[ValueRange, ValueRange]:
    """Return the ranges of noisy and of clean stacks, as training finds them."""
    kinds = {side.dtype for side in (*noisy, *clean)}
    sight = denoiser.sight
    if len(kinds) == 1 and sight.results is not None:  # in the units of the model
        return sight.values(_images(noisy))[0], sight.results
    views = [_images(noisy), _images(clean)] if len(kinds) > 1 else [_images([*noisy, *clean])]
    ours = sight.values(views[0])[0]
    found = ranges_of(views)
    return ours, ours if found[0] == found[-1] else found[-1]


def _with_data(noisy: Array, clean: Array) -> list[tuple[Array, Array]]:
    """Leave out pixels without data; stacks that lack none stay whole."""
    if hole_mask(noisy) is None is hole_mask(clean):
        return [(np.asarray(noisy), np.asarray(clean))]
    cut = [part for images in zip(noisy, clean, strict=True) for part in without_holes(images)]
    return [(ours[None], theirs[None]) for ours, theirs in cut]


def _images(stacks: Sequence[Array]) -> list[Array]:
    return [image for stack in stacks for image in stack]


def _first(pairs: Sequence[tuple[Array, Array]], limit: int) -> Iterator[tuple[Array, Array]]:
    """Yield stacks until there are ``limit`` images; stacks of one size in a row are joined."""
    left = limit or sum(len(clean) for _, clean in pairs)
    alike = groupby(pairs, key=lambda pair: [(side.shape[1:], side.dtype) for side in pair])
    for _, group in alike:
        noisy, clean = (np.concatenate(side)[:left] for side in zip(*group, strict=True))
        left -= len(clean)
        if len(clean):
            yield noisy, clean


def _floats(
    denoiser: Denoiser,
    pair: tuple[Array, Array],
    ranges: tuple[ValueRange, ValueRange],
    spec: str,
    random: torch.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Scale a pair of stacks as the model sees them, ``(N, C, H, W)``; a spec makes one noisy."""
    noisy, clean = (
        denoiser.sight.floats(side, values) for side, values in zip(pair, ranges, strict=True)
    )
    if spec:
        noisy = parse_noise(spec)(torch.from_numpy(clean), random).numpy()
    return noisy, clean
