"""A job: any number of inputs, or one huge image, over many workers, into one folder.

The driver lists inputs, gives them to workers and writes the manifest. It holds sixteen bytes for
each input, and nothing else that grows.
"""

import hashlib
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import chain, islice
from pathlib import Path
from types import FrameType
from typing import Literal, NoReturn

from unnoise.api.common import print_message
from unnoise.api.one_file import add_suffix, check_suffix
from unnoise.cluster.folder import BLOCKS, MANIFEST, job_folder
from unnoise.cluster.huge import HugeFile
from unnoise.cluster.listing import check_apart, is_list, list_inputs, settle
from unnoise.cluster.manifest import Manifest, Names, Row, clean
from unnoise.cluster.pool import Engine, Pool
from unnoise.cluster.worker import FileTask, Precision, RefusedTask, Settings, Task
from unnoise.denoiser import DenoiseOptions
from unnoise.denoiser.loading import HUB, locate
from unnoise.errors import ConfigError, ImageError, ModelFileError
from unnoise.images import SUFFIXES, ReadOptions, is_url, left_out
from unnoise.pretrained import PRETRAINED
from unnoise.types import Say

EngineName = Literal["processes", "ray"]
FORMAT = 2  # of job.json
NAMED = 5  # failed inputs in a summary

JobProgress = Callable[[int, int | None], None]  # files or tiles that are done; of all, if known


@dataclass
class Summary:
    """What a job did.

    Attributes:
        denoised: Outputs that were written.
        before: Outputs that were there from an earlier run of the job.
        failed: Inputs that could not be denoised.
        repeated: Inputs that were named before.
        check: Outputs whose verdict is that.
        reject: Likewise.
        lost: Workers that were lost and replaced.
        seconds: That it took.
        failures: The first inputs that failed.
    """

    denoised: int = 0
    before: int = 0
    failed: int = 0
    repeated: int = 0
    check: int = 0
    reject: int = 0
    lost: int = 0
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)

    @property
    def inputs(self) -> int:
        """How many inputs are dealt with."""
        return self.before + self.denoised + self.failed

    def count(self, row: Row) -> None:
        """Take a row into account."""
        if row["error"] is not None:
            self.failed += 1
            if len(self.failures) < NAMED:
                self.failures.append(row["input"])
            return
        self.denoised += 1
        self.check += row["verdict"] == "check"
        self.reject += row["verdict"] == "reject"


def denoise_many(
    model: str | Path,
    source: str | Path,
    *,
    out: str | Path,
    engine: EngineName = "processes",
    address: str | None = None,
    workers: int | None = None,
    suffix: str = "",
    read: ReadOptions = ReadOptions(),  # noqa: B008  frozen
    options: DenoiseOptions = DenoiseOptions(),  # noqa: B008  frozen
    overwrite: bool = False,
    inspect: bool = True,
    device: str = "auto",
    precision: Precision = "auto",
    compile: bool = False,  # noqa: A002  the word of torch
    say: Say = print_message,
    report: Callable[[Row], None] = lambda _: None,
    progress: JobProgress = lambda _done, _all: None,
) -> Summary:
    """Denoise many files, or one huge image, over many workers.

    Outputs lie in ``out`` as their inputs do below the source, beside ``manifest.jsonl``: a row for
    each input with its output, verdict, noise level, seconds and error. Killed at any point, the
    same call goes on with what is missing.

    Args:
        model: What ``unnoise.load`` takes; each worker loads it once.
        source: A file; a folder, with its subfolders; a pattern such as ``scans/**/*.tif``; a file
            that lists paths and addresses (``.txt`` or ``.lst``, one on each line); or an address
            for fsspec (``s3://bucket/scans``) of a file, a folder or a pattern. A single zarr
            array, ``.npy`` or TIFF file that can be read in parts is divided among the workers.
        out: A folder for this job alone.
        engine: ``processes`` on this machine, or ``ray``.
        address: Of a Ray cluster that runs; its machines must reach the inputs, the model and
            ``out`` under the same names. None starts Ray on this machine.
        workers: How many; None is one for each GPU, or each core.
        suffix: Put before the extension of outputs.
        read: How files are read.
        options: How the model is applied.
        overwrite: Begin the job anew in a folder that holds one, or other files.
        inspect: Whether to say of each file whether its result can be trusted.
        device: See ``unnoise.load``.
        precision: Likewise.
        compile: Likewise.
        say: Told messages.
        report: Told the row of each input as it is done.
        progress: Told how many files, or tiles of one image, are done, and of how many if that is
            known: inputs are listed while the work goes on.

    Raises:
        ConfigError: Settings contradict each other, or workers cannot begin.
        ImageError: There is no input.
        ModelFileError: The model is not there.
        OutputError: ``out`` holds another job or other files, is in use, or cannot be written to.
    """
    check_suffix(suffix)
    if workers is not None and workers < 1:
        raise ConfigError(f"workers is {workers}: it is at least 1")
    if address is not None and engine != "ray":
        raise ConfigError(f"address is of a Ray cluster, and engine is {engine}: take engine ray")
    out, source = Path(out).absolute(), settle(str(source))
    check_apart(source, out)
    if next(list_inputs(source, exclude=out), None) is None:
        raise ImageError(f"{source} has no image in it: {', '.join(SUFFIXES)} are read")
    for sentence in left_out([source], exclude=out):
        say(sentence)
    settings = Settings(
        model=_settled_model(model),
        out=out,
        options=options,
        read=read,
        inspect=inspect,
        device=device,
        precision=precision,
        compile=compile,
    )
    facts = {
        "format": FORMAT,
        "source": source,
        "model": _digest(model),
        "suffix": suffix,
        **asdict(options),
        **{name: value for name, value in asdict(read).items() if name != "max_pixels"},
        "precision": precision,
    }
    job = _Job(settings, source, suffix, say, report, progress)
    with job_folder(out, facts, overwrite=overwrite):
        try:
            job.run(lambda: _engine(engine, settings, workers, address))
        except KeyboardInterrupt:
            done = job.summary.denoised + job.summary.before
            again = "the same command without --overwrite" if overwrite else "the same command"
            say(f"stopped: {done} outputs are in place, and {again} goes on from there")
            raise
    return job.summary


