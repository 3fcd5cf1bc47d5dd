"""A model that sees an image as several interleaved ones.

Where the noise of neighbouring pixels is correlated, every ``stride``-th pixel of an image is an
image of its own whose noise is not. Such an image is denoised as ``stride²`` small ones.
"""

from torch import Tensor
from torch.nn import functional as F

from unnoise.models.contract import Model


def deinterleave(images: Tensor, stride: int) -> Tensor:
    """Turn ``(B, C, H, W)`` into ``(B · stride², C, H / stride, W / stride)``."""
    batch, channels, height, width = images.shape
    parts = F.pixel_unshuffle(images, stride)  # (B, C · s², h, w), the s² of a channel in a row
    parts = parts.view(batch, channels, stride**2, height // stride, width // stride)
    return parts.transpose(1, 2).reshape(-1, channels, height // stride, width // stride)


def interleave(parts: Tensor, stride: int) -> Tensor:
    """Undo ``deinterleave``."""
    count, channels, height, width = parts.shape
    batch = count // stride**2
    parts = parts.view(batch, stride**2, channels, height, width).transpose(1, 2)
    return F.pixel_shuffle(parts.reshape(batch, channels * stride**2, height, width), stride)


class Interleaved(Model):
    """A model applied to each of the ``stride²`` images that lie interleaved in one.

    Args:
        model: Takes images of any size.
        stride: At least 1.
    """

    def __init__(self, model: Model, stride: int) -> None:
        super().__init__()
        assert model.fixed_size is None
        self.model, self.stride = model, stride
        self.arguments, self.channels = model.arguments, model.channels
        self.bounded = model.bounded
        self.size_multiple = stride * model.size_multiple
        self.receptive_field = stride * (model.receptive_field - 1) + 1

    def forward(self, noisy: Tensor) -> Tensor:
        """Denoise ``(B, C, H, W)``."""
        return interleave(self.model(deinterleave(noisy, self.stride)), self.stride)

    def features(self, noisy: Tensor) -> list[Tensor]:
        """Return the features of the interleaved images, ``(B · stride², ...)``."""
        return self.model.features(deinterleave(noisy, self.stride))
