"""The body of a request, as a file: so many bytes, in so much time, and no more."""

import asyncio
import shutil
import time
from collections.abc import AsyncGenerator
from pathlib import Path

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from unnoise.server.pictures import TooLargeError

FORM, FIELD = "multipart/form-data", "image"
MOST_FIELDS = 16  # of a form, beside its file


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
    chunks = _chunks(request, max_bytes, seconds)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM:
        await _receive_form(request, chunks, path)
    else:
        with path.open("wb") as file:
            async for chunk in chunks:
                file.write(chunk)
    if not path.stat().st_size:
        raise BadBodyError("the body is empty: send the bytes of an image")


async def _receive_form(request: Request, chunks: AsyncGenerator[bytes, None], path: Path) -> None:
    """Write the file of a form; the parser keeps it in a file of its own meanwhile."""
    parser = MultiPartParser(request.headers, chunks, max_files=1, max_fields=MOST_FIELDS)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise BadBodyError(f"the form cannot be read: {error.message}") from error
    image = form.get(FIELD)
    if not isinstance(image, UploadFile):
        raise BadBodyError(f"the form holds no file called {FIELD!r}, or ends before it does")
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
            raise BadBodyError("the client went away") from error
        size += len(chunk)
        if size > max_bytes:
            raise _too_large(max_bytes)
        yield chunk


def _too_large(max_bytes: int) -> TooLargeError:
    return TooLargeError(f"the body has more than the {max_bytes:,} bytes that this server takes")
