"""Networks and recipes for the photo denoiser, each trained for the same time.

    python benchmarks/photo/candidates.py [--seconds 120] [NAME ...]

One model learns grey and colour, blind, gaussian noise of 0 to 55/255. What is printed is the PSNR
on 24 crops of 256 × 256 of training photographs that are held out: the mean over grey and colour at
sigma 15, 25 and 50. The photographs lie in $UNNOISE_DATA/photos/train. No test set is touched.
"""

import argparse
import copy
import math
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

sys.path.append(str(Path(__file__).parents[1]))

from machine import describe_machine, machine_limit

from unnoise.data import Patches, Pool
from unnoise.images import ValueRange, find_images, read_stack
from unnoise.models import macs_per_pixel
from unnoise.models.contract import Model
from unnoise.noise import parse_noise
from unnoise.objectives import LOSSES, Supervised
from unnoise.objectives.supervised import to_grey
from unnoise.seeding import generator
from unnoise.training import SCHEDULES, Muon

HELD, CROP = 24, 256
SIGMAS = 15, 25, 50
WARM_UP_STEPS = 30  # before which the speed is not measured


@dataclass(frozen=True)
class Recipe:
    """A network and how it is trained.

    Attributes:
        widths: Channels of each level.
        up: 3 × 3 convolutions of each level on the way up, the last of the bottom.
        down: The same on the way down.
        residual: Whether two convolutions make a block with a shortcut, without ReLU at its end.
        bias: Whether convolutions have biases.
        unshuffle: Side of the cells that pixel-unshuffle turns into channels.
        optimizer: ``muon`` or ``adamw``.
        lr: The highest learning rate; Muon's, whose vectors learn at 0.15 of it.
        loss: ``l1``, ``mse``, or ``rmse``: the root of each sample's mean squared error.
        batch: Crops in a batch.
        patch: Side of a crop.
    """

    widths: tuple[int, ...] = (24, 48, 96, 192)
    up: tuple[int, ...] = (3, 3, 3, 3)
    down: tuple[int, ...] = (0, 0, 0, 0)
    residual: bool = False
    bias: bool = True
    unshuffle: int = 1
    optimizer: str = "muon"
    lr: float = 0.02
    loss: str = "l1"
    batch: int = 16
    patch: int = 64


BASE = Recipe()
CANDIDATES = {
    "base: 24-48-96-192, 3 each, Muon 0.02, L1": BASE,
    "AdamW 3e-3": replace(BASE, optimizer="adamw", lr=3e-3),
    "AdamW 1e-3": replace(BASE, optimizer="adamw", lr=1e-3),
    "Muon 0.005": replace(BASE, lr=0.005),
    "Muon 0.01": replace(BASE, lr=0.01),
    "Muon 0.04": replace(BASE, lr=0.04),
    "root of the squared error": replace(BASE, loss="rmse"),
    "squared error": replace(BASE, loss="mse"),
    "batch of 8": replace(BASE, batch=8),
    "4 crops of 128": replace(BASE, batch=4, patch=128),
    "narrow and deep: 16-32-64-128, 6 each": replace(BASE, widths=(16, 32, 64, 128), up=(6,) * 4),
    "wide: 32-64-128-256, 1-2-2-1": replace(BASE, widths=(32, 64, 128, 256), up=(1, 2, 2, 1)),
    "a third of it on the way down": replace(BASE, down=(1, 1, 1, 0), up=(2, 2, 2, 3)),
    "residual blocks": replace(BASE, residual=True, up=(2, 2, 4, 4)),
    "without biases": replace(BASE, bias=False),
    "unshuffled: 48-96-192, 3 each": replace(
        BASE, unshuffle=2, widths=(48, 96, 192), up=(3, 3, 3), down=(0, 0, 0)
    ),
}


class Residual(nn.Module):
    def __init__(self, width: int, *, bias: bool) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1, bias=bias)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.second(F.relu_(self.first(x)))
        return x + change


class Candidate(Model):
    """A U-Net of a recipe, for colour images."""

    channels = 3
    receptive_field = 1  # not needed here

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        widths, self.unshuffle, bias = recipe.widths, recipe.unshuffle, recipe.bias
        self.size_multiple = recipe.unshuffle * 2 ** (len(widths) - 1)
        self.linear = recipe.residual  # blocks with shortcuts have their ReLU inside
        inner = 3 * self.unshuffle**2
        pairs = list(pairwise(widths))
        self.stem = nn.Conv2d(inner, widths[0], 3, padding=1, bias=bias)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2, bias=bias) for a, b in pairs)
        self.up = nn.ModuleList(nn.Conv2d(b, a, 1, bias=bias) for a, b in pairs)
        self.falling, self.rising = (
            nn.ModuleList(_stage(recipe, *level) for level in zip(widths, counts, strict=True))
            for counts in (recipe.down, recipe.up)
        )
        self.tail = nn.Conv2d(widths[0], inner, 3, padding=1, bias=bias)

    def encode(self, noisy: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, noisy: Tensor) -> Tensor:
        x = self._bend(self.stem(F.pixel_unshuffle(noisy, self.unshuffle)))
        skips = []
        for down, falling in zip(self.down, self.falling, strict=False):
            skips.append(falling(x))
            x = self._bend(down(skips[-1]))
        x = self.rising[-1](self.falling[-1](x))
        for level in reversed(range(len(skips))):
            wide = F.interpolate(self.up[level](x), scale_factor=2, mode="nearest")
            x = self.rising[level](wide + skips[level])
        return noisy + F.pixel_shuffle(self.tail(x), self.unshuffle)

    def _bend(self, x: Tensor) -> Tensor:
        return x if self.linear else F.relu(x)


