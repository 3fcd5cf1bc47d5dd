"""The end of a training: what is usual for its model, found on held-out images."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from unnoise.assemble import Assembly
from unnoise.denoiser import Denoiser
from unnoise.errors import DataError
from unnoise.runs import ModelInfo
from unnoise.trust import Held, calibrate, conformal_groups, needed_scale

Floats = NDArray[np.float32]

SHARE = 0.08  # of the multiply-adds of the training
PART = 128  # pixels of a side of what calibrates bounds


def calibrated(denoiser: Denoiser, assembly: Assembly) -> ModelInfo:
    """Return what the model file says, with what is usual for the model.

    Raises:
        DataError: There are too few images to calibrate bounds.
    """
    seed, info = assembly.training.seed, denoiser.info
    denoiser = denoiser.apart()  # held-out images are taken apart already
    noisy: list[Floats] = []
    clean: list[Floats] = []
    held: list[Held] = []
    for given, known in assembly.calibration.pairs(assembly.objective, seed):
        noisy.extend(given.numpy())
        if known is not None:
            clean.extend(known.numpy())
            held.extend(_held(denoiser, given.numpy(), known.numpy()))
    if info.bounds is not None:
        groups = conformal_groups(held, info.bounds["level"])
        if groups is None:
            raise DataError(
                f"{len(held)} held-out images are too few to calibrate --intervals "
                f"{info.bounds['level']}: train on more images, or with a larger --validation"
            )
        info = replace(info, bounds=info.bounds | {"groups": groups})
    # A forward pass is a third of a step, or nearly all of it where only bounds are trained.
    passes = 1 if assembly.config.freeze else 3
    pixels = SHARE * passes * assembly.pixels
    usual = calibrate(denoiser, noisy, clean or None, pixels=pixels, seed=seed)
    return replace(info, calibration=usual.to_plain() if usual else None)


def _held(denoiser: Denoiser, noisy: Floats, clean: Floats) -> Iterator[Held]:
    """Yield what calibrates bounds, of parts of images; nothing for a model without."""
    if not denoiser.has_bounds:
        return
    restored = denoiser.denoise_floats(noisy)
    for y in range(0, max(1, noisy.shape[2] - PART // 2), PART):
        for x in range(0, max(1, noisy.shape[3] - PART // 2), PART):
            ours, made, known = (
                np.ascontiguousarray(each[..., y : y + PART, x : x + PART])
                for each in (noisy, restored, clean)
            )
            below, above = denoiser.find_distances(ours, made)
            for i, image in enumerate(ours):
                yield Held(
                    needed=needed_scale(known[i], made[i], below[i], above[i]),
                    taken=float(np.sqrt(np.mean((image - made[i]) ** 2))),
                    grey=len(image) > 1 and not np.ptp(image, axis=0).any(),
                )
