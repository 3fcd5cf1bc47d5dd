"""What an image and its result show by themselves, without statistics of held-out images.

A limit from held-out images accepts whatever the model always does, even if it leaves or spoils
everything. The facts here depend only on the image and its result: noise that was left, noise that
is not white, structure that was lost.
"""

from dataclasses import dataclass

import numpy as np

from unnoise import facts
from unnoise.runs import ModelInfo
from unnoise.trust.probing import ProbedImage
from unnoise.trust.quality import DOUBT
from unnoise.trust.spectrum import Spectrum, find_spectrum
from unnoise.trust.structure import Noise, box_mean
from unnoise.types import Doubles, Floats

LEARN = "train on images like this one (unnoise denoise --model self)"
COLOUR_GRAIN = 0.5  # correlation of colours at 1 pixel; structure in flat places never reaches it
WHITE = 0.05  # correlation at 1 pixel below which noise is white
MATTERS = 0.005  # standard deviation of visible noise, in the model's scale
LEFT = 0.5  # share of the variance of lines that a result may leave
LEFT_IMPULSES = 0.1  # share of impulses that may leave a trace in a result
LEFT_NOISE = 0.62  # share of the variance of flat places that may be left; texture is part of it
BIASED = 0.05  # share of the image with noise that was cut off, from which on estimates are wrong
HARD_TO_SEE = 0.05  # share of the scale, below which an image does not use it
THIN, CERTAIN = 3, 8.0  # pixels of a side; standard deviations of their mean that are not chance
FAINTLY = 0.01  # standard deviation below which thin structure is invisible
LOST, FEW = 1e-3, 16  # share of the image, and number of pixels, from which on a loss is reported
BLOCK, STRATA, MEMBERS = 8, 4, 8  # pixels of a side; classes of brightness, and blocks of one
MORE = 1.5  # ratio of variances that is not chance


@dataclass(frozen=True)
class Evidence:
    """Facts of an image ``(C, H, W)`` in the model's scale; None where it does not show them."""

    floor: facts.Floor | None
    lines: facts.Lines | None
    phases: float | None
    impulses: float  # share of the pixels
    cut_off: float  # share of the pixels
    span: float  # the part of the scale that the image uses

    @classmethod
    def of(cls, noisy: Floats) -> "Evidence":
        """Measure the facts of an image ``(C, H, W)``."""
        image = _channels_last(noisy)
        low, high = np.quantile(noisy, (0.001, 0.999))
        return cls(
            facts.noise_floor(image),
            facts.lines(image),
            facts.phases(image),
            facts.impulses(image),
            facts.cut_off(image),
            float(high - low),
        )

    def biased(self, *, clipped: bool) -> bool:
        """Whether noise was cut off, and the model was calibrated on other noise."""
        return self.cut_off > BIASED and not clipped

    @property
    def grainy(self) -> bool:
        """Whether neighbouring pixels share noise, in brightness or in colour."""
        floor = self.floor
        if floor is None or floor.std <= MATTERS / 2:
            return False
        return floor.grain or floor.colour > COLOUR_GRAIN

    @property
    def white(self) -> bool:
        """Whether it is certain that pixels share no noise."""
        floor = self.floor
        return floor is not None and floor.noise and abs(floor.correlation[0]) < WHITE

    @property
    def noisy(self) -> bool:
        """Whether the flattest places vary by visible noise."""
        return self.floor is not None and self.floor.noise and self.floor.std >= MATTERS

    def grain_of(self, found: ProbedImage) -> Spectrum | None:
        """Measure the grain of the image; None if no grain is certain."""
        if self.floor is None or not self.grainy:
            return None
        grain = find_spectrum(found)
        if grain is None or grain.neighbours < facts.GRAIN:
            return None
        # Structure that was left resembles a grain of brightness, but not a grain of colours.
        certain = grain.doubt < DOUBT or self.floor.colour > COLOUR_GRAIN
        return grain if certain else None

    def knows(self, noise: Noise) -> bool:
        """Whether it is certain how much noise neighbouring pixels share."""
        if self.grainy:
            return isinstance(noise, Spectrum)
        return self.floor is not None and self.floor.noise

    def unknown_noise(self, *, clipped: bool) -> str | None:
        """Say why the noise is neither white nor a grain, as estimates assume; None if it is."""
        if self.lined:
            return "its noise has lines"
        if self.phases is not None and self.phases > facts.MOSAIC:
            return "it is a mosaic"
        if self.impulses > facts.MANY:
            return "it has impulses"
        if self.biased(clipped=clipped):
            return "its noise is cut off at an end of the range"
        return None

    def reasons(
        self, noisy: Floats, restored: Floats, noise: Noise, *, stride: int, clipped: bool
    ) -> list[str]:
        """Say what speaks against a result, or a part of it, ``(C, H, W)``, and what to do."""
        found = [
            self._mosaic() if stride % 2 else None,
            self._left_lines(restored),
            self._left_impulses(noisy, restored),
            self.left_noise(noisy, restored),
            self._cut() if not clipped else None,
            self._unseen(),
            self._lost(noisy, restored, noise),
        ]
        return [reason for reason in found if reason is not None]

    @property
    def lined(self) -> bool:
        """Whether rows or columns share visible noise."""
        return self.lines is not None and self.lines.matters(MATTERS)

    def _mosaic(self) -> str | None:
        if self.phases is None or self.phases <= facts.MOSAIC:
            return None
        return (
            "every second pixel shows another colour, as in the raw mosaic of a camera (pixels "
            f"differ {self.phases:.0f} times as much as in scenes), so the result may be worse "
            "than the image: pass --mosaic RGGB or what its camera has, or develop the raw file"
        )

    def _left_lines(self, restored: Floats) -> str | None:
        if self.lines is None or not self.lined:
            return None
        after = facts.lines(_channels_last(restored))
        if after is None:
            return None
        axis = self.lines.direction
        what = "rows" if axis == "horizontal" else "columns"
        if getattr(after, what) ** 2 < LEFT * self.lines.strongest**2:
            return None
        return (
            f"{axis} lines were left ({what} share noise of {self.lines.strongest:.2g}): train on "
            f"such images with --structure {axis}"
        )

    def _left_impulses(self, noisy: Floats, restored: Floats) -> str | None:
        if self.impulses <= facts.MANY:
            return None
        left = facts.impulses_left(_channels_last(noisy), _channels_last(restored))
        if left < LEFT_IMPULSES:
            return None
        share = self.impulses
        return (
            f"impulses were left, {100 * left:.0f} % of them (salt and pepper, hot pixels: "
            f"{_percent(share)} % of the image): replace them with --hot-pixels, apply a median "
            f"filter, or train with --noise salt-pepper:{2 * share:.1g}"
        )

    def left_noise(self, noisy: Floats, restored: Floats) -> str | None:
        """Report how much noise a result has left; None if little, or if it cannot be measured."""
        floor = self.floor
        if floor is None or not self.noisy:
            return None
        image = _channels_last(noisy)
        part = facts.noise_floor(image)
        if part is None:
            return None
        left = min(part.left(image, _channels_last(restored)), 1)
        if left < LEFT_NOISE:
            return None
        said = f"noise was left: {100 * left:.0f} % of {floor.std:.2g} in flat places"
        if not floor.grain:
            return f"{said}; {LEARN}"
        one, two = (f"{value:.2f}" for value in floor.correlation[:2])
        return (
            f"{said}. Its grain (correlation {one} and {two} at 1 and 2 pixels), as after "
            "demosaicing, resizing or compression, looks like structure to the model: "
            f"{LEARN}; training finds the stride that such images need"
        )

    def _cut(self) -> str | None:
        if self.cut_off <= facts.CUT:
            return None
        return (
            f"noise was cut off at an end of the range in {100 * self.cut_off:.0f} % of the image, "
            "which shifts dark and bright places: record images without clipping, or train with "
            "--noise ...,clip"
        )

    def _unseen(self) -> str | None:
        if not 0 < self.span < HARD_TO_SEE:
            return None
        return (
            f"the image uses {100 * self.span:.1g} % of the scale: pass --range LOW HIGH, the "
            "values that are black and white"
        )

    def _lost(self, noisy: Floats, restored: Floats, noise: Noise) -> str | None:
        # Means of a grain over few pixels are as large as its values.
        unknown = self.grainy and not isinstance(noise, Spectrum)
        least = max(LOST, FEW / noisy[0].size)
        if not unknown and (lost := thin_structure(noisy, restored, noise)) > least:
            return (
                f"thin structure was lost in {_percent(lost)} % of the image: look at what was "
                "removed, lower --strength, or train with --objective noise2void"
            )
        if (more := excess(noisy, restored)) > MORE:
            return (
                f"{more:.1f} times as much was removed where there is structure as in flat places: "
                f"detail was lost; lower --strength, or {LEARN}"
            )
        return None


