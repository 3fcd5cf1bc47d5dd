"""What becomes of an image that arrived: checked by its header, denoised, inspected.

Its files lie in a folder of their own for the time of the request, under names that are ours. All
of this blocks, and runs in the threads of the desk.
"""

import base64
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unnoise.api.inspecting import facts_of
from unnoise.api.one_file import look
from unnoise.denoiser import DenoiseOptions, Denoiser
from unnoise.errors import ImageError
from unnoise.images import Layout, Reader, from_float, open_image, to_float, write_stack
from unnoise.trust import Calibration, Judgement, inspect, read_calibration

SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/tiff": ".tif"}
TYPES = {suffix: kind for kind, suffix in SUFFIXES.items()}
DEPTHS = {"image/jpeg": np.uint8, "image/webp": np.uint8, "image/png": np.uint16}  # at the most
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
class Denoised:
    """A result.

    Attributes:
        data: The file.
        kind: Its media type.
        pixels: Of all its images.
        judgement: Whether it can be trusted; None where the model cannot tell.
    """

    data: bytes
    kind: str
    pixels: int
    judgement: Judgement | None


@contextmanager
def own_folder() -> Iterator[Path]:
    """Give a folder that only this process can look into, and that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="unnoise-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def denoise(
    served: Served, body: Path, *, strength: float, wanted: str | None, max_pixels: int
) -> Denoised:
    """Denoise a file as ``unnoise denoise`` does.

    Args:
        served: The model.
        body: The file, in a folder of its own; it is renamed.
        strength: From 0, the image itself, to 1, the result of the model.
        wanted: Media type of the result; None keeps the format.
        max_pixels: That are taken.

    Raises:
        UnknownFormatError: It is no image that is taken here.
        TooLargeError: Its header promises more pixels.
        NotAcceptableError: The result cannot be written in the format that was asked for.
        UnnoiseError: It is damaged, or not for this model.
    """
    with _opened(body, max_pixels=max_pixels) as reader:
        kind = TYPES[reader.path.suffix]
        target = body.with_name(f"result{SUFFIXES[kind]}")
        options = DenoiseOptions(strength=strength)
        view = served.denoiser.sight.of_reader(reader, options)
        judgement = look(served.denoiser, reader, view, served.usual)
        served.denoiser.denoise_file(reader, target, options=options, view=view)
        pixels = reader.count * reader.height * reader.width
    if wanted is not None and wanted != kind:
        target = _converted(target, wanted)
    return Denoised(target.read_bytes(), wanted or kind, pixels, judgement)


def examine(served: Served, body: Path, *, maps: bool, max_pixels: int) -> dict[str, Any]:
    """Inspect the first image of a file as ``unnoise inspect`` does.

    Args:
        served: The model.
        body: The file, in a folder of its own; it is renamed.
        maps: Whether to draw the maps, as PNG in base64.
        max_pixels: That are taken.

    Raises:
        UnknownFormatError: It is no image that is taken here.
        TooLargeError: Its header promises more pixels.
        UnnoiseError: It is damaged, or not for this model.
    """
    with _opened(body, max_pixels=max_pixels) as reader:
        view = served.denoiser.sight.of_reader(reader)
        found = inspect(served.denoiser, reader.image(0), axes="YXC", view=view)
        facts = facts_of(found) | {"width": reader.width, "height": reader.height}
    if maps:
        facts["maps"] = {
            name: _drawn(values, body.with_name(f"{name}.png"), signed=name == "removed")
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


def _converted(result: Path, wanted: str) -> Path:
    """Write a result once more, in another format; values are brought to what it can hold."""
    with open_image(result, max_pixels=0) as reader:
        if reader.count > 1:
            raise NotAcceptableError(
                f"the file holds {reader.count} images, and {wanted} holds one: ask for the format "
                "that was sent"
            )
        image = reader.image(0)
    most = np.dtype(DEPTHS.get(wanted, image.dtype))
    if image.dtype not in (np.dtype(np.uint8), most):
        layout = Layout(most, "YXC", image.shape)
        image = from_float(to_float(image[None]).clip(0, 1), layout)
    target = result.with_name(f"converted{SUFFIXES[wanted]}")
    try:
        write_stack(target, image[..., 0] if image.shape[2] == 1 else image)
    except ImageError as error:
        raise NotAcceptableError(f"{wanted} cannot hold such an image") from error
    return target


def _drawn(values: NDArray[np.float32], path: Path, *, signed: bool) -> dict[str, Any]:
    """Draw values from ``low``, black, to ``high``, white."""
    high = float(np.abs(values).max()) or 1.0
    low = -high if signed else 0.0
    grey = np.rint((values - low) / (high - low) * 255).clip(0, 255).astype(np.uint8)
    write_stack(path, grey)
    return {"png": base64.b64encode(path.read_bytes()).decode(), "low": low, "high": high}
