"""May I trust this result? Everything that can be measured on one image without a clean one."""

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unnoise.denoiser import ChannelUse, DenoiseOptions, Denoiser, View
from unnoise.images import Holes, NaN
from unnoise.sizes import middle_of
from unnoise.trust.among import Among
from unnoise.trust.calibration import Calibration, read_calibration
from unnoise.trust.evidence import Evidence, is_clipped
from unnoise.trust.known import Known
from unnoise.trust.noise_level import NoiseLevel
from unnoise.trust.probing import MOST, SIDE, ProbedImage, probe
from unnoise.trust.quality import FLOOR, UNSEEN_GRAIN, decibels, j_invariant
from unnoise.trust.showing import BeforeAfter, verdict_in_html
from unnoise.trust.smeared import Smeared, smeared
from unnoise.trust.structure import box_mean, structure_map
from unnoise.trust.verdict import FAINT, MISSED, Judgement, Verdict, judge
from unnoise.types import Array, Denoise, Floats

NOISY_TARGETS = ("noise2noise", "neighbor2neighbor", "noise2void", "interpolation")  # objectives
FLAT = 1.05  # times the noise: more variation of flat places is not noise
SLACK = 1.2  # for a glance, which sees only the middle of an image
SMOOTHED = 15  # pixels of a side over which the map of the expected error is averaged