def is_clipped(info: ModelInfo) -> bool:
    """Whether a model was trained with noise that is cut off at the ends of the range."""
    return info.noise.endswith(",clip")


def _percent(share: float) -> str:
    """Return a share as a number of percent: two digits, and never 1e+02."""
    percent = 100 * share
    return f"{percent:.2g}" if percent < 10 else f"{percent:.0f}"


def _channels_last(image: Floats) -> Floats:
    return np.moveaxis(image, 0, -1)


def thin_structure(noisy: Floats, restored: Floats, noise: Noise) -> float:
    """Return the share of pixels whose surroundings lost more than chance explains."""
    # The mean of noise over a few pixels stays small; the mean of a line or a spot does not.
    scaled: Doubles = (noisy - restored) / np.sqrt(noise.variance(restored) + FAINTLY**2)
    means = np.abs(box_mean(scaled, THIN)) * THIN / np.sqrt(noise.share_of_means(THIN))
    return float(np.mean(means.max(axis=0) > CERTAIN))


def excess(noisy: Floats, restored: Floats) -> float:
    """Return how much more was removed where there is structure, as a ratio of variances.

    0 if hardly anything was removed, or the image is too small.
    """
    residual, result = (
        facts.blocks_of(image.mean(axis=0, dtype=np.float64), BLOCK)
        for image in (noisy - restored, restored)
    )
    if len(result) < 2 * STRATA * MEMBERS or residual.std() < MATTERS:
        return 0.0
    # A good result removes as much at an edge as beside it, at equal brightness.
    removed, structure = residual.var((1, 2)), result.var((1, 2))
    ratios = []
    for stratum in np.array_split(np.argsort(result.mean((1, 2)), kind="stable"), STRATA):
        order = stratum[np.argsort(structure[stratum], kind="stable")]
        quarter = max(MEMBERS // 2, len(order) // 4)
        flat, rich = removed[order[:quarter]].mean(), removed[order[-quarter:]].mean()
        ratios.append(rich / max(flat, MATTERS**2))
    return float(np.median(ratios))
