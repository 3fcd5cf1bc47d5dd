"""May I trust this result? All that can be said of one image without a clean one."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unnoise.denoiser import ChannelUse, DenoiseOptions, Denoiser, View
from unnoise.images import Holes, NaN
from unnoise.trust.calibration import Calibration, read_calibration
from unnoise.trust.evidence import Evidence
from unnoise.trust.known import Known
from unnoise.trust.noise_level import NoiseLevel
from unnoise.trust.probing import MOST, SIDE, Probe, probe
from unnoise.trust.quality import FLOOR, UNSEEN_GRAIN, decibels, j_invariant
from unnoise.trust.structure import box_mean, coherence, removed_structure, structure_map
from unnoise.trust.verdict import FAINT, MISSED, Judgement, Verdict, judge
from unnoise.types import Floats

NOISY_ONLY = ("noise2noise", "neighbor2neighbor", "noise2void")
FLAT = 1.05  # times the noise, by which flat places may vary
SLACK = 1.2  # of a glance, which sees one window of the middle of an image
SMOOTHED = 15  # pixels of a side over which the map of the expected error is averaged


@dataclass(frozen=True)
class Inspection:
    """What is known about one result.

    Attributes:
        image: The denoised image, as the denoiser gives it (up to rounding).
        noise_level: Of the input; its values are in the model's scale, where 1 is white.
        familiarity: Share of parts of images like those in training that are at least as unlike
            them as this image is in the mean of its parts; None where the model file or the image
            does not allow to tell.
        removed_structure: 0 if what was taken away is noise like that of the image; if that is
            white, 15 if what was taken away is the same over 4 × 4 pixels.
        psnr: Estimated, in dB, of the result against the clean image that is not there; None where
            what the estimate assumes does not hold.
        psnr_untold: Why there is none.
        psnr_hidden: For a model of noisy images only, the same from pixels that were hidden from
            it. Without their own values the result is worse, so it is less.
        lower: The bound below the clean image, as ``image``; None where the model has no bounds.
        upper: The bound above it.
        verdict: ``trust``, ``check`` or ``reject``.
        reasons: Why, and what to do.
        notes: How the values and channels were read, where the dtype does not say it all.
        maps: Each ``(H, W)`` float32: ``removed`` (what was taken away, mean of the channels),
            ``structure`` (where more than noise was, in standard deviations of the noise),
            ``error`` (expected, in the model's scale), and ``width`` (between the bounds, likewise,
            where there are bounds).
    """

    image: NDArray[np.generic] = field(repr=False)
    noise_level: NoiseLevel
    familiarity: float | None
    removed_structure: float
    psnr: float | None
    psnr_untold: str | None
    psnr_hidden: float | None
    lower: NDArray[np.generic] | None = field(repr=False)
    upper: NDArray[np.generic] | None = field(repr=False)
    verdict: Verdict
    reasons: tuple[str, ...]
    maps: dict[str, Floats] = field(repr=False)
    notes: tuple[str, ...] = ()


def inspect(
    denoiser: Denoiser,
    image: NDArray[np.generic],
    *,
    axes: str | None = None,
    range: tuple[float, float] | None = None,  # noqa: A002  the word of the option
    channels: ChannelUse = "auto",
    nodata: float | None = None,
    nan: NaN = "refuse",
    view: View | None = None,
) -> Inspection:
    """Denoise an image, and tell whether the result can be trusted.

    Args:
        denoiser: What is applied.
        image: ``(H, W)`` or ``(H, W, C)``, as for calling the denoiser; transparency is left out of
            what is told. It is held in memory several times; ``denoise_file`` needs less.
        axes: ``YXC`` for an image whose number of channels might be a number of images.
        range: The values that are black and white; None finds them in the data.
        channels: ``together`` takes them as colours, ``separate`` one by one.
        nodata: A value that stands for no data: left out of what is said.
        nan: ``keep`` takes NaN and infinity as no data, ``refuse`` refuses them.
        view: How the file of the image is seen; None finds it out from the image, and then what the
            dtype does not say is a warning (``UserWarning``), too.

    Raises:
        ImageError: The array is no image, or holds NaN or infinity.
        ModelError: The model does not take images of this size or number of channels.
        ModelFileError: The calibration in the model file is damaged.
    """
    usual = read_calibration(denoiser.info.calibration)
    options = DenoiseOptions(range=range, channels=channels)
    holes = Holes.of(nodata, nan) if view is None else view.holes
    scaled = denoiser.sight.scaled(image, options, axes=axes, holes=holes, view=view)
    for note in scaled.view.notes if view is None else ():
        warnings.warn(note, stacklevel=2)
    noisy, back, view = scaled.noisy, scaled.back, scaled.view
    found, stride = _probe(denoiser, noisy, view)
    whole = found.restored if stride == 1 else denoiser.denoise_floats(noisy[None], view)[0]
    rows, columns = scaled.part
    if noisy[:, rows, columns].size < noisy.size:  # where data lack, nothing is judged
        mapped, (found, _) = found, _probe(denoiser, noisy[:, rows, columns], view)
    else:
        mapped = found
    given, made = noisy[:, rows, columns], whole[:, rows, columns]
    evidence, clipped = Evidence.of(given), _is_clipped(denoiser)
    # The estimate is of what the model saw.
    apart = evidence if stride == 1 else Evidence.of(given[:, ::stride, ::stride])
    known = Known.of(found, apart).measured_again(denoiser.apart(view), found)
    structure = removed_structure(found, known.noise)
    facts = known.noise if stride == 1 else known.level  # a grain is of one distance of pixels
    seen = evidence.reasons(given, made, facts, stride=stride, clipped=clipped)
    seen += known.left(found) if apart.noisy else []
    biased = evidence.biased(clipped=clipped)
    certain = apart.knows(known.noise)
    judgement = _judge(denoiser, found, known, usual, seen, biased=biased, certain=certain)
    error = known.expected(mapped).mean(0, keepdims=True)
    maps = {
        "removed": (noisy - whole).mean(axis=0),
        "structure": _enlarged(structure_map(mapped, known.noise), stride, noisy),
        "error": _enlarged(np.sqrt(box_mean(error, SMOOTHED)[0].clip(0)), stride, noisy),
    }
    lower = upper = None
    if denoiser.has_bounds:
        below, above = denoiser.find_distances(noisy[None], whole[None], view)
        maps["width"] = (below + above)[0].mean(axis=0)
        lower, upper = back(whole - below[0]), back(whole + above[0])
    quality = _quality(denoiser, apart, found, known, usual)
    noisy_only = denoiser.info.objective.split(",")[0] in NOISY_ONLY
    hidden = j_invariant(denoiser.apart(view), found.noisy, known.level) if noisy_only else None
    return Inspection(
        image=back(whole),
        noise_level=known.level,
        familiarity=judgement.familiarity,
        removed_structure=structure,
        psnr=quality if isinstance(quality, float) else None,
        psnr_untold=quality if isinstance(quality, str) else None,
        psnr_hidden=None if hidden is None else decibels(hidden),
        lower=lower,
        upper=upper,
        verdict=judgement.verdict,
        reasons=judgement.reasons,
        maps=maps,
        notes=view.notes,
    )


def glance(
    denoiser: Denoiser, noisy: Floats, usual: Calibration | None, view: View | None = None
) -> Judgement:
    """Judge an image by its middle, and by the facts of all of it.

    Args:
        denoiser: What is applied.
        noisy: ``(C, H, W)``, in the model's own scale.
        usual: What is usual for the model; None where that is not known.
        view: How its channels are taken.
    """
    top, left = (max(0, (side - SIDE) // 2) for side in noisy.shape[1:])
    part = noisy[:, top : top + SIDE, left : left + SIDE]
    found, stride = _probe(denoiser, part, view, most=1)
    evidence = Evidence.of(noisy[:, ::stride, ::stride])
    known = Known.of(found, evidence).measured_again(denoiser.apart(view), found)
    clipped = _is_clipped(denoiser)
    seen = evidence.reasons(
        found.noisy, found.restored, known.noise, stride=stride, clipped=clipped
    )
    seen += known.left(found) if evidence.noisy else []
    biased = evidence.biased(clipped=clipped)
    certain = evidence.knows(known.noise)
    return _judge(denoiser, found, known, usual, seen, biased=biased, certain=certain, slack=SLACK)


def _judge(
    denoiser: Denoiser,
    found: Probe,
    known: Known,
    usual: Calibration | None,
    seen: Sequence[str],
    *,
    biased: bool,
    certain: bool,
    slack: float = 1.0,
) -> Judgement:
    return judge(
        found.restored,
        known.level,
        removed_structure(found, known.noise),
        coherence(found),
        float(found.residual.std()),
        usual,
        denoiser.info,
        slack=slack,
        seen=seen,
        biased=biased,
        certain=certain,
    )


def _quality(
    denoiser: Denoiser,
    evidence: Evidence,
    found: Probe,
    known: Known,
    usual: Calibration | None,
) -> float | str:
    """Estimate the PSNR in dB; or say why it cannot be estimated."""
    error = known.error(found)
    if error == FLOOR or found.residual.std() < FAINT:
        return "hardly anything was removed"
    if evidence.grainy and known.grain is None:
        return UNSEEN_GRAIN
    if reason := evidence.unknown_noise(clipped=_is_clipped(denoiser)):
        return reason
    if isinstance(error, str):
        return error
    if evidence.left_noise(found.noisy, found.restored):
        return "noise was left"
    level = known.level.std
    # White noise makes flat places vary as much as was taken away, never more.
    if evidence.floor and evidence.floor.std > FLAT * level:
        return f"flat places vary more than by {'such' if known.grain else 'white'} noise"
    if usual and usual.limited and level > MISSED * usual.noise_high + FAINT:
        return "its noise is stronger than the model was trained for"
    return decibels(error) + (usual.psnr_offset if usual else 0.0)


def _is_clipped(denoiser: Denoiser) -> bool:
    return denoiser.info.noise.endswith(",clip")


def _probe(
    denoiser: Denoiser, noisy: Floats, view: View | None, *, most: int = MOST
) -> tuple[Probe, int]:
    """Probe an image, or, where it is seen at a stride, the first of those interleaved in it.

    Their noise is independent from pixel to pixel, and the calibration is of such images.
    """
    stride = denoiser.sight.stride(np.moveaxis(noisy, 0, -1))
    return probe(denoiser.apart(view), noisy[:, ::stride, ::stride], most=most), stride


def _enlarged(values: NDArray[Any], stride: int, image: Floats) -> Floats:
    """Bring a map of every ``stride``-th pixel to the size of an image ``(C, H, W)``."""
    height, width = image.shape[1:]
    large = values.repeat(stride, axis=0).repeat(stride, axis=1)[:height, :width]
    return np.ascontiguousarray(large, np.float32)
