"""How one source of images is seen by a model."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unnoise.errors import ConfigError
from unnoise.images import RGB, Colour, Holes, ValueRange, hole_mask
from unnoise.types import Floats

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


GREY = 1
COMMON, LEAST_PIXELS = 0.2, 256  # correlation of two colours at least, and where to tell it
STILL = 0.5  # share of neighbouring pixels that are equal in transparency, and not in a photograph


def goes_together(channels: int, colour: Colour, wanted: int, *, colours: bool) -> bool:
    """Whether a model takes all channels of a pixel at once, or each as a grey image.

    Args:
        channels: Of the image.
        colour: What they mean.
        wanted: Channels of the model.
        colours: Whether those of the model are red, green and blue.
    """
    if channels == GREY:
        return True
    return channels == wanted and (colour == "rgb" or not colours)


def check_together(channels: int, wanted: int) -> None:
    """Raise ``ConfigError`` if a model cannot take all channels at once."""
    if channels not in (GREY, wanted):
        raise ConfigError(
            f"channels is together: the image has {channels} and the model takes {wanted} at once; "
            "pass --channels separate, or leave it out"
        )


def adapts(channels: int, wanted: int) -> bool:
    """Whether a model of ``wanted`` channels, or its grey form, takes images of ``channels``."""
    return channels == wanted or wanted in (GREY, RGB)


def makes_grey(channels: int, wanted: int) -> bool:
    """Whether images of ``channels`` are for the grey form of a model of ``wanted``."""
    return (channels, wanted) == (GREY, RGB)


def looks_like_alpha(part: NDArray[np.generic]) -> bool:
    """Whether the last of four channels ``(..., W, 4)`` that nothing describes is transparency.

    It is the same over wide areas, while noise is nowhere.
    """
    last = part[..., -1]
    return part.shape[-1] == RGB + 1 and bool(np.mean(last[..., 1:] == last[..., :-1]) > STILL)


def have_little_in_common(part: NDArray[np.generic]) -> bool:
    """Whether three channels ``(..., W, 3)`` that nothing describes differ as no colours do."""
    flat = part.reshape(-1, part.shape[-1]).astype(np.float64)
    flat = flat[np.isfinite(flat).all(axis=1)]
    if len(flat) < LEAST_PIXELS or (flat.std(axis=0) == 0).any():
        return False
    found: Any = np.corrcoef(flat, rowvar=False)
    return bool(np.abs(found[np.triu_indices(len(found), 1)]).max() < COMMON)


def to_model(images: Floats, wanted: int) -> Floats:
    """Give a grey model each channel of ``(B, C, H, W)`` as an image, ``(B · C, 1, H, W)``."""
    return images if images.shape[1] == wanted else images.reshape(-1, 1, *images.shape[2:])


def from_model(restored: Floats, batch: int) -> Floats:
    """Put what a model made of ``to_model`` together again, ``(B, ..., H, W)``."""
    return restored.reshape(batch, -1, *restored.shape[2:])
