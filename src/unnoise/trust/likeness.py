"""How well a model knows an image, from one pass over a part of it: for choosing among models."""

import numpy as np

from unnoise.denoiser import Denoiser, View
from unnoise.trust.calibration import USUAL, Calibration
from unnoise.trust.familiarity import Familiarity, familiarity
from unnoise.trust.probing import Floats


def likeness(
    denoiser: Denoiser, noisy: Floats, usual: Calibration | None, view: View | None = None
) -> Familiarity | None:
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
    return familiarity(restored, usual.kinds, USUAL)
