"""Networks and recipes for the photo denoiser, each trained for the same time.

    python benchmarks/photo/candidates.py [--seconds 120] [NAME ...]

One model learns grey and colour, blind, gaussian noise of 0 to 55/255. Prints the PSNR on 24 crops
of 256 × 256 of held-out training photographs, with the mean over grey and colour at sigma 15, 25
and 50, and the share of silent features, which no image makes positive. The photographs are in
$UNNOISE_DATA/photos/train. No test set is used.
"""

import argparse
import copy
import math
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

sys.path.append(str(Path(__file__).parents[1]))

from machine import describe_machine, machine_limit
from recipes import Candidate, Recipe

from unnoise.data import Patches, PixelStore
from unnoise.images import ValueRange, find_images, read_stack
from unnoise.models import macs_per_pixel
from unnoise.noise import parse_noise
from unnoise.objectives import LOSSES, Supervised
from unnoise.objectives.supervised import to_grey
from unnoise.seeding import generator
from unnoise.training import SCHEDULES, Muon

HELD, CROP = 24, 256
SIGMAS = 15, 25, 50
WARM_UP_STEPS = 30  # steps before which the speed is not measured


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
    "the level of the noise is given": replace(BASE, level=True),
    "unshuffled: 48-80-128": replace(
        BASE, unshuffle=2, widths=(48, 80, 128), up=(4, 4, 4), down=(4, 4, 0)
    ),
}


def with_level(noisy: Tensor, clean: Tensor) -> Tensor:
    """Add the level of the noise to noisy images, as a channel."""
    level = (noisy - clean).std((1, 2, 3), keepdim=True)
    return torch.cat([noisy, level.expand_as(noisy[:, :1])], dim=1)


def photographs(folder: Path) -> tuple[list[NDArray[np.uint8]], Tensor]:
    """Return the training photographs, ``(H, W, 3)``, and the held-out crops."""
    paths = sorted(found.path for found in find_images([folder]))
    order = list(range(len(paths)))
    random.Random(1).shuffle(order)  # noqa: S311  no secret
    held = [i for i in order if not paths[i].name.startswith("div2k")][:HELD]
    read = [read_stack(path)[0][0].astype(np.uint8) for path in paths]
    crops = np.stack([read[i][32 : 32 + CROP, 32 : 32 + CROP] for i in held])
    clean = torch.from_numpy(np.moveaxis(crops, -1, 1) / np.float32(255))
    return [image for i, image in enumerate(read) if i not in held], clean


def train(recipe: Recipe, store: PixelStore, seconds: float) -> tuple[Candidate, int, float]:
    """Train for a time; return the averaged network, the steps, and multiply-adds per second."""
    torch.manual_seed(0)
    # The stubs of torch know memory_format only together with a tensor.
    network = Candidate(recipe).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaged = copy.deepcopy(network)
    patches = Patches((store,), (ValueRange.nominal(np.uint8),), recipe.batch, recipe.patch, seed=0)
    objective = Supervised(_loss(recipe.loss), parse_noise("gaussian:0..0.2157"), False, 0.5)
    optimizer = _optimizer(recipe, network)
    begun, step, share, warm = time.perf_counter(), 0, 0.0, 0.0
    while share < 1:
        rate = SCHEDULES["cosine"](round(share * 10**6), 10**6) * recipe.lr
        for group in optimizer.param_groups:
            group["lr"] = rate
        batch = tuple(v.contiguous(memory_format=torch.channels_last) for v in patches.at(step))
        noisy, clean = objective.draw(batch, generator(0, "noise", step))
        seen = with_level(noisy, clean) if recipe.level else noisy
        loss = objective.losses(network, (seen, clean)).mean()
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


def validate(network: Candidate, clean: Tensor, *, level: bool) -> Iterator[float]:
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
                seen = with_level(*pair) if level else pair[0]
                with torch.inference_mode():
                    restored = network(seen.contiguous(memory_format=torch.channels_last))
                restored = restored.mean(1, keepdim=True).expand_as(image) if grey else restored
                errors.append(LOSSES["mse"](restored.clamp(0, 1), pair[1]))
            yield float((-10 * torch.cat(errors).log10()).mean())


def silent(network: Candidate, clean: Tensor, *, level: bool) -> float:
    """Return the share of rectified features that are positive nowhere in noisy images."""
    alive: list[Tensor] = []

    # Before the rectifier: one with a leak, or in place, hides its input.
    def note(_: nn.Module, inputs: tuple[Tensor]) -> None:
        alive.append(inputs[0].amax((0, 2, 3)) > 0)

    hooks = [
        layer.register_forward_pre_hook(note)
        for layer in network.modules()
        if isinstance(layer, nn.LeakyReLU)
    ]
    noisy = clean[:8] + 0.1 * torch.randn(clean[:8].shape, generator=generator(9))
    with torch.inference_mode():
        network(with_level(noisy, clean[:8]) if level else noisy)
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
    store = PixelStore.of([image[None] for image in images])
    print(describe_machine())
    limit = machine_limit()
    print("| recipe | kMAC/pixel | steps | of limit | silent | grey 15, 25, 50 | colour | mean |")
    print("| --- | ---: | ---: | ---: | ---: | --- | --- | ---: |")
    for name in options.names or CANDIDATES:
        recipe = CANDIDATES[name]
        network, steps, rate = train(recipe, store, options.seconds)
        cost = f"{macs_per_pixel(network) / 1000:.0f} | {steps} | {2 * rate / limit:.0%}"
        cost += f" | {silent(network.eval(), clean, level=recipe.level):.0%}"
        scores = list(validate(network, clean, level=recipe.level))
        grey, colour = (" / ".join(f"{s:.2f}" for s in part) for part in (scores[:3], scores[3:]))
        mean = math.fsum(scores) / len(scores)
        print(f"| {name} | {cost} | {grey} | {colour} | {mean:.2f} |", flush=True)


if __name__ == "__main__":
    main()
