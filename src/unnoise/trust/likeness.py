"""How well models know an image, from one pass over a part of it, to choose among models."""

from dataclasses import dataclass

import numpy as np

from unnoise.denoiser import Denoiser, View
from unnoise.sizes import middle_of
from unnoise.trust.calibration import Calibration
from unnoise.trust.familiarity import familiarity, windows
from unnoise.types import Floats

Size = tuple[int, int]


@dataclass(frozen=True)
class Likeness:
    """How well one model knows an image."""

    excess: float  # how unlike the training images the image is, over the limit
    densities: dict[Size, float]  # log_density, by height and width of the windows

    @property
    def known(self) -> bool:
        """Whether the image is like the training images."""
        return self.excess <= 1

    def ratio(self, other: "Likeness") -> float | None:
        """Return the logarithm of the ratio of likelihoods: above 0, this model knows it better."""
        # Distances alone cannot compare: with images of many kinds, some are near every image.
        common = self.densities.keys() & other.densities.keys()
        if not common:
            return None
        size = max(common, key=lambda size: size[0] * size[1])
        return self.densities[size] - other.densities[size]


def likeness(
    denoiser: Denoiser, noisy: Floats, calibration: Calibration | None, view: View | None = None
) -> Likeness | None:
    """Compare the result of an image with the images that the model was trained on.

    Args:
        denoiser: The model.
        noisy: ``(C, H, W)``, in the model's scale, or with its neighbours ``(depth · C, H, W)``.
        calibration: The statistics of the model on held-out images; None if there are none.
        view: How the channels of the image are read.

    Returns:
        None if training held out too few images, or the image is too small.

    Raises:
        ModelError: The model does not take the image.
    """
    if calibration is None or not calibration.limited:
        return None
    alone = middle_of(noisy[None], denoiser.backend.network.depth)[0]
    stride = denoiser.sight.stride(np.moveaxis(alone, 0, -1))
    part = noisy[:, ::stride, ::stride]  # as in the images of the calibration
    restored = denoiser.apart(view).denoise_floats(part[None])[0]
    alike = familiarity(restored, calibration.kinds)
    if alike is None:
        return None
    height, width = restored.shape[1:]
    densities = {
        (kind.height, kind.width): kind.log_density(windows(restored, kind.height, kind.width))
        for kind in calibration.kinds
        if kind.height <= height and kind.width <= width
    }
    return Likeness(alike.excess, densities)
