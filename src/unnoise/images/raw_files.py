"""Raw files of cameras: developed by LibRaw in a process of its own, and written as 16-bit TIFF."""

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from unnoise.errors import ImageError
from unnoise.images.axes import checked_layout
from unnoise.images.contents import Contents, File, map_array, reading, size_in_bytes
from unnoise.images.exif import IMAGE_TAGS, append_exif, read_exif
from unnoise.images.formats import PICTURE_ENDINGS
from unnoise.images.icc import make_profile
from unnoise.images.inventory import TIFF_WORDS, format_of
from unnoise.images.options import ReadOptions
from unnoise.images.raw_worker import HEADER
from unnoise.images.reader import BAND_ROWS, Reader, owned, reband
from unnoise.types import Array

ORIENTATIONS = {0: 1, 1: 2, 3: 3, 2: 4, 4: 5, 6: 6, 7: 7, 5: 8}  # of EXIF, by those of LibRaw
ORIENTATION = 274
THREADS = 8  # of LibRaw, at most; address space, which is limited, is kept for each
SECONDS, EACH_MEGABYTE, EACH_MEGAPIXEL = 60, 2, 20  # limits of a process, far above what is needed
LARGEST_TIFF = 2**32 - 2**25  # bytes that 32-bit offsets reach
DAYLIGHT = "it states no white balance, and is developed for daylight"
SENSOR = "its camera is not known to LibRaw, so its colours are those of the sensor"
FIRST = "it holds several raw images, of which the first is read"
CONVERT = "convert it to DNG first, or try a newer LibRaw (pip install --upgrade rawpy)"


class RawReader(Reader):
    """A raw file, developed: linear or sRGB colours, or grey, uint16; not turned upright.

    It is developed when its pixels are first read, and stays in a temporary file until it is
    closed.
    """

    def __init__(self, file: File, read: ReadOptions) -> None:
        found = format_of(file)
        if found not in (None, "tiff"):  # as which many raw files begin
            raise ImageError(
                f"{file} holds {found.upper()} data: rename it to end in {PICTURE_ENDINGS[found]}"
            )
        self._curve = read.develop
        with reading(file):
            self.exif = read_exif(file)
            header, output = _run(file, "none", read.max_pixels, SECONDS)
            output.close()
        shape = header["height"], header["width"], header["channels"]
        axes = "YX" if shape[2] == 1 else "YXC"
        if read.axes is not None and read.axes.upper() != axes:
            raise ImageError(f"{file} is a raw file of one image: leave --axes out")
        layout = checked_layout(
            np.dtype(np.uint16),
            shape[: len(axes)],
            axes=None,
            stated=axes,
            name=str(file),
            max_pixels=read.max_pixels,
        )
        super().__init__(file, layout, colour="rgb")
        self.orientation = ORIENTATIONS.get(header["flip"], 1)
        self.notes = tuple(_notes(header))
        self._developed: IO[bytes] | None = None

    @property
    def profile(self) -> bytes:
        """The ICC profile of its values."""
        return make_profile(linear=self._curve == "linear", channels=self.channels)

    @property
    def contents(self) -> frozenset[str]:
        """What the file holds beside its values, in words."""
        words = {TIFF_WORDS[code] for code in IMAGE_TAGS if code in self.exif.image}
        parts = {"EXIF": self.exif.exif, "GPS": self.exif.gps}
        return self.exif.lost | words | {name for name, tags in parts.items() if tags}

    def _bands(self, _index: int, rows: int, /) -> Iterator[Array]:
        for top in range(0, self.height, rows):
            yield self._window(0, slice(top, min(top + rows, self.height)), slice(None))

    def _window(self, _index: int, rows: slice, columns: slice, /) -> Array:
        shape = self.height, self.width, self.channels
        if self._developed is None:
            megapixels = self.height * self.width / 1e6
            seconds = SECONDS + math.ceil(EACH_MEGAPIXEL * megapixels)
            header, output = _run(self.file, self._curve, 0, seconds)
            if tuple(header.get("shape", ())) != shape:
                output.close()
                raise ImageError(
                    f"{self.name} is developed to another size than its header states, as those "
                    f"of cameras with turned or oblong pixels: {CONVERT}"
                )
            self._developed = output
        values = map_array(self._developed, np.dtype(np.uint16), shape, offset=HEADER)
        return owned(values[rows, columns], self.dtype)

    def close(self) -> None:
        """Remove the developed image."""
        if self._developed is not None:
            self._developed.close()
            self._developed = None


