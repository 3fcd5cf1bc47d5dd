"""The end of a training: the denoiser, its calibration, and the held-out images that are kept."""

import copy
from dataclasses import replace

from unnoise.assemble import Assembly
from unnoise.denoiser import Denoiser
from unnoise.denoiser.torch_backend import TorchBackend
from unnoise.errors import DataError
from unnoise.models import Bounds
from unnoise.runs import ModelInfo
from unnoise.trust import Missed, calibrate, conformal_groups, measure
from unnoise.types import Floats

SHARE = 0.08  # of the multiply-adds of the training


def make_denoiser(assembly: Assembly) -> Denoiser:
    """Return what was trained as a denoiser, which is not yet calibrated."""
    training = assembly.training
    network = copy.deepcopy(training.model)  # leaves behind what torch compiled
    network.load_state_dict(training.result())
    reached = assembly.validator.validate(network)
    training.leave()
    trained = {
        "steps": float(assembly.length.steps),
        training.batches.unit: float(assembly.length.steps * training.batches.size),
        "seconds": round(training.state.seconds, 1),
        "risk": reached.risk,
    }
    noisy_psnr = assembly.validator.noisy_psnr()
    if reached.psnr is not None and noisy_psnr is not None:
        trained["noisy_psnr"] = round(noisy_psnr, 3)
        trained["psnr"] = round(reached.psnr, 3)
    bounds = network if isinstance(network, Bounds) else None
    backend = TorchBackend(
        bounds.model if bounds else network,
        distances=bounds.distances if bounds else None,
        device=str(training.device),
        bf16=training.bf16,
    )
    return Denoiser(backend, replace(assembly.info, trained=trained))


def calibrated(denoiser: Denoiser, assembly: Assembly) -> ModelInfo:
    """Return the facts of a model with its calibration on held-out images."""
    seed, info = assembly.training.seed, denoiser.info
    denoiser = denoiser.apart()  # held-out images are taken apart already
    noisy: list[Floats] = []
    clean: list[Floats] = []
    missed: list[Missed] = []
    objective = assembly.validator.objective
    for given, known in assembly.calibration.examples(objective, seed):
        noisy.extend(given.numpy())
        if known is not None:
            clean.extend(known.numpy())
            if denoiser.has_bounds:
                missed.extend(measure(denoiser, given.numpy(), known.numpy()))
    learned = [
        image for given, _ in assembly.learned.examples(objective, seed) for image in given.numpy()
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
    found = calibrate(denoiser, noisy, clean or None, learned, pixels=pixels, seed=seed)
    return replace(info, calibration=found.to_plain())
