"""``unnoise.add_noise`` and ``evaluate``: the quality of a denoiser on known images."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import torch
from numpy.typing import NDArray

from unnoise.api.common import Source, print_message
from unnoise.api.judging import Judged, first, ready, value_ranges, with_data
from unnoise.data import Beside, Part, load_images, load_pairs
from unnoise.datasets import NAMES
from unnoise.denoiser import Denoiser
from unnoise.errors import ConfigError
from unnoise.evaluation import Evaluation, compare
from unnoise.images import (
    MAX_PIXELS,
    Develop,
    Mosaic,
    NaN,
    ReadOptions,
    ValueRange,
    as_stack,
    from_float,
    to_float,
)
from unnoise.noise import parse_noise
from unnoise.seeding import generator
from unnoise.trust import error_estimator
from unnoise.types import Array, Indices, Say, Scalar


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
    develop: Develop = "srgb",
    mosaic: Mosaic | None = None,
    scene: str | None = None,
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
        develop, mosaic: How raw files and mosaics are taken, as in ``ReadOptions``.
        scene: The scene of files of microscopes, by its name or number (1 is the first).
        limit: The first N images are measured; 0 takes all.
        baselines: Whether to run classical methods, too, tuned without the clean image.
        seed: Decides the noise.
        data_dir: Where to look for named datasets first.

    Raises:
        ConfigError: There is neither a noise nor targets, or both; or the model sees several
            images together, and these are single ones of a named dataset.
        ModelError: The images are no stacks that such a model takes.
    """
    read = ReadOptions(
        axes=axes,
        array=array,
        max_pixels=max_pixels,
        nodata=nodata,
        nan=nan,
        sequence=sequence,
        develop=develop,
        mosaic=mosaic,
        scene=scene,
    )
    if limit < 0:
        raise ConfigError(f"limit is {limit}: it is a number of images, or 0 for all")
    if denoiser.info.depth and isinstance(data, str) and data in NAMES:
        raise ConfigError(
            f"the model sees several images of a stack together, and {data} has single images: "
            "give a stack, or take a model of single images"
        )
    if noise is not None and targets is not None:
        raise ConfigError("--targets and --noise are both given: noisy images bring their own")
    found = load_pairs(data, targets, read=read, say=say)
    if found is not None:
        if noise is not None:
            raise ConfigError(
                f"{found[0].name} holds pairs of noisy and clean images, which bring their own "
                "noise: leave --noise out, or name the clean ones alone"
            )
        spec, images = "", found[0]
        clean: Sequence[Array | None] = found[1].stacks
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
        clean = [None] * len(images.stacks)
    judged = [
        Judged(stack, theirs, _around(denoiser, part, stack))
        for stack, theirs, part in zip(images.stacks, clean, images.parts, strict=True)
    ]
    return measure(
        denoiser, judged, spec=spec, name=images.name, limit=limit, baselines=baselines, seed=seed
    )


def measure(
    denoiser: Denoiser,
    judged: Sequence[Judged],
    *,
    spec: str,
    name: str,
    limit: int,
    baselines: bool = True,
    seed: int = 0,
) -> Evaluation:
    """Measure a denoiser on noisy images and their clean ones, or on clean ones and a noise."""
    chosen = list(first([part for each in judged for part in with_data(each)], limit))
    ranges = value_ranges(denoiser, chosen)
    stacks = [
        stack
        for i, each in enumerate(chosen)
        for stack in ready(
            denoiser, each, ranges, spec, generator(seed, "evaluate", *([i] if i else []))
        )
    ]
    return compare(
        denoiser.denoise_floats,
        [(stack.noisy, stack.clean) for stack in stacks],
        noise=str(parse_noise(spec)) if spec else "",
        data=name,
        seed=seed,
        together=(stack.together() for stack in stacks),
        baselines=baselines,
        estimator=error_estimator,
    )


def _around(denoiser: Denoiser, part: Part, stack: Array) -> Indices | None:
    """Return which images of a stack are seen with each; None for a model of single images."""
    near = denoiser.sight.around(part, name=part.name)
    return None if near is None else Beside.of([near], list(stack)).table
