"""From a plan to what a training draws from: batches, and scenes that are held out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import numpy as np
import torch

from unnoise.data.batches import Batches, Patches, split_indices
from unnoise.data.examples import choose_examples, held_scenes
from unnoise.data.method import Plan, Scenes
from unnoise.data.parts import read_parts
from unnoise.data.pixel_store import TURNS, PixelStore
from unnoise.data.resident import Resident
from unnoise.data.splitting import (
    CALIBRATION_BLOCK,
    CALIBRATION_PIXELS,
    HELD_WHOLE,
    Views,
    limited,
    numbered,
    split_views,
)
from unnoise.data.stream import BlockReader, Stream
from unnoise.data.streaming import SAMPLE, split_streams
from unnoise.errors import DataError
from unnoise.facts import noise_correlation
from unnoise.images import (
    ValueRange,
    fill_holes,
    hole_mask,
    ranges_of,
    without_holes,
)
from unnoise.shards import Files
from unnoise.shards import Scenes as StreamedScenes
from unnoise.types import Array

CPU = torch.device("cpu")
WHOLE = 64  # pixels: images of one size up to this are taken whole
TOO_SMALL = 16  # pixels of a side of an image that patches are cut from
WINDOW = 4  # sides of a crop: of what is read of a large image


@dataclass(frozen=True)
class Material:
    """What a training draws from.

    Attributes:
        batches: ``at(step)`` gives the views of a batch.
        held_out: Scenes that the batches never show: their views, each ``(H, W, C)``.
        calibration: The same in smaller parts, and more of them.
        examples: Parts of scenes for a person to look at: each view, ``(N, H, W, C)``.
        learned: Parts of images of which the batches show all but a strip, likewise; none where
            whole images are held out. Strips alone may lack what the images have elsewhere.
        ranges: The value range of each view.
        strides: The sub-sampling strides at which images are seen.
        notes: What the user should know, in words.
    """

    batches: Batches | Patches | Resident | Stream
    held_out: list[tuple[Array, ...]]
    calibration: list[tuple[Array, ...]]
    examples: tuple[Array, ...]
    ranges: tuple[ValueRange, ...]
    strides: tuple[int, ...] = (1,)
    notes: tuple[str, ...] = ()
    learned: list[tuple[Array, ...]] = field(default_factory=list)


def takes_whole(plan: Plan) -> bool:
    """Whether images are taken whole: small ones of one size, no captures, in no shard."""
    sizes = {(part.height, part.width) for view in plan.views for part in view}
    small = len(sizes) == 1 and max(next(iter(sizes))) <= WHOLE
    return small and plan.count > 1 and plan.scenes is None and not plan.packed


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
    values: ValueRange | None = None,
    turns: tuple[int, ...] = tuple(range(TURNS)),
    device: torch.device = CPU,
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
        values: Their range; None finds it in the data.
        turns: The turns of crops that are drawn from.
        device: Where the training runs; images of patches lie there if it is a GPU that has room.

    Raises:
        DataError: Nothing is left to train on, or images are too small.
    """
    plan = _without_tiny(plan, failed)
    size = sum(part.bytes for view in plan.views for part in view)
    if size > memory * 2**30 or plan.packed:
        return _streamed(plan, batch_size, side, share, stride, seed, failed, turns, values)
    views, scenes = _read(plan, failed)
    each = plan.views[0][0].colour == "other"
    ranges = (values,) * len(views) if values else ranges_of(views, each=each)
    lack = _lack(views) + _read_as(ranges, views)
    views = _with_data(views, ranges, whole=takes_whole(plan) or scenes is not None)
    if not views[0]:
        raise DataError(f"the images of {plan.name} hold no data: every pixel is said to have none")
    if takes_whole(plan):
        stacks = [np.stack(view) for view in views]
        keep, held = split_indices(len(stacks[0]), share or HELD_WHOLE, seed)
        images = Batches(tuple(stack[keep] for stack in stacks), ranges, batch_size, seed)
        held_out = list(zip(*(stack[held] for stack in stacks), strict=True))
        examples = choose_examples(held_out)
        return Material(images, *_held(held_out), examples, ranges, notes=lack)
    strides: list[int] = [1]
    notes: tuple[str, ...] = ()
    groups = scenes or tuple((i,) for i in range(len(views[0])))
    examples = choose_examples(held_scenes(views, groups, share, seed))
    if plan.noisy_only:
        strides = _strides(views[0], stride)
        notes = _note(strides) if stride is None else ()
        views, groups = (_apart(views[0], strides),), numbered([s**2 for s in strides])
    train, held_out, groups, learned = split_views(
        views, groups, share, seed, captures=scenes is not None
    )
    stores = tuple(PixelStore.of([image[None] for image in view]) for view in train)
    drawn = ranges * 2 if scenes is not None else ranges
    scenes = groups if scenes is not None else None
    patches = Patches(stores, drawn, batch_size, side, seed, turns, scenes)
    notes = lack + notes
    strides = sorted(set(strides))
    batches = Resident(patches, device) if Resident.fits(patches, device) else patches
    validation, calibration = _held(held_out)
    return Material(
        batches,
        validation,
        calibration,
        examples,
        drawn,
        tuple(strides),
        notes,
        _in_parts(learned),
    )


