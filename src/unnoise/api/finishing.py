"""The end of a training: the denoiser, its calibration, and the held-out images that a run keeps.

The preview and the report are made of ``held_out.npz``, so that neither needs the data again.
"""

import copy
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np

from unnoise.api.judging import first_ready
from unnoise.assemble import Assembly
from unnoise.data import Along
from unnoise.denoiser import Denoiser
from unnoise.denoiser.torch_backend import TorchBackend
from unnoise.errors import DataError, RunError
from unnoise.models import Bounds, Model
from unnoise.outputs import replacing
from unnoise.runs import ModelInfo
from unnoise.seeding import generator
from unnoise.training import Training
from unnoise.trust import Missed, calibrate, conformal_groups, measure
from unnoise.types import Array, Floats

SHARE = 0.08  # of the multiply-adds of the training
# Bytes of pixels that are kept for the table, and for pictures: 1.5 megapixels, which validation
# sees at most, of pairs of colour images of 8 bits fit. A folder grows by as much as two networks.
LIMIT = 2**24
DAMAGED = (ValueError, TypeError, LookupError, EOFError, zipfile.BadZipFile, zlib.error)
NYXC = 4  # axes
SHOWN, JUDGED, ALONG, AROUND = "shown", "judged", "along", "around"

Scene = tuple[Array, ...]  # the views of one scene, (H, W, C)


def make_denoiser(assembly: Assembly) -> Denoiser:
    """Return what was trained as a denoiser, which is not yet calibrated."""
    training = assembly.training
    network = copy.deepcopy(training.model)  # leaves behind what torch compiled
    network.load_state_dict(training.result())
    reached = assembly.validator.validate(network)
    training.leave()
    trained = {
        "steps": float(training.state.step),  # fewer than planned if it was ended early
        training.batches.unit: float(training.state.step * training.batches.size),
        "seconds": round(training.state.seconds, 1),
        "risk": reached.risk,
    }
    noisy_psnr = assembly.validator.noisy_psnr()
    if reached.psnr is not None and noisy_psnr is not None:
        trained["noisy_psnr"] = round(noisy_psnr, 3)
        trained["psnr"] = round(reached.psnr, 3)
    return Denoiser(_backend(network, training), replace(assembly.info, trained=trained))


def example_of(assembly: Assembly) -> tuple[Floats, Floats]:
    """Denoise the first held-out example with the network so far; ``(C, H, W)`` before and after.

    Values are in the model's scale, nominally [0, 1].
    """
    training = assembly.training
    network = copy.deepcopy(training.latest)
    network.load_state_dict(training.result())
    denoiser = Denoiser(_backend(network.eval(), training), assembly.info)
    random = generator(training.seed, "example")
    first = first_ready(denoiser, assembly.examples, assembly.info.noise, random)
    return first.noisy[0], denoiser.denoise_floats(first.together()[:1])[0]


def _backend(network: Model, training: Training) -> TorchBackend:
    bounds = network if isinstance(network, Bounds) else None
    return TorchBackend(
        bounds.model if bounds else network,
        distances=bounds.distances if bounds else None,
        device=str(training.device),
        bf16=training.bf16,
    )


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


@dataclass(frozen=True)
class HeldOut:
    """Images that training did not see."""

    shown: tuple[Array, ...]  # parts of them for pictures: each view, (N, H, W, C)
    # For the report: stacks of scenes of one size, each with its views, noisy and clean, or clean
    # alone. Nothing is kept where there are no clean images.
    judged: tuple[tuple[Array, ...], ...]
    along: Along | None = None  # a piece of a stack, for pictures

    @classmethod
    def of(
        cls, examples: tuple[Array, ...], scenes: Sequence[Scene], along: Along | None = None
    ) -> "HeldOut":
        """Keep examples and evenly spread scenes, up to ``LIMIT`` of each, but at least one."""
        every, kept = 1, scenes
        while sum(view.nbytes for scene in kept for view in scene) > LIMIT and len(kept) > 1:
            every += 1
            kept = scenes[::every]
        alike = groupby(kept, key=lambda scene: scene[0].shape)
        judged = (zip(*group, strict=True) for _, group in alike)
        count = max(1, LIMIT // max(1, sum(view[0].nbytes for view in examples)))
        return cls(
            shown=tuple(view[:count] for view in examples),
            judged=tuple(tuple(np.stack(view) for view in views) for views in judged),
            along=along if along and sum(view.nbytes for view in along.views) <= LIMIT else None,
        )

    def save(self, path: Path) -> None:
        """Write a file, whole or not at all."""
        stacks = {f"{SHOWN} {i}": view for i, view in enumerate(self.shown)}
        for number, views in enumerate(self.judged):
            stacks |= {f"{JUDGED} {number} {i}": view for i, view in enumerate(views)}
        if self.along:
            axis, views = self.along.axis, self.along.views
            stacks |= {f"{ALONG} {axis} {i}": view for i, view in enumerate(views)}
            if self.along.around is not None:
                stacks[f"{AROUND} 0"] = self.along.around
        with replacing(path) as temporary:
            np.savez_compressed(temporary, **stacks)  # type: ignore[arg-type]  # see its allow_pickle

    @classmethod
    def load(cls, path: Path) -> "HeldOut":
        """Read a file; raise ``RunError`` if it is damaged."""
        groups: dict[str, list[Array]] = {}
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stacks:
                for name in stacks.files:
                    groups.setdefault(name.rpartition(" ")[0], []).append(stacks[name])
            along = _along(groups)
            if any(view.ndim != NYXC for views in groups.values() for view in views):
                raise ValueError("an array is no stack of images")
            shown = tuple(groups.pop(SHOWN))
        except (*DAMAGED, OSError) as error:
            raise RunError(
                f"cannot read {path}: it is damaged ({error}). Remove it, and the images of the "
                "run are read again, unless they were arrays"
            ) from error
        judged = tuple(tuple(views) for views in groups.values())
        return cls(shown, judged, along)


def _along(groups: dict[str, list[Array]]) -> Along | None:
    """Take the piece of a stack out of the arrays of a file, if there is one."""
    table = groups.pop(AROUND, [None])[0]
    for name in [name for name in groups if name.startswith(ALONG)]:
        views = tuple(groups.pop(name))
        if any(view.ndim != NYXC for view in views):
            raise ValueError("an array is no stack of images")
        if table is None:
            return Along(name.split()[1], views)
        if table.ndim != 2 or not {*table.flat} <= {*range(len(views[0]))}:
            raise ValueError("an image has neighbours that are not there")
        return Along(name.split()[1], views, table.astype(np.int64))
    return None
