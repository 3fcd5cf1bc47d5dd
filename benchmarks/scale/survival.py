"""Workers die every few seconds: is every output complete, with one row each in the manifest?

Usage: python benchmarks/scale/survival.py [--images 20000] [--every 5] [--engine ray]

A small model denoises small noisy images, while a random worker is killed (SIGKILL) every few
seconds. In the middle the driver is killed too, and the command repeated. Then every output is
opened, and some are compared with the result of one process.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from machine import describe_machine

import unnoise
from unnoise.images import read_stack, write_stack

SIDE = 32  # pixels
SAMPLE = 500  # outputs that are compared with the result of one process


def children(process: int) -> list[int]:
    """Return the descendants of a process, including workers of Ray."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, left = [], [process]
    while left:
        below = parents.get(left.pop(), [])
        found += below
        left += below
    return found


def workers(driver: int, engine: str) -> list[int]:
    """Return the processes of the driver that hold a model."""
    found = []
    for process in children(driver):
        try:
            line = Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        # Ray has processes of its own with the same name; a node does not outlive them.
        ours = line.startswith("ray::Actor") if engine == "ray" else "spawn_main" in line
        if ours:
            found.append(process)
    return found


def run(command: list[str], engine: str, every: float, until: float | None) -> tuple[int, int]:
    """Run a job and kill workers; after some time kill the job. Return the kills and its status."""
    with tempfile.TemporaryFile() as log:
        driver = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        begun, killed = time.monotonic(), 0
        rest = time.monotonic() + every
        while driver.poll() is None:
            time.sleep(0.1)
            if until is not None and time.monotonic() - begun > until:
                driver.kill()
                driver.wait()
                return killed, -signal.SIGKILL
            if time.monotonic() > rest:
                rest = time.monotonic() + every
                if found := workers(driver.pid, engine):
                    os.kill(random.choice(found), signal.SIGKILL)  # noqa: S311  chance, no secret
                    killed += 1
        if driver.returncode:
            log.seek(0)
            print(log.read().decode()[-3000:])
        return killed, driver.returncode


def check(folder: Path, out: Path, model: str) -> list[str]:
    """Return the errors in outputs and manifest."""
    wrong = []
    inputs = {path.name for path in folder.iterdir()}
    rows = [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]
    counts = Counter(Path(row["input"]).name for row in rows)
    wrong += [f"{name} has {n} rows" for name, n in counts.items() if n != 1]
    wrong += [f"{name} has no row" for name in inputs - set(counts)]
    wrong += [f"{row['input']}: {row['error']}" for row in rows if row["error"] is not None]
    outputs = {path.name for path in out.rglob("*") if path.is_file()}
    wrong += [f"{name} is not there" for name in inputs - outputs]
    extra = outputs - inputs - {"manifest.jsonl", "job.json"}
    wrong += [f"{name} should not be there" for name in extra]
    denoiser = unnoise.load(model)
    sample = set(random.Random(0).sample(sorted(inputs), min(SAMPLE, len(inputs))))  # noqa: S311  no secret
    for name in sorted(inputs & outputs):
        made = read_stack(out / name)[0][0]
        if made.shape[:2] != (SIDE, SIDE):
            wrong.append(f"{name} is {made.shape}")
        elif name in sample:
            wanted = denoiser(read_stack(folder / name)[0][0])
            if np.abs(made.astype(int) - wanted.astype(int)).max() > 1:
                wrong.append(f"{name} differs from the result of one process")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--every", type=float, default=5.0)
    parser.add_argument("--engine", choices=("ray", "processes"), default="ray")
    options = parser.parse_args()
    print(describe_machine())
    with tempfile.TemporaryDirectory() as place:
        folder, out = Path(place) / "noisy", Path(place) / "clean"
        folder.mkdir()
        noise = np.random.default_rng(0)
        for number in range(options.images):
            image = noise.normal(number % 200, 20, (SIDE, SIDE)).clip(0, 255).astype(np.uint8)
            write_stack(folder / f"{number:06}.png", image)
        command = [sys.executable, "-m", "unnoise", "denoise", str(folder), "--out", str(out)]
        command += ["--engine", options.engine]
        begun = time.monotonic()
        killed, _ = run(command, options.engine, options.every, until=60)
        lines = (out / "manifest.jsonl").read_bytes().count(b"\n")
        print(f"driver killed after 60 s with {lines} rows; {killed} workers were killed by then")
        more, status = run(command, options.engine, options.every, until=None)
        seconds = time.monotonic() - begun
        print(f"repeated to its end, status {status}: {killed + more} workers killed in all")
        wrong = check(folder, out, "photo")
        print(f"{options.images} images, {options.engine}, {seconds:.0f} s: ", end="")
        print(
            "every output complete, each written once; manifest complete" if not wrong else "WRONG"
        )
        for line in wrong[:20]:
            print(f"  {line}")
        sys.exit(bool(wrong or status))


if __name__ == "__main__":
    main()
