"""One huge image over many workers: they do its tiles, the driver puts them together.

Each tile is one that ``denoise_file`` would do, read with its overlap by a window of the file, so
the result is the same. It is kept as a file of its own until all are there: a job that was killed
goes on with those that lack.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path

import numpy as np

from unnoise.api.one_file import explain
from unnoise.cluster.folder import BLOCKS
from unnoise.cluster.manifest import Row
from unnoise.cluster.pool import Pool
from unnoise.cluster.worker import FileTask, Worker
from unnoise.denoiser import TiledImage, describe_replaced
from unnoise.errors import UnnoiseError
from unnoise.images import BAND_ROWS, Array, ReadOptions, write_like
from unnoise.outputs import replacing, write_text

Edges = tuple[tuple[int, ...], tuple[int, ...]]  # where rows and columns of tiles begin, the end


@dataclass(frozen=True)
class Settled:
    """How the images of a file are cut.

    Attributes:
        kinds: The ways that occur; a model that sees images at several strides has several.
        which: The way of each image.
    """

    kinds: tuple[Edges, ...]
    which: tuple[int, ...]


@dataclass(frozen=True)
class PlanTask:
    """Asks a worker, which has the model, how a file is cut, and what it thinks of it."""

    name: str

    def run(self, worker: Worker) -> Row:
        """Look at the file."""
        try:
            with worker.settings.read.open(self.name) as reader:
                view = worker.denoise_file.view(reader)
                kinds: dict[Edges, int] = {}
                which = []
                for index in range(reader.count):
                    image = worker.denoiser.tiled(reader, index, worker.settings.options, view)
                    which.append(kinds.setdefault(_edges(image), len(kinds)))
                seen = worker.denoise_file.look(reader, view)
        except Exception as error:
            return self.failed(explain(error, Path(self.name)))
        return {
            "plan": Settled(tuple(kinds), tuple(which)),
            "verdict": seen.verdict if seen else None,
            "reasons": seen.reasons if seen else (),
            "noise_level": seen.noise.std if seen else None,
            "notes": view.notes,
            "dtype": view.dtype,
            "hot_pixels": worker.settings.options.hot_pixels,
            "seconds": 0.0,
            "error": None,
        }

    def failed(self, reason: str) -> Row:
        """Return its row with an error."""
        return {"seconds": 0.0, "error": reason}


@dataclass(frozen=True)
class TileTask:
    """One tile of one image of a file.

    Attributes:
        name: The file.
        image: Which of its images.
        row: Which row of tiles.
        column: Which column.
        target: Where the result is kept.
    """

    name: str
    image: int
    row: int
    column: int
    target: Path

    def run(self, worker: Worker) -> Row:
        """Denoise it."""
        started = time.perf_counter()
        try:
            image = self._image(worker)
            before = image.replaced
            kept = image.tile(self.row, self.column)
            if worker.settings.options.hot_pixels:  # first: a tile that is there has its count
                write_text(_count_of(self.target), str(image.replaced - before))
            with replacing(self.target) as temporary:
                np.save(temporary, kept, allow_pickle=False)
        except Exception as error:
            return self.failed(explain(error, Path(self.name)))
        return {"seconds": time.perf_counter() - started, "error": None}

    def failed(self, reason: str) -> Row:
        """Return its row with an error."""
        return {"seconds": 0.0, "error": reason}

    def _image(self, worker: Worker) -> TiledImage:
        """Return the image, which stays open for the next tile of it."""
        key = self.name, self.image
        if worker.kept.get("image") != key:
            if "reader" not in worker.kept:
                worker.kept["reader"] = reader = worker.settings.read.open(self.name)
                worker.kept["view"] = worker.denoise_file.view(reader)  # the same in all workers
            tiled = worker.denoiser.tiled(
                worker.kept["reader"], self.image, worker.settings.options, worker.kept["view"]
            )
            worker.kept.update(image=key, tiled=tiled)
        image: TiledImage = worker.kept["tiled"]
        return image


class HugeFile:
    """A file whose images are done tile by tile.

    Args:
        task: The file and its output.
        out: The folder of the job.
        read: How it is read.
    """

    def __init__(self, task: FileTask, out: Path, read: ReadOptions) -> None:
        self._task, self._out, self._read = task, out, read
        self.tiles = self.done = 0
        # Tiles of another file, or of this one before it was changed, are not of this image.
        told = f"{task.output} {_version(Path(task.name))}".encode(errors="surrogateescape")
        self._blocks = out / BLOCKS / blake2b(told, digest_size=8).hexdigest()

    @property
    def allowed(self) -> bool:
        """Whether parts of the file can be read for themselves."""
        with (
            suppress(UnnoiseError),  # doing the file as a whole says what is wrong with it
            replace(self._read, max_pixels=0).open(self._task.name) as reader,
        ):
            return reader.windowed
        return False

    def run(self, pool: Pool) -> Iterator[Row | None]:
        """Do it: yield None for each step, its row at last; nothing if it is to be done whole."""
        started = time.perf_counter()
        (found,) = (row for rows in pool.run([PlanTask(self._task.name)]) for row in rows)
        if found["error"] is not None:
            yield self._task.failed(found["error"])
            return
        plan: Settled = found["plan"]
        if all(len(rows) == len(columns) == 2 for rows, columns in plan.kinds):
            return
        self.tiles = sum(
            (len(plan.kinds[kind][0]) - 1) * (len(plan.kinds[kind][1]) - 1) for kind in plan.which
        )
        for rows in pool.run(self._missing(plan)):
            if wrong := next((row["error"] for row in rows if row["error"]), None):
                yield self._task.failed(wrong)
                return
            self.done += len(rows)
            yield None
        yield self._finish(plan, found, started)

    def _all(self, plan: Settled) -> Iterator[TileTask]:
        for image, kind in enumerate(plan.which):
            rows, columns = plan.kinds[kind]
            for row in range(len(rows) - 1):
                for column in range(len(columns) - 1):
                    target = self._block(image, rows[row : row + 2], columns[column : column + 2])
                    yield TileTask(self._task.name, image, row, column, target)

    def _missing(self, plan: Settled) -> Iterator[TileTask]:
        for task in self._all(plan):
            if task.target.exists():
                self.done += 1
            else:
                yield task

    def _finish(self, plan: Settled, found: Row, started: float) -> Row:
        """Write the output from the tiles."""
        try:
            with self._read.open(self._task.name) as reader:
                target, dtype = self._out / self._task.output, found["dtype"]
                lost = write_like(target, reader, self._images(plan), dtype=dtype, overwrite=True)
                pixels = reader.count * reader.height * reader.width
            notes = [*found["notes"]]
            if found["hot_pixels"]:
                notes.append(describe_replaced(self._replaced(plan), pixels))
        except Exception as error:
            return self._task.failed(explain(error, Path(self._task.name)))
        return self._task.row(
            output=self._task.output,
            verdict=found["verdict"],
            noise_level=found["noise_level"],
            reasons=found["reasons"],
            notes=notes,
            lost=lost,
            seconds=round(time.perf_counter() - started, 6),
            megapixels=pixels / 1e6,
        )

    def _replaced(self, plan: Settled) -> int:
        """Return how many hot pixels were replaced in all tiles, whichever run did them."""
        targets = (task.target for task in self._all(plan))
        return sum(int(_count_of(target).read_text(encoding="utf-8")) for target in targets)

    def _images(self, plan: Settled) -> Iterator[Iterable[Array]]:
        for image, kind in enumerate(plan.which):
            yield self._bands(image, *plan.kinds[kind])

    def _bands(
        self, image: int, rows: tuple[int, ...], columns: tuple[int, ...]
    ) -> Iterator[Array]:
        for edges in pairwise(rows):
            parts = [
                np.load(self._block(image, edges, across), mmap_mode="r")
                for across in pairwise(columns)
            ]
            for top in range(0, edges[1] - edges[0], BAND_ROWS):
                yield np.concatenate([part[top : top + BAND_ROWS] for part in parts], axis=1)

    def _block(self, image: int, rows: tuple[int, ...], columns: tuple[int, ...]) -> Path:
        """Return where a tile is kept: its name says where it lies, whatever the plan was."""
        (top, bottom), (left, right) = rows, columns
        return self._blocks / f"{image}-{top}-{bottom}-{left}-{right}.npy"


def _count_of(target: Path) -> Path:
    """Return where it is kept how many hot pixels were replaced in a tile."""
    return target.with_suffix(".replaced")


def _version(path: Path) -> list[tuple[str, int, int]]:
    """Return what differs where a file, or one below a folder, was changed."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    facts = [(str(file), file.stat()) for file in files]
    return [(name, fact.st_mtime_ns, fact.st_size) for name, fact in facts]


def _edges(image: TiledImage) -> Edges:
    rows, columns = image.plan.rows, image.plan.columns
    return (
        (*(span.first for span in rows), image.plan.height),
        (*(span.first for span in columns), image.plan.width),
    )
