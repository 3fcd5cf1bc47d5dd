"""The noise of a probed image, and the estimated error of its result."""

from dataclasses import dataclass, replace

from unnoise.trust.among import Among, Shaken
from unnoise.trust.evidence import LEARN, Evidence
from unnoise.trust.noise_level import NoiseLevel, noise_level
from unnoise.trust.probing import ProbedImage
from unnoise.trust.quality import MOST_KEPT, UNSEEN_ERROR, kept_of_grain, sure, sure_of_grain
from unnoise.trust.shared import SharedError
from unnoise.trust.spectrum import Spectrum, measure_again
from unnoise.trust.structure import Noise
from unnoise.types import Denoise, Doubles

# Of the variance of the noise: Stein's estimate of a smaller error is uncertain by half of it.
SMALL = 0.03


@dataclass(frozen=True)
class Known:
    """The noise of a probed image: its level and, where neighbouring pixels share it, its grain."""

    level: NoiseLevel
    grain: Spectrum | None = None
    follows: Doubles | None = None  # noise that each value of the result has kept, (C, H, W)
    shared: SharedError | None = None  # if the model sees several images

    @classmethod
    def of(cls, found: ProbedImage, evidence: Evidence) -> "Known":
        """Estimate the noise without a further run of the model."""
        grain = evidence.grain_of(found)
        if grain is None:
            return cls(noise_level(found))
        return cls(grain.level(found.restored), grain, grain.follows(found))

    def measured_again(self, denoise: Denoise, found: ProbedImage) -> "Known":
        """Measure a grain better, with one or two further runs; white noise stays as it is."""
        if self.grain is None:
            return self
        grain, follows = measure_again(denoise, found, self.grain)
        return replace(self, level=grain.level(found.restored), grain=grain, follows=follows)

    def among(self, found: ProbedImage, among: Among, shaken: Shaken) -> "Known":
        """Measure the noise and the error better if the model sees several images."""
        variance = float(self.noise.variance(found.restored).mean())
        # Of an error with a grain, Stein's estimate is better.
        small = self.grain is None and sure(found, self.level) < SMALL * variance
        if not among.hidden and not small:
            return self
        shared = SharedError.of(among, shaken, grain=self.grain is not None)
        factor = shared.noise(found) / variance
        return Known(
            self.level.times(factor),
            self.grain and replace(self.grain, strength=factor * self.grain.strength),
            self.follows,
            shared,
        )

    @property
    def noise(self) -> Noise:
        """The grain where it is known, else the level."""
        return self.grain or self.level

    def expected(self, found: ProbedImage) -> Doubles:
        """Return the squared error that the best denoiser would have at each value."""
        if self.shared is not None:
            return self.shared.expected(found)
        if self.grain is not None:
            return self.grain.follows(found)
        return self.level.variance(found.restored) * found.sensitivity

    def error(self, found: ProbedImage) -> float | str:
        """Estimate the mean squared error of the result; or say why no estimate is possible."""
        if self.shared is not None:
            error = self.shared.mean(found)
            # Beyond the grain, pixels share a third of such an error (docs/lab-notes.md).
            if self.grain and error < SMALL * self.grain.variance(found.restored).mean():
                return UNSEEN_ERROR
            return error
        if self.grain is None or self.follows is None:
            return sure(found, self.level)
        return sure_of_grain(found, self.grain, self.follows)

    def left(self, found: ProbedImage) -> list[str]:
        """Report noise with a grain that was left; nothing for white noise."""
        if self.grain is None or self.follows is None:
            return []
        kept = kept_of_grain(found, self.grain, self.follows)
        if kept <= MOST_KEPT:
            return []
        return [f"noise with a grain was left, {100 * min(kept, 1):.0f} % of it: {LEARN}"]
