"""What becomes of an image that arrived: checked by its header, denoised, inspected.

Its files lie in a folder of their own for the time of the request, under names that are ours. All
of this blocks, and runs in the threads of the desk.
"""

import base64
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unnoise.api.inspecting import facts_of
from unnoise.api.one_file import look
from unnoise.denoiser import DenoiseOptions, Denoiser
from unnoise.errors import ImageError
from unnoise.images import (
    Reader,
    ValueRange,
    convert,
    open_image,
    stretch_for_the_eye,
    write_stack,
)
from unnoise.trust import Calibration, Judgement, inspect, read_calibration

SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/tiff": ".tif"}
TYPES = {suffix: kind for kind, suffix in SUFFIXES.items()}
START = 16  # bytes from which a format is told


class UnknownFormatError(Exception):
    """The bytes begin like no image that is taken here."""


class TooLargeError(Exception):
    """A body is larger, or its header promises more pixels, than is taken."""


class NotAcceptableError(Exception):
    """The result cannot be written in the format that was asked for."""


@dataclass(frozen=True)
class Served:
    """One model that is served.

    Attributes:
        name: By which requests ask for it.
        denoiser: The model.
        usual: What is usual for it; None where its file does not say.
    """

    name: str
    denoiser: Denoiser
    usual: Calibration | None

    @classmethod
    def of(cls, name: str, denoiser: Denoiser) -> "Served":
        """Read the calibration of a model once."""
        return cls(name, denoiser, read_calibration(denoiser.info.calibration))


@dataclass(frozen=True)
class Wish:
    """What is asked for.

    Attributes:
        strength: From 0, the image itself, to 1, the result of the model.
        kind: Media type of the result; None keeps the format.
        index: Which image of a stack; None is the whole file.
        display: Whether one image is wanted for the eye: 8 bits, upright, dark ones stretched.
    """

    strength: float = 1.0
    kind: str | None = None
    index: int | None = None
    display: bool = False


@dataclass(frozen=True)
class Denoised:
    """A result.

    Attributes:
        kind: Its media type.
        pixels: Of all images of the file.
        images: How many the file has.
        judgement: Whether it can be trusted; None where the model cannot tell.
        notes: How the file was read, where it does not say it all.
        data: The file.
        lost: What the file had, and the result has not.
        shown: The values that are black and white for the eye, where they were stretched.
    """

    kind: str
    pixels: int
    images: int
    judgement: Judgement | None
    notes: tuple[str, ...]
    data: bytes = b""
    lost: tuple[str, ...] = ()
    shown: ValueRange | None = None


@contextmanager
def own_folder() -> Iterator[Path]:
    """Give a folder that only this process can look into, and that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="unnoise-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def denoise(served: Served, body: Path, wish: Wish, *, max_pixels: int) -> Denoised:
    """Denoise a file as ``unnoise denoise`` does.

    Args:
        served: The model.
        body: The file, in a folder of its own; it is renamed.
        wish: What is asked for.
        max_pixels: That are taken.

    Raises:
        UnknownFormatError: It is no image that is taken here.
        TooLargeError: Its header promises more pixels.
        NotAcceptableError: The result cannot be written in the format that was asked for.
        UnnoiseError: It is damaged, or not for this model.
    """
    with _opened(body, max_pixels=max_pixels) as reader:
        kind = TYPES[reader.path.suffix]
        target = body.with_name(f"result{SUFFIXES[wish.kind or kind]}")
        options = DenoiseOptions(strength=wish.strength)
        view = served.denoiser.sight.of_reader(reader, options)
        judgement = look(served.denoiser, reader, view, served.usual)
        made = Denoised(
            kind=wish.kind or kind,
            pixels=reader.count * reader.height * reader.width,
            images=reader.count,
            judgement=judgement,
            notes=view.notes,
        )
        if not wish.display and wish.index is None and wish.kind in (None, kind):
            lost = served.denoiser.denoise_file(reader, target, options=options, view=view)
            return replace(made, data=target.read_bytes(), lost=lost)
        index = _which(reader, wish)
        image = served.denoiser.denoise_image(reader, index, options, view)
        shown = stretch_for_the_eye(reader.image(index), view.channels) if wish.display else None
        try:
            lost = convert(target, image, reader, view.results, shown=shown, narrow=wish.display)
        except ImageError as error:
            raise NotAcceptableError(str(error)) from error
        return replace(made, data=target.read_bytes(), lost=lost, shown=shown)


def _which(reader: Reader, wish: Wish) -> int:
    """Return which image of a file is asked for."""
    if wish.index is None and reader.count > 1 and not wish.display:
        raise NotAcceptableError(
            f"the file holds {reader.count} images, and {wish.kind} holds one: ask for the format "
            "that was sent, or for one image by its index"
        )
    index = wish.index or 0
    if not index < reader.count:
        raise ImageError(f"index is {index}, and the file holds {reader.count} images, from 0 on")
    return index


def examine(
    served: Served, body: Path, *, maps: bool, index: int = 0, max_pixels: int
) -> dict[str, Any]:
    """Inspect one image of a file as ``unnoise inspect`` does.

    Args:
        served: The model.
        body: The file, in a folder of its own; it is renamed.
        maps: Whether to draw the maps, upright, as PNG in base64.
        index: Of the image.
        max_pixels: That are taken.

    Raises:
        UnknownFormatError: It is no image that is taken here.
        TooLargeError: Its header promises more pixels.
        UnnoiseError: It is damaged, or not for this model.
    """
    with _opened(body, max_pixels=max_pixels) as reader:
        view = served.denoiser.sight.of_reader(reader)
        number = _which(reader, Wish(index=index))
        found = inspect(served.denoiser, reader.image(number), axes="YXC", view=view)
        orientation = reader.orientation
        facts = facts_of(found) | {"width": reader.width, "height": reader.height}
    if maps:
        facts["maps"] = {
            name: _drawn(
                upright(values, orientation),
                body.with_name(f"{name}.png"),
                signed=name == "removed",
            )
            for name, values in found.maps.items()
        }
    return facts


@contextmanager
def _opened(body: Path, *, max_pixels: int) -> Iterator[Reader]:
    """Open the body of a request; its pixels are not decoded before they are counted."""
    with body.open("rb") as file:
        path = body.with_name("image" + SUFFIXES[_told_format(file.read(START))])
    body.rename(path)
    with open_image(path, max_pixels=0) as reader:
        pixels = reader.count * reader.height * reader.width
        if pixels > max_pixels:
            raise TooLargeError(
                f"the image has {pixels:,} pixels, and this server takes up to {max_pixels:,}"
            )
        yield reader


def upright(values: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn rows and columns as an EXIF orientation says."""
    turned = values.T if orientation in (5, 6, 7, 8) else values
    if orientation in (3, 4, 7, 8):
        turned = turned[::-1]
    if orientation in (2, 3, 6, 7):
        turned = turned[:, ::-1]
    return turned


def _told_format(start: bytes) -> str:
    """Return the media type of a file by its first bytes."""
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if start.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return "image/webp"
    if start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "image/tiff"
    raise UnknownFormatError("the body is no PNG, JPEG, WebP or TIFF file")


def _drawn(values: NDArray[np.float32], path: Path, *, signed: bool) -> dict[str, Any]:
    """Draw values from ``low``, black, to ``high``, white."""
    high = float(np.abs(values).max()) or 1.0
    low = -high if signed else 0.0
    grey = np.rint((values - low) / (high - low) * 255).clip(0, 255).astype(np.uint8)
    write_stack(path, grey)
    return {"png": base64.b64encode(path.read_bytes()).decode(), "low": low, "high": high}
