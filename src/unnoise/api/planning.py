"""What a training works on and what it will cost: images, method, and a forecast."""

import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from unnoise.api.common import Source, ignore
from unnoise.api.noise_models import noise_model
from unnoise.assemble import assemble
from unnoise.data import Plan, Survey, choose_method, look_at, takes_whole
from unnoise.images import ValueRange, left_out
from unnoise.models import macs_per_pixel
from unnoise.objectives import learning_from
from unnoise.runs import ModelInfo, Setting, TrainConfig, layer_settings
from unnoise.types import Say


def default_out(
    said: dict[str, Setting], *, preset: str | None = None, config: Path | None = None
) -> Path:
    """Return the run folder of ``unnoise train`` without ``--out``."""
    settings = layer_settings(said, preset=preset, file=config)
    # A pattern, or a name with braces, is named by the folder that it searches.
    parts = [part for part in Path(settings.data).parts if not set(part) & set("*?[{")]
    name = Path(*parts).resolve().stem if parts else "images"
    return Path("runs") / (name if settings.model == "auto" else f"{name}-{settings.model}")


def with_noise(settings: TrainConfig, noisy: Source | None = None, *, say: Say) -> TrainConfig:
    """Return settings with the noise of ``noisy`` images, if the settings request its estimate."""
    if settings.noisy is None:
        return settings
    source = settings.noisy if noisy is None else noisy
    found = noise_model(source, read=settings.read, say=say)
    for sentence in found.evidence:
        say(sentence)
    say(f"noise: {found.spec}")
    return replace(settings, noise=found.spec, noisy=None)


def make_plan(
    settings: TrainConfig,
    data: Source | None = None,
    targets: Source | None = None,
    *,
    run: Path | None = None,
    say: Say = ignore,
) -> Plan:
    """Read the headers of images, without those in the folder of the run, and choose a method."""
    first, noise = _look(settings, settings.data if data is None else data, run, say)
    second = None
    if settings.targets is not None:
        second, _ = _look(settings, settings.targets if targets is None else targets, run, say)
        noise = None
    if settings.objective not in ("auto", *learning_from("pairs")):
        noise = None
    return choose_method(
        first,
        second,
        noise=settings.noise or noise,
        objective=settings.objective,
        channels=settings.channels,
        structure=settings.structure,
        stride=settings.stride,
    )


def _look(
    settings: TrainConfig, source: Source, run: Path | None, say: Say
) -> tuple[Survey, str | None]:
    if isinstance(source, str | Path):
        for sentence in left_out([source], exclude=run):
            say(sentence)
    return look_at(
        source,
        split="train",
        read=settings.read,
        data_dir=Path(settings.data_dir) if settings.data_dir else None,
        exclude=run,
        say=say,
    )


STEPS = 8  # that are taken; no run is kept


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
        "steps": f"{steps} of {settings.batch_size} "
        + ("images" if takes_whole(plan) else f"patches of {settings.patch} × {settings.patch}"),
        "memory": _memory(),
        "time": f"about {_minutes(median(seconds) * steps)} on {training.device}",
    }


def _range(info: ModelInfo) -> str:
    """Return the values that are 0 and 1; for pairs in two units, also of the clean images."""
    kept, results = info.value_range, info.result_range
    assert kept is not None
    dtype = np.dtype(kept["dtype"])
    noisy = ValueRange(kept["low"], kept["high"], kept["clamp"]).describe(dtype)
    if results is None:
        return noisy
    return f"{noisy}; clean: {ValueRange(results['low'], results['high'], False).describe(dtype)}"


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