def _notes(header: dict[str, Any]) -> Iterator[str]:
    colours = header["channels"] > 1
    if colours and not header["balanced"]:
        yield DAYLIGHT
    if colours and not header["known"]:
        yield SENSOR
    if header["several"]:
        yield FIRST


def _run(file: File, curve: str, max_pixels: int, seconds: int) -> tuple[dict[str, Any], IO[bytes]]:
    """Run LibRaw on a file; return what it states, and the file of its output.

    Raises:
        ImageError: LibRaw does not read it, or its process was ended.
    """
    seconds += math.ceil(EACH_MEGABYTE * size_in_bytes(file) / 1e6)
    worker = Path(__file__).with_name("raw_worker.py")
    command = [sys.executable, "-P", str(worker), curve, str(max_pixels), str(seconds)]
    threads = str(min(THREADS, os.cpu_count() or 1))
    environment = {"OMP_NUM_THREADS": threads, **os.environ}
    environment |= {"OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
    output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed by the reader
    try:
        given: dict[str, Any] = {"stdout": output, "stderr": subprocess.PIPE}
        given |= {"timeout": seconds, "env": environment}
        if isinstance(file, Contents):
            done = subprocess.run(command, input=file.data, check=False, **given)  # noqa: S603  our own module
        else:
            with file.open("rb") as handle:
                done = subprocess.run(command, stdin=handle, check=False, **given)  # noqa: S603  our own module
        output.seek(0)
        header = _checked(file, done, output.read(HEADER))
    except subprocess.TimeoutExpired as error:
        output.close()
        raise ImageError(
            f"{file} keeps LibRaw busy for more than {seconds} seconds: it is damaged, or this "
            "machine is too busy"
        ) from error
    except BaseException:
        output.close()
        raise
    return header, output


def _checked(file: File, done: "subprocess.CompletedProcess[bytes]", text: bytes) -> dict[str, Any]:
    """Return what a worker wrote; raise ``ImageError`` if it failed."""
    if done.returncode < 0:
        raise ImageError(
            f"{file} ends the process of LibRaw (signal {-done.returncode}): it is damaged, get it "
            "again"
        )
    if done.returncode > 0:
        *_, last = done.stderr.decode(errors="replace").splitlines() or ["no reason is known"]
        raise ImageError(f"{file} cannot be developed: LibRaw failed ({last})")
    header: dict[str, Any] = json.loads(text)
    error = header.get("error")
    if error in ("LibRawFileUnsupportedError", "NotImplementedError"):  # what rawpy raised
        raise ImageError(
            f"{file} is not known to LibRaw: its camera is too new, or it is no raw file; {CONVERT}"
        )
    if error in ("MemoryError", "LibRawUnsufficientMemoryError", "LibRawTooBigError"):
        raise ImageError(f"{file} needs more memory than its size explains: it is damaged")
    if error:
        raise ImageError(f"{file} is damaged: LibRaw reports {header['text']!r}; get it again")
    return header


def write_raw(
    temporary: Path, source: RawReader, images: Iterable[Iterable[Array]]
) -> frozenset[str]:
    """Write the result of a raw file as TIFF, with the EXIF and the profile of its source.

    Returns:
        Contents of the source that the TIFF lacks, in words.
    """
    import tifffile

    exif, dtype = source.exif, source.dtype
    big = math.prod(source.shape) * dtype.itemsize > LARGEST_TIFF
    stored = dtype.newbyteorder(exif.order)
    strips = (
        strip.astype(stored).tobytes() for bands in images for strip in reband(bands, BAND_ROWS)
    )
    with tifffile.TiffWriter(temporary, bigtiff=big, byteorder=exif.order) as writer:
        writer.write(
            strips,
            shape=source.shape,
            dtype=stored,
            photometric="rgb" if source.channels > 1 else "minisblack",
            planarconfig="contig" if source.channels > 1 else None,
            rowsperstrip=BAND_ROWS,
            metadata=None,
            software="",
            iccprofile=source.profile,
            extratags=_tags(source),
        )
    next(strips, None)  # the check of the bands must see their end
    if big:
        return exif.lost | {"EXIF"} if exif.exif else exif.lost
    append_exif(temporary, exif)
    return exif.lost


def _tags(source: RawReader) -> list[tuple[Any, ...]]:
    """Return the tags of the image."""
    tags: list[tuple[Any, ...]] = [(ORIENTATION, 3, 1, source.orientation, True)]
    for code in IMAGE_TAGS:
        if (tag := source.exif.image.get(code)) is not None and tag.count:
            tags.append((code, tag.kind, tag.count, tag.data, True))
    return tags
