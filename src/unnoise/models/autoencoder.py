"""The classic convolutional denoising autoencoder, layer for layer.

For 28 × 28 × 1 the shapes are 28 → 14 → 7 → 3 → 2, a code of 576, then 3 → 7 → 14 → 28, with
194,785 trainable parameters. Padding, batch-norm constants and initial weights follow Keras, in
which the original is written. With the same weights, both give the same outputs.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unnoise.errors import ModelError
from unnoise.models.contract import CodeModel

MAX_PARAMETERS = 50_000_000
SMALLEST = 12  # 12 → 6 → 3 → 1 → 1; a smaller side leaves nothing to pool


class Autoencoder(CodeModel):
    """Convolutions down to a dense code, transposed convolutions up from it.

    The dense layer ties the network to one image size. The decoder makes sides of 8·k + 4; other
    sizes are padded up to the next one, and cropped.

    Raises:
        ModelError: The dense layer for this size would be too large to train.
    """

    bounded = True

    def __init__(
        self,
        *,
        channels: int = 1,
        size: tuple[int, int] = (28, 28),
        depth: int = 1,
        hidden: bool = False,
    ) -> None:
        super().__init__()
        height, width = size
        self._see(channels, depth, hidden=hidden)
        self._take_only(channels, height, width)
        self._padded = _side(height), _side(width)
        top, left = (side // 8 for side in self._padded)
        pooled = -(-top // 2) * -(-left // 2)
        code = 64 * top * left
        if 64 * pooled * code > MAX_PARAMETERS:
            raise ModelError(
                f"an autoencoder for {height} × {width} images needs a dense layer of "
                f"{64 * pooled * code:,} weights, more than {MAX_PARAMETERS:,}: "
                "use --model unet, which takes any size, or smaller images"
            )
        self._code_shape, self.code_size = (64, top, left), code
        self.conv1 = nn.Conv2d(self.seen_channels, 16, 3, padding=1)
        self.norm1 = _batch_norm(16)
        self.conv2 = nn.Conv2d(16, 32, 3, stride=2)
        self.norm2 = _batch_norm(32)
        self.conv3 = nn.Conv2d(32, 64, 3, stride=2)
        self.norm3 = _batch_norm(64)
        self.dense = nn.Linear(64 * pooled, code)
        self.up1 = nn.ConvTranspose2d(64, 32, 3, stride=2)
        self.up2 = nn.ConvTranspose2d(32, 16, 3, stride=2)
        self.up3 = nn.ConvTranspose2d(16, channels, 3, stride=2)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                assert layer.bias is not None
                nn.init.zeros_(layer.bias)

    def features(self, noisy: Tensor) -> list[Tensor]:
        """Return the features of the three levels, then the code: 576 numbers for 28 × 28."""
        height, width = noisy.shape[-2:]
        down, right = self._padded[0] - height, self._padded[1] - width
        if down or right:
            noisy = F.pad(noisy, (0, right, 0, down), mode="replicate")
        first = F.max_pool2d(self.norm1(F.relu(self.conv1(self._seen(noisy)))), 2)
        second = F.max_pool2d(self.norm2(F.relu(self.conv2(_pad_same(first)))), 2)
        third = self.norm3(F.relu(self.conv3(_pad_same(second))))
        # Keras flattens channels last, so its dense weights fit ours.
        code: Tensor = self.dense(third.permute(0, 2, 3, 1).flatten(1))
        return [first, second, third, code]

    def decode(self, code: Tensor) -> Tensor:
        """Make images ``(B, C, H, W)`` in (0, 1) from codes ``(B, 64 · k · l)``."""
        channels, top, left = self._code_shape
        x = code.view(-1, top, left, channels).permute(0, 3, 1, 2)
        x = F.relu(self.up1(x))
        # "Same" padding in Keras doubles the side: it drops the last of 2n + 1 rows.
        x = F.relu(self.up2(x)[..., :-1, :-1])
        x = torch.sigmoid(self.up3(x)[..., :-1, :-1])
        height, width = self.fixed_size
        return x[..., :height, :width]


def _side(length: int) -> int:
    return max(SMALLEST, -(-(length - 4) // 8) * 8 + 4)


def _pad_same(x: Tensor) -> Tensor:
    """Pad as Keras does for stride 2: odd sides at both ends, even sides at the second end."""
    return F.pad(x, (x.shape[-1] % 2, 1, x.shape[-2] % 2, 1))


def _batch_norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)  # Keras: epsilon 1e-3, momentum 0.99
