"""A job: any number of inputs, or one huge image, over many workers, into one folder.

The driver lists inputs, gives them to workers and writes the manifest. It holds sixteen bytes for
each input, and nothing else that grows.
"""

import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from types import FrameType
from typing import Any, Literal, NoReturn

from unnoise.api.common import print_message
from unnoise.api.one_file import FileProgress, FileResult, Summary
from unnoise.cluster.huge import HugeFile
from unnoise.cluster.listing import check_apart, is_list, list_inputs, settle
from unnoise.cluster.pool import Engine, Pool
from unnoise.cluster.record import BLOCKS, MANIFEST, Manifest, Names, clean, job_folder
from unnoise.cluster.worker import FileItem, Settings
from unnoise.denoiser import DenoiseOptions, Outputs, Running
from unnoise.denoiser.loading import ModelPlace
from unnoise.errors import ConfigError, ImageError
from unnoise.images import SUFFIXES, ReadOptions, is_url, left_out, names_a_file
from unnoise.types import Say

EngineName = Literal["processes", "ray"]
FORMAT = 2  # of job.json
LATER = {"steady": "auto", "develop": "srgb"}  # defaults of options that came later


def denoise_many(
    model: str | Path,
    source: str | Path,
    *,
    outputs: Outputs,
    engine: EngineName = "processes",
    address: str | None = None,
    workers: int | None = None,
    read: ReadOptions = ReadOptions(),  # noqa: B008  frozen
    options: DenoiseOptions = DenoiseOptions(),  # noqa: B008  frozen
    running: Running = Running(),  # noqa: B008  frozen
    say: Say = print_message,
    report: Callable[[FileResult], None] = lambda _: None,
    progress: FileProgress = lambda _done, _all: None,
) -> Summary:
    """Denoise many files, or one huge image, over many workers.

    Outputs lie in ``outputs.out`` as their inputs do below the source, beside ``manifest.jsonl``: a
    row for each input with its output, verdict, noise level, seconds and error. Killed at any
    point, the same call goes on with what is missing.

    Args:
        model: As for ``unnoise.load``; each worker loads it once.
        source: A file; a folder, with its subfolders; a pattern such as ``scans/**/*.tif``; a file
            that lists paths and addresses (``.txt`` or ``.lst``, one on each line); or an address
            for fsspec (``s3://bucket/scans``) of a file, a folder or a pattern. A single zarr
            array, ``.npy`` or TIFF file that can be read in parts is divided among the workers.
        outputs: Where outputs go: a folder for this job alone. ``overwrite`` begins the job anew in
            a folder that holds one, or other files.
        engine: ``processes`` on this machine, or ``ray``.
        address: The address of a running Ray cluster; its machines must reach the inputs, the model
            and ``out`` under the same names. None starts Ray on this machine.
        workers: Number of workers; None is one for each GPU, or each core.
        read, options, running: How files are read; how the model is applied; where it runs.
        say: Called with messages.
        report: Called with the result of each input as it is done.
        progress: Called with the number of files that are done, and of all. None stands for all
            while inputs are listed, which goes on during the work; one huge image is done in parts.

    Raises:
        ConfigError: Settings contradict each other, or workers cannot begin.
        ImageError: There is no input.
        ModelFileError: The model is not there.
        OutputError: ``out`` holds another job or other files, is in use, or cannot be written to.
    """
    if outputs.out is None:
        raise ConfigError(f"--engine {engine} needs --out: a folder for the outputs and the record")
    if workers is not None and workers < 1:
        raise ConfigError(f"workers is {workers}: it is at least 1")
    if address is not None and engine != "ray":
        raise ConfigError(f"address is of a Ray cluster, and engine is {engine}: take engine ray")
    if names_a_file(outputs.out):
        raise ConfigError(
            f"--out {outputs.out} names a file, and --engine {engine} writes a record beside the "
            "outputs: name a folder, without the ending of a format"
        )
    if outputs.format is not None:
        raise ConfigError(f"--format is for this process: leave it out, or --engine {engine}")
    if read.sequence:
        raise ConfigError(
            f"--sequence is for this process: leave it out, and --engine {engine} takes the frames "
            "one by one, or leave --engine out"
        )
    out, source = outputs.out.absolute(), settle(str(source))
    check_apart(source, out)
    if next(list_inputs(source, exclude=out), None) is None:
        raise ImageError(f"{source} has no image in it: {', '.join(SUFFIXES)} are read")
    for sentence in left_out([source], exclude=out):
        say(sentence)
    settings = Settings(
        model=ModelPlace.of(model),
        out=out,
        # The manifest decides which outputs are written.
        outputs=replace(outputs, overwrite=True, skip_existing=False),
        options=options,
        read=read,
        running=running,
    )
    job = _Job(settings, source, say, report, progress)
    with job_folder(out, _facts(settings, source), overwrite=outputs.overwrite):
        try:
            job.run(partial(_engine, engine, settings, workers, address))
        except KeyboardInterrupt:
            done = job.summary.denoised + job.summary.before
            again = "the same command" + " without --overwrite" * outputs.overwrite
            say(f"stopped: {done} outputs are in place, and {again} goes on from there")
            raise
    return job.summary


