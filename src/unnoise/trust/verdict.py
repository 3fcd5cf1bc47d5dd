"""From the facts of an image and its result to a verdict, with reasons that say what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from unnoise.runs import ModelInfo
from unnoise.trust.calibration import FEWEST, Calibration
from unnoise.trust.evidence import LEARN
from unnoise.trust.familiarity import Familiarity, familiarity
from unnoise.trust.known import Known
from unnoise.trust.noise_level import NoiseLevel
from unnoise.trust.probing import ProbedImage
from unnoise.trust.smeared import Smeared
from unnoise.trust.structure import coherence, removed_structure

Verdict = Literal["trust", "check", "reject"]
Finding = tuple[bool, str]  # whether it rejects the result, and the reason

MISSED = 1.1  # factor by which an estimated noise level may be wrong
FAINT = 0.002  # standard deviation of noise that is invisible, half a step of 8 bits
FAR = 1.5  # times a limit: beyond that, the result is rejected
UNSEEN = 0.004  # standard deviation of a removed part that is invisible, a step of 8 bits
LOST, MOST_LOST = 0.25, 0.6  # share of a movement: visible; more of other images than of this one
ALIKE = 0.5  # score of removed structure from which on it is visible


@dataclass(frozen=True)
class Judgement:
    """A verdict on one result."""

    verdict: Verdict
    reasons: tuple[str, ...]  # why, and what to do
    familiarity: float | None  # the p-value; None if the image cannot be compared
    noise: NoiseLevel
    structure: float  # the score of removed_structure


def judge(
    found: ProbedImage,
    known: Known,
    calibration: Calibration | None,
    info: ModelInfo,
    *,
    seen: Sequence[str],  # what the image and its result show by themselves
    biased: bool,  # whether noise was cut off, unlike in training
    certain: bool,  # whether it is certain how much noise neighbouring pixels share
    smear: Smeared | None,  # what was lost of a movement between images
    slack: float,  # factor on the limit of unlikeness, for a small part of an image
) -> Judgement:
    """Compare a result with the statistics of held-out images."""
    structure = removed_structure(found, known.noise)
    smeared = _by_smear(smear, info) if smear else None
    if calibration is None or not calibration.limited:
        doubts = (*seen, *([smeared[1]] if smeared else []), _unknown(calibration))
        plain: Verdict = "reject" if smeared and smeared[0] else "check"
        return Judgement(plain, doubts, None, known.level, structure)
    alike = familiarity(found.restored, calibration.kinds)
    limit = calibration.structure if certain else calibration.structure_unsure
    limit = max(limit, 0.0)  # less than noise shares is no structure
    looks = _by_structure(structure, coherence(found), limit), _by_kind(alike, calibration, slack)
    removed = float(found.residual.std())
    # Noise that was cut off makes each result look untypical: then looks do not reject it.
    findings = [
        *((False, reason) for reason in seen),
        _by_noise(known.level.std, removed, calibration, info),
        smeared,
        *(entry and (entry[0] and not biased, entry[1]) for entry in looks),
    ]
    said = [entry for entry in findings if entry is not None]
    far = any(rejects for rejects, _ in said)
    verdict: Verdict = "reject" if far else "check" if said else "trust"
    # The same advice is given once.
    texts = [text for _, text in said]
    first = next((place for place, text in enumerate(texts) if LEARN in text), len(texts))
    later = (text.replace(LEARN, "train likewise") for text in texts[first + 1 :])
    reasons = (*texts[: first + 1], *later)
    return Judgement(verdict, reasons, alike.p_value if alike else None, known.level, structure)


def _unknown(calibration: Calibration | None) -> str:
    """Say why there are no limits for a model."""
    if calibration is None:
        return (
            "the model file has no calibration, so the result cannot be compared with results of "
            "held-out images: train the model again with this version"
        )
    return (
        f"too few held-out parts for limits: {calibration.images} of {FEWEST}; train on more "
        "images, or with a larger --validation"
    )


def _by_noise(
    level: float, removed: float, calibration: Calibration, info: ModelInfo
) -> Finding | None:
    low, high = calibration.noise_low, calibration.noise_high
    if low / MISSED <= level + FAINT and level <= high * MISSED + FAINT:
        return None
    compared = f"noise about {level:.2g}, trained for {low:.2g} to {high:.2g}"
    if level < low:
        if removed < UNSEEN:
            return None  # too little was removed to blur anything
        todo = "the result may be blurred; a model trained for weaker noise would keep more"
        todo += f": {_with_noise(info.noise, high, 'weaker')}" if info.noise else ""
        return False, f"{compared}: {todo}"
    todo = _with_noise(info.noise, 1.3 * level, "stronger") if info.noise else LEARN
    return level > FAR * high, f"{compared}: {todo}"


def _with_noise(learned: str, level: float, other: str) -> str:
    """Say which noise to train with, of the kind that a model has learned."""
    if "gaussian:" not in learned:
        return f"train with {other} noise than --noise {learned}"
    clip = ",clip" if learned.endswith(",clip") else ""
    return f"train with --noise gaussian:0..{level:.2g}{clip}"


def _by_smear(smear: Smeared, info: ModelInfo) -> Finding | None:
    if smear.least <= LOST:
        return None
    hidden = bool(info.arguments.get("hidden"))
    text = (
        f"what moved was smeared: {100 * min(smear.share, 1):.0f} % of the changes between images "
        "is missing, as in a mean of the images beside it: train with "
        f"{'--blind-spot 1, ' if hidden else ''}a smaller --depth, or --depth 1"
    )
    return smear.least > MOST_LOST, text


def _by_structure(score: float, coherence: float, limit: float) -> Finding | None:
    if score <= limit or coherence < UNSEEN:
        return None
    text = (
        f"structure was removed with the noise (score {score:.2g}, limit {limit:.2g}): look at the "
        f"map of it (unnoise inspect --report), lower --strength, or {LEARN}"
    )
    return score > FAR * limit + ALIKE, text


def _by_kind(alike: Familiarity | None, calibration: Calibration, slack: float) -> Finding | None:
    if not calibration.kinds:
        return False, "training held out too few images to compare this one with"
    if alike is None:
        least = min(calibration.kinds, key=lambda kind: kind.height * kind.width)
        text = f"the image is smaller than {least.height} × {least.width} pixels, too small to"
        return False, f"{text} compare with the training images"
    if alike.excess <= slack:
        return None
    text = (
        f"unlike the training images (p = {alike.p_value:.2g}): the result may show invented "
        f"details; {LEARN}, or start from this model with --init"
    )
    return alike.excess > FAR * slack, text