@dataclass(frozen=True)
class Inspection:
    """What is known about one result.

    Attributes:
        image: The denoised image, as the denoiser gives it (up to rounding).
        noise_level: The noise of the input, in the model's scale, where 1 is white.
        familiarity: The share of parts of images like those in training that are at least as unlike
            them as the parts of this image; None if it cannot be estimated.
        smeared: What was lost of the movement between images, for a model that sees several; None
            if no movement can be seen.
        removed_structure: 0 if the model removed noise like the noise of the image. For white
            noise, 15 if the removed part is constant over each 4 × 4 pixels.
        psnr: The estimated PSNR against the unknown clean image, in dB; None without an estimate.
        psnr_untold: Why there is no estimate.
        psnr_hidden: The estimate from pixels that were hidden from a model trained without clean
            images. Without their own values results are worse, so it is lower.
        lower: The bound below the clean image, as ``image``; None if the model has no bounds.
        upper: The bound above the clean image.
        verdict: ``trust``, ``check`` or ``reject``.
        reasons: Why, and what to do.
        notes: How values and channels were read, if the dtype leaves a choice.
        pictures: The image and the result as a notebook shows them.
        maps: Each ``(H, W)`` float32: ``removed`` (mean of the channels), ``structure`` (where more
            than noise was removed, in standard deviations of the noise), ``error`` (as expected, in
            the model's scale), and, with bounds, ``width`` (the distance between them).
    """

    image: NDArray[np.generic] = field(repr=False)
    noise_level: NoiseLevel
    familiarity: float | None
    removed_structure: float
    smeared: Smeared | None
    psnr: float | None
    psnr_untold: str | None
    psnr_hidden: float | None
    lower: NDArray[np.generic] | None = field(repr=False)
    upper: NDArray[np.generic] | None = field(repr=False)
    verdict: Verdict
    reasons: tuple[str, ...]
    maps: dict[str, Floats] = field(repr=False)
    notes: tuple[str, ...] = ()
    pictures: BeforeAfter | None = field(default=None, repr=False)

    def _repr_html_(self) -> str:
        """Return the verdict, and before, after and removed, which notebooks show."""
        facts = [f"noise {self.noise_level.std:.3g} of the range"]
        if self.psnr is not None:
            facts.insert(0, f"estimated PSNR {self.psnr:.1f} dB")
        said = verdict_in_html(self.verdict, facts, (*self.reasons, *self.notes))
        return said + (self.pictures.in_html() if self.pictures else "")


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
    together: Array | None = None,
) -> Inspection:
    """Denoise an image, and decide whether the result can be trusted.

    Args:
        denoiser: The model.
        image: ``(H, W)`` or ``(H, W, C)``, as for calling the denoiser; transparency is ignored.
            Memory must hold it several times; ``denoise_file`` needs less.
        axes: ``YXC`` for an image whose number of channels might be a number of images.
        range: The values that are black and white; None finds them in the data.
        channels: ``together`` takes them as colours, ``separate`` one by one.
        nodata: A value that stands for no data; such pixels are not judged.
        nan: ``keep`` takes NaN and infinity as no data, ``refuse`` refuses them.
        view: How the file of the image is read; None decides it from the image, and then the notes
            are also warnings (``UserWarning``).
        together: The image with its neighbours, ``(H, W, depth · C)``, for a model that sees
            several images of a stack.

    Raises:
        ImageError: The array is no image, or holds NaN or infinity.
        ModelError: The model does not take images of this size or number of channels.
        ModelFileError: The calibration in the model file is damaged.
    """
    calibration = read_calibration(denoiser.info.calibration)
    options = DenoiseOptions(range=range, channels=channels)
    holes = Holes.of(nodata, nan) if view is None else view.holes
    scaled = denoiser.sight.scaled(
        image, options, axes=axes, holes=holes, view=view, together=together
    )
    for note in scaled.view.notes if view is None else ():
        warnings.warn(note, stacklevel=2)
    seen, back, view = scaled.noisy, scaled.back, scaled.view
    noisy = middle_of(seen[None], view.depth)[0]
    probed = _Probed.of(denoiser, seen, view)
    found, stride = probed.found, probed.stride
    whole = found.restored if stride == 1 else denoiser.denoise_floats(seen[None], view)[0]
    rows, columns = scaled.part
    mapped = found
    if noisy[:, rows, columns].size < noisy.size:  # places without data are not judged
        probed = _Probed.of(denoiser, seen[:, rows, columns], view)
        found = probed.found
    given, made = noisy[:, rows, columns], whole[:, rows, columns]
    evidence = Evidence.of(given)
    # Estimates are of the image that the model saw.
    apart = evidence if stride == 1 else Evidence.of(given[:, ::stride, ::stride])
    known, smear = probed.known(apart)
    facts = known.noise if stride == 1 else known.level  # a grain is of one distance of pixels
    said = evidence.reasons(given, made, facts, stride=stride, clipped=is_clipped(denoiser.info))
    judgement = _judge(
        denoiser, found, known, calibration, (evidence, apart), said, smear=smear, slack=1.0
    )
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
    quality = _quality(denoiser, apart, found, known, calibration)
    hidden = None
    if known.shared is None and denoiser.info.objective.split(",")[0] in NOISY_TARGETS:
        hidden = j_invariant(probed.denoise, found.noisy, known.level)
    result = back(whole)
    before, after = (
        denoiser.sight.one(each, axes=axes, holes=holes)[0][0, ..., : view.channels]
        for each in (image, result)
    )
    return Inspection(
        image=result,
        noise_level=known.level,
        familiarity=judgement.familiarity,
        removed_structure=judgement.structure,
        smeared=smear,
        psnr=quality if isinstance(quality, float) else None,
        psnr_untold=quality if isinstance(quality, str) else None,
        psnr_hidden=None if hidden is None else decibels(hidden),
        lower=lower,
        upper=upper,
        verdict=judgement.verdict,
        reasons=judgement.reasons,
        maps=maps,
        notes=view.notes,
        pictures=BeforeAfter(before, after, view.colours),
    )


