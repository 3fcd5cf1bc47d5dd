"""Which images a network takes, and how others are padded for it: what is known without torch."""

from typing import Protocol

from unnoise.errors import ModelError


class Sized(Protocol):
    """What a network states about itself."""

    @property
    def channels(self) -> int:
        """Channels of its images."""

    @property
    def size_multiple(self) -> int:
        """Height and width that it takes are multiples of this."""

    @property
    def fixed_size(self) -> tuple[int, int] | None:
        """The only (height, width) of images that it takes, or None for any."""

    @property
    def receptive_field(self) -> int:
        """Side in pixels of the square of input that can change one output pixel."""


def check_size(network: Sized, channels: int, height: int, width: int) -> None:
    """Raise ``ModelError`` if images of this shape cannot be denoised."""
    if channels != network.channels:
        raise ModelError(
            f"the image has {channels} channels and the model was trained for {network.channels}: "
            "convert the image, or train a model on images like it (unnoise denoise --model self)"
        )
    if network.fixed_size not in (None, (height, width)):
        assert network.fixed_size is not None
        raise ModelError(
            f"the image is {height} × {width} and the model takes only "
            f"{network.fixed_size[0]} × {network.fixed_size[1]}: cut or resize the image, "
            "or train --model unet, which takes any size"
        )


def padding(network: Sized, height: int, width: int) -> tuple[int, int, bool]:
    """Return the rows below and columns to the right that an image lacks, and whether by a mirror.

    A mirror continues textures; it needs an image larger than the strip. Where there is none, the
    edge is repeated.
    """
    down, right = -height % network.size_multiple, -width % network.size_multiple
    return down, right, down < height and right < width
