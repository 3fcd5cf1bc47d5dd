"""What an image and its result show by themselves, whatever is usual for the model.

Limits that are relative to a model trust a model that leaves or spoils everything. These facts are
of the image and of the pair alone: noise that was left, noise that is not white, structure that was
lost.
"""

from dataclasses import dataclass

import numpy as np

from unnoise.facts import (
    CUT,
    GRAIN,
    MANY,
    MOSAIC,
    Floor,
    Lines,
    blocks_of,
    cut_off,
    impulses,
    impulses_left,
    lines,
    noise_floor,
    phases,
)
from unnoise.trust.probing import Probe
from unnoise.trust.quality import DOUBT
from unnoise.trust.spectrum import Spectrum, find_spectrum
from unnoise.trust.structure import Noise, box_mean
from unnoise.types import Doubles, Floats

LEARN = "train on images like this one (unnoise denoise --model self)"
COLOUR_GRAIN = 0.5  # correlation of colours at 1 pixel, that structure in flat places never has
MATTERS = 0.005  # standard deviation of noise that is seen, in the model's scale
LEFT = 0.5  # share of lines that a result may leave, as a variance
LEFT_IMPULSES = 0.1  # share of impulses of which a result may show a trace
LEFT_NOISE = 0.62  # of the variance of flat places, which texture may have a share in
BIASED = 0.05  # share of the image whose noise was cut off, from which on estimates are off
HARD_TO_SEE = 0.05  # share of the scale, below which an image does not use it
THIN, CERTAIN = 3, 8.0  # pixels of a side, and standard deviations of their mean: no chance
FAINTLY = 0.01  # standard deviation below which nothing thin is seen
LOST, FEW = 1e-3, 16  # share of the image, and pixels, that were lost so, from which on it is said
BLOCK, STRATA, MEMBERS = 8, 4, 8  # pixels of a side; classes of brightness, and blocks of one
MORE = 1.5  # ratio of variances that is no chance


