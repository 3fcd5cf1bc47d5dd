"""Pictures of images: with a noise added (``unnoise show``), and before and after as a slide."""

import tempfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from unnoise.api.common import Source, print_message
from unnoise.data import Images, cut_alike, load_images, load_pairs, side_of
from unnoise.denoiser import DenoiseOptions, Denoiser
from unnoise.errors import ConfigError, DataError, ImageError
from unnoise.facts import most_structured
from unnoise.images import (
    RGB,
    Contrast,
    Reader,
    ReadOptions,
    ValueRange,
    open_image,
    pixel_size,
    ranges_of,
    to_float,
    upright,
)
from unnoise.noise import parse_noise
from unnoise.outputs import check_free, write_bytes
from unnoise.report import Comparison, draw_comparison, draw_grid
from unnoise.seeding import generator
from unnoise.types import Array, Floats, Say

KINDS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}
SMALL_SIDE = 64  # pixels of the shorter side, up to which only a given crop is enlarged
PART, LARGEST_PART = 4, 256  # a fourth of the shorter side, at most 256 pixels
LEAST_PART = 2  # pixels

Crop = tuple[int, int, int]  # top row, left column, side


SHOWN = 10  # images side by side
SMALL = 64  # pixels of the longer side of images that are drawn whole
NOISY = 0.025  # least estimated noise of noisy images; photographs have 0.01


def draw_noise(
    data: Source,
    out: Path,
    *,
    noise: str | None = None,
    read: ReadOptions = ReadOptions(),  # noqa: B008  frozen
    columns: int = SHOWN,
    seed: int = 0,
    data_dir: Path | None = None,
    overwrite: bool = False,
    say: Say = print_message,
) -> None:
    """Draw images as a PNG, and below them the same images with a noise.

    Pairs are drawn as pairs. Noisy images get no noise, unless one is given.
    """
    pairs = _pairs(data, read, say)
    if pairs and noise is None:
        rows, values, dtype = _rows({"noisy": pairs[0], "clean": pairs[1]}, columns)
        picture = draw_grid(rows, columns=columns, values=values, dtype=dtype)
        write_bytes(out, picture, overwrite=overwrite)
        return
    if pairs:
        images, label = pairs[1], "clean"
    else:
        images = load_images(data, split="train", read=read, data_dir=data_dir, say=say)
        label = _label(data, images)
    rows, values, dtype = _rows({label: images}, columns)
    # Training counts levels in the range of all images.
    if values != ValueRange.nominal(dtype):
        say(f"levels count in the range of the values, {values} of {dtype}")
    if noise is None and label.startswith("noisy"):
        say("these images are noisy, so no noise is added; --noise adds one")
    else:
        spec = parse_noise(noise or images.noise or "gaussian:0.1")
        for note in spec.notes(rows[label].shape[1]):
            say(note)
        noisy = spec(torch.from_numpy(rows[label]), generator(seed, "show")).numpy()
        rows[f"with {spec}"] = noisy
    picture = draw_grid(rows, columns=columns, values=values, dtype=dtype)
    write_bytes(out, picture, overwrite=overwrite)


def _pairs(data: Source, read: ReadOptions, say: Say) -> tuple[Images, Images] | None:
    """Return the noisy and the clean images of a source of pairs; None of others."""
    if not isinstance(data, str | Path):
        return None
    try:
        return load_pairs(data, None, read=read, say=say)
    except DataError:  # pairs that do not match are images, too
        return None


