"""Networks and recipes for the photo denoiser, each trained for the same time.

    python benchmarks/photo/candidates.py [--seconds 120] [NAME ...]

One model learns grey and colour, blind, gaussian noise of 0 to 55/255. What is printed is the PSNR
on 24 crops of 256 × 256 of training photographs that are held out: the mean over grey and colour at
sigma 15, 25 and 50; and the share of silent features, which no image makes positive. The
photographs lie in $UNNOISE_DATA/photos/train. No test set is touched.
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
from unnoise.denoiser import keep_freed_memory
from unnoise.images import ValueRange, find_images, read_stack
from unnoise.models import macs_per_pixel
from unnoise.models.contract import Model
from unnoise.models.residual_unet import START
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
        leak: Slope of the rectifier below zero.
        bias: Whether convolutions have biases.
        unshuffle: Side of the cells that pixel-unshuffle turns into channels.
        optimizer: ``muon`` or ``adamw``.
        lr: The highest learning rate; Muon's, whose vectors learn at 0.15 of it.
        loss: ``l1``, ``mse``, or ``rmse``: the root of each sample's mean squared error.
        batch: Crops in a batch.
        patch: Side of a crop.
    """

    widths: tuple[int, ...] = (24, 48, 64, 128)
    up: tuple[int, ...] = (2, 2, 2, 4)
    down: tuple[int, ...] = (2, 2, 2, 0)
    residual: bool = True
    leak: float = 0.1
    bias: bool = True
    unshuffle: int = 1
    optimizer: str = "muon"
    lr: float = 0.008
    loss: str = "l1"
    batch: int = 16
    patch: int = 64


BASE = Recipe()
CHAINS = replace(
    BASE, residual=False, leak=0.0, widths=(24, 48, 96, 192), up=(3,) * 4, down=(0,) * 4
)
DEEP = replace(BASE, widths=(16, 32, 64, 128), up=(4,) * 4, down=(4, 4, 4, 0))
CANDIDATES = {
    "base: residual 24-48-64-128, leak 0.1, Muon 0.008, L1": BASE,
    "AdamW 3e-3": replace(BASE, optimizer="adamw", lr=3e-3),
    "AdamW 1e-3": replace(BASE, optimizer="adamw", lr=1e-3),
    "Muon 0.005": replace(BASE, lr=0.005),
    "Muon 0.01": replace(BASE, lr=0.01),
    "Muon 0.02": replace(BASE, lr=0.02),
    "no leak": replace(BASE, leak=0.0),
    "narrow and deep: 16-32-64-128, two blocks each": DEEP,
    "narrow and deep, no leak": replace(DEEP, leak=0.0),
    "plain: 24-48-96-192, 3 on the way up, Muon 0.02": replace(CHAINS, lr=0.02),
    "plain, leak 0.1, Muon 0.02": replace(CHAINS, lr=0.02, leak=0.1),
    "root of the squared error": replace(BASE, loss="rmse"),
    "squared error": replace(BASE, loss="mse"),
    "batch of 8": replace(BASE, batch=8),
    "4 crops of 128": replace(BASE, batch=4, patch=128),
    "without biases": replace(BASE, bias=False),
    "unshuffled: 48-80-128": replace(
        BASE, unshuffle=2, widths=(48, 80, 128), up=(4, 4, 4), down=(4, 4, 0)
    ),
}


class Residual(nn.Module):
    def __init__(self, width: int, *, bias: bool, leak: float) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1, bias=bias)
        self.bend = nn.LeakyReLU(leak, inplace=True)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=bias)
        with torch.no_grad():
            self.second.weight.mul_(START)

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.second(self.bend(self.first(x)))
        return x + change


