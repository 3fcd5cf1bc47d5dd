"""The images of tar shards. The first samples of the first shard stand for all others."""

from itertools import islice
from pathlib import PurePosixPath

import numpy as np

from unnoise.data.names import pair_of, split_pairs
from unnoise.data.parts import Part, ShardPart
from unnoise.data.survey import Survey
from unnoise.errors import DataError, ImageError
from unnoise.images import size_of
from unnoise.shards import (
    FORMATS,
    Sample,
    Shard,
    ShardView,
    Tape,
    image_stem,
    read_member,
    samples,
)
from unnoise.types import Array

LOOKED_AT = 16  # samples
HEAD = 2**20  # bytes that are fetched at once


def survey_shards(name: str, shards: tuple[Shard, ...], *, max_pixels: int) -> Survey:
    """Look at the beginning of the first shard."""
    first = shards[0]
    size = first.size if first.size is not None else size_of(first.place)
    known = (Shard(first.place, size), *shards[1:])
    tape, failures = Tape(first.place, size, HEAD), list[str]()
    head = list(islice(samples(tape, 0, size, failures.append), LOOKED_AT))
    if not head:
        raise DataError(
            f"{first.place} has no sample in it: a shard is a plain .tar file (ustar, GNU or PAX) "
            "of files such as 0001.png, or 0001.noisy.png and 0001.clean.png"
        )
    if split_pairs([f"{sample.key}.png" for sample in head[: len(head) // 2 * 2]]):
        raise DataError(
            f"{first.place} holds {head[0].key} and {head[1].key}, which look like a pair: name "
            "them so that the words stand after the first dot, x.noisy.png and x.clean.png"
        )
    length = max(1, (head[-1].stop - head[0].at) // len(head))
    stems, images = _first_images(tape, head, max_pixels, failures)
    views = [
        tuple(_part(shard, stem, image, size, length, max_pixels) for shard in known)
        for stem, image in zip(stems, images, strict=True)
    ]
    return Survey(name, views[0], tuple(failures), targets=views[1] if len(views) > 1 else ())


def _first_images(
    tape: Tape, head: list[Sample], max_pixels: int, failures: list[str]
) -> tuple[list[str], list[Array]]:
    """Return the stems of the views, and the images of the first sample that can be read."""
    found = [[each for each in sample.members if image_stem(each) is not None] for sample in head]
    # Larger ones go first: a sample that lost a half must not decide.
    for sample, suffixes in sorted(zip(head, found, strict=True), key=lambda both: -len(both[1])):
        if not suffixes:
            continue
        if len(suffixes) > 1:
            pair = pair_of(suffixes)
            if pair is None:
                raise DataError(
                    f"sample {sample.key} in {tape.place} has several images, "
                    f"{', '.join(suffixes)}: leave one, or call two of them .noisy and .clean"
                )
            suffixes = [suffixes[i] for i in pair]
        try:
            members = [sample.members[suffix] for suffix in suffixes]
            images = [read_member(tape, member, max_pixels=max_pixels) for member in members]
        except ImageError as error:
            failures.append(str(error))
            continue
        return [image_stem(suffix) or "" for suffix in suffixes], images
    reasons = "".join(f"\n  {failure}" for failure in failures[:10])
    raise DataError(
        f"none of the first {len(head)} samples of {tape.place} has an image that can be read "
        f"({', '.join(FORMATS)}){':' if reasons else ''}{reasons}"
    )


def _part(shard: Shard, stem: str, image: Array, size: int, length: int, max_pixels: int) -> Part:
    channels = image.shape[2]
    return ShardPart(
        PurePosixPath(shard.place).name,
        "YX" if channels == 1 else "YXC",
        max(1, (shard.size or size) // length),
        *image.shape,
        dtype=np.dtype(image.dtype),
        shard=shard,
        view=ShardView(stem, str(image.dtype), channels),
        length=length,
        max_pixels=max_pixels,
    )
