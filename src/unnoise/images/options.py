"""How files are read: the options of a user, whatever the format."""

from dataclasses import dataclass
from typing import Literal, get_args

from unnoise.errors import ConfigError
from unnoise.images.axes import MAX_PIXELS
from unnoise.images.holes import Holes, NaN

Develop = Literal["srgb", "linear"]
Mosaic = Literal["RGGB", "BGGR", "GRBG", "GBRG", "none"]


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """How files are read. A value out of range raises ``ConfigError``.

    Parameters
    ----------
    array
        The name of the array that holds the images, in a .npz archive.
    axes
        The axes of the files, one letter each, such as ZYX or YXC: C is channels, other letters
        count images. Without it, they are read from the file or guessed.
    max_pixels
        Refuse larger images; 0 is no limit.
    nodata
        The value that stands for no data. Its pixels are left out, and keep this value. Without it,
        the value that the file states counts (GDAL_NODATA, _FillValue).
    nan
        keep takes NaN and infinity as no data; refuse refuses files with them.
    sequence
        Take each folder of numbered files (frame_0001.png, ...) as one stack along T, in the order
        of the numbers. Results have the names of the frames.
    develop
        How raw files of cameras are developed: srgb for the colours of pictures, linear for values
        that are proportional to the light, in the colours of sRGB. Both have 16 bits.
    mosaic
        Take grey images as the raw mosaic of a camera with this pattern of 2 × 2 pixels, red, green
        and blue: its four colours are seen apart. none takes them as plain images, whatever their
        values or their files say.
    scene
        The scene of a file of a microscope (CZI, LIF, ND2), by its name or number (1 is the first).
        Without it, all scenes are read as a stack, if they are alike.
    """

    array: str | None = None
    axes: str | None = None
    max_pixels: int = MAX_PIXELS
    nodata: float | None = None
    nan: NaN = "refuse"
    sequence: bool = False
    develop: Develop = "srgb"
    mosaic: Mosaic | None = None
    scene: str | None = None

    def __post_init__(self) -> None:
        if self.max_pixels < 0:
            raise ConfigError(
                f"max_pixels is {self.max_pixels}: it must be positive, or 0 for no limit"
            )
        Holes.of(self.nodata, self.nan)
        for name, value, words in (
            ("develop", self.develop, get_args(Develop)),
            ("mosaic", self.mosaic, (None, *get_args(Mosaic))),
        ):
            if value not in words:
                allowed = ", ".join(word for word in words if word)
                raise ConfigError(f"{name} is {value!r}: it is one of {allowed}")
