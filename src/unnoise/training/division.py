"""How a batch is divided: into the parts of processes, and each part into pieces that run at once.

Random numbers are drawn for a grain of samples together. So a sample gets the same noise wherever
it is computed, and however many processes and pieces there are.
"""

from dataclasses import dataclass
from functools import cached_property

from unnoise.errors import ConfigError
from unnoise.training.parallel import ALONE, World, share

GRAIN = 16  # samples, at most
GRAINS = 8  # of a batch, if it has 8 samples or more


def default_grain(batch_size: int) -> int:
    """Return how many samples of a batch are drawn together."""
    return max(1, min(GRAIN, batch_size // GRAINS))


@dataclass(frozen=True)
class Grain:
    """Samples ``start`` to ``stop`` of a batch, which are drawn together."""

    number: int
    start: int
    stop: int


@dataclass(frozen=True, kw_only=True)
class Division:
    """The part of each batch that one process computes.

    Raises:
        ConfigError: There are fewer grains than processes and pieces.
    """

    batch_size: int  # samples of all processes together
    grain: int  # samples that are drawn together
    world: World = ALONE
    count: int = 1  # pieces of a part, whose gradients are added up one by one, in less memory

    def __post_init__(self) -> None:
        grains = -(-self.batch_size // self.grain)
        if grains < self.world.size * self.count:
            raise ConfigError(
                f"a batch of {self.batch_size} has {grains} parts at most, and {self.world.size} "
                f"processes with --accumulate {self.count} need {self.world.size * self.count}: "
                "pass a larger --batch-size, or start fewer processes"
            )

    @cached_property
    def pieces(self) -> list[list[Grain]]:
        """The pieces of this process, each of some grains; every process has ``count``."""
        grains = [
            Grain(number, start, min(start + self.grain, self.batch_size))
            for number, start in enumerate(range(0, self.batch_size, self.grain))
        ]
        mine = [grains[number] for number in self.world.share(len(grains))]
        shares = [share(len(mine), piece, self.count) for piece in range(self.count)]
        return [[mine[number] for number in numbers] for numbers in shares]

    @property
    def samples(self) -> slice:
        """The samples of this process."""
        return slice(self.pieces[0][0].start, self.pieces[-1][-1].stop)

    @property
    def portion(self) -> float:
        """Their share of the batch."""
        return len(range(self.batch_size)[self.samples]) / self.batch_size
