"""A scale bar: a round length that takes about a fifth of the width of a picture."""

import math
from dataclasses import dataclass

SHARE = 0.2  # of the width
STEPS = (1, 2, 5)
UNITS = ((1e6, "m"), (1e3, "mm"), (1.0, "µm"), (1e-3, "nm"))  # in micrometres


@dataclass(frozen=True)
class ScaleBar:
    """A bar to draw.

    Attributes:
        pixels: Its length in pixels of the image.
        label: Its length in words, such as ``20 µm``.
    """

    pixels: float
    label: str

    @classmethod
    def of(cls, width: int, pixel: float) -> "ScaleBar":
        """Choose the length 1, 2 or 5 times a power of ten that is nearest to a fifth of a width.

        Args:
            width: Of the image in pixels.
            pixel: Width of a pixel in micrometres.
        """
        wanted = SHARE * width * pixel
        power = math.floor(math.log10(wanted))
        lengths = [step * 10.0**exponent for exponent in (power, power + 1) for step in STEPS]
        length = min(lengths, key=lambda each: abs(math.log(each / wanted)))
        scale, unit = next((each for each in UNITS if length >= each[0] * (1 - 1e-9)), UNITS[-1])
        return cls(length / pixel, f"{length / scale:g} {unit}")
