"""Strides at which noisy images are seen, so that the noise of neighbours is independent."""

from collections.abc import Sequence

from unnoise.facts import noise_correlation
from unnoise.types import Array


def find_strides(images: Sequence[Array], stride: int | None) -> list[int]:
    """Return the stride of each image: the given one, or the one that its noise needs."""
    if stride is not None:
        return [stride] * len(images)
    return [found.stride if (found := noise_correlation(image)) else 1 for image in images]


def describe_strides(strides: Sequence[int]) -> tuple[str, ...]:
    """Return what the user should know of strides that were found; nothing where all are 1."""
    correlated = sum(stride > 1 for stride in strides)
    if not correlated:
        return ()
    return (
        f"the noise of neighbouring pixels is correlated in {correlated} of {len(strides)} images: "
        f"they are seen at a stride of {max(strides)} pixels, in training and in use",
    )


def take_apart(images: Sequence[Array], strides: Sequence[int]) -> list[Array]:
    """Take each image apart into the ``stride²`` images that lie interleaved in it."""
    return [
        image[y::stride, x::stride]
        for image, stride in zip(images, strides, strict=True)
        for y in range(min(stride, image.shape[0]))
        for x in range(min(stride, image.shape[1]))
    ]
