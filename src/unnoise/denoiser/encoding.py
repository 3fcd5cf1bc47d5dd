"""The features of many images, a part of them at a time."""

from collections.abc import Sequence

import torch
from torch import Tensor

from unnoise.models import Model, fit, join_features
from unnoise.types import Floats


def encode_images(
    model: Model,
    images: Floats,
    device: torch.device,
    pixels: int,
    *,
    levels: Sequence[int] | None,
    pool: int | None,
) -> Floats:
    """Return the features of images; see ``Denoiser.encode``.

    Args:
        model: On the device.
        images: float32 ``(N, C, H, W)`` in the model's own scale.
        device: Where the model runs.
        pixels: That go through it at once.
        levels: Whose features are joined; None gives those of the narrowest place.
        pool: The side of the grid over which they are averaged.
    """
    size = max(1, pixels // (images.shape[2] * images.shape[3]))

    def features(part: Tensor) -> Tensor:
        seen = fit(model, part.to(device, memory_format=torch.channels_last))
        if levels is None and pool is None:
            return model.encode(seen)
        return join_features(model.features(seen), (-1,) if levels is None else levels, pool)

    with torch.inference_mode():
        parts = [features(part).cpu() for part in torch.from_numpy(images).split(size)]
    found: Floats = torch.cat(parts).numpy()
    return found
