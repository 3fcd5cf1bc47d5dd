"""One run of a training, begun or gone on with, alone or as one of several processes.

Every process sees the same images and takes the same steps. The first one speaks, and reads and
writes the run folder; it tells the others what it read.
"""

import copy
import math
import time
from dataclasses import asdict, dataclass, replace
from typing import Any

from unnoise.api.calibrating import calibrated
from unnoise.api.common import ARRAY, Report, Say, Source, silent
from unnoise.api.planning import make_plan
from unnoise.assemble import Assembly, assemble
from unnoise.data import NAMES, Plan
from unnoise.denoiser import Denoiser
from unnoise.denoiser.torch_engine import TorchEngine
from unnoise.errors import DataError, RunError
from unnoise.models import Bounds
from unnoise.runs import RunFolder, TrainConfig
from unnoise.training import Progress, Validation, World
from unnoise.training import train as run_training


@dataclass(frozen=True)
class Trained:
    """What is left of a training: not yet calibrated."""

    assembly: Assembly
    denoiser: Denoiser


class Run:
    """A training and its folder.

    Args:
        folder: Where it is kept; None keeps nothing.
        world: The processes.
        say: Told messages, on the first process.
        report: Told the progress, on the first process.
    """

    def __init__(self, folder: RunFolder | None, world: World, say: Say, report: Report) -> None:
        first = world.rank == 0
        self._place = folder
        self._folder = folder if first else None  # only the first one reads or writes
        self._world = world
        self._say, self._report = (say, report) if first else (silent, silent)
        self._warn = say

    def was_begun(self) -> bool:
        """Whether processes before these, which ``torchrun`` started likewise, began the run."""
        return self._folder is not None and self._world.remembers(self._begun)

    @property
    def _begun(self) -> str:
        assert self._folder is not None
        return f"unnoise began {self._folder.path.absolute()}"

    def begin(
        self,
        settings: TrainConfig,
        data: Source | None,
        targets: Source | None,
        *,
        overwrite: bool,
    ) -> Trained:
        """Train from the start."""
        folder = self._folder
        if folder:
            folder.check_free(overwrite=overwrite)
        assembly, plan = self._assemble(settings, data, targets)
        if folder:
            settings = assembly.config
            if settings.init is not None:
                # Kept with the run, and it may be the model in this very folder, which begin()
                # removes.
                Denoiser.load(settings.init).save(folder.init, overwrite=True)
                settings = replace(settings, init=str(folder.init))
            folder.begin(settings, assembly.training.state(), note=plan.note)
            self._world.remember(self._begun)
        return self._train(assembly)

    def go_on(self) -> Trained:
        """Train on from the checkpoint in the folder."""
        folder, kept = self._folder, None
        if folder:
            settings = folder.read_config()
            if ARRAY in (settings.data, settings.targets):
                raise RunError(
                    f"{folder.path} was trained on an array, which is not kept: train it again"
                )
            kept = asdict(settings), folder.read_note(), folder.load()
        values, note, state = self._world.tell(kept)
        settings = TrainConfig(**values)
        changed = RunError(
            f"the checkpoint does not fit the images of {settings.data}, which were changed "
            "since: put the old ones back, or train anew with another --out"
        )
        assembly, plan = self._assemble(settings, None, None)
        if plan.note != note:
            raise changed
        try:
            assembly.training.restore(state)
        except (KeyError, RuntimeError, ValueError) as error:
            raise changed from error
        self._say(f"going on from step {assembly.training.step} of {assembly.training.steps}")
        return self._train(assembly)

    def finish(self, trained: Trained) -> Denoiser:
        """Calibrate and keep the model, on the first process, which needs no other for that."""
        denoiser, assembly = trained.denoiser, trained.assembly
        if self._world.rank != 0:
            return denoiser
        reached = denoiser.info.trained
        started = time.perf_counter()
        info = calibrated(denoiser, assembly)
        seconds = round(time.perf_counter() - started, 1)
        denoiser.info = replace(info, trained={**reached, "calibration_seconds": seconds})
        if self._folder:
            denoiser.save(self._folder.model, overwrite=True)
        return denoiser

    def _assemble(
        self, settings: TrainConfig, data: Source | None, targets: Source | None
    ) -> tuple[Assembly, Plan]:
        """Choose the method, read the images and build everything; say what was chosen."""
        run = self._place.path if self._place else None
        plan = make_plan(settings, data, targets, run=run, say=self._say)
        if plan.note != self._world.tell(plan.note):
            raise DataError(
                f"process {self._world.rank} finds other images in {plan.name} than the first: "
                "all machines must see the same ones, such as on a shared disk or by a URL"
            )
        failures: list[str] = []
        warn = self._say  # while all read the same files, one speaks

        def failed(failure: str) -> None:
            failures.append(failure)
            warn(f"skipped: {failure}")

        for failure in plan.failures:
            failed(failure)
        assembly = assemble(settings, plan, failed=failed, world=self._world)
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

    def _train(self, assembly: Assembly) -> Trained:
        """Train, keeping the run folder up to date, and make the denoiser."""
        training, folder = assembly.training, self._folder
        # Rows after the checkpoint belong to steps that will be taken again.
        rows = (
            [row for row in folder.read_metrics() if row["step"] <= training.step] if folder else []
        )

        def keep(progress: Progress) -> None:
            self._report(progress)
            if progress.validation is not None and folder:
                rows.append(_row(progress, progress.validation))
                folder.write_metrics(rows)

        def save(state: dict[str, Any]) -> None:
            if folder:
                folder.save(state)

        try:
            run_training(training, report=keep, save=save)
        finally:
            assembly.close()
        network = copy.deepcopy(assembly.network)  # leaves behind what torch compiled
        network.load_state_dict(training.result())
        reached = training.validate(network)
        training.leave()
        trained = {
            "steps": float(training.steps),
            "images": float(training.steps * training.batch_size),
            "seconds": round(training.seconds, 1),
            "risk": reached.risk,
        }
        noisy_psnr = assembly.held.noisy_psnr(assembly.objective, training.seed)
        if reached.psnr is not None and noisy_psnr is not None:
            trained["noisy_psnr"] = round(noisy_psnr, 3)
            trained["psnr"] = round(reached.psnr, 3)
        bounds = network if isinstance(network, Bounds) else None
        engine = TorchEngine(
            bounds.model if bounds else network,
            distances=bounds.distances if bounds else None,
            device=str(training.device),
            bf16=training.bf16,
        )
        return Trained(assembly, Denoiser(engine, replace(assembly.info, trained=trained)))


def _row(progress: Progress, validation: Validation) -> dict[str, float]:
    """Return a row of the metrics; NaN where there is no clean image to compare with."""
    return {
        "step": progress.step,
        "steps": progress.steps,
        "loss": progress.loss,
        "images_per_second": progress.images_per_second,
        "seconds": progress.seconds,
        "risk": validation.risk,
        "psnr": math.nan if validation.psnr is None else validation.psnr,
    }
