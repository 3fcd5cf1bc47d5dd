"""How a batch is divided: into the parts of processes, and each part into pieces that run at once.

Random numbers are drawn for a group of samples together. So a sample gets the same noise wherever
it is computed, and however many processes and pieces there are.
"""

from dataclasses import dataclass
from functools import cached_property

from unnoise.errors import ConfigError
from unnoise.training.parallel import ALONE, World, share

GROUP = 16  # samples, at most
GROUPS = 8  # of a batch, if it has 8 samples or more


def default_group(batch_size: int) -> int:
    """Return how many samples of a batch are drawn together."""
    return max(1, min(GROUP, batch_size // GROUPS))


@dataclass(frozen=True, kw_only=True)
class Division:
    """The part of each batch that one process computes.

    Raises:
        ConfigError: There are fewer groups than processes and pieces.
    """

    batch_size: int  # samples of all processes together
    group: int  # samples that are drawn together
    world: World = ALONE
    count: int = 1  # pieces of a part, whose gradients are added up one by one, in less memory

    def __post_init__(self) -> None:
        needed = self.world.size * self.count
        if self._groups < needed:
            raise ConfigError(
                f"a batch of {self.batch_size} has {self._groups} parts at most, and "
                f"{self.world.size} processes with --accumulate {self.count} need {needed}: "
                "pass a larger --batch-size, or start fewer processes"
            )

    @property
    def _groups(self) -> int:
        return -(-self.batch_size // self.group)

    @cached_property
    def pieces(self) -> list[range]:
        """The numbers of the groups of each piece of this process; every process has ``count``."""
        mine = self.world.share(self._groups)
        shares = [share(len(mine), piece, self.count) for piece in range(self.count)]
        return [mine[part.start : part.stop] for part in shares]

    @property
    def samples(self) -> slice:
        """The samples of this process."""
        mine = self.world.share(self._groups)
        return slice(mine.start * self.group, min(mine.stop * self.group, self.batch_size))

    @property
    def portion(self) -> float:
        """Their share of the batch."""
        return len(range(self.batch_size)[self.samples]) / self.batch_size
