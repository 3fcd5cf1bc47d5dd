"""What a training would work on: the images that a config names, and the method for them."""

from dataclasses import replace
from pathlib import Path

from unnoise.api.common import Source, silent
from unnoise.api.noise_models import noise_model
from unnoise.data import Plan, Survey, choose_method, look_at
from unnoise.images import left_out
from unnoise.runs import Setting, TrainConfig, layer_settings
from unnoise.types import Say


def default_out(
    said: dict[str, Setting], *, preset: str | None = None, config: Path | None = None
) -> Path:
    """Return the run folder that ``unnoise train`` writes where none was said."""
    settings = layer_settings(said, preset=preset, file=config)
    # A pattern, or a name with braces, is called by the folder that it searches.
    parts = [part for part in Path(settings.data).parts if not set(part) & set("*?[{")]
    name = Path(*parts).resolve().stem if parts else "images"
    return Path("runs") / (name if settings.model == "auto" else f"{name}-{settings.model}")


def with_noise(settings: TrainConfig, noisy: Source | None = None, *, say: Say) -> TrainConfig:
    """Return settings with the noise estimated, where it is to be: of ``noisy``, or what it names.

    Raises:
        DataError: No noise was found.
    """
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
    say: Say = silent,
) -> Plan:
    """Look at the images that a config names (or that are given) and choose the method.

    What lies in the run's own folder is left out.
    """
    first, noise = _look(settings, settings.data if data is None else data, run, say)
    second = None
    if settings.targets is not None:
        second, _ = _look(settings, settings.targets if targets is None else targets, run, say)
        noise = None
    if settings.objective not in ("auto", "supervised"):
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
