"""From what was found in an image to a verdict, with reasons that say what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from unnoise.runs import ModelInfo
from unnoise.trust.calibration import FEWEST, USUAL, Calibration
from unnoise.trust.evidence import LEARN
from unnoise.trust.familiarity import Familiarity, familiarity
from unnoise.trust.noise_level import NoiseLevel
from unnoise.types import Floats

Verdict = Literal["trust", "check", "reject"]

MISSED = 1.1  # factor by which a noise level that is told may miss
FAINT = 0.002  # noise that does not matter, half a step of 8 bits
FAR = 1.5  # times the limit of what is usual: then the result is to be rejected
UNSEEN = 0.004  # standard deviation of what was removed, a step of 8 bits, that nobody sees
ALIKE = 0.5  # of the score of removed structure, from which on it is seen by eye


@dataclass(frozen=True)
class Judgement:
    """A verdict with its reasons, the p-value of familiarity where there is one, and the noise."""

    verdict: Verdict
    reasons: tuple[str, ...]
    familiarity: float | None
    noise: NoiseLevel


def judge(
    restored: Floats,
    noise: NoiseLevel,
    structure: float,
    coherence: float,
    removed: float,
    usual: Calibration | None,
    info: ModelInfo,
    *,
    slack: float = 1.0,
    seen: Sequence[str] = (),
    biased: bool = False,
    certain: bool = True,
) -> Judgement:
    """Judge a result by what is usual for the model.

    Args:
        restored: The result ``(C, H, W)`` in the model's own scale.
        noise: Of the image.
        structure: The score of ``removed_structure``.
        coherence: The result of ``coherence``.
        removed: Standard deviation of what was removed.
        usual: None where the model file does not say it.
        info: What the model was trained for.
        slack: Factor on how unlike an image may be, where little of it was seen.
        seen: What the image and its result show by themselves against it.
        biased: Whether noise was cut off in the image, unlike in training. That alone makes what
            was removed, and the result, look unusual, so no result is rejected for its looks.
        certain: Whether it is known how much the noise of neighbouring pixels is alike.
    """
    if usual is None or not usual.limited:
        return Judgement("check", (*seen, _unknown(usual)), None, noise)
    alike = familiarity(restored, usual.kinds, USUAL)
    limit = usual.structure if certain else usual.structure_unsure
    looks = _by_structure(structure, coherence, limit), _by_kind(alike, usual, slack)
    found = [
        *((False, reason) for reason in seen),
        _by_noise(noise.std, removed, usual, info),
        *(entry and (entry[0] and not biased, entry[1]) for entry in looks),
    ]
    said = [entry for entry in found if entry is not None]
    verdict: Verdict = "trust"
    if said:
        verdict = "reject" if any(far for far, _ in said) else "check"
    # The same advice is given once.
    texts = [text for _, text in said]
    first = next((place for place, text in enumerate(texts) if LEARN in text), len(texts))
    later = (text.replace(LEARN, "train likewise") for text in texts[first + 1 :])
    reasons = (*texts[: first + 1], *later)
    return Judgement(verdict, reasons, alike.p_value if alike else None, noise)


def _unknown(usual: Calibration | None) -> str:
    """Say why it is not known what is usual for a model."""
    if usual is None:
        return (
            "the model file has no calibration, so it is not known what is usual for it: train it "
            "again with this version"
        )
    return (
        f"too few held-out parts for limits: {usual.images} of {FEWEST}; train on more images, or "
        "with a larger --validation"
    )


def _by_noise(
    level: float, removed: float, usual: Calibration, info: ModelInfo
) -> tuple[bool, str] | None:
    low, high = usual.noise_low, usual.noise_high
    if low / MISSED <= level + FAINT and level <= high * MISSED + FAINT:
        return None
    told = f"noise about {level:.2g}, trained for {low:.2g} to {high:.2g}"
    if level < low:
        if removed < UNSEEN:
            return None  # nothing can have been blurred
        todo = "it may blur, and a model trained for weaker noise would keep more"
        todo += f": {_with_noise(info.noise, high, 'weaker')}" if info.noise else ""
        return False, f"{told}: {todo}"
    todo = _with_noise(info.noise, 1.3 * level, "stronger") if info.noise else LEARN
    return level > FAR * high, f"{told}: {todo}"


def _with_noise(learned: str, level: float, other: str) -> str:
    """Say which noise to train with, of the kind that a model has learned."""
    if "gaussian:" not in learned:
        return f"train with {other} noise than --noise {learned}"
    clip = ",clip" if learned.endswith(",clip") else ""
    return f"train with --noise gaussian:0..{level:.2g}{clip}"


def _by_structure(score: float, coherence: float, limit: float) -> tuple[bool, str] | None:
    if score <= limit or coherence < UNSEEN:
        return None
    text = (
        f"structure was removed with the noise (score {score:.2g}, usual up to "
        f"{limit:.2g}): look at the map of it (unnoise inspect --report), lower --strength, or "
        f"{LEARN}"
    )
    return score > FAR * limit + ALIKE, text


def _by_kind(
    alike: Familiarity | None, usual: Calibration, slack: float
) -> tuple[bool, str] | None:
    if not usual.kinds:
        return False, "too few images were held out in training to tell whether this one is alike"
    if alike is None:
        least = min(usual.kinds, key=lambda kind: kind.height * kind.width)
        text = f"the image is smaller than {least.height} × {least.width}, too small to tell"
        return False, f"{text} whether it is like those in training"
    if alike.excess <= slack:
        return None
    text = (
        f"unlike the training images (p = {alike.p_value:.2g}): what it shows may be invented; "
        f"{LEARN}, or start from this model with --init"
    )
    return alike.excess > FAR * slack, text
