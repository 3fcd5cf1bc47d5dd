"""The table of corruptions, and the short ones.

Every function takes clean images ``(B, C, H, W)``, nominally [0, 1], a ``level`` per image
``(B, 1, 1, 1)``, a generator on the same device, and its settings, also ``(B, 1, 1, 1)``. It
returns images of the same shape, unclipped.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from unnoise.noise import draws
from unnoise.noise.camera import camera
from unnoise.noise.grain import chroma, columns, grain, rows
from unnoise.noise.jpeg import jpeg

# The deformation of level 1, at which digits of one class look alike (docs/features.md): radians, a
# ratio, the logarithm of a factor, and two lengths where the image reaches from -1 to 1.
TURN, SLANT, STRETCH, SHIFT, BEND = 0.5, 0.4, 0.25, 0.15, 0.09
KNOTS = 5  # random displacements per side, for a bend

# Stains on paper.
BLOTS = (4, 1.0), (9, 0.6), (20, 0.35)  # random numbers per side of an image, and their weight
SHARPEST = 20.0  # largest slope of an edge; the smallest is 1, and the logarithm is uniform
SPREAD = 0.7  # larger: images differ more in how much of them is stained

MOST = 5.0  # times the value range; higher levels were counted in grey levels or percent


@dataclass(frozen=True)
class Setting:
    """A number beside the level; a spec sets its range, or the default holds."""

    meaning: str
    default: tuple[float, float]
    low: float = 0.0
    high: float = 20.0

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        return f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Corruption:
    """One entry of the table: the function, and the meaning of its numbers."""

    apply: Callable[..., Tensor]  # takes images, level, generator, and the settings by name
    meaning: str  # of the level, for help and errors
    low: float = 0.0
    high: float = 1e6  # float32 images hold no more than seven digits
    mistaken: float | None = None  # a scale that people may use instead of 1: 255, or 100 %
    settings: Mapping[str, Setting] = field(default_factory=dict)
    grey: str = ""  # the effect on images of one channel, if the corruption is made for colours

    @property
    def allowed(self) -> str:
        """The allowed levels in words."""
        return f"{self.low:g} to {self.high:g}"

    def allows(self, level: float) -> bool:
        """Whether ``level`` is inside the allowed range (NaN never is)."""
        return self.low <= level <= self.high

    def meant(self, level: float) -> float | None:
        """Return the level that was probably meant by one beyond the range, None if unknown."""
        if self.mistaken is None or not self.high < level <= self.mistaken:
            return None
        return level / self.mistaken


def gaussian(clean: Tensor, level: Tensor, generator: Generator) -> Tensor:
    """``x + level · n`` with n standard normal."""
    return clean + level * draws.normal(clean, generator)


def poisson(clean: Tensor, level: Tensor, generator: Generator) -> Tensor:
    """``P(level · x) / level``: ``level`` photons where x is 1; x below 0 counts as 0."""
    return torch.poisson(clean.clamp_min(0) * level, generator=generator) / level


def salt_pepper(clean: Tensor, level: Tensor, generator: Generator) -> Tensor:
    """A share ``level`` of the pixels, all channels together, becomes 0 or 1 with equal chance."""
    draw = _uniform_pixels(clean, generator)
    return torch.where(draw < level / 2, 0.0, torch.where(draw < level, 1.0, clean))


def speckle(clean: Tensor, level: Tensor, generator: Generator) -> Tensor:
    """``x · (1 + level · n)`` with n standard normal."""
    return clean * (1 + level * draws.normal(clean, generator))


def mask(clean: Tensor, level: Tensor, generator: Generator) -> Tensor:
    """A share ``level`` of the pixels, all channels together, becomes 0 (Vincent et al. 2008)."""
    return torch.where(_uniform_pixels(clean, generator) < level, 0.0, clean)


def uniform(clean: Tensor, level: Tensor, generator: Generator) -> Tensor:
    """``x + u`` with u uniform on [-level, level]."""
    return clean + level * (2 * draws.uniform(clean, generator) - 1)


def swap(clean: Tensor, level: Tensor, generator: Generator) -> Tensor:
    """A share ``level`` of the pixels, all channels together, is taken from other images."""
    batch, channels, height, width = clean.shape
    chosen = _uniform_pixels(clean, generator) < level
    place = (batch, 1, height, width)
    # The same place in another image: so the columns of tables keep their distributions.
    which = torch.randint(batch, place, generator=generator, device=clean.device)
    return torch.where(chosen, clean.gather(0, which.expand(-1, channels, -1, -1)), clean)


def warp(clean: Tensor, level: Tensor, generator: Generator) -> Tensor:
    """Turn, slant, stretch, shift and bend each image, as handwriting varies."""

    def uniform(*shape: int) -> Tensor:
        draw = torch.rand((len(clean), *shape), generator=generator, device=clean.device)
        return level.view(-1, *[1] * len(shape)) * (2 * draw - 1)

    angle, slant = TURN * uniform(), SLANT * uniform()
    wide, tall = torch.exp(STRETCH * uniform()), torch.exp(STRETCH * uniform())
    cos, sin = torch.cos(angle), torch.sin(angle)
    across = torch.stack([cos * wide, slant * cos - sin * tall], dim=1)
    along = torch.stack([sin * wide, cos * tall + slant * sin], dim=1)
    matrix = torch.stack([across, along], dim=1)  # (B, 2, 2)
    shift = SHIFT * uniform(2, 1)
    grid = F.affine_grid(torch.cat([matrix, shift], dim=2), list(clean.shape), align_corners=False)
    knots = draws.normal(clean, generator, 2, KNOTS, KNOTS)
    bend = BEND * uniform(1, 1, 1).abs() * knots
    bend = F.interpolate(bend, size=clean.shape[-2:], mode="bicubic", align_corners=True)
    grid = grid + bend.permute(0, 2, 3, 1)
    warped = F.grid_sample(clean, grid, padding_mode="border", align_corners=False)
    # At level 0 an image must stay equal to the bit; the rounding of the grid would change it.
    return torch.where(level == 0, clean, warped)


def stain(clean: Tensor, level: Tensor, generator: Generator) -> Tensor:
    """Darken each image with smooth blots, by up to a share ``level`` of its brightness."""
    size = clean.shape[2:]
    field = torch.zeros((len(clean), 1, *size), device=clean.device)
    for knots, weight in BLOTS:
        drawn = draws.normal(clean, generator, 1, knots, knots)
        blots = F.interpolate(drawn, size=size, mode="bicubic", align_corners=True)
        field = field + weight * blots
    steep = torch.exp(math.log(SHARPEST) * draws.uniform(clean, generator, 1, 1, 1))
    offset = draws.normal(clean, generator, 1, 1, 1)
    return clean * (1 - level * torch.sigmoid(steep * (field + SPREAD * offset)))


def _uniform_pixels(clean: Tensor, generator: Generator) -> Tensor:
    return draws.uniform(clean, generator, 1, *clean.shape[2:])


NOISES = {
    "gaussian": Corruption(gaussian, "standard deviation", high=MOST, mistaken=255),
    "poisson": Corruption(poisson, "number of photons at full brightness", low=1e-3),
    "salt-pepper": Corruption(salt_pepper, "share of pixels", high=1.0, mistaken=100),
    "speckle": Corruption(speckle, "relative standard deviation", high=MOST, mistaken=100),
    "mask": Corruption(mask, "share of pixels set to 0", high=1.0, mistaken=100),
    "uniform": Corruption(uniform, "half width", high=MOST, mistaken=255),
    "swap": Corruption(swap, "share of pixels taken from other images", high=1.0, mistaken=100),
    "warp": Corruption(warp, "strength of the deformation", high=3.0),
    "camera": Corruption(
        camera,
        "sensitivity as an ISO number",
        high=102_400,
        settings={
            "luma": Setting("width of the grain of brightness in pixels", (0.35, 0.85)),
            "chroma": Setting("width of the grain of colours in pixels", (0.8, 3.0)),
        },
        grey="adds the brightness of the noise of a colour photograph",
    ),
    "grain": Corruption(
        grain,
        "standard deviation",
        high=MOST,
        mistaken=255,
        settings={
            "luma": Setting("width of the grain of brightness in pixels", (0.4, 1.1)),
            "chroma": Setting("width of the grain of colours in pixels", (1.0, 4.0)),
        },
        grey="adds its grain of brightness alone",
    ),
    "chroma": Corruption(
        chroma,
        "standard deviation",
        high=MOST,
        mistaken=255,
        settings={"width": Setting("width of the grain in pixels", (1.0, 4.0))},
        grey="adds nothing to them",
    ),
    "rows": Corruption(rows, "standard deviation", high=MOST, mistaken=255),
    "columns": Corruption(columns, "standard deviation", high=MOST, mistaken=255),
    "jpeg": Corruption(
        jpeg,
        "quality",
        low=1.0,
        high=100.0,
        settings={"half": Setting("chance of colours at half the resolution", (0.5, 0.5), high=1)},
    ),
    "stain": Corruption(stain, "largest share of brightness that is lost", high=1.0, mistaken=100),
}
