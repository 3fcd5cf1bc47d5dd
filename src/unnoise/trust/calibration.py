"""Statistics of a model on held-out images, which the checks of other images are compared with.

Training computes them at its end. The header of the model file keeps them as plain values.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unnoise.denoiser import Denoiser
from unnoise.errors import ModelFileError
from unnoise.trust.evidence import Evidence, is_clipped
from unnoise.trust.familiarity import (
    TYPICAL,
    Kind,
    learn_kind,
    seen_pixels,
    window_count,
    window_sizes,
)
from unnoise.trust.known import Known
from unnoise.trust.probing import parts_of, probe
from unnoise.trust.quality import FLOOR, decibels, sure
from unnoise.trust.structure import removed_structure
from unnoise.types import Floats

MOST = 200  # held-out images that are probed
CHANGES = 4  # of each part, at most
NUMBERS = ("noise_low", "noise_high", "structure", "psnr_offset")
FEWEST = 20  # images, or parts of them, that limits need


@dataclass(frozen=True)
class Calibration:
    """Statistics of a model on held-out images."""

    images: int  # that were probed
    noise_low: float  # standard deviations in the model's scale
    noise_high: float
    structure: float  # limit of removed_structure if it is certain how much noise pixels share
    psnr_offset: float  # for clipped noise, which Stein's estimate does not allow: decibels to add
    kinds: tuple[Kind, ...]  # for windows of each size
    structure_unsure: float  # limit if texture hides this; earlier versions wrote one limit

    @property
    def limited(self) -> bool:
        """Whether there were enough images for limits."""
        return self.images >= FEWEST

    def to_plain(self) -> dict[str, Any]:
        """Return the calibration as values that JSON can hold."""
        return {**vars(self), "kinds": [kind.to_plain() for kind in self.kinds]}


def calibrate(
    denoiser: Denoiser,
    noisy: Sequence[Floats],
    clean: Sequence[Floats] | None,
    learned: Sequence[Floats] = (),
    *,
    pixels: float,
    seed: int,
) -> Calibration:
    """Measure the statistics of a model on held-out images.

    Args:
        denoiser: The model.
        noisy: Held-out images ``(C, H, W)``, as noisy as in training, in the model's scale; with
            their neighbours, ``(depth · C, H, W)``, for a model that sees them.
        clean: The same images without noise, if known.
        learned: Images that were trained on, if ``noisy`` holds only strips of them.
        pixels: About how many pixels may be run through the model.
        seed: Decides which parts and windows are drawn.

    Returns:
        Statistics without limits if there are too few images.
    """
    parts = [part for image in noisy for part in parts_of(image)]
    truths = [part for image in clean or () for part in parts_of(image)]
    more = [part for image in learned for part in parts_of(image)]
    sizes = window_sizes([*noisy, *learned])
    effort = (1 + CHANGES) * MOST * np.mean([part[0].size for part in parts])
    effort += 2 * sum(part[0].size for part in more[:MOST])
    height, width = np.max([image.shape[1:] for image in noisy], axis=0)
    effort += 2 * sum(window_count(size) * seen_pixels(size, (height, width)) for size in sizes)
    share = min(1.0, pixels / float(effort))
    most = max(FEWEST, round(share * MOST))
    random = np.random.default_rng(seed)
    chosen = random.permutation(len(parts))[:most]
    if len(chosen) < FEWEST:
        return Calibration(len(chosen), 0.0, 0.0, 0.0, 0.0, (), 0.0)
    levels, offsets = [], []
    scores: dict[bool, list[float]] = {True: [], False: []}  # by whether the grain is known
    for index in chosen:
        image, denoise = denoiser.among(parts[index])
        found = probe(denoise, image, seed=seed, most=CHANGES)
        evidence = Evidence.of(image)
        known = Known.of(found, evidence)
        levels.append(known.level.std)
        scores[evidence.knows(known.noise)].append(removed_structure(found, known.noise))
        if truths and is_clipped(denoiser.info):
            true = np.mean((found.restored - truths[index]) ** 2, dtype=np.float64)
            offsets.append(decibels(max(float(true), FLOOR)) - decibels(sure(found, known.level)))
    for index in random.permutation(len(more))[:most]:
        image, denoise = denoiser.among(more[index])
        found = probe(denoise, image, seed=seed, most=1)
        levels.append(Known.of(found, Evidence.of(image)).level.std)
    counts = [max(FEWEST, round(share * window_count(size))) for size in sizes]
    kinds = [
        learn_kind(denoiser, [*noisy, *learned], size, count, seed)
        for size, count in zip(sizes, counts, strict=True)
    ]
    return Calibration(
        images=len(chosen),
        noise_low=float(min(levels)),
        noise_high=float(max(levels)),
        structure=_largest(scores[True], scores[False]),
        structure_unsure=_largest(scores[False], scores[True]),
        psnr_offset=float(np.median(offsets)) if offsets else 0.0,
        kinds=tuple(kind for kind in kinds if kind is not None),
    )


def _largest(scores: list[float], others: list[float]) -> float:
    """Return the limit of scores; with too few of them, the limit of all."""
    enough = scores if len(scores) >= FEWEST else scores + others
    return float(np.quantile(enough, TYPICAL, method="higher"))


def read_calibration(plain: Mapping[str, Any] | None) -> Calibration | None:
    """Read what ``to_plain`` returned; None stays None.

    Raises:
        ModelFileError: The calibration is damaged.
    """
    if plain is None:
        return None
    try:
        low, high, structure, offset = (float(plain[name]) for name in NUMBERS)
        unsure = float(plain.get("structure_unsure", structure))
        if not all(map(math.isfinite, (low, high, structure, offset, unsure))):
            raise ValueError("a limit is not finite")
        kinds = tuple(Kind.read(kind) for kind in plain["kinds"])
        return Calibration(int(plain["images"]), low, high, structure, offset, kinds, unsure)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ModelFileError(
            f"the calibration in the model file is damaged ({error}): train the model again"
        ) from error
