"""What a training works on: its images and method, or the kept run that it goes on with."""

import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from unnoise.api.common import ARRAY_NAME, Source, ignore
from unnoise.api.noise_models import noise_model
from unnoise.data import Plan, Survey, choose_method, look_at
from unnoise.datasets import NAMES
from unnoise.denoiser.loading import locate
from unnoise.errors import RunError, UnnoiseError
from unnoise.images import left_out
from unnoise.objectives import check_objective, learning_from
from unnoise.runs import (
    FREE,
    LENGTHS,
    RunFolder,
    Settings,
    TrainConfig,
    beside,
    differences,
    may_be_longer,
    other_length,
    read_model_file,
)
from unnoise.types import Say

MINUTE = 60  # seconds


def with_noise(settings: TrainConfig, noisy: Source | None = None, *, say: Say) -> TrainConfig:
    """Return settings with the noise of ``noisy`` images, if the settings request its estimate."""
    check_objective(settings.objective)  # before anything is read
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
        sizes=_sizes(settings),
    )


def _sizes(settings: TrainConfig) -> tuple[int, ...] | None:
    """Return the depth that is asked for, or the one of the model to start from."""
    if settings.sizes is None and settings.init is not None:
        info, _ = read_model_file(locate(settings.init))
        return tuple(info.depth.values()) or (1,)
    return settings.sizes


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


@dataclass(frozen=True)
class Kept:
    """A run in its folder, and the settings that are requested now."""

    settings: TrainConfig  # of the run; device and the like as requested now
    asked: Settings  # the request of the run, where its settings differ from it
    note: str  # on its method and its images
    length: dict[str, Any]  # that is requested now, if it may be longer than the run
    complete: bool  # the folder holds the model of all its steps
    state: dict[str, Any] | None  # the checkpoint; None where nothing is left to do

    @classmethod
    def of_plain(cls, values: dict[str, Any]) -> "Kept":
        """Return the run of which ``to_plain`` gave the values."""
        return cls(**{**values, "settings": TrainConfig(**values["settings"])})

    def to_plain(self) -> dict[str, Any]:
        """Return plain values and tensors, for the other processes."""
        return {**vars(self), "settings": asdict(self.settings)}

    @property
    def wanted(self) -> TrainConfig:
        """The settings with the length that is requested now; only the minutes that are left."""
        if not self.length:
            return self.settings
        assert self.state is not None
        length = {**dict.fromkeys(LENGTHS), **self.length}
        if length["minutes"]:
            length["minutes"] -= self.state["seconds"] / MINUTE
        return replace(self.settings, **length)

    def is_enough(self, steps: int) -> bool:
        """Return whether the run has taken this number of steps; raise if that is too few."""
        planned = self.settings.steps
        assert planned is not None
        if steps < planned and not self.complete:
            raise _shorter(self.length, planned)
        return self.complete and steps <= planned

    def lengthened(self, steps: int) -> tuple[TrainConfig, Settings]:
        """Return the settings of the run with this number of steps, and the request for them."""
        settings = replace(self.settings, steps=steps)
        if not self.length:
            return settings, self.asked
        others = {name: value for name, value in self.asked.items() if name not in LENGTHS}
        return settings, {**others, **beside(settings, self.length)}


def read_kept(folder: RunFolder, now: Settings) -> Kept:
    """Read a run, and compare it with the settings that are requested now."""
    settings, asked = folder.read_config(), folder.read_asked()
    if differing := differences(now, settings, asked):
        raise RunError(
            f"{folder.path} holds a run with other settings: {'; '.join(differing)}. Leave these "
            "out to go on with it, choose another --out, or replace it (--overwrite, not --resume)"
        )
    if settings.steps is None:
        raise RunError(f"{folder.config} lacks its number of steps: undo the change of it")
    complete = folder.finished_steps() == settings.steps
    length = other_length(now, settings, asked)
    longer = may_be_longer(length, settings, asked)
    state = folder.load() if longer or not complete else None
    if state and state["step"] > settings.steps:
        raise RunError(
            f"the checkpoint in {folder.path} is at step {state['step']}, and its "
            f"{folder.config.name} says steps = {settings.steps}: undo the change of that file"
        )
    if state and MINUTE * length.get("minutes", math.inf) <= state["seconds"]:
        longer = False  # they are over
    if length and not longer and not complete:
        raise _shorter(length, settings.steps)
    free: dict[str, Any] = {name: now[name] for name in FREE if name in now}
    return Kept(
        settings=replace(settings, **free),
        asked=asked,
        note=folder.read_note(),
        length=length,
        complete=complete,
        state=state if longer or not complete else None,
    )


def lacks_arrays(settings: TrainConfig, data: Source | None, targets: Source | None) -> bool:
    """Return whether a run was trained on arrays that are not passed now."""
    return (settings.data == ARRAY_NAME and data is None) or (
        settings.targets == ARRAY_NAME and targets is None
    )


def check_images(
    kept: Kept, folder: RunFolder, data: Source | None, targets: Source | None, *, say: Say
) -> None:
    """Compare the images with those of a complete run, where they can still be read."""
    settings = kept.settings
    if settings.data in NAMES or lacks_arrays(settings, data, targets):
        return
    try:
        plan = make_plan(settings, data, targets, run=folder.path)
    except UnnoiseError as error:
        say(f"the images cannot be compared with those of the run: {error}")
        return
    if plan.note != kept.note:
        raise changed(settings)


def changed(settings: TrainConfig) -> RunError:
    """Return the error for images that differ from those of the run."""
    return RunError(
        f"the run does not fit the images of {settings.data}, which were changed since: put the "
        "old ones back, or train anew with another --out"
    )


def _shorter(length: Settings, steps: int) -> RunError:
    asked = ", ".join(f"--{name} {value}" for name, value in length.items())
    return RunError(
        f"{asked} is less than the {steps} steps of the run, which has not come to its end: a run "
        "can be made longer, not shorter; leave the length out to go on"
    )
