"""A convolutional denoising autoencoder with a narrow code, made to learn features.

A U-Net hands pixels over to its other side, so it learns little about the content of an image. Here
everything must pass through the code. With noise that deforms, the code keeps what does not depend
on pose and handwriting (docs/features.md).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unnoise.errors import ModelError
from unnoise.models.contract import CodeModel

MAX_WIDTH, MAX_CODE = 4096, 65_536
MAX_PARAMETERS = 50_000_000


class ConvAutoencoder(CodeModel):
    """Strided convolutions with batch normalisation to a dense code, and back.

    For 28 × 28 the sides are 28 → 14 → 7 → 4, then the code, then 7 → 14 → 28. Sides that are no
    multiples of 4 are padded, and cropped.

    Args:
        widths: Feature channels of the three levels.
        code: Number of values in the code.

    Raises:
        ModelError: A width is out of range, or the dense layers would be too large to train.
    """

    bounded = True

    def __init__(
        self,
        *,
        channels: int = 1,
        size: tuple[int, int] = (28, 28),
        widths: tuple[int, int, int] = (32, 64, 128),
        code: int = 256,
        depth: int = 1,
        hidden: bool = False,
    ) -> None:
        super().__init__()
        height, width = size
        self._see(channels, depth, hidden=hidden)
        self._take_only(channels, height, width)
        # The upper bounds are for arguments that come from a file.
        if not (
            len(widths) == 3
            and all(1 <= each <= MAX_WIDTH for each in widths)
            and 1 <= code <= MAX_CODE
        ):
            raise ModelError(
                f"a convolutional autoencoder has three widths of 1 to {MAX_WIDTH} and a code of 1 "
                f"to {MAX_CODE}, not {tuple(widths)} and {code}"
            )
        top, left = -(-height // 4), -(-width // 4)
        first, second, third = widths
        ends = third * -(-top // 2) * -(-left // 2), second * top * left
        if code * sum(ends) > MAX_PARAMETERS:
            raise ModelError(
                f"a convolutional autoencoder for {height} × {width} images needs dense layers of "
                f"{code * sum(ends):,} weights, more than {MAX_PARAMETERS:,}: "
                "use --model unet, which takes any size, or smaller images"
            )
        self.arguments |= {"widths": list(widths), "code": code}
        self.code_size = code
        self._coarse = second, top, left
        self.first = _layers(self.seen_channels, first, 5, 2)
        self.second = nn.Sequential(_layers(first, second, 3, 2), _layers(second, second, 3, 1))
        self.third = nn.Sequential(_layers(second, third, 3, 2), _layers(third, third, 3, 1))
        self.dense = nn.Linear(ends[0], code)
        self.norm = nn.BatchNorm1d(code)
        self.wide = nn.Linear(code, ends[1])
        self.up2 = nn.ConvTranspose2d(second, first, 4, 2, 1)
        self.up1 = nn.ConvTranspose2d(first, channels, 4, 2, 1)

    def features(self, noisy: Tensor) -> list[Tensor]:
        """Return the features of the three levels, then the code."""
        height, width = noisy.shape[-2:]
        noisy = F.pad(noisy, (0, -width % 4, 0, -height % 4), mode="replicate")
        found = [self.first(self._seen(noisy))]
        found.append(self.second(found[-1]))
        found.append(self.third(found[-1]))
        return [*found, F.relu(self.norm(self.dense(found[-1].flatten(1))))]

    def decode(self, code: Tensor) -> Tensor:
        """Make images ``(B, C, H, W)`` in (0, 1) from codes ``(B, code)``."""
        x = F.relu(self.wide(code)).view(-1, *self._coarse)
        x = torch.sigmoid(self.up1(F.relu(self.up2(x))))
        height, width = self.fixed_size
        return x[..., :height, :width]


def _layers(inputs: int, outputs: int, side: int, stride: int) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, side, stride, side // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())