def _stage(recipe: Recipe, width: int, count: int) -> nn.Sequential:
    if recipe.residual:
        return nn.Sequential(*[Residual(width, bias=recipe.bias) for _ in range(count // 2)])
    layers: list[nn.Module] = []
    for _ in range(count):
        layers += [nn.Conv2d(width, width, 3, padding=1, bias=recipe.bias), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


def photographs(folder: Path) -> tuple[list[NDArray[np.uint8]], Tensor]:
    """Return the photographs to train on, ``(H, W, 3)``, and the held-out crops."""
    paths = sorted(found.path for found in find_images([folder]))
    order = list(range(len(paths)))
    random.Random(1).shuffle(order)  # noqa: S311  no secret
    held = [i for i in order if not paths[i].name.startswith("div2k")][:HELD]
    read = [read_stack(path)[0][0].astype(np.uint8) for path in paths]
    crops = np.stack([read[i][32 : 32 + CROP, 32 : 32 + CROP] for i in held])
    clean = torch.from_numpy(np.moveaxis(crops, -1, 1) / np.float32(255))
    return [image for i, image in enumerate(read) if i not in held], clean


def train(recipe: Recipe, pool: Pool, seconds: float) -> tuple[Candidate, int, float]:
    """Train for a time; return the averaged network, the steps, and multiply-adds per second."""
    torch.manual_seed(0)
    # The stubs of torch know memory_format only together with a tensor.
    network = Candidate(recipe).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaged = copy.deepcopy(network)
    patches = Patches((pool,), (ValueRange.nominal(np.uint8),), recipe.batch, recipe.patch, seed=0)
    objective = Supervised(_loss(recipe.loss), parse_noise("gaussian:0..0.2157"), False, 0.5)
    optimizer = _optimizer(recipe, network)
    begun, step, share, warm = time.perf_counter(), 0, 0.0, 0.0
    while share < 1:
        rate = SCHEDULES["cosine"](round(share * 10**6), 10**6) * recipe.lr
        for group in optimizer.param_groups:
            group["lr"] = rate
        batch = tuple(v.contiguous(memory_format=torch.channels_last) for v in patches.at(step))
        loss = objective(network, batch, generator(0, "noise", step)).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        decay = min(0.999, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(list(averaged.parameters()), list(network.parameters()), 1 - decay)
        step += 1
        share = (time.perf_counter() - begun) / seconds
        if step == WARM_UP_STEPS:
            warm = time.perf_counter()
    # Forward, and backward to the input and to the weights of each layer.
    work = 3 * macs_per_pixel(network) * recipe.batch * recipe.patch**2
    return averaged, step, work * (step - WARM_UP_STEPS) / (time.perf_counter() - warm)


def _optimizer(recipe: Recipe, network: nn.Module) -> torch.optim.Optimizer:
    if recipe.optimizer == "muon":
        return Muon(network.parameters(), lr=recipe.lr)
    return torch.optim.AdamW(
        network.parameters(), lr=recipe.lr, betas=(0.9, 0.99), weight_decay=1e-4, fused=True
    )


def _loss(name: str) -> Callable[[Tensor, Tensor], Tensor]:
    if name == "rmse":
        return lambda output, target: (LOSSES["mse"](output, target) + 1e-6).sqrt()
    return LOSSES[name]


def validate(network: Candidate, clean: Tensor) -> Iterator[float]:
    """Yield the mean PSNR in grey, then in colour, at each sigma."""
    for grey in (1.0, 0.0):
        for sigma in SIGMAS:
            objective = Supervised(
                LOSSES["mse"], parse_noise(f"gaussian:{sigma / 255}"), clamped=True
            )
            errors = []
            for i, image in enumerate(clean.split(1)):
                pair = objective.pair((image,), generator(9, i))
                if grey:
                    luma = to_grey(image)
                    noisy = objective.pair((luma,), generator(9, i))[0]
                    pair = noisy.expand_as(image), luma.expand_as(image)
                with torch.inference_mode():
                    restored = network(pair[0].contiguous(memory_format=torch.channels_last))
                restored = restored.mean(1, keepdim=True).expand_as(image) if grey else restored
                errors.append(LOSSES["mse"](restored.clamp(0, 1), pair[1]))
            yield float((-10 * torch.cat(errors).log10()).mean())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*", choices=[[], *CANDIDATES], metavar="NAME")
    parser.add_argument("--seconds", type=float, default=120)
    options = parser.parse_args()
    data = Path(os.environ.get("UNNOISE_DATA", "../shared/data"))
    if not (data / "photos/train").is_dir():
        sys.exit(f"there are no photographs in {data}: set UNNOISE_DATA")
    images, clean = photographs(data / "photos/train")
    pool = Pool.of([image[None] for image in images])
    print(describe_machine())
    limit = machine_limit()
    print("| recipe | kMAC/pixel | steps | share of limit | grey 15 / 25 / 50 | colour | mean |")
    print("| --- | ---: | ---: | ---: | --- | --- | ---: |")
    for name in options.names or CANDIDATES:
        network, steps, rate = train(CANDIDATES[name], pool, options.seconds)
        cost = f"{macs_per_pixel(network) / 1000:.0f} | {steps} | {2 * rate / limit:.0%}"
        scores = list(validate(network.eval(), clean))
        grey, colour = (" / ".join(f"{s:.2f}" for s in part) for part in (scores[:3], scores[3:]))
        mean = math.fsum(scores) / len(scores)
        print(f"| {name} | {cost} | {grey} | {colour} | {mean:.2f} |", flush=True)


if __name__ == "__main__":
    main()
