"""The server beside `unnoise denoise`, and ONNX Runtime beside torch: docs/server-benchmark.md.

    python benchmarks/server/server.py [--seconds 60] [--out docs]

The images are photographs of 512 × 512 with gaussian noise, as PNG, from $UNNOISE_DATA. Clients run
on the machine of the server, and share its time.
"""

import argparse
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np

sys.path.append(str(Path(__file__).parents[1]))

from machine import describe_machine

import unnoise
from unnoise.api.denoising import denoise_files
from unnoise.denoiser import Outputs
from unnoise.denoiser.networks import Network
from unnoise.images import find_images, read_stack, write_stack
from unnoise.outputs import write_text
from unnoise.pretrained import PRETRAINED

DATA = Path(os.environ.get("UNNOISE_DATA", "../shared/data"))
SIDE, IMAGES, SIGMA = 512, 12, 25
CLIENTS, CROWD = 16, 200
ROUNDS = 9


class Load(NamedTuple):
    """Answers to the clients, and memory of the server."""

    seconds: float
    times: list[float]  # seconds of each answer with status 200
    statuses: Counter[int]
    memory: list[float]  # MB, once a second


def make_photos(folder: Path) -> list[Path]:
    """Write noisy photographs of one size."""
    random, paths = np.random.default_rng(0), list[Path]()
    for found in find_images([DATA / "photos/train"]):
        image = read_stack(found.path)[0][0]
        if min(image.shape[:2]) < SIDE or image.shape[2] != 3:
            continue
        noisy = image[:SIDE, :SIDE] + random.normal(0, SIGMA, (SIDE, SIDE, 3))
        paths.append(folder / f"{len(paths)}.png")
        write_stack(paths[-1], noisy.clip(0, 255).round().astype(np.uint8))
        if len(paths) == IMAGES:
            break
    return paths


def engines() -> dict[str, float]:
    """Return seconds a megapixel of the network alone: medians, measured in turn."""
    models = {
        "torch, float32": unnoise.load(PRETRAINED["photo"], device="cpu", precision="fp32"),
        "ONNX Runtime": unnoise.load(PRETRAINED["photo"].with_suffix(".onnx"), device="cpu"),
    }
    networks = {name: model.backend.network for name, model in models.items()}
    image = np.random.default_rng(0).random((1, 3, SIDE, SIDE), np.float32)
    times: dict[str, list[float]] = {name: [] for name in networks}
    for turn in range(ROUNDS + 1):
        for name, network in networks.items():
            taken = timed(network, image)
            if turn:  # the first one warms up
                times[name].append(taken)
    return {name: statistics.median(taken) / SIDE**2 * 1e6 for name, taken in times.items()}


def timed(network: Network, image: np.ndarray) -> float:
    begun = time.perf_counter()
    network.run(image)
    return time.perf_counter() - begun


def files_per_second(photos: Sequence[Path], seconds: float) -> float:
    """Return images a second of `unnoise denoise`, without loading the model."""
    model, done = unnoise.load("photo"), 0
    with tempfile.TemporaryDirectory() as out:
        outputs = Outputs(out=Path(out), overwrite=True)
        list(denoise_files(model, photos[:1], outputs=outputs))
        begun = time.perf_counter()
        while time.perf_counter() - begun < seconds:
            done += len(list(denoise_files(model, photos, outputs=outputs)))
        return done / (time.perf_counter() - begun)


@contextmanager
def serving() -> Iterator[tuple[str, int]]:
    """Start a server; return its address and process."""
    command = [sys.executable, "-m", "unnoise", "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        found = re.search(r"at http://(\S+)", process.stderr.readline())
        assert found
        yield found[1], process.pid
        process.send_signal(signal.SIGTERM)


def load(address: str, pid: int, photos: Sequence[Path], clients: int, seconds: float) -> Load:
    """Let each client send one image after the other, without pause."""
    bodies = [path.read_bytes() for path in photos]
    end = time.perf_counter() + seconds
    times, statuses, lock = list[float](), Counter[int](), threading.Lock()

    def client(number: int) -> None:
        turn = number
        connection = HTTPConnection(urlsplit(f"//{address}").netloc, timeout=120)
        while time.perf_counter() < end:
            begun = time.perf_counter()
            try:
                connection.request("POST", "/v1/denoise", bodies[turn % len(bodies)])
                response = connection.getresponse()
                response.read()
                status = response.status
            except OSError:
                connection.close()
                status = 0
            with lock:
                statuses[status] += 1
                if status == 200:
                    times.append(time.perf_counter() - begun)
            if status != 200:
                time.sleep(1)  # the shortest time that Retry-After asks for
            turn += 1
        connection.close()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    begun, memory = time.perf_counter(), list[float]()
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(1)
        status = Path(f"/proc/{pid}/status").read_text()
        memory.append(int(status.split("VmRSS:")[1].split()[0]) / 1024)
    return Load(time.perf_counter() - begun, times, statuses, memory)


def quantile(times: Sequence[float], share: float) -> float:
    return float(np.quantile(times, share))


def page(seconds: float) -> str:
    speeds = engines()
    ratio = speeds["ONNX Runtime"] / speeds["torch, float32"]
    with tempfile.TemporaryDirectory() as folder:
        photos = make_photos(Path(folder))
        before = files_per_second(photos, seconds / 2)
        with serving() as (address, pid):
            load(address, pid, photos, CLIENTS, 5)  # it warms up
            loaded = load(address, pid, photos, CLIENTS, seconds)
            crowd = load(address, pid, photos, CROWD, seconds / 4)
            after_crowd = load(address, pid, photos, 1, 2)
        after = files_per_second(photos, seconds / 2)
    alone, served = (before + after) / 2, len(loaded.times) / loaded.seconds
    p50, p99 = quantile(loaded.times, 0.5), quantile(loaded.times, 0.99)
    half = len(loaded.memory) // 2
    first, last = (max(part) for part in (loaded.memory[:half], loaded.memory[half:]))
    others = sum(loaded.statuses.values()) - loaded.statuses[200]
    refused = ", ".join(f"{n} × {status}" for status, n in sorted(crowd.statuses.items()))
    return f"""# The server: measurements

Written by `make bench-server`. {describe_machine()}.

Network of `photo` on {SIDE} × {SIDE} in colour, medians of {ROUNDS} in turn:

| | s/megapixel |
| --- | ---: |
| torch, float32 | {speeds["torch, float32"]:.3f} |
| ONNX Runtime | {speeds["ONNX Runtime"]:.3f} |
| ratio (target: at most 1.15) | {ratio:.2f} |

Photographs of {SIDE} × {SIDE} as PNG, one model, the clients on the machine of the server:

| | target | reached |
| --- | ---: | ---: |
| `denoise` alone, images/s, before and after | | {before:.2f}, {after:.2f} |
| server, {CLIENTS} clients, {seconds:.0f} s, images/s | | {served:.2f} |
| relative to `denoise` | 85 % | {served / alone:.0%} |
| answers other than 200 | 0 | {others} |
| p50, s | | {p50:.2f} |
| p99, s | | {p99:.2f} |
| p99 / p50 | 3 | {p99 / p50:.2f} |
| peak memory, MB, first and second half | the same | {first:.0f}, {last:.0f} |
| {CROWD} clients: answers by status | 200 and 503 | {refused} |
| one client afterwards | 200 | {dict(after_crowd.statuses)} |
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--out", type=Path, default=Path("docs"))
    options = parser.parse_args()
    text = page(options.seconds)
    write_text(options.out / "server-benchmark.md", text)
    print(text)


if __name__ == "__main__":
    main()
