"""The speed of photo.dtmodel in tiles of darktable, beside ``unnoise denoise`` and other networks.

Usage: python benchmarks/darktable.py [--megapixels 24] [--rounds 3]

darktable 5.6 gives a denoiser tiles of one size with 64 pixels of overlap at each side, mirrored at
the borders, and fixes the sides of the graph (``src/common/ai/restore.c``). NAFNet-32 (Chen et al.,
ECCV 2022) and the U-Net of NIND (Brummer and De Vleeschouwer, CVPRW 2019), which darktable offers,
have random weights here, and are measured on one tile. How the U-Net of NIND goes up is not
published in its paper: bilinear interpolation is assumed.
"""

import argparse
import statistics
import tempfile
import time
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnxruntime
import torch
from machine import describe_machine
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

import unnoise
from unnoise.exporters.graphs import graph_of
from unnoise.images import read_stack, write_stack
from unnoise.pretrained import EXAMPLES
from unnoise.types import Floats

OVERLAP = 64
EDGE = 104  # pixels from the edge, which darktable mirrors; photo sees 102 pixels far
TILES = (512, 1024, 1152, 2048)  # 1152 is what the file asks for
PRECISIONS: tuple[Literal["auto", "fp32"], ...] = ("auto", "fp32")
PEER = 1024  # side of the tile on which the published networks are measured


