"""The stacked denoising autoencoder: dense layers to a code, and dense layers back from it.

Vincent et al., "Stacked denoising autoencoders", JMLR 2010. Each layer and its counterpart on the
way back form an autoencoder. These autoencoders can be trained one after the other.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unnoise.errors import ModelError
from unnoise.models.contract import CodeModel

MAX_LAYERS, MAX_WIDTH, MAX_PARAMETERS = 16, 65_536, 200_000_000


class MLP(CodeModel):
    """Dense layers with ReLU down to a code, and as many back.

    Args:
        size: Height and width; the rows of a table are images of ``(1, columns)``.
        widths: Number of features of each layer; the last layer is the code.
        bounded: Whether outputs go through a sigmoid, for values in [0, 1].

    Raises:
        ModelError: A width is out of range, or the network would be too large to train.
    """

    def __init__(
        self,
        *,
        channels: int = 1,
        size: tuple[int, int] = (28, 28),
        widths: tuple[int, ...] = (1024, 256),
        bounded: bool = True,
        depth: int = 1,
        hidden: bool = False,
    ) -> None:
        super().__init__()
        height, width = size
        self._see(channels, depth, hidden=hidden)
        self._take_only(channels, height, width)
        self.inputs = self.seen_channels * height * width
        sides = (self.inputs, *widths)
        # The upper bounds are for arguments that come from a file.
        if not (
            1 <= len(widths) <= MAX_LAYERS and all(1 <= each <= MAX_WIDTH for each in widths)
        ) or (2 * sum(a * b for a, b in pairwise(sides)) > MAX_PARAMETERS):
            raise ModelError(
                f"an mlp has 1 to {MAX_LAYERS} layers of 1 to {MAX_WIDTH} features, and up to "
                f"{MAX_PARAMETERS:,} weights, not {tuple(widths)} for {self.inputs} values: "
                "use narrower layers or smaller images"
            )
        self.arguments |= {"widths": list(widths), "bounded": bounded}
        self.bounded, self.code_size = bounded, widths[-1]
        self.down = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sides))
        outputs = (channels * height * width, *widths)
        self.up = nn.ModuleList(nn.Linear(b, a) for a, b in pairwise(outputs))
        self.centre: Tensor
        self.register_buffer("centre", torch.zeros(self.inputs))
        for layer in self.down:
            assert isinstance(layer, nn.Linear)
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)

    def features(self, noisy: Tensor) -> list[Tensor]:
        """Return the features of each layer, ``(B, width)``."""
        found: list[Tensor] = [self._seen(noisy).flatten(1)]
        for index in range(len(self.down)):
            found.append(self.layer(index, found[-1]))
        return found[1:]

    def layer(self, index: int, given: Tensor) -> Tensor:
        """Return the features of a layer, from the features of the layer below or flat images."""
        return F.relu(self.down[index](given - self.centre if index == 0 else given))

    def centre_on(self, images: Tensor) -> None:
        """Give the first layer the difference from the mean of images ``(N, C, H, W)``."""
        # On photographs, whose values are far from 0, this avoids a tenth of the errors.
        self.centre.copy_(self._seen(images).flatten(1).mean(0))

    def undo(self, index: int, features: Tensor) -> Tensor:
        """Return the input of a layer from its features; for images, before the sigmoid."""
        made: Tensor = self.up[index](features)
        return F.relu(made) if index else made

    def decode(self, code: Tensor) -> Tensor:
        """Make images ``(B, C, H, W)`` from codes ``(B, widths[-1])``."""
        for index in reversed(range(len(self.up))):
            code = self.undo(index, code)
        made = torch.sigmoid(code) if self.bounded else code
        return made.view(-1, self.channels, *self.fixed_size)
