"""The body of a request, as a file: so many bytes, in so much time, and no more."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

from python_multipart import MultipartParser
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect, Request

from unnoise.server.pictures import TooLargeError

FIELD = b"image"  # of a form


class SlowBodyError(Exception):
    """A body did not arrive in time."""


class BadBodyError(Exception):
    """A body is empty, or a form without an image."""


async def receive(request: Request, path: Path, *, max_bytes: int, seconds: float) -> None:
    """Write what is sent, raw or as the field ``image`` of a form, to a file.

    Raises:
        TooLargeError: It is, or says that it is, longer.
        SlowBodyError: It takes longer to arrive.
        BadBodyError: There is no image in it, or the client went away.
    """
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > max_bytes:
        raise _too_large(max_bytes)
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    form = _Form(options.get(b"boundary", b"")) if kind == b"multipart/form-data" else None
    written = 0
    with path.open("wb") as file:
        async for chunk in _chunks(request, max_bytes, seconds):
            part = chunk if form is None else form.feed(chunk)
            written += file.write(part)
    if form is not None:
        form.finish()
    if not written:
        raise BadBodyError("the body is empty: send the bytes of an image")


async def _chunks(request: Request, max_bytes: int, seconds: float) -> AsyncIterator[bytes]:
    stream, size = aiter(request.stream()), 0
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
            raise BadBodyError("the client went away") from error
        size += len(chunk)
        if size > max_bytes:
            raise _too_large(max_bytes)
        yield chunk


def _too_large(max_bytes: int) -> TooLargeError:
    return TooLargeError(f"the body has more than the {max_bytes:,} bytes that this server takes")


class _Form:
    """Picks the one field out of a form while it arrives."""

    def __init__(self, boundary: bytes) -> None:
        self._found: list[bytes] = []
        self._name, self._value = b"", b""
        self._wanted, self._seen, self._ended = False, False, False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._header_name,
                    "on_header_value": self._header_value,
                    "on_header_end": self._header,
                    "on_part_data": self._data,
                    "on_end": self._end,
                },
            )
        except (ValueError, MultipartParseError) as error:
            raise BadBodyError(f"the form has no usable boundary: {error}") from error

    def feed(self, chunk: bytes) -> bytes:
        """Return what of the image lies in the next bytes of the form."""
        self._found.clear()
        try:
            self._parser.write(chunk)
        except MultipartParseError as error:
            raise BadBodyError(f"the form cannot be read: {error}") from error
        return b"".join(self._found)

    def finish(self) -> None:
        """Check that the form ended, and held an image."""
        if not self._seen or not self._ended:
            raise BadBodyError(
                f"the form holds no file called {FIELD.decode()!r}, or ends before it does"
            )

    def _begin(self) -> None:
        self._wanted = False
        self._name, self._value = b"", b""

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header(self) -> None:
        if self._name.lower() == b"content-disposition":
            _, options = parse_options_header(self._value)
            # Of several images the first is taken.
            self._wanted = options.get(b"name") == FIELD and not self._seen
            self._seen = self._seen or self._wanted
        self._name, self._value = b"", b""

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._wanted:
            self._found.append(data[start:end])

    def _end(self) -> None:
        self._ended = True