class NafBlock(nn.Module):
    """Equation 1 to 5 of Chen et al. (2022)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.GroupNorm(1, width) for _ in range(2))
        self.first = nn.Conv2d(width, 2 * width, 1)
        self.around = nn.Conv2d(2 * width, 2 * width, 3, padding=1, groups=2 * width)
        self.attend, self.mix = nn.Conv2d(width, width, 1), nn.Conv2d(width, width, 1)
        self.widen, self.last = nn.Conv2d(width, 2 * width, 1), nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        gated = gate(self.around(self.first(self.norms[0](x))))
        x = x + self.mix(gated * self.attend(gated.mean((2, 3), keepdim=True)))
        made: Tensor = x + self.last(gate(self.widen(self.norms[1](x))))
        return made


def gate(x: Tensor) -> Tensor:
    one, other = x.chunk(2, dim=1)
    return one * other


def blocks(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(NafBlock(width) for _ in range(count)))


class Nafnet(nn.Module):
    """NAFNet-32 for SIDD: 2, 2, 4 and 8 blocks down, 12 in the middle, 2 at each level up."""

    def __init__(self, width: int = 32, down: tuple[int, ...] = (2, 2, 4, 8)) -> None:
        super().__init__()
        self.intro = nn.Conv2d(3, width, 3, padding=1)
        self.ending = nn.Conv2d(width, 3, 3, padding=1)
        *outer, inner = (width << level for level in range(len(down) + 1))
        self.down = nn.ModuleList(map(blocks, outer, down))
        self.shrink = nn.ModuleList(nn.Conv2d(w, 2 * w, 2, 2) for w in outer)
        self.middle = blocks(inner, 12)
        self.grow = nn.ModuleList(
            nn.Sequential(nn.Conv2d(2 * w, 4 * w, 1, bias=False), nn.PixelShuffle(2))
            for w in outer[::-1]
        )
        self.up = nn.ModuleList(blocks(w, 2) for w in outer[::-1])

    def forward(self, image: Tensor) -> Tensor:
        x, kept = self.intro(image), []
        for level, shrink in zip(self.down, self.shrink, strict=True):
            x = level(x)
            kept.append(x)
            x = shrink(x)
        x = self.middle(x)
        for grow, level in zip(self.grow, self.up, strict=True):
            x = level(grow(x) + kept.pop())
        made: Tensor = self.ending(x) + image
        return made


class NindUnet(nn.Module):
    """The U-Net of NIND: 64, 128, 256, 512 and 512 channels, a sigmoid at its end."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList(map(double, (3, 64, 128, 256, 512), (64, 128, 256, 512, 512)))
        self.up = nn.ModuleList(map(double, (1024, 512, 256, 128), (256, 128, 64, 64)))
        self.last = nn.Conv2d(64, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        kept = []
        for level, block in enumerate(self.down):
            x = block(functional.max_pool2d(x, 2) if level else x)
            kept.append(x)
        kept.pop()
        for block in self.up:
            x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
            x = block(torch.cat([kept.pop(), x], dim=1))
        return torch.sigmoid(self.last(x))


def double(taken: int, made: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for given in (taken, made):
        layers += [nn.Conv2d(given, made, 3, padding=1), nn.BatchNorm2d(made), nn.ReLU()]
    return nn.Sequential(*layers)


def session(model: bytes, side: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    for name in ("height", "width"):
        options.add_free_dimension_override_by_name(name, side)
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def in_tiles(image: Floats, run: Callable[[Floats], Floats], side: int) -> Floats:
    """Denoise ``(3, H, W)`` as darktable does."""
    _, height, width = image.shape
    step = side - 2 * OVERLAP
    below, right = (-length % step + OVERLAP for length in (height, width))
    padded = np.pad(image, ((0, 0), (OVERLAP, below), (OVERLAP, right)), mode="reflect")
    made = np.empty((3, height + below, width + right), np.float32)
    for top in range(0, height, step):
        for left in range(0, width, step):
            tile = np.ascontiguousarray(padded[:, top : top + side, left : left + side])
            kept = run(tile[None])[0, :, OVERLAP:-OVERLAP, OVERLAP:-OVERLAP]
            made[:, top : top + step, left : left + step] = kept
    return made[:, :height, :width]


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.perf_counter()
    found = work()
    return time.perf_counter() - begun, found


def whole_image(image: Floats, folder: Path, precision: Literal["auto", "fp32"]) -> None:
    """Do as ``unnoise denoise`` with a float TIFF, without its start and its verdict."""
    source = folder / "image.tif"
    if not source.exists():
        write_stack(source, np.ascontiguousarray(np.moveaxis(image, 0, -1)))
    photo = unnoise.load("photo", precision=precision)
    photo.denoise_file(source, folder / "result.tif", overwrite=True)


def measure(image: Floats, rounds: int) -> tuple[dict[str, float], dict[int, Floats]]:
    """Return the median seconds of each way, and the results in tiles."""
    seconds: dict[str, list[float]] = {}
    results: dict[int, Floats] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        unnoise.export("photo", folder / "photo.dtmodel")
        with zipfile.ZipFile(folder / "photo.dtmodel") as archive:
            model = archive.read("denoise-unnoise-photo/model.onnx")
        for _ in range(rounds):
            for kind in PRECISIONS:
                spent, _ = timed(partial(whole_image, image, folder, kind))
                seconds.setdefault(f"unnoise denoise, {kind}", []).append(spent)
            for side in TILES:
                one = session(model, side)
                spent, results[side] = timed(partial(in_tiles, image, partial(run, one), side))
                seconds.setdefault(f"darktable's tiles of {side}", []).append(spent)
    return {label: statistics.median(each) for label, each in seconds.items()}, results


def run(one: Any, tile: Floats) -> Floats:
    return np.asarray(one.run(None, {"input": tile})[0])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--megapixels", type=float, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    print(describe_machine())
    height = round((asked.megapixels * 1e6 / 1.5) ** 0.5)
    width = height * 3 // 2
    example = np.moveaxis(read_stack(EXAMPLES["photo"])[0][0], -1, 0).astype(np.float32) / 255
    tiles = (1, *(-(-length // example.shape[1]) for length in (height, width)))
    image = np.tile(example, tiles)[:, :height, :width]
    megapixels = height * width / 1e6
    print(f"{height} × {width} pixels, sRGB in float32, rounds: {asked.rounds}")
    seconds, results = measure(image, asked.rounds)
    whole = seconds["unnoise denoise, fp32"]
    for label, each in seconds.items():
        print(f"{label:28} {each:6.1f} s, {each / megapixels:.2f} s/MP, {each / whole:.2f} times")
    for side in TILES:
        rows, columns = (-(-length // (side - 2 * OVERLAP)) for length in (height, width))
        share = rows * columns * side**2 / (height * width)
        print(f"tiles of {side} have {share:.2f} times the pixels of the image")
    known = unnoise.load("photo", precision="fp32").denoise_floats(image[None])[0]
    for side, made in results.items():
        gap = np.abs(made - known)
        inside = gap[:, EDGE:-EDGE, EDGE:-EDGE].max()
        print(f"tiles of {side} differ by {inside:.1e} inside, by {gap.max():.1e} at the edges")
    for name, network in (("NAFNet-32", Nafnet()), ("U-Net of NIND", NindUnet())):
        peer(name, network.eval(), asked.rounds, whole / megapixels)


def peer(name: str, network: nn.Module, rounds: int, ours: float) -> None:
    """Print the cost and the speed of a network on one tile."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, 3, 128, 128))
    names = "input", "output"
    graph = graph_of(network, (1, 3, 64, 80), multiple=16, free=(2, 3), opset=20, names=names)
    one = session(graph.SerializeToString(), PEER)
    tile = np.random.default_rng(0).random((1, 3, PEER, PEER), np.float32)
    each = statistics.median(timed(partial(run, one, tile))[0] for _ in range(rounds))
    each /= PEER**2 / 1e6
    cost = counter.get_total_flops() / 2 / 128**2 / 1000
    print(f"{name:28} {each:.2f} s/MP on one tile, {each / ours:.1f} times; {cost:.0f} kMAC/pixel")


if __name__ == "__main__":
    main()