def _label(data: Source, images: Images) -> str:
    """Return what images are, by their names or their noise."""
    if images.noise is not None:
        return "clean"
    if isinstance(data, str | Path):
        side = side_of("/".join((*Path(data).absolute().parts[-2:], "image")))
        if side := side or side_of(Path(data).name):
            return side
    stacks = [stack for stack in images.stacks if min(stack.shape[1:3]) > SMALL]
    if not stacks:  # of small ones, edges look like noise
        return "images"
    values = ValueRange.of(stacks)
    step = -(-len(stacks) // SHOWN)
    level = float(np.median([_noise(stack[0], values) for stack in stacks[::step]]))
    return f"noisy, about {level:.2g}" if level >= NOISY else "images"


def _noise(image: Array, values: ValueRange) -> float:
    """Estimate the noise of an image from its wavelets (Donoho & Johnstone 1994), 1 is white."""
    from skimage.restoration import estimate_sigma

    floats = to_float(image[None, ..., :1], values)[0, 0]
    return float(np.nan_to_num(estimate_sigma(floats)))


def _rows(
    sides: dict[str, Images], columns: int
) -> tuple[dict[str, Floats], ValueRange, np.dtype[np.generic]]:
    """Return some images of each side, scaled; the values that 0 and 1 are, and their dtype."""
    every = [[image for stack in images.stacks for image in stack] for images in sides.values()]
    for side, images in zip(every, sides.values(), strict=True):
        if len({(image.dtype, image.shape[2]) for image in side}) > 1:
            raise ImageError(
                f"the images of {images.name} have several dtypes or numbers of channels, and a "
                "picture shows one kind: name those of one kind"
            )
    shown = cut_alike(list(zip(*(side[:columns] for side in every), strict=True)))
    ranges = ranges_of(every)
    rows = {
        name: to_float(view, values)
        for name, view, values in zip(sides, shown, ranges, strict=True)
    }
    return rows, ranges[0], shown[0].dtype


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

    Images are drawn upright; low contrast is stretched, alike before and after. The removed part is
    before minus after, the mean of the channels.

    Args:
        image: A file; or an array ``(H, W)``, ``(H, W, C)``, or a stack with ``axes`` in ``read``.
        out: The picture to write: ``.png``, ``.jpg`` or ``.webp``.
        crop: Top row, left column and side of the enlarged part, in pixels of the upright image;
            None finds the part with the most structure.
        index: The number of the image in a stack, from 0.
        channel: The number of the channel, from 0, where channels are not colours; None is 0.
        command: Printed below the pictures, in small letters.
        overwrite: Whether ``out`` may be replaced.

    Raises:
        ConfigError: ``out`` has another suffix, or the image, channel or part does not exist.
        ImageError: The image cannot be read.
        ModelError: The model does not take images of this size or number of channels.
        OutputError: ``out`` exists, or cannot be written.
    """
    out = Path(out)
    if out.suffix.lower() not in KINDS:
        raise ConfigError(f"out is {out}: a figure is written as {', '.join(KINDS)}")
    check_free(out, overwrite=overwrite)  # before the work
    if isinstance(image, str | Path):
        with open_image(image, read) as reader:
            slide = _draw_slide(
                denoiser, reader, index, channel, crop, options, str(image), command
            )
    else:
        with tempfile.TemporaryDirectory(prefix="unnoise-") as folder:
            path = Path(folder, "image.npy")
            np.save(path, np.asarray(image))
            with open_image(path, read) as reader:
                slide = _draw_slide(denoiser, reader, index, channel, crop, options, "", command)
    write_bytes(out, draw_comparison(slide, kind=KINDS[out.suffix.lower()]), overwrite=overwrite)
    return out


def _draw_slide(
    denoiser: Denoiser,
    reader: Reader,
    index: int,
    channel: int | None,
    crop: Crop | None,
    options: DenoiseOptions,
    name: str,
    command: str,
) -> Comparison:
    """Denoise one image of an open file, and make the content of the slide."""
    _check_index("index", index, reader.count, "image")
    view = denoiser.sight.of_reader(reader, options)
    whole = reader.image(index)[..., : view.channels]
    result = denoiser.denoise_image(reader, index, options, view)[..., : view.channels]
    colours = view.channels == RGB and reader.colour in ("rgb", "unknown")
    if channel is None and not colours:
        channel = 0
    if channel is not None:
        _check_index("channel", channel, view.channels, "channel")
    chosen = slice(None) if channel is None else slice(channel, channel + 1)
    before, after = (
        upright(np.asarray(each)[..., chosen], reader.orientation) for each in (whole, result)
    )
    contrast = Contrast.of(before)
    removed = np.nan_to_num(before.astype(np.float64) - after.astype(np.float64)).mean(2)
    size = pixel_size(reader)
    unit = "grey levels of 0 to 255"
    if reader.dtype != np.uint8:
        unit = f"values of the image ({reader.dtype})"
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
        unit=f"removed, in {unit}",
        crop=_crop(after, crop),
        pixel=None if size is None else size[0 if turned else 1],
        notes=(*((contrast.said,) if contrast.said else ()), *view.notes),
        command=command,
    )


def _check_index(name: str, value: int, count: int, what: str) -> None:
    if not 0 <= value < count:
        plural = "s" if count > 1 else ""
        raise ConfigError(f"{name} is {value}, and the file has {count} {what}{plural}, from 0 on")


def _crop(image: NDArray[np.float32], asked: Crop | None) -> Crop | None:
    """Return the part to enlarge: the given one, or the one with the most structure."""
    height, width = image.shape[:2]
    if asked is None:
        short = min(height, width)
        if short <= SMALL_SIDE:
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
