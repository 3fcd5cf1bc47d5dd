"""From a plan to what a training draws from: batches, and scenes that are held out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from unnoise.data.batches import Batches, Patches, split_indices
from unnoise.data.method import NOISY_ONLY, Plan, Scenes
from unnoise.data.pool import Pool
from unnoise.data.stream import BlockReader, Stream, file_images
from unnoise.data.survey import Part, read_parts
from unnoise.errors import DataError
from unnoise.images import ValueRange
from unnoise.noise import noise_correlation

Array = NDArray[np.generic]
Views = tuple[list[Array], ...]  # of each view the images (H, W, C)

WHOLE = 64  # pixels: images of one size up to this are taken whole
MANY = 50  # images, from which on whole ones are held out; of fewer, strips of each
HELD_WHOLE, HELD_STRIPS = 0.2, 0.1
THINNEST = 16  # rows of a strip
HELD_PIXELS = 1_500_000  # at the most; the figure is then good to about 0.02 dB
SAMPLE = 16  # files of a stream, from which its value range is told


@dataclass(frozen=True)
class Material:
    """What a training draws from.

    Attributes:
        batches: ``at(step)`` gives the views of a batch.
        held_out: Scenes that the batches never show: their views, each ``(H, W, C)``.
        ranges: The value range of each view.
        strides: The sub-sampling strides at which images are seen.
        notes: What the user should know, in words.
    """

    batches: Batches | Patches | Stream
    held_out: list[tuple[Array, ...]]
    ranges: tuple[ValueRange, ...]
    strides: tuple[int, ...] = (1,)
    notes: tuple[str, ...] = ()


def takes_whole(plan: Plan) -> bool:
    """Whether images are taken whole: small ones of one size, no captures."""
    sizes = {(part.height, part.width) for view in plan.views for part in view}
    return len(sizes) == 1 and max(next(iter(sizes))) <= WHOLE and plan.scenes is None


def prepare(
    plan: Plan,
    *,
    batch_size: int,
    side: int,
    share: float | None,
    stride: int | None,
    memory: float,
    seed: int,
    failed: Callable[[str], None],
) -> Material:
    """Read the images, hold some out, and make batches of the others.

    Args:
        plan: The images and the objective.
        batch_size: Images or crops a batch.
        side: Of a crop.
        share: Of the images, or of each image, that is held out; None for the default.
        stride: Sub-sampling stride for noisy-only training; None to tell it from the noise.
        memory: GiB of pixels that may be kept; more are streamed from their files.
        seed: Decides the split and the batches.
        failed: Told of each file that cannot be read.

    Raises:
        DataError: Nothing is left to train on.
    """
    size = sum(part.bytes for view in plan.views for part in view)
    if size > memory * 2**30:
        return _streamed(plan, batch_size, side, share, stride, seed, failed)
    views, scenes = _read(plan, failed)
    ranges = _ranges(views)
    if takes_whole(plan):
        stacks = [np.stack(view) for view in views]
        keep, held = split_indices(len(stacks[0]), share or HELD_WHOLE, seed)
        batches = Batches(tuple(stack[keep] for stack in stacks), ranges, batch_size, seed)
        held_out = list(zip(*(stack[held] for stack in stacks), strict=True))
        return Material(batches, _limited(held_out), ranges)
    strides: list[int] = [1]
    notes: tuple[str, ...] = ()
    if plan.objective in NOISY_ONLY:
        strides = _strides(views[0], stride)
        notes = _note(strides) if stride is None else ()
        views = (_apart(views[0], strides),)
    train, held_out, scenes = _split(views, scenes, share, seed)
    pools = tuple(Pool.of([image[None] for image in view]) for view in train)
    drawn = ranges * 2 if scenes is not None else ranges
    patches = Patches(pools, drawn, batch_size, side, seed, scenes)
    return Material(patches, _limited(held_out), drawn, tuple(sorted(set(strides))), notes)


def _read(plan: Plan, failed: Callable[[str], None]) -> tuple[Views, Scenes | None]:
    """Read all parts; a scene of which something cannot be read is left out."""
    read = [dict(read_parts(view, failed)) for view in plan.views]
    whole = [i for i in range(len(plan.views[0])) if all(i in view for view in read)]
    if not whole:
        raise DataError(f"none of the images of {plan.name} can be read")
    views = tuple([image for i in whole for image in view[i]] for view in read)
    if plan.scenes is None:
        return views, None
    # Images are counted through all parts; those that are left get new numbers.
    counted = chain.from_iterable(
        [i in read[0]] * part.count for i, part in enumerate(plan.views[0])
    )
    kept = [number for number, there in enumerate(counted) if there]
    numbers = {old: new for new, old in enumerate(kept)}
    scenes = tuple(
        left
        for scene in plan.scenes
        if len(left := tuple(numbers[i] for i in scene if i in numbers)) > 1
    )
    if not scenes:
        raise DataError(f"no scene of {plan.name} has two captures that can be read")
    return views, scenes


def _ranges(views: Views) -> tuple[ValueRange, ...]:
    """Tell the value range of each view; views of one dtype share theirs."""
    if len({view[0].dtype for view in views}) == 1:
        return (ValueRange.of([image for view in views for image in view]),) * len(views)
    return tuple(ValueRange.of(view) for view in views)


def _split(
    views: Views, scenes: Scenes | None, share: float | None, seed: int
) -> tuple[Views, list[tuple[Array, ...]], Scenes | None]:
    """Hold out whole scenes where there are many, else a strip of each image."""
    groups = scenes or tuple((i,) for i in range(len(views[0])))
    if len(groups) >= MANY:
        keep, held = split_indices(len(groups), share or HELD_WHOLE, seed)
        held_out = [shown for i in held for shown in _shown(views, groups[i], scenes)]
        order = [index for i in keep for index in groups[i]]
        train = tuple([view[i] for i in order] for view in views)
        numbers = {old: new for new, old in enumerate(order)}
        left = tuple(tuple(numbers[i] for i in groups[g]) for g in keep)
        return train, held_out, left if scenes else None
    cuts = [_cut(image, share or HELD_STRIPS) for image in views[0]]
    train = tuple([image[:cut] for image, cut in zip(view, cuts, strict=True)] for view in views)
    strips = tuple([image[cut:] for image, cut in zip(view, cuts, strict=True)] for view in views)
    held_out = [shown for group in groups for shown in _shown(strips, group, scenes)]
    return train, [scene for scene in held_out if len(scene[0])], scenes


def _cut(image: Array, share: float) -> int:
    """Return the first row of the strip that is held out."""
    height = len(image)
    return max(height - max(round(share * height), THINNEST), height // 2)


def _shown(views: Views, group: tuple[int, ...], scenes: Scenes | None) -> list[tuple[Array, ...]]:
    """Return what validation sees of a scene: its views, or each two neighbouring captures."""
    if scenes is None:
        return [tuple(view[group[0]] for view in views)]
    return [(views[0][a], views[0][b]) for a, b in pairwise(group)]


def _limited(scenes: list[tuple[Array, ...]]) -> list[tuple[Array, ...]]:
    """Take evenly spread scenes up to so many pixels."""
    total = sum(scene[0].shape[0] * scene[0].shape[1] for scene in scenes)
    every = max(1, -(-total // HELD_PIXELS))
    return scenes[::every]


def _strides(images: Sequence[Array], stride: int | None) -> list[int]:
    """Return the stride of each image: the one that was said, or what its noise needs."""
    if stride is not None:
        return [stride] * len(images)
    return [found.stride if (found := noise_correlation(image)) else 1 for image in images]


def _note(strides: Sequence[int]) -> tuple[str, ...]:
    correlated = sum(stride > 1 for stride in strides)
    if not correlated:
        return ()
    return (
        f"the noise of neighbouring pixels is correlated in {correlated} of {len(strides)} images: "
        f"they are seen at a stride of {max(strides)} pixels, in training and in use",
    )


def _apart(images: Sequence[Array], strides: Sequence[int]) -> list[Array]:
    """Take each image apart into the ``stride²`` images that lie interleaved in it."""
    return [
        image[y::stride, x::stride]
        for image, stride in zip(images, strides, strict=True)
        for y in range(stride)
        for x in range(stride)
    ]


def _streamed(
    plan: Plan,
    batch_size: int,
    side: int,
    share: float | None,
    stride: int | None,
    seed: int,
    failed: Callable[[str], None],
) -> Material:
    """Hold out whole files; read the others while training."""
    if plan.scenes is not None or any(part.path is None for view in plan.views for part in view):
        raise DataError(
            f"{plan.name} is larger than --memory, and only single images and pairs in files are "
            "streamed from disk: raise --memory, or train on fewer images"
        )
    keep, held = split_indices(len(plan.views[0]), share or HELD_WHOLE, seed)
    few = keep[:: max(1, len(keep) // SAMPLE)]
    sample, _ = _read(replace(plan, views=_some(plan, few)), failed)
    held_views, _ = _read(replace(plan, views=_some(plan, held[:SAMPLE])), failed)
    held_out: list[tuple[Array, ...]] = list(zip(*held_views, strict=True))
    notes: tuple[str, ...] = (
        f"{len(keep)} files are streamed from disk, as they need more than --memory",
    )
    usual = 1
    if plan.objective in NOISY_ONLY:
        strides = _strides(sample[0], stride)
        usual = int(np.median(strides))
        notes += _note(strides) if stride is None else ()
        images = [scene[0] for scene in held_out]
        held_out = [(image,) for image in _apart(images, [usual] * len(images))]
    files = tuple(file_images(view) for view in _some(plan, keep))
    ranges = _ranges(sample)
    stream = Stream(BlockReader(files, batch_size, side, seed, usual), ranges, failed)
    return Material(stream, _limited(held_out), ranges, (usual,), notes)


def _some(plan: Plan, which: NDArray[np.int64]) -> tuple[tuple[Part, ...], ...]:
    return tuple(tuple(view[i] for i in which) for view in plan.views)
