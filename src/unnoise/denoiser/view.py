"""How one source of images is seen by a model."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unnoise.images import Holes, ValueRange, hole_mask

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class View:
    """How one source is seen.

    Attributes:
        values: Its values that are 0 and 1 for the model.
        results: The values that 0 and 1 of the results become; others than ``values`` where the
            model learned from dark noisy and bright clean images.
        channels: Of an image, transparency not counted.
        alpha: Whether another, last one is transparency.
        together: Whether the model takes all channels at once; else each is an image.
        colours: Whether the channels are red, green and blue.
        holes: What counts as no data.
        dtype: Of the results.
        notes: What the user should know, in words.
    """

    values: ValueRange
    results: ValueRange
    channels: int
    alpha: bool
    together: bool
    holes: Holes
    dtype: np.dtype[np.generic]
    notes: tuple[str, ...] = ()
    colours: bool = False

    @property
    def taken(self) -> int:
        """Channels that the model takes at once."""
        return self.channels if self.together else 1

    def lacks(self, stack: NDArray[np.generic]) -> Mask | None:
        """Return which values of images ``(..., C)`` the network does not see; None if it sees all.

        They have no data; or lie under fully transparent pixels, and are nothing that visible ones
        may be mixed with; or lie far outside of the range, such as a hot pixel. They stay as they
        are.

        Returns:
            Of the shape of the images without transparency.
        """
        far = self.values.find_far(np.asarray(stack[..., : self.channels]))
        return _any_of(self.absent(stack), far)

    def absent(self, stack: NDArray[np.generic]) -> Mask | None:
        """Return what of ``lacks`` holds no data, or is not seen: without values far outside."""
        values = stack[..., : self.channels]
        found = self.holes.find(values) if self.holes else hole_mask(values)
        hidden = np.broadcast_to(stack[..., -1:] == 0, values.shape) if self.alpha else None
        return _any_of(found, hidden)


def _any_of(*found: Mask | None) -> Mask | None:
    masks = [np.asarray(mask) for mask in found if mask is not None and mask.any()]
    return np.logical_or.reduce(masks) if masks else None