@dataclass
class _Job:
    """The driver's work on a job whose folder is ready."""

    settings: Settings
    source: str
    say: Say
    report: Callable[[FileResult], None]
    progress: FileProgress
    summary: Summary = field(default_factory=Summary)

    def run(self, make_engine: Callable[[], Engine]) -> None:
        """Do the missing inputs; start no worker if there are none."""
        started, out = time.monotonic(), self.settings.out
        inputs, done = clean(out / MANIFEST, out)
        self.summary.before = len(done)
        items = self._items(inputs, done)
        first = list(islice(items, 2))  # more than one is no huge image
        with closing(Manifest(out / MANIFEST)) as self._manifest:
            if first:
                engine = make_engine()
                self.say(f"{engine.workers} workers share the work")
                self._work(engine, first, items)
            else:
                shutil.rmtree(out / BLOCKS, ignore_errors=True)
        self.summary.seconds = time.monotonic() - started

    def _work(self, engine: Engine, first: list[FileItem], rest: Iterator[FileItem]) -> None:
        with _ending(), Pool(engine) as pool:  # after Ray, which sets its own signal handlers
            if len(first) > 1 or not self._in_tiles(pool, first[0]):
                for results in pool.run(chain(first, rest)):
                    self._record(results)
                    self.progress(self.summary.inputs, None)
        self.summary.lost = pool.lost

    def _items(self, inputs: Names, outputs: Names) -> Iterator[FileItem]:
        """List inputs that are neither done nor named before."""
        left = len(outputs)  # done before
        for name, relative in list_inputs(self.source, exclude=self.settings.out):
            known = not inputs.add(name)
            if relative.is_absolute() or not relative.name or ".." in relative.parts:
                yield FileItem(name, "", f"{name} has no place inside of --out")
                continue
            output = str(relative.with_name(self.settings.outputs.rename(relative.name)))
            if outputs.add(output):
                yield FileItem(name, output)
            elif not known:
                refused = (
                    f"{name} would be written to {output}, as another input is: denoise them in "
                    "separate jobs"
                )
                yield FileItem(name, output, refused)
            elif left > 0:
                left -= 1
            else:
                self.summary.repeated += 1

    def _in_tiles(self, pool: Pool, item: FileItem) -> bool:
        """Do one file tile by tile, if it can be read in parts where it is."""
        if item.refused or is_url(self.source) or is_list(self.source):
            return False
        result = HugeFile(item, self.settings).run(pool, lambda share: self.progress(share, 1))
        if result is None:
            return False
        self._record([result])
        if result.error is None:
            shutil.rmtree(self.settings.out / BLOCKS)
        return True

    def _record(self, results: list[FileResult]) -> None:
        self._manifest.add(results)
        for result in results:
            self.summary.count(result)
            self.report(result)


def _facts(settings: Settings, source: str) -> dict[str, Any]:
    """Return the facts that make a job the same: its images, and all that changes outputs."""
    read = asdict(settings.read)
    del read["max_pixels"], read["sequence"]  # a limit that changes no output; refused
    facts = {
        "format": FORMAT,
        "source": source,
        "model": settings.model.digest(),
        "suffix": settings.outputs.added,
        **asdict(settings.options),
        **read,
        "precision": settings.running.precision,
    }
    # Jobs of earlier versions, which know neither films nor raw files, go on.
    return {name: value for name, value in facts.items() if LATER.get(name, ...) != value}


def _engine(
    engine: EngineName, settings: Settings, workers: int | None, address: str | None
) -> Engine:
    if engine == "ray":
        from unnoise.cluster.ray_engine import RayEngine

        return RayEngine(settings, workers=workers, address=address)
    from unnoise.cluster.processes import ProcessEngine

    return ProcessEngine(settings, workers=workers)


@contextmanager
def _ending() -> Iterator[None]:
    """End as with Ctrl-C when the system asks for it."""
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
