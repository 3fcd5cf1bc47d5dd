"""``-`` for a file: one image from standard input, and its result to standard output.

Both go through files in a temporary folder, so that memory does not grow with them.
"""

import io
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from unnoise.denoiser.options import PICTURE_ENDINGS, Outputs
from unnoise.errors import ConfigError, ImageError, OutputError, UnnoiseError

STREAM = "-"
INPUT, RESULT = "input", "result"  # names of the files in place of the streams
MAGIC = {  # the first bytes of the formats that state themselves
    b"\x89PNG\r\n\x1a\n": ".png",
    b"\xff\xd8\xff": ".jpg",
    b"RIFF": ".webp",
    b"II*\0": ".tif", b"MM\0*": ".tif", b"II+\0": ".tif", b"MM\0+": ".tif",
    b"\x93NUMPY": ".npy",
    b"PK\x03\x04": ".npz",
}  # fmt: skip
LONGEST = 8  # bytes of the longest


class _Named(io.TextIOBase):
    """A text stream that names the streams instead of the files in their place."""

    def __init__(self, stream: TextIO, folder: Path) -> None:
        self._stream, self._folder = stream, folder

    def write(self, text: str) -> int:
        """Write a text."""
        return self._stream.write(_named(text, self._folder))

    def flush(self) -> None:
        """Pass on what was written."""
        self._stream.flush()

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return self._stream.isatty()


def _named(text: str, folder: Path) -> str:
    for name, title in ((INPUT, "standard input"), (RESULT, "standard output")):
        text = re.sub(rf"{re.escape(str(folder / name))}\.\w+", title, text)
    return text


def is_streamed(inputs: Sequence[str], outputs: Outputs) -> bool:
    """Whether an input or the output is ``-``."""
    return STREAM in inputs or outputs.out == Path(STREAM)


@contextmanager
def streamed(
    inputs: Sequence[str], outputs: Outputs, *, json: bool
) -> Iterator[tuple[list[str], Outputs]]:
    """Yield inputs and outputs with files in place of the streams; then write the result.

    Raises:
        ConfigError: ``-`` is one of several inputs, a stream is a terminal, or options contradict.
        ImageError: Standard input is empty, or its bytes do not state a known format.
    """
    reads = STREAM in inputs
    writes = outputs.out == Path(STREAM) or (reads and outputs.out is None)
    _check(inputs, outputs, writes=writes, json=json)
    with tempfile.TemporaryDirectory(prefix="unnoise-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        try:
            with (
                redirect_stderr(_Named(sys.stderr, folder)),
                redirect_stdout(_Named(sys.stdout, folder)) if not writes else nullcontext(),
            ):
                path = _receive(folder) if reads else Path(inputs[0])
                if writes:
                    ending = PICTURE_ENDINGS.get(outputs.format) or path.suffix
                    outputs = replace(outputs, out=folder / f"{RESULT}{ending}")
                yield [str(path)], outputs
        except UnnoiseError as error:
            error.args = (_named(str(error), folder),)
            raise
        for result in folder.glob(f"{RESULT}.*") if writes else ():
            _send(result)


def _send(result: Path) -> None:
    """Write a file to standard output."""
    try:
        with result.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # its reader has gone, which main handles
        raise
    except OSError as error:
        raise OutputError(f"cannot write to standard output: {error.strerror or error}") from error


def _check(inputs: Sequence[str], outputs: Outputs, *, writes: bool, json: bool) -> None:
    """Raise ``ConfigError`` for options that contradict streams."""
    if len(inputs) != 1:
        raise ConfigError(f"- is one image, and {len(inputs)} inputs were given: name it alone")
    if writes and json:
        raise ConfigError(
            "--json and the image would both go to standard output: name a file with --out"
        )
    if writes and outputs.suffix:
        raise ConfigError(f"--suffix {outputs.suffix} is for names of files, and - has none")
    if writes and sys.stdout.isatty():
        raise ConfigError(
            "the image would go to the terminal: send it on, as in > clean.png, or name a file "
            "with --out"
        )


def _receive(folder: Path) -> Path:
    """Write standard input into a file, whose name ends in its format."""
    closed = sys.stdin is None or sys.stdin.closed
    if closed or sys.stdin.isatty():
        what = "closed" if closed else "a terminal"
        raise ConfigError(
            f"- reads an image from standard input, which is {what}: pipe one, as in "
            "unnoise denoise - < noisy.png > clean.png"
        )
    source = sys.stdin.buffer
    start = source.read(LONGEST)
    if not start:
        raise ImageError("standard input is empty: pipe an image, such as < noisy.png")
    ending = next((ending for magic, ending in MAGIC.items() if start.startswith(magic)), None)
    if ending is None:
        raise ImageError(
            f"standard input begins with {start.hex(' ')}, which is no PNG, JPEG, WebP, TIFF, .npy "
            "or .npz: write it to a file with the ending of its format, and name the file"
        )
    path = folder / f"{INPUT}{ending}"
    with path.open("wb") as file:
        file.write(start)
        shutil.copyfileobj(source, file)
    return path
