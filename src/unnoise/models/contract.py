"""The contract of every model, and the one place where images are fitted to a model."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unnoise.errors import ModelError
from unnoise.sizes import check_size, padding

ModelArguments = dict[str, Any]  # plain JSON values

DEFAULT_LR = 3e-3  # found by measurement (docs/lab-notes.md)
MOST_IMAGES = 125  # images that a network sees: 5 along each of three axes


class Model(nn.Module, ABC):
    """A network: noisy images ``(B, C, H, W)`` in, clean ones of the same shape out.

    A network of ``depth`` N takes N neighbouring images of a stack, one after the other in the
    channels, ``(B, N · C, H, W)``, and gives the middle one back. If the middle is ``hidden``, the
    network never sees it, and finds it from its neighbours alone.
    """

    arguments: ModelArguments  # with which the constructor builds the same network again
    channels: int  # of an image
    depth: int = 1
    hidden: bool = False
    size_multiple: int = 1  # of the heights and widths that ``forward`` takes
    fixed_size: tuple[int, int] | None = None  # the only height and width that it takes
    receptive_field: int  # side, in pixels, of the input that can change an output pixel
    bounded: bool = False  # whether outputs always lie in [0, 1]
    # Whether outputs are the input plus a small correction, which loses little in bfloat16.
    corrects: bool = False
    one_size: ClassVar[bool] = False  # whether the constructor takes the ``size`` of the images
    can_drop_shortcuts: ClassVar[bool] = False  # whether the constructor takes ``shortcuts=False``

    @classmethod
    def arguments_for(
        cls,
        *,
        channels: int,
        size: tuple[int, int],
        shortcuts: bool = True,
        depth: int = 1,
        hidden: bool = False,
    ) -> ModelArguments:
        """Return the arguments of the constructor for images of this kind."""
        arguments: ModelArguments = {"channels": channels, **_depth_arguments(depth, hidden)}
        if cls.one_size:
            arguments["size"] = size
        if cls.can_drop_shortcuts and not shortcuts:
            arguments["shortcuts"] = False
        return arguments

    @abstractmethod
    def forward(self, noisy: Tensor) -> Tensor:
        """Denoise a batch whose size the contract allows."""

    @abstractmethod
    def features(self, noisy: Tensor) -> list[Tensor]:
        """Return the features ``(B, ...)`` of each level, not decoded; the narrowest comes last."""

    def encode(self, noisy: Tensor) -> Tensor:
        """Return the features of the narrowest level, ``(B, ...)``."""
        return self.features(noisy)[-1]

    def check(self, channels: int, height: int, width: int) -> None:
        """Raise ``ModelError`` if the model cannot denoise images of this shape."""
        check_size(self, channels, height, width)

    @property
    def seen_channels(self) -> int:
        """The channels that the first layer sees, of all images together."""
        return self.channels * (self.depth - self.hidden)

    def _see(self, channels: int, depth: int, *, hidden: bool) -> None:
        """State the channels and the depth."""
        if depth < 1 or depth % 2 == 0 or depth > MOST_IMAGES or (hidden and depth == 1):
            raise ModelError(
                f"depth is {depth}: it is an odd number up to {MOST_IMAGES}"
                + (", and more than 1 where the middle image is hidden" if hidden else "")
            )
        self.arguments = {"channels": channels, **_depth_arguments(depth, hidden)}
        self.channels, self.depth, self.hidden = channels, depth, hidden

    def _seen(self, noisy: Tensor) -> Tensor:
        """Return what the first layer sees of images and their neighbours."""
        if not self.hidden:
            return noisy
        half = self.depth // 2 * self.channels
        return torch.cat([noisy[:, :half], noisy[:, half + self.channels :]], dim=1)


class CodeModel(Model):
    """A model that makes images from its code alone."""

    one_size = True
    fixed_size: tuple[int, int]
    code_size: int  # number of values in the code of one image

    @abstractmethod
    def decode(self, code: Tensor) -> Tensor:
        """Make images ``(B, C, H, W)`` from codes ``(B, code_size)``."""

    def forward(self, noisy: Tensor) -> Tensor:
        """Denoise ``(B, C, H, W)`` of the model's one size."""
        return self.decode(self.encode(noisy))

    def _take_only(self, channels: int, height: int, width: int) -> None:
        """State the one shape of images; refuse a shape that only a damaged file can state."""
        if min(channels, height, width) < 1:
            raise ModelError(
                f"a model is made for images of {height} × {width} with {channels} channels: each "
                "number must be at least 1"
            )
        self.arguments |= {"size": [height, width]}
        self.fixed_size = (height, width)
        self.receptive_field = 2 * max(height, width)  # dense: every pixel sees every pixel


