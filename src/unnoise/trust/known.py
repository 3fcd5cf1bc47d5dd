"""What is known of the noise of a probed image, and of the error of its result."""

from dataclasses import dataclass, replace

from unnoise.denoiser import Denoiser
from unnoise.trust.evidence import LEARN, Evidence
from unnoise.trust.noise_level import NoiseLevel, noise_level
from unnoise.trust.probing import Probe
from unnoise.trust.quality import MOST_KEPT, kept_of_grain, sure, sure_of_grain
from unnoise.trust.spectrum import Spectrum, measure_again
from unnoise.trust.structure import Noise
from unnoise.types import Doubles


@dataclass(frozen=True)
class Known:
    """The noise of a probed image.

    Attributes:
        level: Its strength.
        grain: Its covariance, where neighbouring pixels have noise in common and that is seen.
        follows: How much of it each value of the result has kept, ``(C, H, W)``; likewise.
    """

    level: NoiseLevel
    grain: Spectrum | None = None
    follows: Doubles | None = None

    @classmethod
    def of(cls, found: Probe, evidence: Evidence) -> "Known":
        """Read it from a probe, without a further run of the model."""
        grain = evidence.grain_of(found)
        if grain is None:
            return cls(noise_level(found))
        return cls(grain.level(found.restored), grain, grain.follows(found))

    def measured_again(self, denoiser: Denoiser, found: Probe) -> "Known":
        """Measure a grain better, with one or two further runs; white noise stays as it is."""
        if self.grain is None:
            return self
        grain, follows = measure_again(denoiser, found, self.grain)
        return replace(self, level=grain.level(found.restored), grain=grain, follows=follows)

    @property
    def noise(self) -> Noise:
        """Whichever is known better."""
        return self.grain or self.level

    def expected(self, found: Probe) -> Doubles:
        """Return the squared error that the best denoiser would have at each value."""
        if self.grain is not None:
            return self.grain.follows(found)
        return self.level.variance(found.restored) * found.sensitivity

    def error(self, found: Probe) -> float | str:
        """Estimate the mean squared error of the result; or say why that is not known."""
        if self.grain is None or self.follows is None:
            return sure(found, self.level)
        return sure_of_grain(found, self.grain, self.follows)

    def left(self, found: Probe) -> list[str]:
        """Say that noise with a grain was left, and what to do; nothing of white noise."""
        if self.grain is None or self.follows is None:
            return []
        kept = kept_of_grain(found, self.grain, self.follows)
        if kept <= MOST_KEPT:
            return []
        return [f"noise with a grain was left, {100 * min(kept, 1):.0f} % of it: {LEARN}"]
