"""What one worker does: it loads the model once, then one task after another.

Both engines run this class, in processes of their own. It knows neither of them.
"""

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from unnoise.api.loading import load
from unnoise.api.one_file import FileDenoiser, explain
from unnoise.cluster.addresses import at_hand
from unnoise.cluster.manifest import Row
from unnoise.denoiser import DenoiseOptions
from unnoise.errors import ConfigError
from unnoise.images import ReadOptions

Precision = Literal["auto", "fp32", "bf16"]


@dataclass(frozen=True)
class Settings:
    """What a worker is told; see ``denoise_many``."""

    model: str
    out: Path
    options: DenoiseOptions
    read: ReadOptions
    inspect: bool
    device: str
    precision: Precision
    compile: bool


class Worker:
    """A model, loaded and ready.

    Args:
        settings: Of the job.
        device: Where this worker's model runs.
        threads: How many cores it takes.

    Attributes:
        settings: Of the job.
        denoiser: The model.
        denoise_file: Does one file.

    Raises:
        UnnoiseError: The model cannot be loaded.
    """

    def __init__(self, settings: Settings, *, device: str, threads: int) -> None:
        self.settings = settings
        # ONNX Runtime, torch and libvips ask for these when they are loaded.
        os.environ["OMP_NUM_THREADS"] = os.environ["VIPS_CONCURRENCY"] = str(threads)
        self.denoiser = load(
            settings.model,
            device=device,
            precision=settings.precision,
            compile=settings.compile,
        )
        if torch := sys.modules.get("torch"):  # it may have been loaded with another number
            torch.set_num_threads(threads)
        self.denoise_file = FileDenoiser(
            self.denoiser,
            options=settings.options,
            read=settings.read,
            inspect=settings.inspect,
        )
        self.kept: dict[str, Any] = {}  # what a task leaves for the next one of its kind

    def run(self, tasks: "Sequence[Task]") -> list[Row]:
        """Do tasks; what goes wrong with one is in its row."""
        return [task.run(self) for task in tasks]


class Task(Protocol):
    """A piece of work that becomes a row."""

    def run(self, worker: Worker) -> Row:
        """Do it, raising nothing; the row has at least ``error`` and ``seconds``."""

    def failed(self, reason: str) -> Row:
        """Return the row of a task that could not be done."""


@dataclass(frozen=True)
class RefusedTask:
    """An input that is not looked at, and why."""

    name: str
    reason: str

    def run(self, worker: Worker) -> Row:  # noqa: ARG002  nothing is done
        """Return its row."""
        return self.failed(self.reason)

    def failed(self, reason: str) -> Row:
        """Return its row with an error."""
        return FileTask(self.name, "").failed(reason)


@dataclass(frozen=True)
class FileTask:
    """One input, from its file to its output.

    Attributes:
        name: The path or address of the input.
        output: Below the folder of the job.
    """

    name: str
    output: str

    def run(self, worker: Worker) -> Row:
        """Denoise it."""
        started, target = time.perf_counter(), worker.settings.out / self.output
        try:
            with at_hand(self.name, target.parent) as path:
                if os.path.realpath(path) == os.path.realpath(target):
                    raise ConfigError("its output would replace it: choose another --out")
                result = worker.denoise_file(path, target, overwrite=True)
        except Exception as error:  # the rest is done
            return self.failed(explain(error, Path(self.name)))
        if result.error is not None:
            return self.failed(result.error.replace(str(path), self.name))
        return self.row(
            output=self.output,
            verdict=result.verdict,
            noise_level=result.noise_level,
            reasons=list(result.reasons),
            notes=result.notes,
            lost=result.lost,
            seconds=round(time.perf_counter() - started, 6),
            megapixels=result.megapixels,
        )

    def failed(self, reason: str) -> Row:
        """Return its row with an error."""
        return self.row(error=reason)

    def row(
        self,
        *,
        output: str | None = None,
        verdict: str | None = None,
        noise_level: float | None = None,
        reasons: Sequence[str] = (),
        notes: Sequence[str] = (),
        lost: Sequence[str] = (),
        seconds: float = 0.0,
        megapixels: float = 0.0,
        error: str | None = None,
    ) -> Row:
        """Return its row in the manifest."""
        return {
            "input": self.name,
            "output": output,
            "verdict": verdict,
            "noise_level": noise_level,
            "reasons": list(reasons),
            "notes": list(notes),
            "lost": list(lost),
            "seconds": seconds,
            "megapixels": megapixels,
            "error": error,
        }
