"""What tests run on several processes: ``torchrun parallel_processes.py WHAT FOLDER``."""

import json
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from unnoise import train as train_denoiser
from unnoise.models import Model
from unnoise.noise import parse_noise
from unnoise.objectives import LOSSES, Supervised
from unnoise.seeding import generator
from unnoise.training import (
    SCHEDULES,
    Division,
    Held,
    HeldOutValidator,
    Length,
    Optimisation,
    Training,
    World,
    default_group,
    process_group,
    train,
)

STEPS, BATCH = 12, 13  # which two processes do not divide evenly


class Normalised(Model):
    """A small network that normalises over the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.channels, self.arguments = 1, {}
        self.receptive_field, self.size_multiple = 3, 1
        self.layers = nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.Flatten(),
            nn.Linear(256, 16),
            nn.BatchNorm1d(16),
            nn.ReLU(),
            nn.Linear(16, 64),
        )

    def forward(self, noisy: Tensor) -> Tensor:
        made: Tensor = self.layers(noisy).view(noisy.shape)
        return made

    def features(self, noisy: Tensor) -> list[Tensor]:
        return [noisy]


@dataclass
class Moving:
    """Batches that move through a few images."""

    images: Tensor
    size: int = BATCH
    pixels: int = 64
    unit: str = "images"
    steps_per_epoch: int = 8

    def at(self, step: int, samples: slice) -> tuple[Tensor, ...]:
        return (self.images[(torch.arange(BATCH) + step * 5)[samples] % 40],)

    def close(self) -> None:
        pass


def small(world: World, *, pieces: int = 1) -> tuple[list[float], dict[str, Any]]:
    """Train a little; return what was reported, and the state."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = Normalised()
    images = torch.rand(40, 1, 8, 8, generator=generator(1))
    objective = Supervised(LOSSES["mse"], parse_noise("gaussian:0.1 | poisson:50"))
    held = Held(tuple((images[start : start + 7],) for start in range(0, 35, 7)))
    training = Training(
        model=model,
        objective=objective,
        batches=Moving(images),
        validator=HeldOutValidator(
            objective=objective, held=held, seed=0, device=torch.device("cpu"), world=world
        ),
        optimisation=Optimisation(
            optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
            lr=0.1,
            schedule=SCHEDULES["constant"],
            average=True,
        ),
        division=Division(batch_size=BATCH, group=default_group(BATCH), world=world, count=pieces),
        seed=3,
        select=True,
    )
    length = Length(steps=STEPS, validations=STEPS)
    reached: list[float] = []

    def report(progress: Any) -> None:
        if progress.validation is not None:
            reached.extend([progress.loss, progress.validation.risk])

    train(training, length, report=report, save=lambda _: None)
    training.leave()
    return reached, training.checkpoint()


def run_small(folder: Path) -> None:
    """Write what each process reached and heard."""
    with process_group(seconds=60) as world:
        reached, state = small(world)
        told = world.broadcast({"rank": world.rank, "tensor": torch.full((2,), float(world.rank))})
        facts = {
            "reached": reached,
            "told": [told["rank"], told["tensor"].tolist()],
            "agreed": world.agree(world.rank + 0.25),
            "total": float(world.total(torch.tensor(world.rank + 1.0))),
        }
    (folder / f"facts-{world.rank}.json").write_text(json.dumps(facts))
    torch.save(state, folder / f"state-{world.rank}.pt")


def run_denoiser(out: Path) -> None:
    """Train on the digits; where FATAL is set, the last rank dies once after a validation."""
    rank, restarts = int(os.environ["RANK"]), int(os.environ["TORCHELASTIC_RESTART_COUNT"])
    if "FATAL" in os.environ and rank == 1 and restarts == 0:
        threading.Thread(target=die_after_validation, args=(out,), daemon=True).start()
    train_denoiser("digits", steps=100, precision="fp32", out=out, timeout=30)


def train_further(folder: Path) -> None:
    """Make a run longer, then return what is complete; write what each process was given."""
    rank = int(os.environ["RANK"])
    out = folder / "further" if rank == 0 else folder / "which only the first process has"
    image = torch.linspace(0, 1, 28 * 28).view(28, 28).numpy()
    for name, data, steps in (("longer", "digits", 104), ("complete", None, None)):
        said: list[str] = []
        made = train_denoiser(data, steps=steps, out=out, resume=True, timeout=30, say=said.append)
        facts = {"said": said, "result": made(image).tolist(), "trained": made.info.trained}
        (folder / f"{name}-{rank}.json").write_text(json.dumps(facts))


def die_after_validation(out: Path) -> None:
    while not (out / "metrics.csv").is_file():
        time.sleep(0.001)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    what, folder = sys.argv[1], Path(sys.argv[2])
    if what == "all":
        run_small(folder)
    if what == "further":
        train_further(folder)
    else:
        run_denoiser(folder / what)