def _depth_arguments(depth: int, hidden: bool) -> ModelArguments:
    """Return the arguments for a depth; none for 1, which earlier versions read."""
    return ({"depth": depth} if depth > 1 else {}) | ({"hidden": True} if hidden else {})


@dataclass(frozen=True)
class Architecture:
    """A line of the table of models."""

    network: type[Model]  # the class
    arguments: ModelArguments = field(default_factory=dict)  # those that differ from the defaults
    lr: float = DEFAULT_LR  # the highest learning rate that suits the model, with AdamW
    muon: float | None = None  # the one with Muon, for a model that learns faster with it


ModelKind = TypeVar("ModelKind", bound=Model)


def place(model: ModelKind, device: torch.device) -> ModelKind:
    """Move a model to a device, and its weights to the layout that suits convolutions best."""
    placed: ModelKind = model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs have it only beside a tensor
    return placed


def fit(model: Model, images: Tensor) -> Tensor:
    """Check that a model takes images ``(B, C, H, W)``, and pad them to its size multiple.

    Raises:
        ModelError: The model does not take images of this shape.
    """
    inputs, height, width = images.shape[1:]
    if inputs % model.depth:
        raise ModelError(
            f"the model sees {model.depth} images together, and these have {inputs} channels in all"
        )
    model.check(inputs // model.depth, height, width)
    down, right, mirror = padding(model, height, width)
    if not down and not right:
        return images
    return F.pad(images, (0, right, 0, down), mode="reflect" if mirror else "replicate")


def restore(model: Model, noisy: Tensor) -> Tensor:
    """Fit images ``(B, C, H, W)`` to a model, run it, and crop the results, which are not clamped.

    Raises:
        ModelError: The model does not take images of this shape.
    """
    height, width = noisy.shape[-2:]
    restored: Tensor = model(fit(model, noisy))
    return restored[..., :height, :width]


def join_features(features: list[Tensor], levels: Sequence[int], pool: int | None) -> Tensor:
    """Join the features of some levels to rows ``(B, F)``.

    Args:
        features: The result of ``Model.features``.
        levels: The numbers of the levels.
        pool: Side of a grid of cells in which features are averaged; None keeps every place.

    Raises:
        ModelError: The model has no such level, or the grid has no cell.
    """
    last = len(features) - 1
    if not levels or not all(-last - 1 <= level <= last for level in levels):
        raise ModelError(
            f"levels are {tuple(levels)}: the model has 0 (the finest) to {last}, and -1 is the "
            "last"
        )
    if pool is not None and pool < 1:
        raise ModelError(f"pool is {pool}: it is the side of a grid, at least 1")
    rows = []
    for level in levels:
        found = features[level]
        if pool is not None and found.ndim == 4:
            height, width = found.shape[2:]
            found = F.adaptive_avg_pool2d(found, (min(pool, height), min(pool, width)))
        rows.append(found.flatten(1))
    return torch.cat(rows, dim=1)


def macs_per_pixel(model: Model) -> float:
    """Count the multiply-adds per pixel of a large image, or of an image of the fixed size.

    Convolutions and dense layers count, also where they work on padding.
    """
    height, width = model.fixed_size or (model.size_multiple * 8,) * 2
    total = 0

    def count(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        weight = layer.weight
        assert isinstance(weight, Tensor)
        # A transposed convolution uses each weight once per input pixel, the others per output.
        places = inputs[0] if isinstance(layer, nn.ConvTranspose2d) else output
        total += weight.numel() * places[0, 0].numel() if places.ndim == 4 else weight.numel()

    counted = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
    hooks = [m.register_forward_hook(count) for m in model.modules() if isinstance(m, counted)]
    device = next(model.parameters()).device
    training = model.training
    try:
        with torch.inference_mode():
            inputs = model.channels * model.depth
            restore(model.eval(), torch.zeros(1, inputs, height, width, device=device))
    finally:
        model.train(training)
        for hook in hooks:
            hook.remove()
    return total / (height * width)
