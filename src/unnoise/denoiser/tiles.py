"""A large image in tiles: a grid of them, rows from a stream, and a network on each tile.

A pixel of a result depends only on the input within the model's receptive field. So a tile that
reads more than it keeps gives the same result as the whole image. Tiles begin at multiples of the
model's ``size_multiple``, where the grids of its levels begin in the whole image, too. They are
padded only at the right and bottom border of the image, as the whole image is.

This file does not know dtypes, value ranges or files.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from unnoise.denoiser.networks import CPU, Network
from unnoise.errors import ModelError
from unnoise.sizes import Sized, check_size, padding
from unnoise.types import Array, Floats

SMALLEST = 64  # pixels: kept sides are not halved below it when memory runs out


@dataclass(frozen=True)
class Span:
    """Rows or columns of an image: ``start..stop`` are read, ``first..last`` are kept."""

    start: int
    stop: int
    first: int
    last: int

    @property
    def read(self) -> slice:
        """Its place in the image."""
        return slice(self.start, self.stop)

    @property
    def kept(self) -> slice:
        """The kept part of what is read."""
        return slice(self.first - self.start, self.last - self.start)

    def widened(self, by: int) -> "Span":
        """Return a span that keeps more, as far as it is read."""
        first, last = max(self.first - by, self.start), min(self.last + by, self.stop)
        return replace(self, first=first, last=last)

    def inside(self, other: "Span") -> slice:
        """Return where the rows that it keeps lie in those that another span keeps."""
        return slice(self.first - other.first, self.last - other.first)


@dataclass(frozen=True)
class TileGrid:
    """The tiles of an image ``height`` × ``width``: each row span with each column span."""

    height: int
    width: int
    rows: tuple[Span, ...]
    columns: tuple[Span, ...]
    overlap: int
    multiple: int

    @property
    def whole(self) -> bool:
        """Whether the image is one tile."""
        return len(self.rows) == len(self.columns) == 1

    def tile(self, row: int, column: int) -> "Tile":
        """Return the tile at a row and a column of the grid."""
        return Tile(self, self.rows[row], self.columns[column])

    def tiles(self) -> list[list["Tile"]]:
        """Return all tiles, row by row."""
        return [[Tile(self, rows, columns) for columns in self.columns] for rows in self.rows]

    def middle(self, side: int) -> "Tile":
        """Return a tile that keeps the middle, about ``side`` pixels high and wide."""

        def span(length: int) -> Span:
            kept = _round_up(min(side, length), self.multiple)
            first = max(0, (length - kept) // 2 // self.multiple * self.multiple)
            last = min(first + kept, length)
            return Span(max(0, first - self.overlap), min(last + self.overlap, length), first, last)

        return Tile(self, span(self.height), span(self.width))


@dataclass(frozen=True)
class Tile:
    """One tile of an image."""

    grid: TileGrid
    rows: Span
    columns: Span

    @property
    def read(self) -> tuple[slice, slice]:
        """Rows and columns of the image that are read."""
        return self.rows.read, self.columns.read

    @property
    def kept(self) -> tuple[slice, slice]:
        """The kept part of the rows and columns that are read."""
        return self.rows.kept, self.columns.kept

    @property
    def place(self) -> tuple[slice, slice]:
        """Rows and columns of the image that are kept."""
        return slice(self.rows.first, self.rows.last), slice(self.columns.first, self.columns.last)

    def widened(self, margin: int) -> "Tile":
        """Return a tile that keeps ``margin`` more pixels on each side inside the image."""
        by = _round_up(margin, self.grid.multiple)
        return Tile(self.grid, self.rows.widened(by), self.columns.widened(by))

    def within(self, other: "Tile") -> tuple[slice, slice]:
        """Return the place of what it keeps in what another, wider tile keeps."""
        return self.rows.inside(other.rows), self.columns.inside(other.columns)


Work = Callable[[Array, Tile], Array]  # what a tile reads (B, h, w, C) -> what it keeps


def plan_tiles(
    network: Sized, height: int, width: int, *, side: int = CPU.side, margin: int = 0
) -> TileGrid:
    """Divide an image; one of the area of a tile, or of a fixed size, stays whole.

    A square tile reads ``side`` × ``side`` pixels; a narrow image has longer tiles. The results of
    ``margin`` pixels around what is kept are needed, too; see ``Tile.widened``.
    """
    multiple = network.size_multiple
    # Padding mirrors up to ``multiple - 1`` rows at the border, which must lie in the tile.
    reach = max(network.receptive_field // 2, multiple - 1)
    overlap = _round_up(reach, multiple) + _round_up(margin, multiple)
    if network.fixed_size is not None:
        side = max(side, height, width)
    side = max(side, 4 * overlap)
    rows = spans(height, side=max(side, side**2 // width), overlap=overlap, multiple=multiple)
    read = rows[0].stop
    columns = spans(width, side=max(side, side**2 // read), overlap=overlap, multiple=multiple)
    return TileGrid(height, width, rows, columns, overlap, multiple)


def spans(length: int, *, side: int, overlap: int, multiple: int) -> tuple[Span, ...]:
    """Divide a length into even spans that read up to ``side`` each; together they keep all."""
    inner = length - 2 * overlap
    longest = max(multiple, (side - 2 * overlap) // multiple * multiple)
    if length <= max(side, longest + 2 * overlap):
        return (Span(0, length, 0, length),)
    count = -(-inner // longest)
    stride = _round_up(-(-inner // count), multiple)
    starts = range(0, inner, stride)
    return tuple(
        Span(
            start,
            min(start + stride + 2 * overlap, length),
            start + overlap if start else 0,
            start + stride + overlap if start + stride < inner else length,
        )
        for start in starts
    )


def halve(tile: Tile) -> tuple[Tile, Tile] | None:
    """Cut the longer kept side of a tile in two; None if the tile is small already."""
    rows, columns, grid = tile.rows, tile.columns, tile.grid
    tall = rows.last - rows.first >= columns.last - columns.first
    span = rows if tall else columns
    half = _round_up(-(-(span.last - span.first) // 2), grid.multiple)
    middle = span.first + half
    if half < SMALLEST or middle >= span.last:
        return None
    one = Span(span.start, min(middle + grid.overlap, span.stop), span.first, middle)
    two = Span(max(middle - grid.overlap, span.start), span.stop, middle, span.last)
    if tall:
        return Tile(grid, one, columns), Tile(grid, two, columns)
    return Tile(grid, rows, one), Tile(grid, rows, two)


def run_bands(bands: Iterable[Array], grid: TileGrid, work: Work) -> Iterator[Array]:
    """Do ``work`` tile by tile on an image ``(H, W, C)`` that comes as bands from the top.

    No more rows are held than a row of tiles reads.
    """
    for rows, window in _windows(bands, grid.rows):
        result = None
        for columns in grid.columns:
            kept = work(window[None, :, columns.read], Tile(grid, rows, columns))[0]
            if result is None:
                result = np.empty((len(kept), grid.width, kept.shape[2]), kept.dtype)
            result[:, columns.first : columns.last] = kept
        assert result is not None
        yield result


def _windows(bands: Iterable[Array], rows: Iterable[Span]) -> Iterator[tuple[Span, Array]]:
    """Yield the rows that each span reads; spans overlap, bands come once."""
    incoming = iter(bands)
    held: Array | None = None  # the rows from ``top`` on
    top = 0
    for span in rows:
        parts = [] if held is None else [held[span.start - top :]]
        count = sum(map(len, parts))
        while count < span.stop - span.start:
            parts.append(next(incoming))
            count += len(parts[-1])
        held, top = (parts[0] if len(parts) == 1 else np.concatenate(parts)), span.start
        del parts
        yield span, held[: span.stop - span.start]


class Runner:
    """Runs a network on tiles; where memory runs out, halves the tile and goes on."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._pixels = network.at_once.pixels
        self._limit: int | None = None  # pixels at once, once memory has run out

    def run(self, noisy: Floats, tile: Tile) -> Floats:
        """Run the network on what a tile reads ``(B, C, h, w)``, and return what it keeps."""
        batch, _, height, width = noisy.shape
        size = max(1, self._pixels // (height * width))
        if batch > size:
            return np.concatenate([self.run(part, tile) for part in _split(noisy, size)])
        pixels = batch * height * width
        if self._limit is None or pixels <= self._limit:
            try:
                padded = _pad(self._network, noisy, tile)
                return self._network.run(padded)[(..., *tile.kept)]
            except MemoryError:
                self._limit = pixels - 1
        return self._run_in_parts(noisy, tile)

    def _run_in_parts(self, noisy: Floats, tile: Tile) -> Floats:
        if len(noisy) > 1:
            halves = _split(noisy, -(-len(noisy) // 2))
            return np.concatenate([self.run(part, tile) for part in halves])
        if self._network.fixed_size is not None or (cut := halve(tile)) is None:
            height, width = noisy.shape[-2:]
            raise ModelError(
                f"memory does not suffice for {height} × {width} pixels at once, and smaller "
                "parts are not possible: close other programs, use --device cpu, or take a "
                "smaller model"
            )
        top, left = tile.rows.start, tile.columns.start
        parts = []
        for part in cut:
            rows = slice(part.rows.start - top, part.rows.stop - top)
            columns = slice(part.columns.start - left, part.columns.stop - left)
            parts.append(self.run(noisy[..., rows, columns], part))
        return np.concatenate(parts, axis=-1 if cut[0].rows == tile.rows else -2)


def _split(noisy: Floats, size: int) -> list[Floats]:
    return [noisy[start : start + size] for start in range(0, len(noisy), size)]


def _pad(network: Network, noisy: Floats, tile: Tile) -> Floats:
    """Pad what a tile reads as the whole image would be padded: only at its right and bottom."""
    grid = tile.grid
    check_size(network, noisy.shape[1] // network.depth, grid.height, grid.width)
    down, right, mirror = padding(network, grid.height, grid.width)  # the whole image decides
    down = down if tile.rows.stop == grid.height else 0
    right = right if tile.columns.stop == grid.width else 0
    if not down and not right:
        return noisy
    return np.pad(noisy, [(0, 0)] * 2 + [(0, down), (0, right)], "reflect" if mirror else "edge")


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
