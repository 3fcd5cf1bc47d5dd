"""From a plan to pixels in memory: all that can be read, without what has no data."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unnoise.data.batches import Groups
from unnoise.data.parts import Part, read_parts, read_runs
from unnoise.data.plan import Plan
from unnoise.data.splitting import Views
from unnoise.errors import DataError
from unnoise.images import (
    Neighbours,
    ValueRange,
    fill_holes,
    hole_mask,
    ranges_of,
    without_holes,
)
from unnoise.types import Array

TOO_SMALL = 16  # pixels of a side of an image that patches are cut from


@dataclass(frozen=True)
class Loaded:
    """Images in memory."""

    views: Views
    scenes: Groups | None  # for captures
    stacks: tuple[Neighbours, ...]  # the images of each part, one part after the other
    axes: tuple[str, ...]  # the letters of the axes of each
    ranges: tuple[ValueRange, ...]  # of the views
    notes: tuple[str, ...]  # for the user


def load(
    plan: Plan, values: ValueRange | None, failed: Callable[[str], None], *, whole: bool
) -> Loaded:
    """Read all images of a plan; where ``whole``, fill what has no data instead of cutting it."""
    views, scenes, parts = _read(plan, failed)
    ranges = find_ranges(plan, views, values)
    notes = _lack(views) + describe_ranges(ranges, views)
    together = whole or scenes is not None or bool(plan.depth)
    views = _with_data(views, ranges, whole=together)
    if not views[0]:
        raise DataError(f"the images of {plan.name} hold no data: every pixel is said to have none")
    stacks = tuple(part.around(plan.depth) for part in parts)
    axes = tuple(part.stack_axes for part in parts)
    return Loaded(views, scenes, stacks, axes, ranges, notes)


def find_ranges(plan: Plan, views: Views, values: ValueRange | None) -> tuple[ValueRange, ...]:
    """Return the value range of each view: the given one, or what its images show."""
    if values:
        return (values,) * len(views)
    return ranges_of(views, each=plan.views[0][0].colour == "other")


def _read(plan: Plan, failed: Callable[[str], None]) -> tuple[Views, Groups | None, list[Part]]:
    """Read all parts; leave out scenes that cannot be read whole."""
    failures: list[str] = []

    def note(failure: str) -> None:
        failures.append(failure)
        failed(failure)  # at once: reading may take minutes

    parts = plan.views[0]
    if len(plan.views) == 1 and plan.scenes is None:
        runs = [run for part in parts for run in read_runs(part, note)]
        if runs:
            return ([image for _, run in runs for image in run],), None, [part for part, _ in runs]
    read = [dict(read_parts(view, note)) for view in plan.views]
    whole = [i for i in range(len(parts)) if all(i in view for view in read)]
    if not whole:
        listed = "\n".join(f"  {failure}" for failure in failures[:10])
        raise DataError(f"none of the images of {plan.name} can be read:\n{listed}")
    views = tuple([image for i in whole for image in view[i]] for view in read)
    kept = [parts[i] for i in whole]
    if plan.scenes is None:
        return views, None, kept
    # Images are counted over all parts; those that are left get new numbers.
    there = np.repeat([i in read[0] for i in range(len(parts))], [part.count for part in parts])
    numbers = {int(old): new for new, old in enumerate(np.flatnonzero(there))}
    scenes = tuple(
        left
        for scene in plan.scenes
        if len(left := tuple(numbers[i] for i in scene if i in numbers)) > 1
    )
    if not scenes:
        raise DataError(f"no scene of {plan.name} has two captures that can be read")
    return views, scenes, kept


def _with_data(views: Views, ranges: Sequence[ValueRange], *, whole: bool) -> Views:
    """Leave out, or fill, what has no data or lies far outside of the range, such as hot pixels."""
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


def describe_ranges(ranges: Sequence[ValueRange], views: Views) -> tuple[str, ...]:
    """State which values are 0 and 1, where their dtype does not."""
    dtypes = [view[0].dtype for view in views]
    found = list(zip(ranges, dtypes, strict=False))  # captures are one view
    scaled = [each.describe(dtype) for each, dtype in found if each != ValueRange.nominal(dtype)]
    sides = ("noisy ", "clean ") if len(set(ranges)) > 1 else ("", "")
    notes = tuple(
        f"{side}values are scaled by their range, {text}"
        for side, text in dict(zip(sides, scaled, strict=False)).items()
    )
    if any(values.rounds_coarsely(dtype) for values, dtype in found):
        notes += (
            "whole numbers are coarse for so small a range: unnoise denoise --dtype float32 keeps "
            "fractions",
        )
    return notes
