"""A part of images before and after the network, and parts joined to whole images."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from unnoise.types import Array, Floats, Mask


class Seen(NamedTuple):
    """A part of images before and after the network: what a tile keeps, or whole images."""

    given: Array  # (B, h, w, C + alpha), without hot pixels
    noisy: Floats  # (B, C, h, w), in the scale of the model
    result: Floats  # of the network
    lacks: Mask | None  # (B, h, w, C)

    @classmethod
    def joined(cls, parts: Sequence[Sequence["Seen"]]) -> "Seen":
        """Join rows of tiles."""

        def join(name: str, down: int) -> Any:
            rows = [[getattr(part, name) for part in row] for row in parts]
            return np.concatenate([np.concatenate(row, down + 1) for row in rows], down)

        if any(part.lacks is not None for row in parts for part in row):
            parts = [[part._with_mask() for part in row] for row in parts]
        lacks = None if parts[0][0].lacks is None else join("lacks", 1)
        return cls(join("given", 1), join("noisy", 2), join("result", 2), lacks)

    def _with_mask(self) -> "Seen":
        shape = *self.given.shape[:3], self.noisy.shape[1]
        return self if self.lacks is not None else self._replace(lacks=np.zeros(shape, bool))
