"""What happens to an image that arrived: its header is checked, then it is denoised or inspected.

During a request its files are in a folder of their own, under names that the server chooses. The
work here blocks, and runs in the threads of the work queue.
"""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from unnoise.api.inspecting import facts_of
from unnoise.api.one_file import look
from unnoise.denoiser import DenoiseOptions, Denoiser, beside
from unnoise.errors import ImageError
from unnoise.images import (
    PICTURE_ENDINGS,
    Reader,
    ReadOptions,
    convert,
    format_of,
    is_viewable,
    open_image,
    upright,
    write_stack,
)
from unnoise.server.requests import Accepted, NotAcceptableError, RefusedError, TooLargeError
from unnoise.trust import Calibration, Judgement, inspect, read_calibration
from unnoise.types import Array, Floats

SUFFIXES = {f"image/{kind}": suffix for kind, suffix in PICTURE_ENDINGS.items()}
TYPES = {suffix: kind for kind, suffix in SUFFIXES.items()}
TIME_AND_DEPTH = "TZ"  # axes along which brightness can be compared


class UnknownFormatError(RefusedError):
    """The body does not begin like an image of a known format."""

    status = 415


@dataclass(frozen=True)
class Served:
    """A model, the name by which requests choose it, and its calibration if it has one."""

    name: str
    denoiser: Denoiser
    calibration: Calibration | None

    @classmethod
    def of(cls, name: str, denoiser: Denoiser) -> "Served":
        """Read the calibration of a model, once for all requests."""
        return cls(name, denoiser, read_calibration(denoiser.info.calibration))


@dataclass(frozen=True)
class Wish:
    """The result that a client asks for."""

    options: DenoiseOptions = DenoiseOptions()  # noqa: RUF009  frozen
    accepted: Accepted | None = None  # formats; None keeps the format that was sent
    index: int | None = None  # one image of a stack; None is all
    channel: int | None = None  # one channel; None is all
    display: bool = False  # one image for the eye: a PNG of 8 bits, upright, contrast stretched


@dataclass(frozen=True)
class Denoised:
    """A result: a file of media type ``kind``."""

    kind: str
    pixels: int
    images: int
    stack: dict[str, int]  # the axes that count them, with their lengths
    channels: int  # that are not colours and can be asked for one by one, else 1
    judgement: Judgement | None
    notes: tuple[str, ...]  # how the file was read
    data: bytes = b""
    lost: tuple[str, ...] = ()  # features of the file that the result lacks
    said: tuple[str, ...] = ()  # how values were converted to another format or are shown


def denoise(served: Served, body: Path, *, wish: Wish, max_pixels: int) -> Denoised:
    """Denoise a file, which is alone in its folder and is renamed, as ``unnoise denoise`` does."""
    with _opened(body, max_pixels=max_pixels) as reader:
        sent = TYPES[reader.path.suffix]
        kind = _choose_kind(reader, sent, wish)
        target = body.with_name(f"result{SUFFIXES[kind]}")
        model, options, found = served.denoiser, wish.options, list[str]()
        view = model.sight.of_reader(reader, options)
        made = Denoised(
            kind=kind,
            pixels=reader.count * reader.height * reader.width,
            images=reader.count,
            stack=reader.layout.counted,
            channels=1 if is_viewable(reader) else reader.channels,
            judgement=look(model, reader, view, served.calibration, hot_pixels=options.hot_pixels),
            notes=view.notes,
        )
        if kind == sent and (wish.index, wish.channel, wish.display) == (None, None, False):
            lost = model.denoise_file(reader, target, options=options, view=view, note=found.append)
            return replace(made, data=target.read_bytes(), lost=lost, notes=(*view.notes, *found))
        index = wish.index or 0
        image = model.denoise_image(reader, index, options, view, note=found.append)
        channel = 0 if wish.display and wish.channel is None and made.channels > 1 else wish.channel
        eye = _seen(reader, index) if wish.display else None
        done = convert(target, image, reader, view.results, channel=channel, eye=eye)
        notes = (*view.notes, *found)
        return replace(made, data=target.read_bytes(), lost=done.lost, said=done.said, notes=notes)