@dataclass(frozen=True)
class Evidence:
    """Facts of an image ``(C, H, W)`` in the model's own scale.

    Attributes:
        floor: What varies in its flattest blocks; None where that could not be told.
        lines: Noise that rows or columns share; None likewise.
        phases: How much every second pixel differs; None likewise.
        impulses: Share of its pixels.
        cut_off: Share of its pixels whose noise was cut off.
        span: Of the scale that it uses.
    """

    floor: Floor | None
    lines: Lines | None
    phases: float | None
    impulses: float
    cut_off: float
    span: float

    @classmethod
    def of(cls, noisy: Floats) -> "Evidence":
        """Look at an image."""
        image = np.moveaxis(noisy, 0, -1)
        low, high = np.quantile(noisy, (0.001, 0.999))
        return cls(
            noise_floor(image),
            lines(image),
            phases(image),
            impulses(image),
            cut_off(image),
            float(high - low),
        )

    def biased(self, *, clipped: bool) -> bool:
        """Say whether noise was cut off, for which a model was not calibrated."""
        return self.cut_off > BIASED and not clipped

    @property
    def grainy(self) -> bool:
        """Whether neighbouring pixels have noise in common, in brightness or in colour."""
        floor = self.floor
        if floor is None or floor.std <= MATTERS / 2:
            return False
        return floor.grain or floor.colour > COLOUR_GRAIN

    @property
    def noisy(self) -> bool:
        """Whether what varies in the flattest places is noise, and is seen."""
        return self.floor is not None and self.floor.noise and self.floor.std >= MATTERS

    def grain_of(self, found: Probe) -> Spectrum | None:
        """Measure the grain of the image in a probe of it; None if it has none, or none is seen.

        Structure that the model has left in the flattest places looks like a grain of brightness,
        and not like one of colours.
        """
        if self.floor is None or not self.grainy:
            return None
        grain = find_spectrum(found)
        if grain is None or grain.neighbours < GRAIN:
            return None
        certain = grain.doubt < DOUBT or self.floor.colour > COLOUR_GRAIN
        return grain if certain else None

    def knows(self, noise: Noise) -> bool:
        """Say whether it is certain how much the noise of neighbouring pixels is alike."""
        if self.grainy:
            return isinstance(noise, Spectrum)
        return self.floor is not None and self.floor.noise

    def unknown_noise(self, *, clipped: bool) -> str | None:
        """Say why the noise is neither white nor of a grain, as estimates assume; None if it is.

        Args:
            clipped: Whether the model was calibrated on noise that is cut off.
        """
        if self._lined:
            return "its noise has lines"
        if self.phases is not None and self.phases > MOSAIC:
            return "it is a mosaic"
        if self.impulses > MANY:
            return "it has impulses"
        if self.biased(clipped=clipped):
            return "its noise is cut off at an end of the range"
        return None

    def reasons(
        self, noisy: Floats, restored: Floats, noise: Noise, *, stride: int, clipped: bool
    ) -> list[str]:
        """Say what speaks against a result, and what to do.

        Args:
            noisy: A part of the image, or all of it.
            restored: What a model made of that.
            noise: Of the part.
            stride: At which the model sees it.
            clipped: Whether the model was made for noise that is cut off.
        """
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
    def _lined(self) -> bool:
        return self.lines is not None and self.lines.matters(MATTERS)

    def _mosaic(self) -> str | None:
        if self.phases is None or self.phases <= MOSAIC:
            return None
        return (
            "every second pixel shows another colour, as in the raw mosaic of a camera (they "
            f"differ {self.phases:.0f} times as much as in scenes), so the result may be worse "
            "than the image: train on such images with --stride 2, or develop it"
        )

    def _left_lines(self, restored: Floats) -> str | None:
        if self.lines is None or not self._lined:
            return None
        after = lines(np.moveaxis(restored, 0, -1))
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
        if self.impulses <= MANY:
            return None
        left = impulses_left(np.moveaxis(noisy, 0, -1), np.moveaxis(restored, 0, -1))
        if left < LEFT_IMPULSES:
            return None
        share = 100 * self.impulses
        return (
            f"impulses were left, {100 * left:.0f} % of them (salt and pepper, hot pixels: "
            f"{share:.2g} % of the image): replace them with --hot-pixels, take a median filter, "
            f"or train with --noise salt-pepper:{share / 50:.1g}"
        )

    def left_noise(self, noisy: Floats, restored: Floats) -> str | None:
        """Say how much of the noise a result has left; None if little, or if that is not known."""
        floor = self.floor
        if floor is None or not self.noisy:
            return None
        part = noise_floor(np.moveaxis(noisy, 0, -1))
        if part is None:
            return None
        left = min(part.left(np.moveaxis(noisy, 0, -1), np.moveaxis(restored, 0, -1)), 1)
        if left < LEFT_NOISE:
            return None
        said = f"noise was left: {100 * left:.0f} % of {floor.std:.2g} in flat places"
        if not floor.grain:
            return f"{said}; {LEARN}"
        one, two = (f"{value:.2f}" for value in floor.correlation[:2])
        return (
            f"{said}. Its grain (correlation {one} and {two} at 1 and 2 pixels), as after "
            "demosaicing, resizing or compression, looks like structure to the model: "
            f"{LEARN}, which finds the stride that it needs"
        )

    def _cut(self) -> str | None:
        if self.cut_off <= CUT:
            return None
        return (
            f"noise was cut off at an end of the range in {100 * self.cut_off:.0f} % of the image, "
            "which shifts dark and bright places: take images without clipping, or train with "
            "--noise ...,clip"
        )

    def _unseen(self) -> str | None:
        if not 0 < self.span < HARD_TO_SEE:
            return None
        return (
            f"the image uses {100 * self.span:.1g} % of the scale: say with --range LOW HIGH which "
            "values are black and white"
        )

    def _lost(self, noisy: Floats, restored: Floats, noise: Noise) -> str | None:
        # Means of a grain over few pixels are no less than its values.
        unknown = self.grainy and not isinstance(noise, Spectrum)
        least = max(LOST, FEW / noisy[0].size)
        if not unknown and (lost := thin_structure(noisy, restored, noise)) > least:
            return (
                f"thin structure was lost in {100 * lost:.2g} % of the image: look at what was "
                "removed, lower --strength, or train with --objective noise2void"
            )
        if (more := excess(noisy, restored)) > MORE:
            return (
                f"{more:.1f} times as much was removed where there is structure as in flat places: "
                f"detail was lost; lower --strength, or {LEARN}"
            )
        return None


def thin_structure(noisy: Floats, restored: Floats, noise: Noise) -> float:
    """Return the share of the pixels around which what was removed can be no chance.

    The residual is averaged over 3 × 3 pixels; noise of single pixels stays within a few standard
    deviations of that mean, and a line or a spot that was removed does not.
    """
    scaled: Doubles = (noisy - restored) / np.sqrt(noise.variance(restored) + FAINTLY**2)
    means = np.abs(box_mean(scaled, THIN)) * THIN / np.sqrt(noise.share_of_means(THIN))
    return float(np.mean(means.max(axis=0) > CERTAIN))


def excess(noisy: Floats, restored: Floats) -> float:
    """Return how much more was removed where there is structure, as a ratio of variances.

    Noise is as strong at an edge as beside it, if both are as bright; a good result removes less
    there. Blocks are compared with blocks of like brightness. 0 where hardly anything was removed,
    or the image is too small.
    """
    residual, result = (
        blocks_of(image.mean(axis=0, dtype=np.float64), BLOCK)
        for image in (noisy - restored, restored)
    )
    if len(result) < 2 * STRATA * MEMBERS or residual.std() < MATTERS:
        return 0.0
    removed, structure = residual.var((1, 2)), result.var((1, 2))
    ratios = []
    for stratum in np.array_split(np.argsort(result.mean((1, 2)), kind="stable"), STRATA):
        order = stratum[np.argsort(structure[stratum], kind="stable")]
        quarter = max(MEMBERS // 2, len(order) // 4)
        flat, rich = removed[order[:quarter]].mean(), removed[order[-quarter:]].mean()
        ratios.append(rich / max(flat, MATTERS**2))
    return float(np.median(ratios))
