"""``-`` for a file: one image from standard input, and its result to standard output.

Both go through files in a temporary folder, so that memory does not grow with them.
"""

import io
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from unnoise.denoiser.options import Outputs
from unnoise.errors import ConfigError, ImageError, OutputError, UnnoiseError
from unnoise.images import PICTURE_ENDINGS, format_of

STREAM = "-"
ARRAYS = {b"\x93NUMPY": ".npy", b"PK\x03\x04": ".npz"}  # by their first bytes
SHOWN = 8  # bytes that a message shows


class _Named(io.TextIOBase):
    """A text stream that names the streams instead of the files in their place."""

    def __init__(self, stream: TextIO, titles: Mapping[str, str]) -> None:
        self._stream, self._titles = stream, titles

    def write(self, text: str) -> int:
        """Write a text."""
        return self._stream.write(_named(text, self._titles))

    def flush(self) -> None:
        """Pass on what was written."""
        self._stream.flush()

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return self._stream.isatty()


def _named(text: str, titles: Mapping[str, str]) -> str:
    for path, title in titles.items():
        text = text.replace(path, title)
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
    titles = dict[str, str]()  # of the files, in messages
    with tempfile.TemporaryDirectory(prefix="unnoise-", ignore_cleanup_errors=True) as name:
        results = Path(name, "results")
        try:
            with (
                redirect_stderr(_Named(sys.stderr, titles)),
                nullcontext() if writes else redirect_stdout(_Named(sys.stdout, titles)),
            ):
                path = _receive(Path(name)) if reads else Path(inputs[0])
                if reads:
                    titles[str(path)] = "standard input"
                if writes:
                    outputs = replace(outputs, out=results)
                    titles[str(results / outputs.rename(path.name))] = "standard output"
                yield [str(path)], outputs
        except UnnoiseError as error:
            error.args = (_named(str(error), titles),)
            raise
        for result in results.glob("*"):
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
    if not (STREAM in inputs or Path(inputs[0]).is_file()):
        raise ConfigError(f"--out - takes the result of one file, and {inputs[0]} is no file")
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
    received = folder / "input"
    with received.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    with received.open("rb") as file:
        start = file.read(SHOWN)
    if not start:
        raise ImageError("standard input is empty: pipe an image, such as < noisy.png")
    kind = format_of(received)
    ending = next((end for magic, end in ARRAYS.items() if start.startswith(magic)), None)
    if kind is None and ending is None:
        raise ImageError(
            f"standard input begins with {start.hex(' ')}, which is no PNG, JPEG, WebP, TIFF, .npy "
            "or .npz: write it to a file with the ending of its format, and name the file"
        )
    return received.rename(received.with_suffix(PICTURE_ENDINGS[kind] if kind else str(ending)))
