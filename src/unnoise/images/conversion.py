"""A picture in another format than its file's: upright, with its colours, scaled to what fits."""

from pathlib import Path
from typing import Any

import numpy as np

from unnoise.errors import ImageError
from unnoise.images.axes import Array
from unnoise.images.encoding import save_options
from unnoise.images.inventory import inventory
from unnoise.images.picture_files import PictureReader, save, vips, with_header, write_error
from unnoise.images.reader import RGB, Reader
from unnoise.images.value_range import ValueRange

NARROW = (".jpg", ".webp")  # formats of 8 bits
INKS = 4
SHOWN = 0.1, 99.9  # percentiles that are black and white for the eye
# What the pixels hold now, or few formats state and few programs read.
IN_PIXELS = {"orientation", "sRGB intent", "resolution"}
DIM = 96  # of 255: a picture of 8 bits whose lights stay below is stretched, too


def stretch_for_the_eye(image: Array, channels: int) -> ValueRange | None:
    """Return the range in which people see an image; None where it is seen as it is.

    Args:
        image: ``(H, W, C)``, as it was before anything was done to it.
        channels: Of it, transparency not counted.
    """
    values: Any = image[..., :channels]
    values = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    if image.dtype.kind == "b" or not values.size:
        return None
    low, high = (float(end) for end in np.percentile(values, SHOWN))
    if low == high or (image.dtype == np.uint8 and high >= DIM):
        return None
    return ValueRange(low, high, True)


def convert(
    target: Path,
    image: Array,
    source: Reader,
    values: ValueRange,
    *,
    shown: ValueRange | None = None,
    narrow: bool = False,
) -> tuple[str, ...]:
    """Write an image in the format of a name, upright, with the colour profile of its source.

    Args:
        target: Ends in ``.png``, ``.jpg``, ``.webp`` or ``.tif``.
        image: ``(H, W, channels + alpha)``.
        source: The open file that it comes from.
        values: Its range, which is brought to that of the format.
        shown: The range that is brought there instead, for the eye.
        narrow: Write 8 bits in any case.

    Returns:
        What the source has, and the target has not, in words.

    Raises:
        ImageError: The format holds no such channels.
    """
    channels, suffix = source.channels, target.suffix
    inks = source.picture and channels == INKS
    if channels not in (1, RGB) and not inks:
        raise ImageError(
            f"the image has {channels} channels, and {suffix[1:].upper()} holds grey or colours: "
            "ask for the format that was sent"
        )
    narrow = narrow or suffix in NARROW or image.dtype in (np.uint8, np.bool_)
    white = 255 if narrow else 65535
    colours = _scaled(image[..., :channels], shown or values, white)
    lost = set()
    if image.dtype.itemsize > (1 if narrow else 2):
        lost.add(f"{8 * image.dtype.itemsize} bits a sample")
    if source.alpha and suffix != ".jpg":
        alpha = _scaled(image[..., -1:], ValueRange.nominal(image.dtype), white)
        colours = np.concatenate([colours, alpha], axis=-1)
    elif source.alpha:
        lost.add("transparency")
    _write(target, colours, source, inks=inks, narrow=narrow)
    lost |= inventory(source.path) - inventory(target) - IN_PIXELS
    return tuple(sorted(lost))


def _scaled(image: Array, values: ValueRange, white: int) -> Array:
    dtype = np.dtype(np.uint8 if white == 255 else np.uint16)
    if image.dtype == dtype and values == ValueRange.nominal(dtype):
        return image
    low, span = np.asarray(values.low, np.float64), values.span
    unit = np.nan_to_num((image.astype(np.float64) - low) / span).clip(0, 1)
    scaled: Array = np.rint(unit * white).astype(dtype)
    return scaled


def _write(target: Path, colours: Array, source: Reader, *, inks: bool, narrow: bool) -> None:
    pyvips = vips()
    grey = source.channels == 1
    meaning = ("b-w" if grey else "srgb") if narrow else ("grey16" if grey else "rgb16")
    try:
        picture: Any = pyvips.Image.new_from_array(np.ascontiguousarray(colours))
        if isinstance(source, PictureReader):
            picture = with_header(picture, source.header)
        picture = picture.copy(interpretation="cmyk" if inks else meaning)
        if source.profile is not None:
            picture.set_type(pyvips.GValue.blob_type, "icc-profile-data", source.profile)
        if inks:  # few formats have inks; libvips has a profile for files without their own
            picture = picture.icc_transform("srgb", embedded=True, input_profile="cmyk")
        if source.orientation != 1:
            picture.set_type(pyvips.GValue.gint_type, "orientation", source.orientation)
            picture = picture.autorot()
    except pyvips.Error as error:
        raise write_error(error) from error
    options = {} if target.suffix == ".tif" else save_options(target.suffix, colours.dtype)
    save(picture, target, options)
