"""The choice of how many neighbouring images of a stack a model sees, and along which axes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import median

import numpy as np

from unnoise.data.assumption import stride_of
from unnoise.data.parts import Part
from unnoise.errors import ConfigError, UnnoiseError
from unnoise.facts import LEAST_GAIN, gain
from unnoise.images import fill_holes, hole_mask
from unnoise.types import Array

Depth = Mapping[str, int]  # images along each axis, by its letter; empty for single images

PLACES = 6  # images that are measured with their neighbours
MOST_HALF = 3  # neighbours on each side, at most
# Times the gain of fewer neighbours that more of them must have. Where the image is found from its
# neighbours alone, a network learns more from many of them than the linear rule does.
WORTH, WORTH_ALONE = 1.1, 0.9
SHORTEST = 3  # images along an axis
# Gain by the image's own pixels, over that of the neighbours, up to which the image is hidden and
# found from its neighbours. Under noise with a grain, the alternative loses resolution.
OWN, OWN_OF_GRAIN = 0.2, 1.0


@dataclass(frozen=True)
class Found:
    """A depth, with the figure that it was chosen by."""

    depth: Depth
    gain: float = 0.0  # share by which pixels are predicted better with these neighbours
    helps: bool = False
    own: float = 0.0  # the same for pixels of the image itself, beside the neighbours
    grainy: bool = False  # whether pixels of an image share noise

    @property
    def interpolates(self) -> bool:
        """Whether the neighbours tell nearly all that can be known of an image."""
        return self.own <= (OWN_OF_GRAIN if self.grainy else OWN) * self.gain

    def __str__(self) -> str:
        along = " and ".join(
            f"{size // 2} on each side along {axis}" for axis, size in self.depth.items()
        )
        percent = 100 * self.gain
        better = f"{percent:.2g}" if abs(percent) < 10 else f"{percent:.0f}"
        return f"{along} predict pixels {better} % better"


def asked_depth(sizes: tuple[int, ...], parts: Sequence[Part]) -> Depth:
    """Return the images along each axis that a user asks for; nothing for single images.

    Args:
        sizes: One number for each axis with several images, in their order. A single number is for
            the axis along which neighbours help more.
        parts: The images.

    Raises:
        ConfigError: There are no such stacks, or one is too short.
    """
    if set(sizes) == {1}:
        return {}
    depth = "x".join(map(str, sizes))
    for part in parts:
        long = _long(part)
        if part.packed or not long or len(sizes) not in (1, len(long)):
            stacks = f"several images along {' and '.join(long)}" if long else "one image"
            what = "in tar shards images are single" if part.packed else f"{part.name} has {stacks}"
            raise ConfigError(
                f"depth is {depth}, and {what}: give one number for each such axis, as 5 for TYX "
                "and 3x3 for TZYX (1 where images are apart), or leave --depth out; --axes states "
                "the axes where a file does not"
            )
    _check_same_axes(depth, parts)
    axes = list(_long(parts[0]))
    chosen = dict(zip(axes, sizes, strict=False))
    if len(sizes) < len(axes):
        found = [_measure(parts, {axis: sizes[0]}) for axis in axes]
        chosen = dict(max(found, key=lambda each: each.gain).depth)
    for part in parts:
        for axis, size in chosen.items():
            if size > (length := _long(part)[axis]):
                odd = f"an odd number up to {length}, or " if length >= SHORTEST else ""
                raise ConfigError(
                    f"depth is {depth}, and {part.name} has {length} images along {axis}: choose "
                    f"{odd}1, which sees each image alone"
                )
    return {axis: size for axis, size in chosen.items() if size > 1}


def find_depth(parts: Sequence[Part]) -> Found | None:
    """Measure on noisy images whether neighbours help, and along which axes.

    Returns:
        The best depth; one that does not help, if none does; None where no stack is long enough.
    """
    if any(part.packed for part in parts) or len({part.stack_axes for part in parts}) > 1:
        return None
    lengths = [_long(part) for part in parts]
    axes = [axis for axis in lengths[0] if all(each.get(axis, 1) >= SHORTEST for each in lengths)]
    if not axes:
        return None
    most = {axis: min(each[axis] for each in lengths) for axis in axes}
    found = [_along(parts, axis, most[axis]) for axis in axes]
    best = max(found, key=lambda each: (each.helps, each.gain))
    if len(axes) == 2 and all(each.helps for each in found):
        both = _measure(parts, dict.fromkeys(axes, SHORTEST))
        if both.helps and both.gain > WORTH * best.gain:
            return both
    return best


def _along(parts: Sequence[Part], axis: str, length: int) -> Found:
    """Find how many neighbours along one axis help."""
    best = _measure(parts, {axis: SHORTEST})
    for half in range(2, MOST_HALF + 1):
        if not best.helps or 2 * half + 1 > length:
            break
        more = _measure(parts, {axis: 2 * half + 1})
        worth = WORTH_ALONE if more.interpolates else WORTH
        if not (more.helps and more.gain > worth * best.gain):
            break
        best = more
    return best


def _measure(parts: Sequence[Part], depth: Depth) -> Found:
    """Measure how much better neighbours predict images, by the median of some of them."""
    seen = [(stride_of(image, None), image, near) for image, near in _some(parts, depth)]
    gains = [found for stride, image, near in seen if (found := gain(image, near, distance=stride))]
    if not gains:
        return Found(depth)
    better = median(each.better for each in gains)
    return Found(
        depth,
        better,
        helps=better > LEAST_GAIN and sum(each.helps for each in gains) > len(gains) / 2,
        own=median(each.own for each in gains),
        grainy=median(stride for stride, *_ in seen) > 1,
    )


def _some(parts: Sequence[Part], depth: Depth) -> Iterator[tuple[Array, list[Array]]]:
    """Yield images inside of stacks, each with its neighbours in pairs, nearest first."""
    offsets = sorted(
        product(*(range(-(size // 2), size // 2 + 1) for size in depth.values())),
        key=lambda offset: (sum(map(abs, offset)), [abs(each) for each in offset]),
    )
    ahead = [offset for offset in offsets if offset > (0,) * len(offset)]
    for part, share in _spread(parts):
        lengths = dict(zip(part.stack_axes, part.stack_shape, strict=True))
        place = {axis: int(share * length) for axis, length in lengths.items()}
        for axis, size in depth.items():  # with all its neighbours
            place[axis] = min(max(place[axis], size // 2), lengths[axis] - 1 - size // 2)

        def image(
            offset: tuple[int, ...],
            part: Part = part,
            place: Mapping[str, int] = place,
            lengths: Mapping[str, int] = lengths,
        ) -> Array:
            moved = {**place, **{a: place[a] + by for a, by in zip(depth, offset, strict=True)}}
            index = int(np.ravel_multi_index(list(moved.values()), list(lengths.values())))
            seen = part.peek(index)
            return fill_holes(np.asarray(seen), hole_mask(seen))

        try:
            near = [image(side) for off in ahead for side in (off, tuple(-each for each in off))]
            yield image((0,) * len(depth)), near
        except UnnoiseError:  # reading reports it
            continue


def _spread(parts: Sequence[Part]) -> Iterator[tuple[Part, float]]:
    """Yield some parts, each with a place in it from 0 to 1."""
    for number in range(PLACES):
        share = (number + 0.5) / PLACES
        yield parts[int(share * len(parts))], share * len(parts) % 1


def _check_same_axes(depth: str, parts: Sequence[Part]) -> None:
    axes = sorted({part.stack_axes for part in parts})
    if len(axes) > 1:
        raise ConfigError(
            f"depth is {depth}, and the stacks have different axes, {', '.join(axes)}: train on "
            "those of one kind"
        )


def _long(part: Part) -> dict[str, int]:
    """Return the length of each axis that counts several images."""
    lengths = zip(part.stack_axes, part.stack_shape, strict=True)
    return {axis: length for axis, length in lengths if length > 1}
