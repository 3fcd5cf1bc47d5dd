"""The page of an estimated noise: the measurements, and plain areas with noise of the spec."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unnoise.api.noise_models import NoiseModel, correlations, noisy_ones
from unnoise.api.sharing import short
from unnoise.noise.fitting import plain_pair
from unnoise.outputs import write_text
from unnoise.report import NoiseCurves, NoisePage, draw_crops, draw_noise_curves, render_page
from unnoise.types import Doubles

CROP = 64  # pixels of a side
STEP = 16  # pixels between the parts that are compared
SPREAD = 4.0  # standard deviations from the mean of a part that are black and white


def write_noise_page(
    path: Path, model: NoiseModel, *, title: str = "", overwrite: bool = False
) -> None:
    """Write the evidence as one HTML page; ``title`` names the images."""
    noisy = noisy_ones(model.samples)
    curves = NoiseCurves(
        points=(
            np.concatenate([sample.brightness for sample in noisy]),
            np.concatenate([sample.variance for sample in noisy]),
        ),
        gain=model.fitted.gain,
        offset=model.fitted.offset,
        correlations={
            name: (measured, spec or [0.0] * len(measured))
            for name, (measured, spec) in correlations(model.samples, model.made).items()
        },
    )
    page = NoisePage(
        title=f"The noise of {short(title)}" if title else "The noise of the images",
        spec=model.spec,
        evidence=model.evidence,
        curves=draw_noise_curves(curves),
        crops=draw_crops(_crops(model)),
    )
    write_text(path, render_page(page), overwrite=overwrite)


def _crops(model: NoiseModel) -> dict[str, NDArray[np.float32]]:
    """Return the flattest part of the example and synthetic noise, in one contrast."""
    real = _flattest(model.example)
    means = real.mean((0, 1))
    noisy, clean = plain_pair(model.fitted.noise.at(0.5), [float(means.mean())], real.shape[2])
    side = real.shape[:2]
    synthetic = (noisy - clean)[: side[0], : side[1]] + means
    spread = SPREAD * float(np.mean(real.std((0, 1))))
    drawn = {}
    for name, crop in (("noisy image", real), ("synthetic, in the middle of the spec", synthetic)):
        scaled = (crop - means) / (2 * spread or 1) + 0.5
        drawn[name] = scaled.clip(0, 1).astype(np.float32)[..., : 3 if crop.shape[2] >= 3 else 1]
    return drawn


def _flattest(image: Doubles) -> Doubles:
    """Return the part of an image that varies least, without being cut off at its ends."""
    side = min(CROP, *image.shape[:2])
    low, high = image.min(), image.max()
    best, found = np.inf, image[:side, :side]
    for top in range(0, image.shape[0] - side + 1, STEP):
        for left in range(0, image.shape[1] - side + 1, STEP):
            part = image[top : top + side, left : left + side]
            ends = float(np.mean((part <= low) | (part >= high)))
            varies = float(part.std((0, 1)).mean())
            if ends < 0.02 and varies < best:
                best, found = varies, part
    return found
