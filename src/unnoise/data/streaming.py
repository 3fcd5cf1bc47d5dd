"""From a plan to streamed scenes: some to train on, and others that are held out.

Whole files or shards are held out where there are several; else the last images of the one file,
the last rows of the one image, or the last samples of the one shard.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from unnoise.data.batches import split_indices
from unnoise.data.plan import Plan
from unnoise.data.splitting import HELD_STRIPS, HELD_WHOLE, cut_row
from unnoise.errors import DataError
from unnoise.shards import BLOCK, PEEK, Files, Scenes, Shards, Tape, first_start

Divided = tuple[Scenes, Scenes, str]  # to train on, held out, and how they were divided

SAMPLE = 16  # scenes that are looked at before training
TAPE = 2**16  # bytes that are fetched at once to find a sample


def split_streams(plan: Plan, share: float | None, seed: int) -> Divided:
    """Hold out a share of the images of a plan; None is the default, or less where enough."""
    parts = plan.views[0]
    if plan.scenes is not None or not all(part.path or part.packed for part in parts):
        raise DataError(
            f"{plan.name} is larger than --memory, and only single images and pairs in files are "
            "streamed from disk: raise --memory, or train on fewer images"
        )
    if len(parts) == 1:
        return _of_one_shard(plan, share) if parts[0].packed else _of_one_file(plan, share)
    keep, held = split_indices(len(parts), share or _default_share(len(parts)), seed)
    if parts[0].packed:
        note = f"{len(keep)} of {len(parts)} shards are streamed, the others are held out"
        return _shards(plan, keep), _shards(plan, held), note
    note = f"{len(keep)} files are streamed from disk, as they need more than --memory"
    return _files(plan, keep), _files(plan, held), note


def _default_share(count: int) -> float:
    return min(HELD_WHOLE, SAMPLE / count)  # no more than is looked at


def _of_one_file(plan: Plan, share: float | None) -> Divided:
    part = plan.views[0][0]
    images, rows = range(part.count), range(part.height)
    if part.count > 1 and not plan.depth:
        held = round((share or _default_share(part.count)) * part.count)
        cut = part.count - min(max(held, 1), part.count - 1)
        used = [(images[:cut], rows), (images[cut:], rows)]
        what = f"its last {part.count - cut} images"
    else:
        cut = cut_row(part.height, share or min(HELD_STRIPS, PEEK / part.height))
        used = [(images, rows[:cut]), (images, rows[cut:])]
        what = f"its last {part.height - cut} rows"
    whole = _files(plan, np.zeros(1, np.int64))
    train, held_out = (
        Files(tuple((replace(view[0], images=i, rows=r),) for view in whole.views)) for i, r in used
    )
    note = f"{part.name} is streamed, as it needs more than --memory; {what} are held out"
    return train, held_out, note


def _of_one_shard(plan: Plan, share: float | None) -> Divided:
    part = plan.views[0][0]
    assert part.packed is not None
    whole = _shards(plan, np.zeros(1, np.int64))
    shard = part.packed.shard
    assert shard.size is not None  # it was opened
    tape = Tape(shard.place, shard.size, TAPE)
    step = share or _default_share(part.count)
    for tried in np.arange(1 - step, 0, -step):  # a small shard may have no sample that late
        cut = first_start(tape, int(tried * shard.size) // BLOCK * BLOCK)
        if cut is not None:
            first, last = (replace(shard, stop=cut),), (replace(shard, start=cut),)
            train = replace(whole, shards=first, pixels=int(whole.pixels * cut / shard.size))
            note = f"{part.name} is streamed; its samples from byte {cut} on are held out"
            return train, replace(whole, shards=last), note
    raise DataError(
        f"{shard.place} holds too few samples to train on some and to validate on others: pack "
        "more into it, or unpack it to a folder"
    )


def _files(plan: Plan, which: NDArray[np.int64]) -> Files:
    views = [[file for i in which if (file := view[i].file)] for view in plan.views]
    if plan.depth:
        first = [plan.views[0][i].around(plan.depth) for i in which]
        views[0] = [replace(file, around=a) for file, a in zip(views[0], first, strict=True)]
    return Files(tuple(map(tuple, views)))


def _shards(plan: Plan, which: NDArray[np.int64]) -> Shards:
    packed = [[part.packed for part in view if part.packed] for view in plan.views]
    first = packed[0]
    return Shards(
        tuple(first[i].shard for i in which),
        tuple(view[0].view for view in packed),
        length=first[0].length,
        pixels=sum(p.count * p.height * p.width for p in (plan.views[0][i] for i in which)),
        max_pixels=first[0].max_pixels,
    )
