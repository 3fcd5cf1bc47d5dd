"""Which images a model of other channels can take, and how."""

from torch import Tensor

GREY, COLOUR = 1, 3


def adapts(channels: int, wanted: int) -> bool:
    """Whether images of ``channels`` can be denoised by a model of ``wanted``."""
    return channels == wanted or wanted == GREY or (channels, wanted) == (GREY, COLOUR)


def is_alpha(channels: int, wanted: int) -> bool:
    """Whether a fourth channel must be transparency: the model knows colours, and three."""
    return (channels, wanted) == (4, 3)


def to_model(images: Tensor, wanted: int) -> Tensor:
    """Give ``(B, C, H, W)`` the channels of a model.

    A grey model gets each channel as an image of its own, ``(B · C, 1, H, W)``; a colour model
    gets a grey image three times.
    """
    batch, channels, height, width = images.shape
    if channels == wanted:
        return images
    if wanted == GREY:
        return images.reshape(batch * channels, 1, height, width)
    return images.expand(batch, wanted, height, width)


def from_model(restored: Tensor, channels: int) -> Tensor:
    """Give what a model made of ``to_model`` the channels of the images again."""
    _, made, height, width = restored.shape
    if made == channels:
        return restored
    if made == GREY:
        return restored.reshape(-1, channels, height, width)
    return restored.mean(dim=1, keepdim=True)
