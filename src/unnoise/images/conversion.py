"""A picture in another format than its file: upright, with its colours, scaled to fit."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unnoise.errors import ImageError
from unnoise.images.encoding import keep_colours, save_options
from unnoise.images.formats import plain_ending
from unnoise.images.inventory import inventory
from unnoise.images.mosaic import MosaicReader
from unnoise.images.picture_files import (
    FORMATS,
    PictureReader,
    save,
    vips,
    with_header,
    write_error,
)
from unnoise.images.raw_files import RawReader
from unnoise.images.reader import Reader
from unnoise.images.tiff_reader import TiffReader
from unnoise.images.value_range import BITS, ValueRange
from unnoise.images.viewing import find_stretch
from unnoise.types import RGB, Array

NARROW = (".jpg", ".webp")  # formats of 8 bits
ANY = ".tif"  # holds values of any dtype and any number of channels
# No loss: the pixels are upright now, and few formats or programs support the others.
IN_PIXELS = {"orientation", "sRGB intent", "resolution"}


@dataclass(frozen=True)
class Conversion:
    """The effects of a conversion to another format, in words."""

    lost: tuple[str, ...]  # contents of the source that the target lacks
    said: tuple[str, ...]  # how values were converted, if they changed


def is_viewable(source: Reader) -> bool:
    """Whether a picture can show all channels of a file: they are grey, or colours."""
    return source.channels == 1 or source.colour == "rgb" or source.space is not None


def convert(
    target: Path,
    image: Array,
    source: Reader,
    values: ValueRange,
    *,
    channel: int | None = None,
    eye: Array | None = None,
) -> Conversion:
    """Write an image in the format of a name, upright, with the colour profile of its source.

    Values of 8 bits and of pictures keep their meaning. TIFF keeps all values. Other values are
    scaled from their range to the range of the format. Colours are scaled from black, so that they
    do not change.

    Args:
        target: A path that ends in ``.png``, ``.jpg``, ``.webp`` or ``.tif``.
        image: ``(H, W, channels + alpha)``.
        source: The open file from which it comes.
        values: Its range.
        channel: The channel to write, as grey; None writes all.
        eye: The image before processing. With it, 8 bits are written for the eye: dark images, and
            grey ones of more than 8 bits, are stretched by it. None writes values of full depth.

    Raises:
        ImageError: The format holds no such channels.
    """
    if isinstance(source, MosaicReader) and channel is None:
        raise ImageError(
            f"{source.name} is a mosaic, whose results have its format: leave the format out"
        )
    suffix = plain_ending(target)
    space = source.space if channel is None else None
    chosen = slice(source.channels) if channel is None else slice(channel, channel + 1)
    colours, alpha = image[..., chosen], image[..., source.channels :]
    whole = channel is None and not is_viewable(source)
    if whole and suffix != ANY:
        raise ImageError(
            f"the image has {source.channels} channels that are no colours, and "
            f"{suffix[1:].upper()} holds grey or colours: ask for TIFF, or for one channel"
        )
    said = [] if channel is None else [f"channel {channel + 1} of {source.channels}"]
    if alpha.size and suffix == ".jpg":
        alpha = alpha[..., :0]
    kept = suffix == ANY and eye is None and not space and str(image.dtype) in FORMATS.values()
    bytewise = suffix in NARROW or space == "cmyk" or image.dtype in (np.uint8, np.bool_)
    narrow = not kept and (eye is not None or bytewise)
    white = 255 if narrow else 65535
    if space == "lab":
        colours = _lab(colours)
    elif not kept:
        unit = _unit(colours, source, values, channel)
        if eye is not None and space is None:
            seen = eye[..., chosen]
            full = unit if seen.shape[-1] == RGB else ValueRange.nominal(seen.dtype)
            unit = find_stretch(seen, full, holes=source.holes) or unit
        if unit != ValueRange.nominal(image.dtype):
            said.append(f"values {unit} as black to white")
        colours = _scaled(colours, unit, white)
    if space:
        said.append(f"{'inks' if space == 'cmyk' else 'CIELAB'} as sRGB colours")
    if not kept:
        alpha = _scaled(alpha, ValueRange.nominal(image.dtype), white)
    meaning = "multiband" if whole else _meaning(colours, narrow=narrow)
    picture = _picture(colours, alpha, source, space=space, meaning=meaning)
    dtype = np.dtype(FORMATS[picture.format])
    save(picture, target, {} if suffix == ANY else save_options(suffix, dtype))
    if not any(word.startswith("values") for word in said):
        keep_colours(source.path, target)
    held: frozenset[str] = frozenset()
    if isinstance(source, RawReader):
        held = source.contents
    elif isinstance(source, PictureReader | TiffReader):
        # The files of other formats may begin with the bytes of TIFF, as those of DICOM do.
        held = inventory(source.path)
    lost = held - inventory(target) - IN_PIXELS
    if not kept and image.dtype.itemsize > (1 if narrow else 2):
        lost |= {f"{8 * image.dtype.itemsize} bits a sample"}
    if source.alpha and not alpha.size:
        lost |= {"transparency"}
    return Conversion(tuple(sorted(lost)), tuple(said))


def _unit(colours: Array, source: Reader, values: ValueRange, channel: int | None) -> ValueRange:
    """Return the values of the source that become black and white."""
    dtype = colours.dtype
    nominal = ValueRange.nominal(dtype)
    stated = dtype.kind == "u" and (source.picture or source.profile is not None)
    if dtype in (np.uint8, np.bool_) or source.space == "cmyk" or stated:
        return nominal
    lows, highs = np.broadcast_arrays(*np.atleast_1d(values.low, values.high))
    own = channel if channel is not None and lows.size > 1 else slice(None)
    low, high = float(np.min(lows[own])), float(np.max(highs[own]))
    if colours.shape[-1] == RGB and low > 0:  # another black would change the colours
        low = 0.0
        if dtype.kind in "iu":
            high = min(2.0 ** next(bits for bits in BITS if high < 2.0**bits) - 1, nominal.span)
        else:
            high = max(high, 1.0)
    return nominal if (low, high) == (nominal.low, nominal.high) else ValueRange(low, high, True)


def _lab(stored: Array) -> Array:
    """Return CIELAB with L from 0 to 100, and a and b around 0, from the values of a reader."""
    if stored.dtype.kind == "f":
        return stored.astype(np.float32)
    steps = 2.0 ** (8 * stored.dtype.itemsize - 8)  # of 1 in a and b
    neutral = 128 * steps if stored.dtype.kind == "u" else 0.0
    limits = np.iinfo(stored.dtype.name)
    units = [(limits.max - limits.min) / 100, steps, steps]
    lab: Array = (stored.astype(np.float64) - [limits.min, neutral, neutral]) / units
    return lab.astype(np.float32)


def _scaled(image: Array, unit: ValueRange, white: int) -> Array:
    dtype = np.dtype(np.uint8 if white == 255 else np.uint16)
    if image.dtype == dtype and unit == ValueRange.nominal(dtype):
        return image
    low, span = np.asarray(unit.low, np.float64), unit.span
    scaled = np.nan_to_num((image.astype(np.float64) - low) / span).clip(0, 1)
    return np.asanyarray(np.rint(scaled * white).astype(dtype))


def _meaning(colours: Array, *, narrow: bool) -> str:
    """Return the name of libvips for grey or colours of 8 or more bits."""
    if colours.shape[-1] == 1:
        return "b-w" if narrow or colours.dtype != np.uint16 else "grey16"
    return "srgb" if narrow or colours.dtype == np.uint8 else "rgb16"


def _picture(
    colours: Array, alpha: Array, source: Reader, *, space: str | None, meaning: str
) -> Any:
    """Return an image of libvips, upright, with the metadata of its source."""
    pyvips = vips()
    try:
        picture: Any = pyvips.Image.new_from_array(np.ascontiguousarray(colours))
        if isinstance(source, PictureReader):
            picture = with_header(picture, source.header)
        picture = picture.copy(interpretation=space or meaning)
        if source.profile is not None and space != "lab":
            picture.set_type(pyvips.GValue.blob_type, "icc-profile-data", source.profile)
        if space == "cmyk":  # few formats have inks; libvips has a profile for files without one
            picture = picture.icc_transform("srgb", embedded=True, input_profile="cmyk")
        elif space == "lab":
            picture = picture.colourspace(meaning)
        if alpha.size:
            picture = picture.bandjoin(pyvips.Image.new_from_array(np.ascontiguousarray(alpha)))
        if source.orientation != 1:
            picture = picture.copy()
            picture.set_type(pyvips.GValue.gint_type, "orientation", source.orientation)
            picture = picture.autorot()
    except pyvips.Error as error:
        raise write_error(error) from error
    return picture
