"""One worker: it loads the model once, then does one piece of work after another.

All engines run this class, in processes of their own. It knows none of them.
"""

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from unnoise.api.common import explain
from unnoise.api.one_file import FileDenoiser, FileResult
from unnoise.cluster.listing import at_hand
from unnoise.denoiser import DenoiseOptions, Outputs, Running
from unnoise.denoiser.loading import ModelPlace
from unnoise.errors import ConfigError
from unnoise.images import ReadOptions


@dataclass(frozen=True)
class Settings:
    """The options of a job, as workers get them; see ``denoise_many``."""

    model: ModelPlace
    out: Path
    outputs: Outputs
    options: DenoiseOptions
    read: ReadOptions
    running: Running


class Outcome(Protocol):
    """The outcome of a piece of work, such as a ``FileResult``."""

    @property
    def seconds(self) -> float:
        """Spent on it."""

    @property
    def error(self) -> str | None:
        """What went wrong, or None."""


Out = TypeVar("Out", bound=Outcome, covariant=True)


class WorkItem(Protocol[Out]):
    """A piece of work for a worker; it can be hashed and sent to other processes."""

    def run(self, worker: "Worker") -> Out:
        """Do it; errors are in the outcome, and none is raised."""

    def failed(self, reason: str) -> Out:
        """Return the outcome if it could not be done."""


class Worker:
    """A model, loaded and ready, on a device and with its number of threads."""

    def __init__(self, settings: Settings, *, device: str, threads: int) -> None:
        self.settings = settings
        # ONNX Runtime, torch and libvips ask for these when they are loaded.
        os.environ["OMP_NUM_THREADS"] = os.environ["VIPS_CONCURRENCY"] = str(threads)
        self.denoiser = replace(settings.running, device=device).load(settings.model.name)
        if torch := sys.modules.get("torch"):  # it may have been loaded with another number
            torch.set_num_threads(threads)
        self.denoise_file = FileDenoiser(
            self.denoiser, options=settings.options, read=settings.read, outputs=settings.outputs
        )
        self.kept: dict[str, Any] = {}  # what a piece of work leaves for the next one of its kind

    def run(self, items: Sequence[WorkItem[Outcome]]) -> list[Outcome]:
        """Do pieces of work; the error of one is in its outcome."""
        return [item.run(self) for item in items]


@dataclass(frozen=True)
class FileItem:
    """One input, from its file to its output."""

    name: str  # path or address
    output: str  # below the folder of the job
    refused: str | None = None  # the reason why the input is not denoised

    def run(self, worker: Worker) -> FileResult:
        """Denoise it."""
        if self.refused is not None:
            return self.failed(self.refused)
        started, target = time.perf_counter(), worker.settings.out / self.output
        try:
            with at_hand(self.name, target.parent) as path:
                if os.path.realpath(path) == os.path.realpath(target):
                    raise ConfigError("its output would replace it: choose another --out")
                result = worker.denoise_file(path, target)
        except Exception as error:  # the rest is done
            return self.failed(explain(error, Path(self.name)))
        if result.error is not None:
            return self.failed(result.error.replace(str(path), self.name))
        seconds = round(time.perf_counter() - started, 6)
        return replace(result, input=self.name, seconds=seconds)

    def failed(self, reason: str) -> FileResult:
        """Return its result with an error."""
        return FileResult(self.name, error=reason)
