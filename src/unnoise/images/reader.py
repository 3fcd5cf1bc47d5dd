"""An open file of images: it gives its images one by one, in bands of rows, or in windows."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Self

import numpy as np

from unnoise.images.axes import Layout, check_values
from unnoise.images.contents import File, reading
from unnoise.images.holes import Holes
from unnoise.types import RGB, Array

Colour = Literal["grey", "rgb", "other", "unknown"]

SAMPLED_IMAGES, SAMPLED_SIDE, SAMPLED_WINDOWS = 8, 512, 4  # limits of a sample
BAND_ROWS = 256  # rows read at once: a whole row of the tiles of large TIFF files


class Reader(ABC):
    """One open file of images.

    Attributes:
        file: The file, or its bytes.
        path: Path of the file or of the folder of a zarr array; for bytes, only their name.
        name: Its name in messages: the path, or a URL.
        layout: Axes, shape and dtype of the stored values.
        alpha: Whether the last channel is transparency.
        colour: Kind of its channels: ``grey`` (one), ``rgb``, ``other`` (inks, fluorescence), or
            ``unknown`` if the format does not state it.
        holes: Values that count as no data.
    """

    windowed = False  # whether reading a window costs only as much as its own pixels
    picture = False  # whether it is a picture for people (PNG, JPEG, WebP), not a measurement
    film = False  # whether its images are frames of a film
    whole = False  # whether its format holds whole numbers only
    notes: tuple[str, ...] = ()  # parts of the file that are not read, in words
    space: Literal["cmyk", "lab"] | None = None  # None for grey, and red, green and blue
    orientation = 1  # how to turn its pixels upright, 1 to 8, as in EXIF
    mosaic: str | None = (
        None  # the colour filters of its pixels, such as RGGB, where it states some
    )
    # The steps of its axes that the file states: micrometres of X, Y and Z, seconds of T.
    steps: Mapping[str, float] = MappingProxyType({})
    channel_names: tuple[str, ...] = ()  # of all channels, or none

    def __init__(
        self,
        file: File,
        layout: Layout,
        *,
        alpha: bool = False,
        colour: Colour = "unknown",
        holes: Holes = Holes(),  # noqa: B008  frozen
        name: str | None = None,
    ) -> None:
        self.file = file
        self.path = Path(str(file))
        self.name = name or str(file)
        self.layout = layout
        self.alpha = alpha
        channels = layout.channels - alpha
        if channels == 1:
            colour = "grey"
        elif colour == "rgb" and channels != RGB:
            colour = "other"
        self.colour: Colour = colour
        self.holes = holes

    @property
    def profile(self) -> bytes | None:
        """The ICC profile of its colours, if it has one."""
        return None

    @property
    def axes(self) -> str:
        """One letter per stored axis: Y, X, C for channels; other letters count images."""
        return self.layout.axes

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return self.layout.shape

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The dtype of the values, in native byte order."""
        return self.layout.dtype

    @property
    def count(self) -> int:
        """The number of images."""
        return self.layout.count

    @property
    def height(self) -> int:
        """The rows of an image."""
        return self.layout.height

    @property
    def width(self) -> int:
        """The columns of an image."""
        return self.layout.width

    @property
    def channels(self) -> int:
        """The channels of an image, without transparency."""
        return self.layout.channels - self.alpha

    def image(self, index: int) -> Array:
        """Return one image ``(H, W, channels + alpha)`` of the file's own dtype.

        Raises:
            ImageError: The file is damaged or gone, or a value is NaN or infinite.
        """
        (image,) = self.bands(index, self.height)
        return image

    def bands(self, index: int, rows: int) -> Generator[Array, None, None]:
        """Yield an image from the top in bands ``(<= rows, W, channels + alpha)``, as ``image``."""
        self._check_index(index)
        if rows < 1:
            raise ValueError(f"bands of {rows} rows")
        with reading(self.name):
            for band in self._bands(index, rows):
                self._check(band)
                yield band

    def window(self, index: int, rows: slice, columns: slice) -> Array:
        """Return a part ``(rows, columns, channels + alpha)`` of an image; only it is checked."""
        self._check_index(index)
        with reading(self.name):
            part = self._window(index, rows, columns)
            self._check(part)
            return part

    def sample(self) -> list[Array]:
        """Return parts ``(h, w, channels + alpha)`` spread over the file, always the same."""
        step = max(1, -(-self.count // SAMPLED_IMAGES))
        parts: list[Array] = []
        for index in range(step // 2, self.count, step):
            if self.windowed and self.height * self.width > SAMPLED_SIDE**2 * SAMPLED_IMAGES:
                spans = _spans(self.height), _spans(self.width)
                parts += [self.window(index, *each) for each in product(*spans)]
            else:
                every = max(1, self.height * self.width // SAMPLED_SIDE**2 // SAMPLED_IMAGES)
                parts += [band[:: every | 1].copy() for band in self.bands(index, BAND_ROWS)]
        return parts

    def _check(self, part: Array) -> None:
        if not self.holes.nan:
            check_values(part, name=self.name)

    @abstractmethod
    def _bands(self, index: int, rows: int, /) -> Iterator[Array]:
        """Yield contiguous bands of ``rows`` rows; the last one may be shorter."""

    def _window(self, index: int, rows: slice, columns: slice, /) -> Array:
        """Return a contiguous part; most formats must read the image down to its end."""
        parts = []
        for number, band in enumerate(self._bands(index, BAND_ROWS)):
            top = number * BAND_ROWS
            parts.append(band[max(0, rows.start - top) : max(0, rows.stop - top), columns])
            if rows.stop <= top + len(band):
                break
        return np.concatenate(parts)

    def _check_index(self, index: int) -> None:
        if not 0 <= index < self.count:
            raise IndexError(f"image {index} of {self.count} in {self.path}")

    def close(self) -> None:  # noqa: B027 -- not abstract: most readers hold nothing open
        """Close the file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _spans(side: int) -> list[slice]:
    if side <= SAMPLED_SIDE:
        return [slice(0, side)]
    starts = np.linspace(0, side - SAMPLED_SIDE, SAMPLED_WINDOWS).astype(int)
    return [slice(start, start + SAMPLED_SIDE) for start in starts]


class ArrayReader(Reader):
    """Images in anything that slices like an array, such as a memory map or a zarr array."""

    windowed = True

    def __init__(
        self,
        file: File,
        layout: Layout,
        open_array: Callable[[], Any],
        *,
        colour: Colour = "unknown",
        holes: Holes = Holes(),  # noqa: B008  frozen
        step: int = 1,
        close: Callable[[], None] = lambda: None,
        name: str | None = None,
    ) -> None:
        super().__init__(file, layout, colour=colour, holes=holes, name=name)
        self._open_array = open_array  # for every band: touched pages of a map count as memory
        self._step = step  # number of rows that are cheapest to read together
        self._close = close

    def _bands(self, index: int, rows: int, /) -> Iterator[Array]:
        step = -(-rows // self._step) * self._step  # whole chunks, read once each
        parts = (
            owned(self.layout.take(self._open_array(), index, slice(top, top + step)), self.dtype)
            for top in range(0, self.height, step)
        )
        return reband(parts, rows)

    def _window(self, index: int, rows: slice, columns: slice, /) -> Array:
        return owned(self.layout.take(self._open_array(), index, rows, columns), self.dtype)

    def close(self) -> None:
        """Close the file of the array."""
        self._close()


class Converted:
    """An array whose parts are converted when they are taken."""

    def __init__(self, array: Array, convert: Callable[[Array], Array]) -> None:
        self._array, self._convert = array, convert

    def __getitem__(self, part: Any) -> Array:
        return self._convert(self._array[part])


def owned(part: Array, dtype: np.dtype[np.generic]) -> Array:
    """Copy a part of a mapped array into contiguous memory of native byte order."""
    return np.array(part, dtype, order="C", copy=True)


def reband(bands: Iterable[Array], rows: int) -> Iterator[Array]:
    """Cut bands of any heights into bands of ``rows`` rows; the last one may be shorter."""
    held: list[Array] = []
    count = 0
    for band in bands:
        while count + len(band) >= rows:
            first, band = band[: rows - count], band[rows - count :]
            yield np.concatenate([*held, first]) if held else np.ascontiguousarray(first)
            held, count = [], 0
        if len(band):
            held.append(band)
            count += len(band)
    if held:
        yield np.concatenate(held) if len(held) > 1 else np.ascontiguousarray(held[0])
