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
from unnoise.images import Reader, convert, is_viewable, open_image, upright, write_stack
from unnoise.server.accepting import Accepted, NotAcceptableError
from unnoise.trust import Calibration, Judgement, inspect, read_calibration

SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/tiff": ".tif"}
TYPES = {suffix: kind for kind, suffix in SUFFIXES.items()}
START = 16  # bytes from which a format is told


class UnknownFormatError(Exception):
    """The bytes begin like no image that is taken here."""


class TooLargeError(Exception):
    """A body is larger, or its header promises more pixels, than is taken."""


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
        options: How the model is applied.
        accepted: The formats that are taken; None keeps the one that was sent.
        index: Which image of a stack; None is the whole file.
        channel: Which channel of an image; None is all of them.
        display: Whether one image is wanted for the eye: PNG of 8 bits, upright, low
            contrast stretched.
    """

    options: DenoiseOptions = DenoiseOptions()  # noqa: RUF009  frozen
    accepted: Accepted | None = None
    index: int | None = None
    channel: int | None = None
    display: bool = False


@dataclass(frozen=True)
class Denoised:
    """A result.

    Attributes:
        kind: Its media type.
        pixels: Of all images of the file.
        images: How many the file has.
        channels: How many of each are no colours, and can be asked for one by one; 1 of others.
        judgement: Whether it can be trusted; None where the model cannot tell.
        notes: How the file was read, where it does not say it all.
        data: The file.
        lost: What the file had, and the result has not.
        said: How values became those of another format, or are shown to the eye.
    """

    kind: str
    pixels: int
    images: int
    channels: int
    judgement: Judgement | None
    notes: tuple[str, ...]
    data: bytes = b""
    lost: tuple[str, ...] = ()
    said: tuple[str, ...] = ()


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
        sent = TYPES[reader.path.suffix]
        kind = _choose_kind(reader, sent, wish)
        target = body.with_name(f"result{SUFFIXES[kind]}")
        options, found = wish.options, list[str]()
        view = served.denoiser.sight.of_reader(reader, options)
        made = Denoised(
            kind=kind,
            pixels=reader.count * reader.height * reader.width,
            images=reader.count,
            channels=1 if is_viewable(reader) else reader.channels,
            judgement=look(
                served.denoiser, reader, view, served.usual, hot_pixels=options.hot_pixels
            ),
            notes=view.notes,
        )
        if kind == sent and (wish.index, wish.channel, wish.display) == (None, None, False):
            lost = served.denoiser.denoise_file(
                reader, target, options=options, view=view, note=found.append
            )
            notes = (*made.notes, *found)
            return replace(made, data=target.read_bytes(), lost=lost, notes=notes)
        index = wish.index or 0
        image = served.denoiser.denoise_image(reader, index, options, view, note=found.append)
        channel = 0 if wish.display and wish.channel is None and made.channels > 1 else wish.channel
        eye = reader.image(index) if wish.display else None
        done = convert(target, image, reader, view.results, channel=channel, eye=eye)
        return replace(
            made,
            data=target.read_bytes(),
            lost=done.lost,
            said=done.said,
            notes=(*made.notes, *found),
        )


def _choose_kind(reader: Reader, sent: str, wish: Wish) -> str:
    """Return the best format that is accepted and that holds what is asked for."""
    for name, asked, count in (
        ("index", wish.index, reader.count),
        ("channel", wish.channel, reader.channels),
    ):
        if asked is not None and not asked < count:
            raise ImageError(f"{name} is {asked}, and the file has {count} of them, from 0 on")
    if wish.display:
        return "image/png"
    kinds = wish.accepted.order(sent) if wish.accepted else [sent]
    problems = {kind: _misfit(reader, sent, kind, wish) for kind in kinds}
    for kind, problem in problems.items():
        if problem is None:
            return kind
    raise NotAcceptableError(problems[kinds[0]])


def _misfit(reader: Reader, sent: str, kind: str, wish: Wish) -> str | None:
    """Say why a format does not hold what is asked for; None where it does."""
    if kind == sent:
        return None
    if wish.index is None and reader.count > 1:
        return (
            f"the file holds {reader.count} images, and {kind} holds one: ask for the format "
            "that was sent, or for one image by its index"
        )
    if wish.channel is None and kind != "image/tiff" and not is_viewable(reader):
        return (
            f"the file has {reader.channels} channels that are no colours, and {kind} holds grey "
            "or colours: ask for the format that was sent, or for one channel by its number"
        )
    return None


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
        _choose_kind(reader, TYPES[reader.path.suffix], Wish(index=index))
        found = inspect(served.denoiser, reader.image(index), axes="YXC", view=view)
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