def _without_tiny(plan: Plan, failed: Callable[[str], None]) -> Plan:
    """Leave out images that are too small for patches, and say so.

    Raises:
        DataError: All are.
    """
    if takes_whole(plan) or plan.packed:
        return plan
    tiny = [min(part.height, part.width) < TOO_SMALL for part in plan.views[0]]
    if not any(tiny):
        return plan
    parts = [part for part, small in zip(plan.views[0], tiny, strict=True) if small]
    size = f"{parts[0].height} × {parts[0].width}"
    if all(tiny) or plan.scenes is not None:
        raise DataError(
            f"an image of {plan.name} is {size}: patches need {TOO_SMALL} pixels a side at least, "
            "so leave such images out, or denoise them with a model that is there"
        )
    for part in parts:
        failed(
            f"{part.name} is {part.height} × {part.width}, and patches need {TOO_SMALL} pixels a "
            "side at least"
        )
    views = tuple(
        tuple(part for part, small in zip(view, tiny, strict=True) if not small)
        for view in plan.views
    )
    return replace(plan, views=views)


def _held(
    scenes: list[tuple[Array, ...]],
) -> tuple[list[tuple[Array, ...]], list[tuple[Array, ...]]]:
    """Return what of held-out scenes validates, and what calibrates."""
    return limited(scenes), _in_parts(scenes)


def _in_parts(scenes: list[tuple[Array, ...]]) -> list[tuple[Array, ...]]:
    if not scenes:
        return []
    return limited(scenes, side=CALIBRATION_BLOCK, pixels=CALIBRATION_PIXELS)


def _read(plan: Plan, failed: Callable[[str], None]) -> tuple[Views, Scenes | None]:
    """Read all parts; a scene of which something cannot be read is left out."""
    failures: list[str] = []

    def note(failure: str) -> None:
        failures.append(failure)
        failed(failure)

    read = [dict(read_parts(view, note)) for view in plan.views]
    whole = [i for i in range(len(plan.views[0])) if all(i in view for view in read)]
    if not whole:
        listed = "\n".join(f"  {failure}" for failure in failures[:10])
        raise DataError(f"none of the images of {plan.name} can be read:\n{listed}")
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


def _with_data(views: Views, ranges: Sequence[ValueRange], *, whole: bool) -> Views:
    """Leave out what has no data, or lies far outside of the range, such as hot pixels.

    Args:
        views: Of each view its images, masked arrays where data lack.
        ranges: The value range of each view.
        whole: Whether images stay whole, and are filled.
    """
    masked = tuple(
        [_masked(image, values) for image in view]
        for view, values in zip(views, ranges, strict=False)
    )
    if not any(hole_mask(image) is not None for view in masked for image in view):
        return views
    if whole:
        return tuple(
            [fill_holes(np.asarray(image), hole_mask(image)) for image in view] for view in masked
        )
    cut = [
        part
        for scene in zip(*masked, strict=True)
        for part in without_holes(scene)
        if min(part[0].shape[:2]) >= TOO_SMALL
    ]
    return tuple([part[i] for part in cut] for i in range(len(views)))


