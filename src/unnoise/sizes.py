"""Which images a network takes, and how others are padded for it, without torch."""

from typing import Any, Protocol, TypeVar

from unnoise.errors import ModelError

Images = TypeVar("Images", bound=Any)  # an array or a tensor


class Sized(Protocol):
    """The statements of a network about the images that it takes."""

    @property
    def channels(self) -> int:
        """Number of channels of its images."""

    @property
    def depth(self) -> int:
        """Number of neighbouring images that it takes, to give the middle one."""

    @property
    def size_multiple(self) -> int:
        """It takes heights and widths that are multiples of this."""

    @property
    def fixed_size(self) -> tuple[int, int] | None:
        """The only (height, width) that it takes; None if it takes any."""

    @property
    def receptive_field(self) -> int:
        """Side, in pixels, of the square of input that can change one output pixel."""


def check_size(network: Sized, channels: int, height: int, width: int) -> None:
    """Raise ``ModelError`` if the network cannot denoise images of this shape."""
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
    """Return the rows to add below, the columns to add on the right, and whether to mirror.

    Mirroring continues textures, but needs an image larger than the added strip; without it, the
    edge is repeated.
    """
    down, right = -height % network.size_multiple, -width % network.size_multiple
    return down, right, down < height and right < width


def middle_of(images: Images, depth: int) -> Images:
    """Return the middle ones ``(B, C, H, W)`` of neighbouring images ``(B, depth · C, H, W)``."""
    channels = images.shape[1] // depth
    middle: Images = images[:, depth // 2 * channels :][:, :channels]
    return middle
