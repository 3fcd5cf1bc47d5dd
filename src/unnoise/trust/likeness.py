"""How well models know an image, from one pass over a part of it: for choosing among models."""

from dataclasses import dataclass

import numpy as np

from unnoise.denoiser import Denoiser, View
from unnoise.trust.calibration import USUAL, Calibration
from unnoise.trust.familiarity import familiarity, windows
from unnoise.types import Floats

Size = tuple[int, int]


@dataclass(frozen=True)
class Likeness:
    """How well one model knows an image.

    Attributes:
        excess: How unlike its training images the image is, over the largest that is usual.
        densities: How densely its training images lie around the image, as a logarithm, by the
            height and width of the windows that were compared.
    """

    excess: float
    densities: dict[Size, float]

    @property
    def known(self) -> bool:
        """Whether the image is like the training images."""
        return self.excess <= 1

    def ratio(self, other: "Likeness") -> float | None:
        """Return the logarithm of the ratio of likelihoods: above 0, this model knows it better.

        The plain distance does not compare models: one whose training images are of many kinds has
        some near every image. None where no windows of one size were compared.
        """
        common = self.densities.keys() & other.densities.keys()
        if not common:
            return None
        size = max(common, key=lambda size: size[0] * size[1])
        return self.densities[size] - other.densities[size]


def likeness(
    denoiser: Denoiser, noisy: Floats, usual: Calibration | None, view: View | None = None
) -> Likeness | None:
    """Compare what a model makes of an image with the images that it was trained on.

    Args:
        denoiser: The model.
        noisy: ``(C, H, W)``, in the model's own scale.
        usual: What is usual for the model; None where that is not known.
        view: How its channels are taken.

    Returns:
        None where too few images were held out in training, or the image is too small.

    Raises:
        ModelError: The model does not take the image.
    """
    if usual is None or not usual.limited:
        return None
    stride = denoiser.sight.stride(np.moveaxis(noisy, 0, -1))
    part = noisy[:, ::stride, ::stride]  # the calibration is of such images
    restored = denoiser.apart(view).denoise_floats(part[None])[0]
    alike = familiarity(restored, usual.kinds, USUAL)
    if alike is None:
        return None
    height, width = restored.shape[1:]
    densities = {
        (kind.height, kind.width): kind.log_density(windows(restored, kind.height, kind.width))
        for kind in usual.kinds
        if kind.height <= height and kind.width <= width
    }
    return Likeness(alike.excess, densities)
