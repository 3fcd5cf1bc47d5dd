"""The cost of tiles: throughput beside an untiled image, seams, memory and time of a large image.

Usage: python benchmarks/tiles.py [--small] [--rounds 5]

The networks are `unet-s`, the default of `train` for photographs and scans, with fresh weights, and
`photo` from the package, which also denoises the large image.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from machine import describe_machine

import unnoise
from unnoise.denoiser.loading import locate
from unnoise.denoiser.networks import CPU
from unnoise.denoiser.tiles import Runner, Tile, plan_tiles, run_bands
from unnoise.denoiser.torch_backend import TorchNetwork, load_model
from unnoise.images import open_image
from unnoise.models import Model, build_model

UNTILED, TILED = 512, 4096


def fresh() -> Model:
    torch.manual_seed(0)
    return build_model("unet-s", {"channels": 1})


def networks() -> dict[str, Model]:
    return {"unet-s": fresh(), "photo": load_model(locate("photo")).model}


def restore(model: Model, image: np.ndarray, side: int) -> np.ndarray:
    """Denoise ``(H, W, C)`` in tiles of a given side."""
    runner = Runner(TorchNetwork(model, torch.device("cpu")))

    def work(part: np.ndarray, tile: Tile) -> np.ndarray:
        return np.moveaxis(runner.run(np.moveaxis(part, -1, 1), tile), 1, -1)

    plan = plan_tiles(model, *image.shape[:2], side=side)
    return np.concatenate(list(run_bands([image], plan, work)))


def throughput(name: str, model: Model, rounds: int, tiled: int) -> None:
    """Print tiled and untiled Mpixel/s, measured in turn."""
    # The stubs of torch know memory_format only together with a tensor.
    model = model.to(memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
    sides = {UNTILED: UNTILED, tiled: CPU.side}
    random = np.random.default_rng(0)
    images = {side: random.random((side, side, model.channels), np.float32) for side in sides}
    rates: dict[int, list[float]] = {side: [] for side in sides}
    for side, image in images.items():
        restore(model, image[: min(side, CPU.side), : min(side, CPU.side)], sides[side])
    for _ in range(rounds):
        for side, image in images.items():
            repeats = 8 if side == UNTILED else 1
            start = time.perf_counter()
            for _ in range(repeats):
                restore(model, image, sides[side])
            rates[side].append(repeats * side**2 / 1e6 / (time.perf_counter() - start))
    whole, parts = (statistics.median(rates[side]) for side in sides)
    ratio = statistics.median(b / a for a, b in zip(*rates.values(), strict=True))
    print(
        f"{name}: {UNTILED} × {UNTILED} untiled {whole:.2f} Mpixel/s, "
        f"{tiled} × {tiled} in tiles that read {CPU.side} × {CPU.side} {parts:.2f}: "
        f"{ratio:.0%} of it",
        flush=True,
    )


def seams() -> None:
    """Print the largest difference between tiled and whole."""
    model = fresh().eval()
    image = np.random.default_rng(0).random((1501, 1403, 1), np.float32)
    whole, tiled = (restore(model, image, side) for side in (10_000, CPU.side))
    assert not plan_tiles(model, 1501, 1403).whole
    print(f"seams: tiled and whole differ by at most {np.abs(whole - tiled).max():.1e}", flush=True)


def disk_to_disk(suffix: str, side: int, folder: Path) -> None:
    """Print memory and time of one large file, denoised in a process of its own."""
    import pyvips

    noise = pyvips.Image.gaussnoise(side, side, mean=128, sigma=25).cast("uchar")
    source, target = folder / f"in{suffix}", folder / f"out{suffix}"
    options = {"compression": 1} if suffix == ".png" else {}
    noise.copy(interpretation="b-w").write_to_file(str(source), **options)
    subprocess.run([sys.executable, __file__, "--file", source, target], check=True)
    with open_image(target) as reader:
        assert (reader.height, reader.width, str(reader.dtype)) == (side, side, "uint8")
    source.unlink()
    target.unlink()


def one_file(source: Path, target: Path) -> None:
    start = time.perf_counter()
    unnoise.load("photo", device="cpu").denoise_file(source, target)
    seconds = time.perf_counter() - start
    with open_image(source) as reader:
        height, width = reader.height, reader.width
    # Not ru_maxrss: a new process starts with the value of its parent process.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(status.split("VmHWM:")[1].split()[0]) / 2**20
    print(
        f"{source.suffix}, {height} × {width} of 8 bits, disk to disk: peak memory {peak:.2f} GiB, "
        f"{seconds:.0f} s, {height * width / 1e6 / seconds:.2f} Mpixel/s",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="6,000 × 6,000 instead of 20,000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--file", type=Path, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.file:
        one_file(*options.file)
        return
    print(describe_machine(), flush=True)
    for name, model in networks().items():
        throughput(name, model, options.rounds, TILED // 2 if options.small else TILED)
    seams()
    with tempfile.TemporaryDirectory() as folder:
        for suffix in (".png", ".tif"):
            disk_to_disk(suffix, 6000 if options.small else 20_000, Path(folder))


if __name__ == "__main__":
    main()