def glance(
    denoiser: Denoiser, noisy: Floats, calibration: Calibration | None, view: View | None = None
) -> Judgement:
    """Judge an image by its middle, and by the facts of all of it.

    Args:
        denoiser: The model.
        noisy: ``(C, H, W)``, in the model's scale, or with its neighbours ``(depth · C, H, W)``.
        calibration: The statistics of the model on held-out images; None if there are none.
        view: How the channels of the image are read.
    """
    top, left = (max(0, (side - SIDE) // 2) for side in noisy.shape[1:])
    part = noisy[:, top : top + SIDE, left : left + SIDE]
    probed = _Probed.of(denoiser, part, view, most=1)
    found, stride = probed.found, probed.stride
    alone = middle_of(noisy[None], denoiser.backend.network.depth)[0]
    evidence = Evidence.of(alone[:, ::stride, ::stride])
    known, smear = probed.known(evidence)
    clipped = is_clipped(denoiser.info)
    images = found.noisy, found.restored
    seen = evidence.reasons(*images, known.noise, stride=stride, clipped=clipped)
    both = evidence, evidence
    return _judge(denoiser, found, known, calibration, both, seen, smear=smear, slack=SLACK)


def _judge(
    denoiser: Denoiser,
    found: ProbedImage,
    known: Known,
    calibration: Calibration | None,
    evidence: tuple[Evidence, Evidence],
    seen: list[str],
    *,
    smear: Smeared | None,
    slack: float,
) -> Judgement:
    """Judge a result by the evidence of the whole image, and of the image that the model saw."""
    whole, apart = evidence
    return judge(
        found,
        known,
        calibration,
        denoiser.info,
        seen=[*seen, *(known.left(found) if apart.noisy else [])],
        biased=whole.biased(clipped=is_clipped(denoiser.info)),
        certain=apart.knows(known.noise),
        smear=smear,
        slack=slack,
    )


def _quality(
    denoiser: Denoiser,
    evidence: Evidence,
    found: ProbedImage,
    known: Known,
    calibration: Calibration | None,
) -> float | str:
    """Estimate the PSNR in dB; or say why it cannot be estimated."""
    error = known.error(found)
    if error == FLOOR or found.residual.std() < FAINT:
        return "hardly anything was removed"
    if evidence.grainy and known.grain is None:
        return UNSEEN_GRAIN
    if reason := evidence.unknown_noise(clipped=is_clipped(denoiser.info)):
        return reason
    if isinstance(error, str):
        return error
    if evidence.left_noise(found.noisy, found.restored):
        return "noise was left"
    level = known.level.std
    # Noise makes flat places vary as much as the part that was removed, never more.
    if evidence.floor and evidence.floor.std > FLAT * level:
        return f"flat places vary more than {'this' if known.grain else 'white'} noise explains"
    if calibration and calibration.limited and level > MISSED * calibration.noise_high + FAINT:
        return "its noise is stronger than the model was trained for"
    return decibels(error) + (calibration.psnr_offset if calibration else 0.0)


@dataclass(frozen=True)
class _Probed:
    """A probed image; at a stride above 1, the first of its interleaved images."""

    found: ProbedImage
    denoise: Denoise
    stride: int
    among: Among | None

    @classmethod
    def of(
        cls, denoiser: Denoiser, seen: Floats, view: View | None, *, most: int = MOST
    ) -> "_Probed":
        """Probe an image with its neighbours, ``(depth · C, H, W)``."""
        # The noise of interleaved images is independent, as in the images of the calibration.
        alone = middle_of(seen[None], denoiser.backend.network.depth)[0]
        stride = denoiser.sight.stride(np.moveaxis(alone, 0, -1))
        one = denoiser.apart(view)
        images = seen[:, ::stride, ::stride]
        image, denoise = one.among(images, view)
        # Changes of an image that a model does not see change nothing.
        found = probe(denoise, image, most=1 if denoiser.sight.hidden else most)
        return cls(found, denoise, stride, Among.of(one, images, found.restored, view))

    def known(self, evidence: Evidence) -> tuple[Known, Smeared | None]:
        """Measure the noise, and what was smeared of the movement between images."""
        known = Known.of(self.found, evidence).measured_again(self.denoise, self.found)
        if self.among is None:
            return known, None
        shaken = self.among.shaken(known.noise)
        known = known.among(self.found, self.among, shaken)
        # Noise that is shared in unknown ways seems to move.
        unknown = evidence.lined or (evidence.grainy and known.grain is None)
        lost = None if unknown else smeared(self.among, shaken, white=evidence.white)
        return known, lost


def _enlarged(values: NDArray[Any], stride: int, image: Floats) -> Floats:
    """Enlarge a map of every ``stride``-th pixel to the size of an image ``(C, H, W)``."""
    height, width = image.shape[1:]
    large = values.repeat(stride, axis=0).repeat(stride, axis=1)[:height, :width]
    return np.ascontiguousarray(large, np.float32)