def _masked(image: Array, values: ValueRange) -> Array:
    far, lacks = values.find_far(np.asarray(image)), hole_mask(image)
    bad: Any = far if lacks is None else lacks if far is None else lacks | far
    return image if bad is None else np.ma.MaskedArray(image, bad)


def _lack(views: Views) -> tuple[str, ...]:
    masks = [hole_mask(image) for view in views for image in view]
    lacking = sum(int(mask.sum()) for mask in masks if mask is not None)
    if not lacking:
        return ()
    share = lacking / sum(image.size for view in views for image in view)
    return (f"{share:.2%} of the values are no data, and are left out",)


def _read_as(ranges: Sequence[ValueRange], views: Views) -> tuple[str, ...]:
    """Say which values are 0 and 1, where their dtype does not."""
    dtypes = [view[0].dtype for view in views]
    found = list(zip(ranges, dtypes, strict=False))  # captures are one view, and have one range
    told = [each.describe(dtype) for each, dtype in found if each != ValueRange.nominal(dtype)]
    sides = ("noisy ", "clean ") if len(set(ranges)) > 1 else ("", "")
    notes = tuple(
        f"{side}values are scaled by their range, {text}"
        for side, text in dict(zip(sides, told, strict=False)).items()
    )
    if any(values.rounds_coarsely(dtype) for values, dtype in found):
        notes += (
            "whole numbers are coarse for so small a range: unnoise denoise --dtype float32 keeps "
            "fractions",
        )
    return notes


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
        for y in range(min(stride, image.shape[0]))
        for x in range(min(stride, image.shape[1]))
    ]


def _streamed(
    plan: Plan,
    batch_size: int,
    side: int,
    share: float | None,
    stride: int | None,
    seed: int,
    failed: Callable[[str], None],
    turns: tuple[int, ...],
    values: ValueRange | None,
) -> Material:
    """Hold out files, shards or parts of one; read the others while training."""
    streams = split_streams(plan, share, seed)
    sample = _views(plan, streams.train, failed)
    held_out = list(zip(*_views(plan, streams.held, failed), strict=True))
    examples = choose_examples(held_out)
    notes: tuple[str, ...] = (streams.note,)
    least = min(min(image.shape[:2]) for image in sample[0])
    if least < side:
        notes += (
            f"some images have sides of {least} pixels, less than --patch {side}, and are mirrored "
            "at their edges: a smaller one suits them better",
        )
    usual = 1
    if plan.noisy_only:
        strides = _strides(sample[0], stride)
        usual = int(np.median(strides))
        notes += _note([usual] * len(sample[0])) if stride is None else ()
        images = [scene[0] for scene in held_out]
        held_out = [(image,) for image in _apart(images, [usual] * len(images))]
    train = streams.train
    if isinstance(train, Files):
        train = replace(train, window=WINDOW * side * usual)
    each = plan.views[0][0].colour == "other"
    ranges = (values,) * len(sample) if values else ranges_of(sample, each=each)
    notes += _read_as(ranges, sample)
    reader = BlockReader(train, batch_size, side, seed, usual, turns)
    stream = Stream(reader, ranges, failed)
    return Material(stream, *_held(held_out), examples, ranges, (usual,), notes)


def _views(plan: Plan, scenes: StreamedScenes, failed: Callable[[str], None]) -> Views:
    """Return what some scenes look like, view by view."""
    failures: list[str] = []
    found = scenes.look(SAMPLE, failures)
    for failure in dict.fromkeys(failures):
        failed(failure)
    if not found:
        raise DataError(f"none of the images of {plan.name} can be read")
    return tuple(list(view) for view in zip(*found, strict=True))