class _Job:
    """The driver's work on a job whose folder is ready."""

    def __init__(
        self,
        settings: Settings,
        source: str,
        suffix: str,
        say: Say,
        report: Callable[[Row], None],
        progress: JobProgress,
    ) -> None:
        self._settings, self._source, self._suffix, self._say = settings, source, suffix, say
        self._report, self._progress = report, progress
        self.summary = Summary()

    def run(self, make_engine: Callable[[], Engine]) -> None:
        """Do what is missing; no worker is started for nothing."""
        started = time.monotonic()
        out = self._settings.out
        path = out / MANIFEST
        inputs, outputs = clean(path, out)
        self.summary.before = len(outputs)
        tasks = self._tasks(inputs, outputs)
        first = list(islice(tasks, 2))  # more than one is no huge image
        self._manifest = Manifest(path)
        try:
            if first:
                engine = make_engine()
                self._say(f"{engine.workers} workers share the work")
                self._work(engine, first, tasks)
            else:
                shutil.rmtree(out / BLOCKS, ignore_errors=True)
        finally:
            self._manifest.close()
            self.summary.seconds = time.monotonic() - started

    def _work(self, engine: Engine, first: list[Task], rest: Iterator[Task]) -> None:
        with _ending(), Pool(engine) as pool:  # Ray, once it runs, has a way of its own to end
            try:
                only = first[0] if len(first) == 1 and self._one_file() else None
                if isinstance(only, FileTask) and self._in_tiles(pool, only):
                    return
                for rows in pool.run(chain(first, rest)):
                    self._record(rows)
                    self._progress(self.summary.inputs, None)
            finally:
                self.summary.lost = pool.lost

    def _tasks(self, inputs: Names, outputs: Names) -> Iterator[Task]:
        """List what is missing: not what is done, nor what was named before."""
        left = len(outputs)  # done before
        for given in list_inputs(self._source, exclude=self._settings.out):
            relative = given.relative
            known = not inputs.add(given.name)
            if relative.is_absolute() or not relative.name or ".." in relative.parts:
                yield RefusedTask(given.name, f"{given.name} has no place inside of --out")
                continue
            output = relative.with_name(add_suffix(relative.name, self._suffix)).as_posix()
            if outputs.add(output):
                yield FileTask(given.name, output)
            elif not known:
                yield RefusedTask(
                    given.name,
                    f"{given.name} would be written to {output}, as another input is: denoise "
                    "them in separate jobs",
                )
            elif left > 0:
                left -= 1
            else:
                self.summary.repeated += 1

    def _one_file(self) -> bool:
        """Whether an input is a file that can be read in parts where it is, and no output."""
        return not is_url(self._source) and not is_list(self._source)

    def _in_tiles(self, pool: Pool, task: FileTask) -> bool:
        """Do one file tile by tile, if it can be."""
        huge = HugeFile(task, self._settings.out, self._settings.read)
        if not huge.allowed:
            return False
        row = None
        for row in huge.run(pool):
            if row is None:
                self._progress(huge.done, huge.tiles)
            else:
                self._record([row])
                if row["error"] is None:
                    shutil.rmtree(self._settings.out / BLOCKS)
        return row is not None

    def _record(self, rows: list[Row]) -> None:
        self._manifest.add(rows)
        for row in rows:
            self.summary.count(row)
            self._report(row)


def _engine(
    engine: EngineName, settings: Settings, workers: int | None, address: str | None
) -> Engine:
    if engine == "ray":
        from unnoise.cluster.ray_engine import RayEngine

        return RayEngine(settings, workers=workers, address=address)
    from unnoise.cluster.processes import ProcessEngine

    return ProcessEngine(settings, workers=workers)


def _settled_model(model: str | Path) -> str:
    """Return a model as it is called wherever the work is done."""
    if isinstance(model, str) and (model in PRETRAINED or model.startswith(HUB)):
        return model
    return str(Path(model).absolute())


def _digest(model: str | Path) -> str:
    file = locate(model)
    try:
        with file.open("rb") as data:
            return hashlib.file_digest(data, "sha256").hexdigest()
    except OSError as error:
        raise ModelFileError(f"there is no model file {file}") from error


@contextmanager
def _ending() -> Iterator[None]:
    """End as Ctrl-C does when the system asks for it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
