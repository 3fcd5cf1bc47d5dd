"""The choice of how many neighbouring images of a stack a model sees, and along which axes."""

from collections.abc import Mapping, Sequence

from unnoise.data.parts import Part
from unnoise.errors import ConfigError


def asked_depth(sizes: tuple[int, ...], parts: Sequence[Part]) -> Mapping[str, int]:
    """Return the images along each axis that a user asks for; nothing for single images.

    Args:
        sizes: One number for each axis, in their order; a single one suits stacks of one axis.
        parts: The images.

    Raises:
        ConfigError: There are no such stacks, or one is too short.
    """
    if set(sizes) == {1}:
        return {}
    depth = " × ".join(map(str, sizes))
    axes = {part.stack_axes for part in parts}
    for part in parts:
        if part.packed:
            raise ConfigError(
                f"depth is {depth}, and images in tar shards are single: leave --depth out"
            )
        long = _long(part)
        if len(long) != len(sizes):
            stacks = (
                f"{len(long)} axes of several images ({', '.join(long)})" if long else "one image"
            )
            raise ConfigError(
                f"depth is {depth}, and {part.name} has {stacks}: give one number for each such "
                "axis, as 5 for TYX and 3x3 for TZYX (1 for an axis whose images are apart); "
                "--axes states the axes where a file does not"
            )
        for size, (axis, length) in zip(sizes, long.items(), strict=True):
            if size > length:
                raise ConfigError(
                    f"depth is {depth}, and {part.name} has {length} images along {axis}: choose "
                    f"an odd number up to {length}, or 1 to see each image alone"
                )
    if len(axes) > 1:
        raise ConfigError(
            f"depth is {depth}, and the stacks have different axes, {', '.join(sorted(axes))}: "
            "train on those of one kind"
        )
    return {a: n for a, n in zip(_long(parts[0]), sizes, strict=True) if n > 1}


def _long(part: Part) -> dict[str, int]:
    """Return the length of each axis that counts several images."""
    lengths = zip(part.stack_axes, part.stack_shape, strict=True)
    return {axis: length for axis, length in lengths if length > 1}
