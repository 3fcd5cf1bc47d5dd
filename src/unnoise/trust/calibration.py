"""What is usual for a model, from held-out images: the yardstick of an inspection.

It is made at the end of a training and kept in the header of the model file, as plain values.
"""

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from unnoise.denoiser import Denoiser
from unnoise.errors import ModelFileError
from unnoise.trust.evidence import Evidence
from unnoise.trust.familiarity import SMALL, WINDOWS, Kind, learn_kind, window_sizes
from unnoise.trust.known import Known
from unnoise.trust.probing import SIDE, parts_of, probe
from unnoise.trust.quality import FLOOR, decibels, sure
from unnoise.trust.statistics import statistics_count
from unnoise.trust.structure import removed_structure
from unnoise.types import Floats

USUAL = 0.99  # share of held-out images that each check calls usual
MOST = 200  # held-out images that are probed
CHANGES = 4  # of each part, at the most
NUMBERS = ("noise_low", "noise_high", "structure", "psnr_offset")
LARGEST = 4096  # pixels of a side of a window
FEWEST = 20  # images or parts of them, from which on limits mean something


@dataclass(frozen=True)
class Calibration:
    """What is usual.

    Attributes:
        images: How many were probed.
        noise_low: The weakest noise, as a standard deviation in the model's scale.
        noise_high: The strongest.
        structure: The largest score of ``removed_structure`` that is usual where it is certain how
            much the noise of neighbouring pixels is alike.
        structure_unsure: The same where texture hides that; as ``structure`` in files of earlier
            versions.
        psnr_offset: By how many dB results are better than is told by Stein's estimate, which does
            not hold for clipped noise; 0 for other noise.
        kinds: What the images are like.
    """

    images: int
    noise_low: float
    noise_high: float
    structure: float
    psnr_offset: float
    kinds: tuple[Kind, ...]
    structure_unsure: float

    @property
    def limited(self) -> bool:
        """Whether there were enough images for limits."""
        return self.images >= FEWEST

    def to_plain(self) -> dict[str, Any]:
        """Return it as values that JSON can hold."""
        kinds = [
            {name: _pack(v) if isinstance(v, np.ndarray) else v for name, v in vars(kind).items()}
            for kind in self.kinds
        ]
        return {**asdict(self), "kinds": kinds}


def calibrate(
    denoiser: Denoiser,
    noisy: Sequence[Floats],
    clean: Sequence[Floats] | None,
    learned: Sequence[Floats] = (),
    *,
    pixels: float,
    seed: int,
) -> Calibration:
    """Find out what is usual for a model.

    Args:
        denoiser: What is calibrated.
        noisy: Held-out images ``(C, H, W)``, as noisy as in training, in the model's own scale.
        clean: The same without noise, where that is known.
        learned: Images like ``noisy`` that were trained on, where those are but strips of these:
            they tell how strong noise is, and what images are like.
        pixels: That may be run through the model, as far as there is a choice.
        seed: Of all that is drawn.

    Returns:
        One without limits if there is too little to say what is usual.
    """
    parts = [part for image in noisy for part in parts_of(image)]
    truths = [part for image in clean or () for part in parts_of(image)]
    more = [part for image in learned for part in parts_of(image)]
    sizes = window_sizes([*noisy, *learned])
    effort = (1 + CHANGES) * MOST * np.mean([part[0].size for part in parts])
    effort += 2 * sum(part[0].size for part in more[:MOST])
    effort += 2 * sum(_windows(size) * size[0] * size[1] for size in sizes)
    share = min(1.0, pixels / float(effort))
    most = max(FEWEST, round(share * MOST))
    random = np.random.default_rng(seed)
    chosen = random.permutation(len(parts))[:most]
    if len(chosen) < FEWEST:
        return Calibration(len(chosen), 0.0, 0.0, 0.0, 0.0, (), 0.0)
    levels, offsets = [], []
    scores: dict[bool, list[float]] = {True: [], False: []}  # by whether the grain is known
    for index in chosen:
        found = probe(denoiser, parts[index], seed=seed, most=CHANGES)
        evidence = Evidence.of(parts[index])
        known = Known.of(found, evidence)
        levels.append(known.level.std)
        scores[evidence.knows(known.noise)].append(removed_structure(found, known.noise))
        if truths and denoiser.info.noise.endswith(",clip"):
            true = np.mean((found.restored - truths[index]) ** 2, dtype=np.float64)
            offsets.append(decibels(max(float(true), FLOOR)) - decibels(sure(found, known.level)))
    for index in random.permutation(len(more))[:most]:
        found = probe(denoiser, more[index], seed=seed, most=1)
        levels.append(Known.of(found, Evidence.of(more[index])).level.std)
    kinds = [
        learn_kind(
            denoiser, [*noisy, *learned], size, max(FEWEST, round(share * _windows(size))), seed
        )
        for size in sizes
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
    """Return the largest score that is usual; by all of them where there are too few."""
    enough = scores if len(scores) >= FEWEST else scores + others
    return float(np.quantile(enough, USUAL, method="higher"))


def read_calibration(plain: Mapping[str, Any] | None) -> Calibration | None:
    """Read what ``to_plain`` gave; None where a file has none.

    Raises:
        ModelFileError: It is damaged.
    """
    if plain is None:
        return None
    try:
        values = {name: plain[name] for name in ("images", *NUMBERS, "kinds")}
        low, high, structure, offset = numbers = [float(values[name]) for name in NUMBERS]
        if not all(map(math.isfinite, numbers)):
            raise ValueError("a limit is not finite")
        kinds = tuple(_read_kind(kind) for kind in values["kinds"])
        unsure = float(plain.get("structure_unsure", structure))
        if not math.isfinite(unsure):
            raise ValueError("a limit is not finite")
        return Calibration(int(values["images"]), low, high, structure, offset, kinds, unsure)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ModelFileError(
            f"the calibration in the model file is damaged ({error}): train the model again"
        ) from error


def _read_kind(plain: Mapping[str, Any]) -> Kind:
    centre, whitening, reference, scores = (
        _unpack(plain[name]) for name in ("centre", "whitening", "reference", "scores")
    )
    size = len(centre)
    if whitening.shape != (size, size) or reference.ndim != 2 or reference.shape[1] != size:
        raise ValueError("its statistics do not fit together")
    if len(reference) < 2 or scores.ndim != 1 or len(scores) == 0:
        raise ValueError("it holds no images")
    height, width = int(plain["height"]), int(plain["width"])
    if not (1 <= min(height, width) <= max(height, width) <= LARGEST):
        raise ValueError(f"its windows are {height} × {width}")
    if size != statistics_count(height, width):
        raise ValueError(f"there are {size} statistics of windows of {height} × {width}")
    return Kind(height, width, centre, whitening, reference, scores)


def _windows(size: tuple[int, int]) -> int:
    """Return how many windows of a size are usual: more where they are cheap."""
    return 2 * WINDOWS if max(size) <= SMALL else WINDOWS // 2 if max(size) > SIDE else WINDOWS


def _pack(array: Floats) -> dict[str, Any]:
    # Half the precision is more than statistics of a few hundred images have.
    data = np.ascontiguousarray(array, "<f2").tobytes()
    return {"shape": list(array.shape), "float16": base64.b64encode(data).decode("ascii")}


def _unpack(plain: Mapping[str, Any]) -> Floats:
    values = np.frombuffer(base64.b64decode(plain["float16"], validate=True), "<f2")
    array = values.astype(np.float32).reshape([int(side) for side in plain["shape"]])
    if not np.isfinite(array).all():
        raise ValueError("a statistic is not finite")
    return array
