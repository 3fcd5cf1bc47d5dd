"""The end of a training: what is usual for its model, found on held-out images."""

from dataclasses import replace

from unnoise.assemble import Assembly
from unnoise.denoiser import Denoiser
from unnoise.errors import DataError
from unnoise.runs import ModelInfo
from unnoise.trust import Missed, calibrate, conformal_groups, measure
from unnoise.types import Floats

SHARE = 0.08  # of the multiply-adds of the training


def calibrated(denoiser: Denoiser, assembly: Assembly) -> ModelInfo:
    """Return what the model file says, with what is usual for the model.

    Raises:
        DataError: There are too few images to calibrate bounds.
    """
    seed, info = assembly.training.seed, denoiser.info
    denoiser = denoiser.apart()  # held-out images are taken apart already
    noisy: list[Floats] = []
    clean: list[Floats] = []
    missed: list[Missed] = []
    for given, known in assembly.calibration.pairs(assembly.objective, seed):
        noisy.extend(given.numpy())
        if known is not None:
            clean.extend(known.numpy())
            if denoiser.has_bounds:
                missed.extend(measure(denoiser, given.numpy(), known.numpy()))
    learned = [
        image
        for given, _ in assembly.learned.pairs(assembly.objective, seed)
        for image in given.numpy()
    ]
    if info.bounds is not None:
        groups = conformal_groups(missed, info.bounds["level"])
        if groups is None:
            raise DataError(
                f"{len(missed)} held-out images are too few to calibrate --intervals "
                f"{info.bounds['level']}: train on more images, or with a larger --validation"
            )
        info = replace(info, bounds=info.bounds | {"groups": groups})
    # A forward pass is a third of a step, or nearly all of it where only bounds are trained.
    passes = 1 if assembly.config.freeze else 3
    pixels = SHARE * passes * assembly.pixels
    usual = calibrate(denoiser, noisy, clean or None, learned, pixels=pixels, seed=seed)
    return replace(info, calibration=usual.to_plain())
