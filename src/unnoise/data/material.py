"""From a plan to what a training draws from: batches, and scenes that are held out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress

import numpy as np
import torch

from unnoise.data.along import Along, cut_along
from unnoise.data.assumption import stride_of
from unnoise.data.batches import Batches, Patches, split_indices
from unnoise.data.beside import Beside
from unnoise.data.loading import TOO_SMALL, Loaded, describe_ranges, find_ranges, load
from unnoise.data.pixel_store import TURNS, PixelStore
from unnoise.data.plan import Plan
from unnoise.data.resident import Resident
from unnoise.data.splitting import (
    HELD_WHOLE,
    Scene,
    Views,
    calibration_blocks,
    choose_examples,
    held_scenes,
    numbered,
    split_views,
    validation_blocks,
)
from unnoise.data.stream import BlockReader, Stream
from unnoise.data.streaming import SAMPLE, split_streams
from unnoise.errors import DataError
from unnoise.images import ValueRange
from unnoise.shards import Scenes
from unnoise.types import Array

CPU = torch.device("cpu")
WHOLE = 64  # pixels: images of one size up to this are taken whole
WINDOW = 4  # times the side of a crop: the side of what is read of a large image


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """How the images of a plan are held out, kept and drawn."""

    batch_size: int  # images or crops
    side: int  # of a crop, in pixels
    seed: int
    memory: float  # GiB of pixels that may be kept; more are streamed from their files
    share: float | None = None  # of the images, or of each image, that is held out
    stride: int | None = None  # for noisy images; None estimates it from the noise
    values: ValueRange | None = None  # None finds the range in the data
    turns: tuple[int, ...] = tuple(range(TURNS))  # of crops
    device: torch.device = CPU  # a GPU keeps the images of patches if it has room
    examples: bool = True  # whether parts to look at are chosen, which takes a few seconds


@dataclass(frozen=True, kw_only=True)
class Material:
    """What a training draws from."""

    batches: Batches | Patches | Resident | Stream
    held_out: list[Scene]  # which the batches never show
    calibration: list[Scene]  # more of the same, in smaller parts
    examples: tuple[Array, ...]  # for a person to look at: each view, (N, H, W, C)
    ranges: tuple[ValueRange, ...]  # of the views
    along: Along | None = None  # a held-out piece of a stack, to look at, too
    strides: tuple[int, ...] = (1,)  # at which images are seen
    notes: tuple[str, ...] = ()  # for the user
    # Where strips are held out: the rest of these images. Strips may lack what is elsewhere.
    learned: list[Scene] = field(default_factory=list)


def takes_whole(plan: Plan) -> bool:
    """Whether images are taken whole: small ones of one size, no captures, in no shard."""
    sizes = {(part.height, part.width) for view in plan.views for part in view}
    small = len(sizes) == 1 and max(next(iter(sizes))) <= WHOLE and not plan.depth
    return small and plan.count > 1 and plan.scenes is None and not plan.packed


def prepare(plan: Plan, how: Preparation, *, failed: Callable[[str], None]) -> Material:
    """Read the images, hold some out, and make batches of the others.

    Args:
        plan: The images and the objective.
        how: How much is kept, held out and drawn.
        failed: Called with the reason for each file that cannot be read.

    Raises:
        DataError: Nothing is left to train on, or images are too small.
    """
    plan = _without_tiny(plan, failed)
    size = sum(part.bytes for view in plan.views for part in view)
    if size > how.memory * 2**30 or plan.packed:
        return _streamed(plan, how, failed)
    whole = takes_whole(plan)
    loaded = load(plan, how.values, failed, whole=whole)
    return _whole_images(loaded, how) if whole else _patches(plan, loaded, how)


def _without_tiny(plan: Plan, failed: Callable[[str], None]) -> Plan:
    """Leave out images that are too small for patches, and report them."""
    if takes_whole(plan) or plan.packed:
        return plan
    large = [min(part.height, part.width) >= TOO_SMALL for part in plan.views[0]]
    small = [part for part, fits in zip(plan.views[0], large, strict=True) if not fits]
    if not small:
        return plan
    if not any(large) or plan.scenes is not None:
        raise DataError(
            f"an image of {plan.name} is {small[0].height} × {small[0].width}: patches need "
            f"{TOO_SMALL} pixels a side at least, so leave such images out, or denoise them with a "
            "model that is there"
        )
    for part in small:
        failed(
            f"{part.name} is {part.height} × {part.width}, and patches need {TOO_SMALL} pixels a "
            "side at least"
        )
    return replace(plan, views=tuple(tuple(compress(view, large)) for view in plan.views))


def _whole_images(loaded: Loaded, how: Preparation) -> Material:
    stacks = [np.stack(view) for view in loaded.views]
    keep, held = split_indices(len(stacks[0]), how.share or HELD_WHOLE, how.seed)
    train = tuple(stack[keep] for stack in stacks)
    held_out = list(zip(*(stack[held] for stack in stacks), strict=True))
    return Material(
        batches=Batches(train, loaded.ranges, how.batch_size, how.seed),
        held_out=validation_blocks(held_out),
        calibration=calibration_blocks(held_out),
        examples=choose_examples(held_out) if how.examples else (),
        ranges=loaded.ranges,
        notes=loaded.notes,
    )


def _patches(plan: Plan, loaded: Loaded, how: Preparation) -> Material:
    views, scenes, notes = loaded.views, loaded.scenes, loaded.notes
    beside = Beside.of(loaded.stacks, views[0]) if plan.depth else None
    strides = [1]
    groups = scenes or tuple((i,) for i in range(len(views[0])))
    examples: tuple[Array, ...] = ()
    along = None
    if how.examples:
        examples = choose_examples(held_scenes(views, groups, how.share, how.seed, beside))
        along = cut_along(plan, loaded, how.share, beside)
    if plan.noisy_only:
        strides = [stride_of(image, how.stride) for image in views[0]]
        if beside:  # neighbours are taken apart alike
            strides = [int(np.median(strides))] * len(strides)
            beside = beside.at_stride(strides[0])
        notes += _describe_strides(strides) if how.stride is None else ()
        views, groups = (_take_apart(views[0], strides),), numbered([s**2 for s in strides])
    captures = scenes is not None
    train, held_out, groups, learned = split_views(
        views, groups, how.share, how.seed, captures=captures, beside=beside
    )
    stores = tuple(PixelStore.of([image[None] for image in view]) for view in train)
    ranges = loaded.ranges * 2 if captures else loaded.ranges
    side = how.side
    if beside:  # small images are not taken whole
        side = min(side, *(min(image.shape[:2]) // 2 * 2 for image in train[0]))
    patches = Patches(
        stores,
        ranges,
        how.batch_size,
        side,
        how.seed,
        how.turns,
        scenes=groups if captures else None,
        around=beside.table if beside else None,
    )
    resident = Resident.fits(patches, how.device)
    return Material(
        batches=Resident(patches, how.device) if resident else patches,
        held_out=validation_blocks(held_out),
        calibration=calibration_blocks(held_out),
        examples=examples,
        along=along,
        ranges=ranges,
        strides=tuple(sorted(set(strides))),
        notes=notes,
        learned=calibration_blocks(learned),
    )


def _streamed(plan: Plan, how: Preparation, failed: Callable[[str], None]) -> Material:
    """Hold out files, shards or parts of one; read the others while training."""
    train, held, note = split_streams(plan, how.share, how.seed)
    sample = _look(plan, train, failed)
    held_out = list(zip(*_look(plan, held, failed), strict=True))
    examples = choose_examples(held_out) if how.examples else ()
    notes: tuple[str, ...] = (note,)
    least = min(min(image.shape[:2]) for image in sample[0])
    if least < how.side:
        notes += (
            f"some images have sides of {least} pixels, less than --patch {how.side}, and are "
            "mirrored at their edges: a smaller one suits them better",
        )
    alone = ([_middle(image, plan.images) for image in sample[0]], *sample[1:])
    stride = 1
    if plan.noisy_only:
        stride = int(np.median([stride_of(image, how.stride) for image in alone[0]]))
        notes += _describe_strides([stride] * len(sample[0])) if how.stride is None else ()
        images = [scene[0] for scene in held_out]
        held_out = [(image,) for image in _take_apart(images, [stride] * len(images))]
    ranges = find_ranges(plan, alone, how.values)
    train = train.with_window(WINDOW * how.side * stride)
    reader = BlockReader(train, how.batch_size, how.side, how.seed, stride, how.turns)
    return Material(
        batches=Stream(reader, ranges, failed),
        held_out=validation_blocks(held_out),
        calibration=calibration_blocks(held_out),
        examples=examples,
        ranges=ranges,
        strides=(stride,),
        notes=notes + describe_ranges(ranges, alone),
    )


def _look(plan: Plan, scenes: Scenes, failed: Callable[[str], None]) -> Views:
    failures: list[str] = []
    found = scenes.look(SAMPLE, failures)
    for failure in dict.fromkeys(failures):
        failed(failure)
    if not found:
        raise DataError(f"none of the images of {plan.name} can be read")
    return tuple(list(view) for view in zip(*found, strict=True))


def _middle(image: Array, depth: int) -> Array:
    """Return the middle one of neighbouring images ``(H, W, depth · C)``."""
    channels = image.shape[2] // depth
    return image[..., depth // 2 * channels :][..., :channels]


def _describe_strides(strides: Sequence[int]) -> tuple[str, ...]:
    """Describe strides that were found; nothing where all are 1."""
    correlated = sum(stride > 1 for stride in strides)
    if not correlated:
        return ()
    return (
        f"the noise of neighbouring pixels is correlated in {correlated} of {len(strides)} images: "
        f"they are seen at a stride of {max(strides)} pixels, in training and in use",
    )


def _take_apart(images: Sequence[Array], strides: Sequence[int]) -> list[Array]:
    """Take each image apart into the ``stride²`` images that lie interleaved in it."""
    return [
        image[y::stride, x::stride]
        for image, stride in zip(images, strides, strict=True)
        for y in range(min(stride, image.shape[0]))
        for x in range(min(stride, image.shape[1]))
    ]
