"""``unnoise.train``: from settings to a trained denoiser and its run folder, or to a forecast."""

import math
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from unnoise.api.common import ARRAY_NAME, Report, Source, ignore, print_message
from unnoise.api.planning import make_plan, with_noise
from unnoise.api.progress import notebook_curve
from unnoise.api.running import Run
from unnoise.assemble import assemble
from unnoise.denoiser import Denoiser
from unnoise.denoiser.description import stored_range
from unnoise.errors import ConfigError
from unnoise.models import macs_per_pixel
from unnoise.runs import ModelInfo, RunFolder, Setting, TrainConfig, choose_settings, layer_settings
from unnoise.signatures import takes_fields
from unnoise.training import process_group
from unnoise.types import Say

TIMEOUT = 300.0  # seconds
STEPS = 8  # of a forecast; no run is kept


@takes_fields(TrainConfig, optional=True)
def train(
    data: Source | None = None,
    *,
    targets: Source | None = None,
    noisy: Source | None = None,
    preset: str | None = None,
    config: str | Path | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    timeout: float = TIMEOUT,
    say: Say = print_message,
    report: Report | None = None,
    **settings: Any,
) -> Denoiser:
    """Train a denoiser, with all processes that ``torchrun`` started.

    Every setting that is None comes from ``config``, else from ``preset``, else from the defaults.

    With ``resume``, the run in ``out`` is continued, to the same weights as if it had not been
    stopped. If there is none, it begins; if it is complete, its denoiser is returned. Settings that
    are None are then taken from the run, and the others must equal those of the run. ``device``,
    ``compile`` and ``data_dir`` may differ, and a longer length trains further.

    Args:
        data: A named dataset (``digits``, ``mnist``, ``fashion-mnist``), a file, folder or pattern,
            or an array: ``(H, W)``, ``(H, W, C)``, ``(N, H, W, C)``, others with ``axes``; or a
            list of arrays of any sizes. Tensors of torch and pictures of PIL are arrays, too.
        targets: The clean version of each image, matched by name; or an array of the same shape.
        noisy: For ``noise="auto"``: noisy images of any scenes, see ``unnoise.noise_model``.
        preset: A named set of settings: ``classic`` or ``features``.
        config: A TOML file of settings.
        out: The run folder to write; None keeps nothing on disk.
        resume: Whether to continue the run in that folder.
        overwrite: Whether a run in that folder may be replaced.
        timeout: Seconds that a process waits for the others, where torchrun started several.
        say: Called with messages; the default prints them on standard error.
        report: Called with the progress; None draws a curve in a notebook, and nothing elsewhere.
            If it raises ``unnoise.training.Enough``, a training of one process ends, and its best
            model so far is kept and returned.
        **settings: The settings below, such as ``minutes=2``; None is the same as leaving one out.

    Returns:
        The trained denoiser. The first process calibrates it and writes the run folder.

    Raises:
        UnnoiseError: A subclass of it; its message states what to try.
    """
    sources = {"data": data, "targets": targets, "noisy": noisy}
    given = {name: _name(source) for name, source in sources.items()} | {
        name: str(value) if isinstance(value, Path) else value for name, value in settings.items()
    }
    said = {name: value for name, value in given.items() if value is not None}
    now = choose_settings(said, preset=preset, file=Path(config) if config else None)
    if resume and overwrite:
        raise ConfigError("--resume continues a run, and --overwrite removes it: pass one of them")
    if resume and out is None:
        raise ConfigError("--resume needs --out, the run folder to go on with")
    folder = RunFolder(Path(out)) if out is not None else None
    with ExitStack() as closing:
        with process_group(seconds=timeout) as world:
            run = Run(folder, world, say, report or notebook_curve() or ignore, closing)
            if run.goes_on(now, resume=resume):
                trained = run.go_on(now, data, targets)
            else:
                trained = run.begin(now, data, targets, noisy, overwrite=overwrite)
        return run.finish(trained)


def _name(source: Source | None) -> str | None:
    if source is None:
        return None
    return str(source) if isinstance(source, str | Path) else ARRAY_NAME


def default_out(
    said: dict[str, Setting], *, preset: str | None = None, config: Path | None = None
) -> Path:
    """Return the run folder of ``unnoise train`` without ``--out``."""
    settings = layer_settings(said, preset=preset, file=config)
    # A pattern, or a name with braces, is named by the folder that it searches.
    parts = [part for part in Path(settings.data).parts if not set(part) & set("*?[{")]
    name = Path(*parts).resolve().stem if parts else "images"
    return Path("runs") / (name if settings.model == "auto" else f"{name}-{settings.model}")


def forecast(
    said: Mapping[str, Setting],
    *,
    preset: str | None = None,
    config: Path | None = None,
    say: Say = ignore,
) -> dict[str, Any]:
    """Read the images, take a few steps, and return facts about the training as plain values."""
    settings = with_noise(layer_settings(said, preset=preset, file=config), say=say)
    plan = make_plan(settings, say=say)
    failures = list(plan.failures)
    assembly = assemble(settings, plan, failed=failures.append)
    training, settings, steps = assembly.training, assembly.config, assembly.length.steps
    seconds = []
    for _ in range(STEPS):
        start = time.perf_counter()
        training.advance(steps).item()
        seconds.append(time.perf_counter() - start)
    training.batches.close()
    side = math.isqrt(training.batches.pixels)
    size = f" of {side} × {side}" if training.batches.unit == "patches" else ""
    notes = [*assembly.notes, *([plan.hint] if plan.hint else [])]
    parts = plan.views[0]
    return {
        "images": f"{plan.count} in {len(parts)} files or arrays of {plan.name}",
        "skipped": "; ".join(failures) or "none",
        "axes": _counted((part.axes for part in parts), "axes"),
        "size": _counted((f"{part.height} × {part.width}" for part in parts), "sizes"),
        "channels": parts[0].channels,
        "dtype": str(parts[0].dtype),
        "range": _range(assembly.info),
        "method": f"{plan.objective}: {plan.reason}",
        "noise": settings.noise or "the noise of the images",
        "notes": "; ".join(notes) or "none",
        "model": assembly.info.model,
        "cost": f"{macs_per_pixel(training.model) / 1000:.2f} kMAC/pixel",
        "steps": f"{steps} of {settings.batch_size} {training.batches.unit}" + size,
        "memory": _memory(),
        "time": f"about {_minutes(median(seconds) * steps)} on {training.device}",
    }


def _range(info: ModelInfo) -> str:
    """Return the values that are 0 and 1; for pairs in two units, also of the clean images."""
    dtype, noisy, clean = stored_range(info)
    assert dtype is not None
    assert noisy is not None
    return noisy.describe(dtype) + (f"; clean: {clean.describe(dtype)}" if clean else "")


def _counted(kinds: Iterable[object], name: str) -> str:
    counts = Counter(kinds).most_common()
    listed = ", ".join(f"{kind} ({count})" for kind, count in counts[:3])
    return listed + (f" and {len(counts) - 3} more {name}" if len(counts) > 3 else "")


def _memory() -> str:
    """Return the peak memory of this process."""
    if sys.platform == "win32":
        return "not measured on Windows"
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return f"{most / (2**30 if sys.platform == 'darwin' else 2**20):.2f} GiB at most so far"


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} minutes"
