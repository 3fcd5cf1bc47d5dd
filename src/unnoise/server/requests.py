"""What a request sends: its body, written to a file, and the formats that its Accept header takes.

The settings limit the size of a body and the time that it may take.
"""

import asyncio
import shutil
import time
from collections.abc import AsyncGenerator, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

FORM, FIELD = "multipart/form-data", "image"
MOST_FIELDS = 16  # of a form, beside its file


class RefusedError(Exception):
    """A request that is answered with ``status``, and the message as the reason."""

    status = 400  # the body is empty, a form without an image, or broken off


class SlowBodyError(RefusedError):
    """A body did not arrive in time."""

    status = 408


class TooLargeError(RefusedError):
    """A body has too many bytes, or its header promises too many pixels."""

    status = 413


class NotAcceptableError(RefusedError):
    """The result cannot be written in a format that the client accepts."""

    status = 406


async def receive(request: Request, path: Path, *, max_bytes: int, seconds: float) -> None:
    """Write the body of a request to a file: the whole body, or the field ``image`` of a form."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > max_bytes:
        raise _too_large(max_bytes)
    chunks = _chunks(request, max_bytes, seconds)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM:
        await _receive_form(request, chunks, path)
    else:
        with path.open("wb") as file:
            async for chunk in chunks:
                file.write(chunk)
    if not path.stat().st_size:
        raise RefusedError("the body is empty: send the bytes of an image")


async def _receive_form(request: Request, chunks: AsyncGenerator[bytes, None], path: Path) -> None:
    """Write the file of a form; meanwhile the parser keeps it in a file of its own."""
    parser = MultiPartParser(request.headers, chunks, max_files=1, max_fields=MOST_FIELDS)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise RefusedError(f"the form cannot be read: {error.message}") from error
    image = form.get(FIELD)
    if not isinstance(image, UploadFile):
        raise RefusedError(f"the form holds no file called {FIELD!r}, or ends before it")
    with path.open("wb") as file:
        await asyncio.to_thread(shutil.copyfileobj, image.file, file)
    await form.close()


async def _chunks(request: Request, max_bytes: int, seconds: float) -> AsyncGenerator[bytes, None]:
    stream, size = request.stream(), 0
    deadline = time.monotonic() + seconds
    while True:
        try:
            left = max(deadline - time.monotonic(), 0)
            chunk = await asyncio.wait_for(anext(stream), left)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise SlowBodyError(f"the body did not arrive within {seconds:g} s") from error
        except ClientDisconnect as error:
            raise RefusedError("the client went away") from error
        size += len(chunk)
        if size > max_bytes:
            raise _too_large(max_bytes)
        yield chunk


def _too_large(max_bytes: int) -> TooLargeError:
    return TooLargeError(f"the body has more than {max_bytes:,} bytes, the limit of this server")


@dataclass(frozen=True)
class Accepted:
    """The formats that a client accepts, with qualities above 0; those that it names come first."""

    qualities: Mapping[str, float]

    def order(self, sent: str) -> list[str]:
        """Return the formats, best first; among equally good ones the format that was sent."""
        return sorted(self.qualities, key=lambda kind: (-self.qualities[kind], kind != sent))


def accepted(accept: str, kinds: Collection[str]) -> Accepted:
    """Return which of some media types an Accept header takes (RFC 9110, section 12.5.1)."""
    # The most specific range that matches a media type counts. An empty header takes everything.
    ranges: dict[str, float] = {}
    for part in filter(str.strip, accept.split(",")):
        kind, quality = _parse(part)
        ranges[kind] = max(quality, ranges.get(kind, 0.0))
    if not ranges:
        return Accepted(dict.fromkeys(kinds, 1.0))
    named = [kind for kind in ranges if kind in kinds]
    found = {
        kind: quality
        for kind in dict.fromkeys([*named, *kinds])
        if (quality := _quality(kind, ranges)) > 0
    }
    if not found:
        raise NotAcceptableError(
            f"Accept asks for {accept[:100]}: results can be {', '.join(kinds)}"
        )
    return Accepted(found)


def _quality(kind: str, ranges: Mapping[str, float]) -> float:
    matching = (kind, f"{kind.partition('/')[0]}/*", "*/*")
    return next((ranges[each] for each in matching if each in ranges), 0.0)


def _parse(part: str) -> tuple[str, float]:
    """Return a media range and its quality: 1 by default, 0 if it is not a number from 0 to 1."""
    kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                quality = float(value)
            except ValueError:
                return kind, 0.0
            return kind, quality if 0 <= quality <= 1 else 0.0
    return kind, 1.0
