"""One run of a training, new or resumed, alone or as one of several processes.

Every process sees the same images and takes the same steps. The first one prints messages, reads
and writes the run folder, and sends its contents to the others.
"""

import math
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from unnoise.api.advice import Advice
from unnoise.api.common import ARRAY_NAME, Report, Source, ignore
from unnoise.api.denoising import load
from unnoise.api.finishing import HeldOut, calibrated, example_of, make_denoiser
from unnoise.api.planning import (
    Kept,
    changed,
    check_images,
    lacks_arrays,
    make_plan,
    read_kept,
    with_noise,
)
from unnoise.assemble import Assembly, assemble
from unnoise.data import Plan
from unnoise.datasets import NAMES
from unnoise.denoiser import Denoiser
from unnoise.errors import DataError, RunError
from unnoise.runs import RunFolder, Settings, TrainConfig, beside, layer_settings
from unnoise.training import Progress, Validation, World
from unnoise.training import train as run_training
from unnoise.types import Say


@dataclass(frozen=True)
class Trained:
    """A training that is not yet calibrated, or the model of a run that was complete."""

    assembly: Assembly | None
    denoiser: Denoiser


class Run:
    """A training and its folder; only the first process prints, and reads and writes it."""

    def __init__(
        self, folder: RunFolder | None, world: World, say: Say, report: Report, closing: ExitStack
    ) -> None:
        first = world.rank == 0
        self._place = folder
        self._folder = folder if first else None
        self._world = world
        self._say, self._report = (say, report) if first else (ignore, ignore)
        self._warn = say
        self._closing = closing
        self._taken = False
        if self._folder and self._folder.path.is_dir():
            self._take(self._folder)

    def goes_on(self, asked: Settings, *, resume: bool) -> bool:
        """Return whether to resume a run: as requested, or as earlier processes began it."""
        there = False
        if self._folder:
            there = self._world.remembers(self._begun) or (resume and self._folder.config.is_file())
            if resume and not there:
                if not asked:
                    raise RunError(
                        f"{self._folder.path} holds no run: there is no {self._folder.config.name} "
                        "in it. To begin one, say what to train on, as without --resume"
                    )
                self._say(f"{self._folder.path} holds no run yet: a new one begins")
        return bool(self._world.agree(there))

    @property
    def _begun(self) -> str:
        assert self._folder is not None
        return f"unnoise began {self._folder.path.absolute()}"

    def _take(self, folder: RunFolder) -> None:
        if not self._taken:
            self._closing.enter_context(folder.alone())
            self._taken = True

    def begin(
        self,
        asked: Settings,
        data: Source | None,
        targets: Source | None,
        noisy: Source | None = None,
        *,
        overwrite: bool,
    ) -> Trained:
        """Train from the start."""
        settings, folder = layer_settings(asked), self._folder
        if folder:
            folder.check_free(overwrite=overwrite)
        assembly, plan = self._assemble(with_noise(settings, noisy, say=self._say), data, targets)
        if folder:
            self._take(folder)
            folder.check_free(overwrite=overwrite)  # another training may have been quicker
            kept = assembly.config
            if kept.init is not None:
                # It may be the model in this very folder, which folder.begin() removes.
                Denoiser.load(kept.init).save(folder.init, overwrite=True)
                kept = replace(kept, init=str(folder.init))
            state = assembly.training.checkpoint()
            folder.begin(kept, state, note=plan.note, asked=beside(kept, asdict(settings)))
            self._world.remember(self._begun)
        return self._train(assembly, asdict(settings))

    def go_on(self, now: Settings, data: Source | None, targets: Source | None) -> Trained:
        """Continue from the checkpoint, or train further; or return the model of a complete run."""
        folder = self._folder
        read = read_kept(folder, now).to_plain() if folder else None
        kept = Kept.of_plain(self._world.broadcast(read))
        data = data if kept.settings.data == ARRAY_NAME else None  # the settings name the files
        targets = targets if kept.settings.targets == ARRAY_NAME else None
        if kept.state is None:
            return self._complete(kept, data, targets)
        assembly, steps = self._reassemble(kept, kept.state, data, targets)
        training, before = assembly.training, kept.settings.steps
        if kept.is_enough(steps):
            training.batches.close()
            training.leave()
            return self._complete(kept, data, targets)
        longer = "" if steps == before else f"; it was planned for {before}"
        self._say(f"going on from step {training.state.step} of {steps}{longer}")
        if folder:
            settings, asked = kept.lengthened(steps)
            folder.change(settings, asked=asked)
        return self._train(assembly.of_length(steps), kept.length or kept.asked)

    def _reassemble(
        self, kept: Kept, state: dict[str, Any], data: Source | None, targets: Source | None
    ) -> tuple[Assembly, int]:
        """Build everything as it was at the checkpoint; also return the requested steps."""
        settings = kept.wanted
        if lacks_arrays(settings, data, targets):
            raise RunError(
                "the run was trained on an array, which is not kept: pass the same one to "
                "unnoise.train(array, out=..., resume=True)"
            )
        if settings.init is not None and self._place:
            settings = replace(settings, init=str(self._shared(self._place.init)))
        assembly, plan = self._assemble(settings, data, targets)
        if plan.note != kept.note:
            raise changed(settings)
        training = assembly.training
        try:
            training.restore(state)
        except (KeyError, RuntimeError, ValueError) as error:
            raise changed(settings) from error
        before = training.state.step if settings.minutes else 0
        return assembly, assembly.length.steps + before

    def _complete(self, kept: Kept, data: Source | None, targets: Source | None) -> Trained:
        """Return the model in the folder."""
        assert self._place is not None
        settings, folder = kept.settings, self._folder
        if folder:
            check_images(kept, folder, data, targets, say=self._say)
            self._say(f"{folder.path} is complete: it was trained for {settings.steps} steps")
            folder.change(settings, asked=kept.asked)
        model = self._shared(self._place.model)
        return Trained(None, load(model, device=settings.device, precision=settings.precision))

    def _shared(self, path: Path) -> Path:
        """Return a file of the folder; processes other than the first get a copy."""
        if self._world.size == 1:
            return path
        content = torch.zeros(0)
        if self._folder:
            content = torch.frombuffer(bytearray(path.read_bytes()), dtype=torch.uint8)
        content = self._world.broadcast(content)
        if self._folder:
            return path
        copied = Path(self._closing.enter_context(TemporaryDirectory())) / path.name
        copied.write_bytes(content.numpy().tobytes())
        return copied

    def finish(self, trained: Trained) -> Denoiser:
        """Calibrate and keep the model, on the first process alone."""
        denoiser, assembly = trained.denoiser, trained.assembly
        if self._world.rank != 0 or assembly is None:
            return denoiser
        reached = denoiser.info.trained
        started = time.perf_counter()
        info = calibrated(denoiser, assembly)
        seconds = round(time.perf_counter() - started, 1)
        denoiser.info = replace(info, trained={**reached, "calibration_seconds": seconds})
        if folder := self._folder:
            if folder.clear_results():
                self._say(
                    f"{folder.report} was of a shorter training and is removed: unnoise report "
                    f"{folder.path} writes it anew"
                )
            if assembly.config.data not in NAMES:  # of these, the test images are measured
                scenes = assembly.scenes if "psnr" in info.trained else []  # some are clean
                HeldOut.of(assembly.examples, scenes, assembly.along).save(folder.held_out)
            denoiser.save(folder.model, overwrite=True)
        return denoiser

    def _assemble(
        self, settings: TrainConfig, data: Source | None, targets: Source | None
    ) -> tuple[Assembly, Plan]:
        """Choose the method, read the images and build everything; report the choice."""
        run = self._place.path if self._place else None
        plan = make_plan(settings, data, targets, run=run, say=self._say)
        if plan.note != self._world.broadcast(plan.note):
            raise DataError(
                f"process {self._world.rank} finds other images in {plan.name} than the first: "
                "all machines must see the same ones, such as on a shared disk or by a URL"
            )
        failures: list[str] = []
        warn = self._say  # while all read the same files, one of them warns

        def failed(failure: str) -> None:
            failures.append(failure)
            warn(f"skipped: {failure}")

        for failure in plan.failures:
            failed(failure)
        keeps = self._folder is not None
        assembly = assemble(settings, plan, failed=failed, world=self._world, examples=keeps)
        warn = self._warn  # each streams files of its own
        if failures:
            self._say(f"{len(failures)} files were skipped")
        if plan.name not in NAMES:
            about = "about " if plan.packed else ""
            self._say(f"{about}{plan.count} images of {plan.name}; {plan.objective}: {plan.reason}")
        for note in (*assembly.notes, *([plan.hint] if plan.hint else [])):
            self._say(note)
        if self._world.size > 1:
            self._say(f"{self._world.size} processes train together, on {assembly.training.device}")
        return assembly, plan

    def _train(self, assembly: Assembly, length: Settings) -> Trained:
        """Train, keeping the run folder up to date, and make the denoiser."""
        training, folder = assembly.training, self._folder
        noise = assembly.validator.noise(assembly.info.channels)
        # Where bounds alone are trained, images stay as they are, and say nothing.
        say = ignore if assembly.config.freeze else self._say
        advice = Advice(length, noise, training.optimisation.schedule, say)
        # Rows after the checkpoint belong to steps that will be taken again.
        taken = training.state.step
        rows = [row for row in folder.read_metrics() if row["step"] <= taken] if folder else []

        def keep(progress: Progress) -> None:
            if progress.validation is not None:
                rows.append(_row(progress, progress.validation))
                if folder:
                    folder.write_metrics(rows)
                    progress = replace(progress, example=partial(example_of, assembly))
            self._report(progress)
            if progress.validation is not None:
                advice.on_the_way(rows)

        def save(state: dict[str, Any]) -> None:
            if folder:
                folder.save(state)

        try:
            run_training(training, assembly.length, report=keep, save=save)
        finally:
            training.batches.close()
        advice.at_the_end(rows)
        return Trained(assembly, make_denoiser(assembly))


def _row(progress: Progress, validation: Validation) -> dict[str, float]:
    """Return a row of the metrics; NaN where there is no clean image to compare with."""
    return {
        "step": progress.step,
        "steps": progress.steps,
        "loss": progress.loss,
        "samples_per_second": progress.samples_per_second,
        "seconds": progress.seconds,
        "risk": validation.risk,
        "psnr": math.nan if validation.psnr is None else validation.psnr,
    }
