"""One huge image over many workers: they do its tiles, the driver puts them together.

Each tile is a tile of ``denoise_file``, read with its overlap by a window of the file, so the
result is the same. It is kept as a file of its own until all are there: a job that was killed goes
on with the tiles that are missing.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path

import numpy as np

from unnoise.api.common import explain
from unnoise.api.one_file import FileResult
from unnoise.cluster.pool import Pool
from unnoise.cluster.record import BLOCKS
from unnoise.cluster.worker import FileItem, Settings, Worker
from unnoise.denoiser import ValuePass, describe_replaced
from unnoise.errors import UnnoiseError
from unnoise.images import BAND_ROWS, Array, open_image, write_like
from unnoise.outputs import replacing, write_text

Edges = tuple[tuple[int, ...], tuple[int, ...]]  # where rows and columns of tiles begin, the end


@dataclass(frozen=True)
class Outline:
    """The facts of a file that a worker, which has the model, finds before tiles are denoised."""

    seen: FileResult  # with notes and verdict
    error: str | None = None
    dtype: np.dtype[np.generic] | None = None  # of the results
    ways: tuple[Edges, ...] = ()  # to cut images: several, if the model uses several strides
    which: tuple[int, ...] = ()  # the way of each image
    seconds: float = 0.0

    @property
    def tiles(self) -> int:
        """Number of tiles."""
        sizes = [(len(rows) - 1) * (len(columns) - 1) for rows, columns in self.ways]
        return sum(sizes[way] for way in self.which)


@dataclass(frozen=True)
class OutlineItem:
    """Asks how a file is cut."""

    name: str

    def run(self, worker: Worker) -> Outline:
        """Look at the file."""
        try:
            with open_image(self.name, worker.settings.read) as reader:
                view = worker.denoise_file.view(reader)
                if view.course is not None:  # each image needs the one before it as a whole
                    return Outline(FileResult(self.name))
                ways: dict[Edges, int] = {}
                which = []
                for index in range(reader.count):
                    image = worker.denoiser.tiled(reader, index, worker.settings.options, view)
                    which.append(ways.setdefault(_edges(image), len(ways)))
                seen = worker.denoise_file.look(reader, view, self.name)
        except Exception as error:
            return self.failed(explain(error, Path(self.name)))
        return Outline(seen, dtype=view.dtype, ways=tuple(ways), which=tuple(which))

    def failed(self, reason: str) -> Outline:
        """Return an outline with an error."""
        return Outline(FileResult(self.name), error=reason)


@dataclass(frozen=True)
class TileItem:
    """One tile of one image of a file."""

    name: str  # of the file
    image: int
    row: int  # of tiles
    column: int
    target: Path  # keeps the result

    def run(self, worker: Worker) -> FileResult:
        """Denoise it."""
        started = time.perf_counter()
        try:
            image = self._image(worker)
            before = image.tally.replaced
            kept = image.tile(self.row, self.column)
            if worker.settings.options.hot_pixels:  # first: a tile that is there has its count
                write_text(_count_of(self.target), str(image.tally.replaced - before))
            with replacing(self.target) as temporary:
                np.save(temporary, kept, allow_pickle=False)
        except Exception as error:
            return self.failed(explain(error, Path(self.name)))
        return FileResult(self.name, seconds=time.perf_counter() - started)

    def failed(self, reason: str) -> FileResult:
        """Return the outcome with an error."""
        return FileResult(self.name, error=reason)

    def _image(self, worker: Worker) -> ValuePass:
        """Return the image, which stays open for the next tile of it."""
        key = self.name, self.image
        if worker.kept.get("image") != key:
            if "reader" not in worker.kept:
                reader = open_image(self.name, worker.settings.read)
                worker.kept.update(reader=reader, view=worker.denoise_file.view(reader))
            reader, view = worker.kept["reader"], worker.kept["view"]
            tiled = worker.denoiser.tiled(reader, self.image, worker.settings.options, view)
            worker.kept.update(image=key, tiled=tiled)
        image: ValuePass = worker.kept["tiled"]
        return image


class HugeFile:
    """A file whose images are done tile by tile."""

    def __init__(self, item: FileItem, settings: Settings) -> None:
        self._item, self._settings = item, settings
        self._target = settings.out / item.output
        # Tiles of another file, or of this one before it was changed, are not of this image.
        version = f"{item.output} {_version(Path(item.name))}".encode(errors="surrogateescape")
        self._blocks = settings.out / BLOCKS / blake2b(version, digest_size=8).hexdigest()

    def run(self, pool: Pool, progress: Callable[[float], None]) -> FileResult | None:
        """Denoise it; return None if it cannot be divided.

        It cannot be read in parts, is a single tile, or its results are blended over time.
        """
        windowed = False
        with (
            suppress(UnnoiseError),  # denoising the file as a whole reports the error
            open_image(self._item.name, replace(self._settings.read, max_pixels=0)) as reader,
        ):
            windowed = reader.windowed
        if not windowed:
            return None
        started, done = time.perf_counter(), 0
        ((outline,),) = pool.run([OutlineItem(self._item.name)])
        if outline.error is not None:
            return self._item.failed(outline.error)
        if all(len(rows) == len(columns) == 2 for rows, columns in outline.ways):
            return None

        def missing() -> Iterator[TileItem]:
            nonlocal done
            for item in self._tiles(outline):
                if item.target.exists():
                    done += 1
                else:
                    yield item

        for outcomes in pool.run(missing()):
            if wrong := next((outcome.error for outcome in outcomes if outcome.error), None):
                return self._item.failed(wrong)
            done += len(outcomes)
            progress(done / outline.tiles)
        return self._finish(outline, started)

    def _tiles(self, outline: Outline) -> Iterator[TileItem]:
        for image, way in enumerate(outline.which):
            rows, columns = outline.ways[way]
            for row, down in enumerate(pairwise(rows)):
                for column, across in enumerate(pairwise(columns)):
                    target = self._block(image, down, across)
                    yield TileItem(self._item.name, image, row, column, target)

    def _finish(self, outline: Outline, started: float) -> FileResult:
        """Write the output from the tiles."""
        notes = list(outline.seen.notes)
        try:
            with open_image(self._item.name, self._settings.read) as reader:
                ways = enumerate(outline.ways[way] for way in outline.which)
                images = (self._bands(image, *edges) for image, edges in ways)
                lost = write_like(self._target, reader, images, dtype=outline.dtype, overwrite=True)
                pixels = reader.count * reader.height * reader.width
            if self._settings.options.hot_pixels:  # in all tiles, whichever run did them
                counts = (_count_of(item.target) for item in self._tiles(outline))
                replaced = sum(int(path.read_text(encoding="utf-8")) for path in counts)
                notes.append(describe_replaced(replaced, pixels))
        except Exception as error:
            return self._item.failed(explain(error, Path(self._item.name)))
        return replace(
            outline.seen,
            output=str(self._target),
            notes=tuple(notes),
            lost=lost,
            seconds=round(time.perf_counter() - started, 6),
            megapixels=pixels / 1e6,
        )

    def _bands(
        self, image: int, rows: tuple[int, ...], columns: tuple[int, ...]
    ) -> Iterator[Array]:
        for edges in pairwise(rows):
            blocks = (self._block(image, edges, across) for across in pairwise(columns))
            parts = [np.load(block, mmap_mode="r") for block in blocks]
            for top in range(0, edges[1] - edges[0], BAND_ROWS):
                yield np.concatenate([part[top : top + BAND_ROWS] for part in parts], axis=1)

    def _block(self, image: int, rows: tuple[int, ...], columns: tuple[int, ...]) -> Path:
        """Return where a tile is kept: its name says where it lies, however the image is cut."""
        (top, bottom), (left, right) = rows, columns
        return self._blocks / f"{image}-{top}-{bottom}-{left}-{right}.npy"


def _count_of(target: Path) -> Path:
    """Return the file that keeps the number of hot pixels that were replaced in a tile."""
    return target.with_suffix(".replaced")


def _version(path: Path) -> list[tuple[str, int, int]]:
    """Return facts that differ once a file, or one below a folder, was changed."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    facts = [(str(file), file.stat()) for file in files]
    return [(name, fact.st_mtime_ns, fact.st_size) for name, fact in facts]


def _edges(image: ValuePass) -> Edges:
    rows, columns = ([span.first for span in s] for s in (image.grid.rows, image.grid.columns))
    return (*rows, image.grid.height), (*columns, image.grid.width)