def _seen(reader: Reader, index: int) -> Array:
    """Return the values whose contrast an image is shown in: one for all times and slices."""
    if not set(reader.layout.counted) & set(TIME_AND_DEPTH):
        return reader.image(index)
    parts = reader.sample()
    return np.concatenate([part.reshape(1, -1, part.shape[-1]) for part in parts], axis=1)


def _choose_kind(reader: Reader, sent: str, wish: Wish) -> str:
    """Return the best accepted format that can hold the result."""
    for name, asked, count in (
        ("index", wish.index, reader.count),
        ("channel", wish.channel, reader.channels),
    ):
        if asked is not None and not asked < count:
            raise ImageError(f"{name} is {asked}: for this file it is from 0 to {count - 1}")
    if wish.display:
        return "image/png"
    kinds = wish.accepted.order(sent) if wish.accepted else [sent]
    problems = {kind: _misfit(reader, sent, kind, wish) for kind in kinds}
    for kind, problem in problems.items():
        if problem is None:
            return kind
    raise NotAcceptableError(problems[kinds[0]])


def _misfit(reader: Reader, sent: str, kind: str, wish: Wish) -> str | None:
    """Say why a format cannot hold the result; None if it can."""
    if kind == sent:
        return None
    if wish.index is None and reader.count > 1:
        return (
            f"the file holds {reader.count} images, and {kind} holds one: ask for the format "
            "that was sent, or for one image with index"
        )
    if wish.channel is None and kind != "image/tiff" and not is_viewable(reader):
        return (
            f"the file has {reader.channels} channels that are not colours, and {kind} holds grey "
            "or colours: ask for the format that was sent, or for one channel with channel"
        )
    return None


def examine(
    served: Served, body: Path, *, maps: bool, index: int = 0, max_pixels: int
) -> dict[str, Any]:
    """Inspect one image of a file as ``unnoise inspect`` does, with its maps as upright PNG."""
    with _opened(body, max_pixels=max_pixels) as reader:
        view = served.denoiser.sight.of_reader(reader)
        _choose_kind(reader, TYPES[reader.path.suffix], Wish(index=index))
        together = beside(reader, view.around).image(index)
        image = reader.image(index)
        found = inspect(served.denoiser, image, axes="YXC", view=view, together=together)
        orientation = reader.orientation
        facts = facts_of(found) | {"width": reader.width, "height": reader.height}
    if maps:
        facts["maps"] = {
            name: _drawn(upright(values, orientation), body.with_name(f"{name}.png"), name)
            for name, values in found.maps.items()
        }
    return facts


@contextmanager
def _opened(body: Path, *, max_pixels: int) -> Iterator[Reader]:
    """Open the body of a request; its header is checked before any pixel is decoded."""
    kind = format_of(body)
    if kind is None:
        raise UnknownFormatError(
            "the body is not a PNG, JPEG, WebP or TIFF file: convert it to one"
        )
    path = body.rename(body.with_name("image" + PICTURE_ENDINGS[kind]))
    with open_image(path, ReadOptions(max_pixels=0)) as reader:
        pixels = reader.count * reader.height * reader.width
        if pixels > max_pixels:
            raise TooLargeError(
                f"the image has {pixels:,} pixels; this server takes up to {max_pixels:,}"
            )
        yield reader


def _drawn(values: Floats, path: Path, name: str) -> dict[str, Any]:
    """Draw a map from ``low``, black, to ``high``, white."""
    high = float(np.abs(values).max()) or 1.0
    low = -high if name == "removed" else 0.0
    grey = np.rint((values - low) / (high - low) * 255).clip(0, 255).astype(np.uint8)
    write_stack(path, grey)
    return {"png": base64.b64encode(path.read_bytes()).decode(), "low": low, "high": high}