class Candidate(Model):
    """A U-Net of a recipe, for colour images."""

    channels = 3
    receptive_field = 1  # not needed here

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        widths, self.unshuffle, bias = recipe.widths, recipe.unshuffle, recipe.bias
        self.size_multiple = recipe.unshuffle * 2 ** (len(widths) - 1)
        # Blocks with shortcuts have their rectifiers inside.
        self.bend = nn.Identity() if recipe.residual else nn.LeakyReLU(recipe.leak)
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

    def features(self, noisy: Tensor) -> list[Tensor]:
        raise NotImplementedError

    def forward(self, noisy: Tensor) -> Tensor:
        x = self.bend(self.stem(F.pixel_unshuffle(noisy, self.unshuffle)))
        skips = []
        for down, falling in zip(self.down, self.falling, strict=False):
            skips.append(falling(x))
            x = self.bend(down(skips[-1]))
        x = self.rising[-1](self.falling[-1](x))
        for level in reversed(range(len(skips))):
            wide = F.interpolate(self.up[level](x), scale_factor=2, mode="nearest")
            x = self.rising[level](wide + skips[level])
        return noisy + F.pixel_shuffle(self.tail(x), self.unshuffle)


def _stage(recipe: Recipe, width: int, count: int) -> nn.Sequential:
    if recipe.residual:
        blocks = [Residual(width, bias=recipe.bias, leak=recipe.leak) for _ in range(count // 2)]
        return nn.Sequential(*blocks)
    layers: list[nn.Module] = []
    for _ in range(count):
        layers.append(nn.Conv2d(width, width, 3, padding=1, bias=recipe.bias))
        layers.append(nn.LeakyReLU(recipe.leak, inplace=True))
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
        loss = objective.losses(network, objective.draw(batch, generator(0, "noise", step))).mean()
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
                pair = objective.draw((image,), generator(9, i))
                if grey:
                    luma = to_grey(image)
                    noisy = objective.draw((luma,), generator(9, i))[0]
                    pair = noisy.expand_as(image), luma.expand_as(image)
                with torch.inference_mode():
                    restored = network(pair[0].contiguous(memory_format=torch.channels_last))
                restored = restored.mean(1, keepdim=True).expand_as(image) if grey else restored
                errors.append(LOSSES["mse"](restored.clamp(0, 1), pair[1]))
            yield float((-10 * torch.cat(errors).log10()).mean())


def silent(network: Candidate, clean: Tensor) -> float:
    """Return the share of rectified features that are positive nowhere in noisy images."""
    alive: list[Tensor] = []

    # Before the rectifier: a leak, or one in place, hides what went in.
    def note(_: nn.Module, inputs: tuple[Tensor]) -> None:
        alive.append(inputs[0].amax((0, 2, 3)) > 0)

    hooks = [
        layer.register_forward_pre_hook(note)
        for layer in network.modules()
        if isinstance(layer, nn.LeakyReLU)
    ]
    with torch.inference_mode():
        network(clean[:8] + 0.1 * torch.randn(clean[:8].shape, generator=generator(9)))
    for hook in hooks:
        hook.remove()
    return 1 - float(torch.cat(alive).float().mean())


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
    keep_freed_memory()  # as in the training of the package
    print("| recipe | kMAC/pixel | steps | of limit | silent | grey 15, 25, 50 | colour | mean |")
    print("| --- | ---: | ---: | ---: | ---: | --- | --- | ---: |")
    for name in options.names or CANDIDATES:
        network, steps, rate = train(CANDIDATES[name], pool, options.seconds)
        cost = f"{macs_per_pixel(network) / 1000:.0f} | {steps} | {2 * rate / limit:.0%}"
        cost += f" | {silent(network.eval(), clean):.0%}"
        scores = list(validate(network, clean))
        grey, colour = (" / ".join(f"{s:.2f}" for s in part) for part in (scores[:3], scores[3:]))
        mean = math.fsum(scores) / len(scores)
        print(f"| {name} | {cost} | {grey} | {colour} | {mean:.2f} |", flush=True)


if __name__ == "__main__":
    main()
