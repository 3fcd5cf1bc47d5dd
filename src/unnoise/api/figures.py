"""``unnoise.figure``: one slide that shows what a denoiser did to an image."""

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unnoise.denoiser import DenoiseOptions, Denoiser
from unnoise.errors import ConfigError
from unnoise.images import RGB, Contrast, Reader, ReadOptions, pixel_size, upright
from unnoise.outputs import check_free, write_bytes
from unnoise.report import Comparison, draw_comparison, most_structured
from unnoise.types import Array

KINDS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}
SMALL = 64  # pixels of the shorter side, up to which nothing is enlarged unless asked for
PART, LARGEST_PART = 4, 256  # of the shorter side a fourth, at most so many pixels
LEAST_PART = 2  # pixels

Crop = tuple[int, int, int]  # top row, left column, side


def figure(
    denoiser: Denoiser,
    image: str | Path | Array,
    out: str | Path,
    *,
    crop: Crop | None = None,
    index: int = 0,
    channel: int | None = None,
    read: ReadOptions = ReadOptions(),  # noqa: B008  frozen
    options: DenoiseOptions = DenoiseOptions(),  # noqa: B008  frozen
    command: str = "",
    overwrite: bool = False,
) -> Path:
    """Draw an image before and after, and what was removed, with an enlarged part of each.

    Images are drawn upright, and with their contrast stretched where it is low; before and after
    have the same contrast. What was removed is before less after, the mean of the channels.

    Args:
        denoiser: What is applied.
        image: A file; or an array ``(H, W)``, ``(H, W, C)``, or a stack with ``axes`` in ``read``.
        out: The picture to write: ``.png``, ``.jpg`` or ``.webp``.
        crop: The top row, left column and side of the part that is enlarged, in pixels of the
            upright image. None finds the part with the most structure.
        index: Of the image in a stack, from 0.
        channel: Which channel of several that are no colours, from 0; None takes the first.
        read: How the file is read.
        options: How the model is applied.
        command: Printed below the pictures, in small letters.
        overwrite: Whether ``out`` may be replaced.

    Returns:
        ``out``.

    Raises:
        ConfigError: ``out`` has another suffix, or there is no such image, channel or part.
        ImageError: The image cannot be read.
        ModelError: The model does not take images of this size or number of channels.
        OutputError: ``out`` exists, or cannot be written.
    """
    out = Path(out)
    if out.suffix.lower() not in KINDS:
        raise ConfigError(f"out is {out}: a figure is written as {', '.join(KINDS)}")
    check_free(out, overwrite=overwrite)  # before the work
    if isinstance(image, str | Path):
        with read.open(image) as reader:
            slide = _compare(denoiser, reader, index, channel, crop, options, str(image), command)
    else:
        with tempfile.TemporaryDirectory(prefix="unnoise-") as folder:
            path = Path(folder, "image.npy")
            np.save(path, np.asarray(image))
            with read.open(path) as reader:
                slide = _compare(denoiser, reader, index, channel, crop, options, "", command)
    write_bytes(out, draw_comparison(slide, kind=KINDS[out.suffix.lower()]), overwrite=overwrite)
    return out


def _compare(
    denoiser: Denoiser,
    reader: Reader,
    index: int,
    channel: int | None,
    crop: Crop | None,
    options: DenoiseOptions,
    name: str,
    command: str,
) -> Comparison:
    """Denoise one image of an open file, and choose what the slide shows of it."""
    _check("index", index, reader.count, "images")
    view = denoiser.sight.of_reader(reader, options)
    whole = reader.image(index)[..., : view.channels]
    result = denoiser.denoise_image(reader, index, options, view)[..., : view.channels]
    colours = view.channels == RGB and reader.colour in ("rgb", "unknown")
    if channel is None and not colours:
        channel = 0
    if channel is not None:
        _check("channel", channel, view.channels, "channels")
    chosen = slice(None) if channel is None else slice(channel, channel + 1)
    before, after = (
        upright(np.asarray(each)[..., chosen], reader.orientation) for each in (whole, result)
    )
    contrast = Contrast.of(before)
    removed = np.nan_to_num(before.astype(np.float64) - after.astype(np.float64)).mean(2)
    size = pixel_size(reader)
    turned = reader.orientation > 4  # its rows are drawn as columns
    parts = [name] if name else []
    if reader.count > 1:
        parts.append(f"image {index + 1} of {reader.count}")
    if channel is not None and view.channels > 1:
        parts.append(f"channel {channel + 1} of {view.channels}")
    drawn = [contrast.draw(each) for each in (before, after)]
    before, after = (each if each.shape[-1] == RGB else each[..., 0] for each in drawn)
    return Comparison(
        name=", ".join(parts),
        before=before,
        after=after,
        removed=removed.astype(np.float32),
        unit=_unit(reader.dtype),
        crop=_crop(after, crop),
        pixel=None if size is None else size[0 if turned else 1],
        notes=(*((contrast.said,) if contrast.said else ()), *view.notes),
        command=command,
    )


def _check(name: str, value: int, count: int, what: str) -> None:
    if not 0 <= value < count:
        raise ConfigError(f"{name} is {value}, and the file has {count} {what}, from 0 on")


def _unit(dtype: np.dtype[np.generic]) -> str:
    if dtype == np.uint8:
        return "removed, in grey levels of 0 to 255"
    return f"removed, in values of the image ({dtype})"


def _crop(image: NDArray[np.float32], asked: Crop | None) -> Crop | None:
    """Return the part to enlarge: the one that is asked for, or where there is most structure."""
    height, width = image.shape[:2]
    if asked is None:
        short = min(height, width)
        if short <= SMALL:
            return None
        side = min(max(short // PART, LEAST_PART), LARGEST_PART)
        return (*most_structured(image, side, side), side)
    y, x, side = asked
    if side < LEAST_PART or not (0 <= y <= height - side and 0 <= x <= width - side):
        raise ConfigError(
            f"crop is {y} {x} {side}: the top row, the left column and the side, at least "
            f"{LEAST_PART}, of a part that lies in the image of {height} × {width} pixels"
        )
    return asked
