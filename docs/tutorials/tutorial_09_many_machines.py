"""
Many machines, tried on one
===========================

A training that takes days, or a job of a million files, needs more than one process. unnoise uses
the same commands for both. All of them can be tried on one machine, as this page does: two
processes train together, and two workers share the files of a folder.

**You will learn** why the result of a training does not depend on the number of processes, how a
job continues after it was killed, and when Ray is worth it.

**Expected output:** the risk of a training on two processes equals that on one process to 2 % or
better. A job of eight files writes eight results and a manifest with eight rows; repeated after
the loss of two results, it writes these two again.
"""

import csv
import importlib.util
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from skimage import data
from skimage.io import imread, imsave

import unnoise

FULL = os.environ.get("UNNOISE_DOCS") == "full"
STEPS = "600" if FULL else "60"
FILES = 40 if FULL else 8
ENGINES = ["processes", "ray"] if FULL and importlib.util.find_spec("ray") else ["processes"]

work = Path(tempfile.mkdtemp())
one_thread = os.environ | {"OMP_NUM_THREADS": "1"}


def run(*words: str) -> None:
    """Run Python with these words in the folder of this tutorial, and print what it says."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *words],
        cwd=work,
        env=one_thread,
        text=True,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    print("$ python", *words, "\n" + done.stdout.strip())
    print(f"took {time.perf_counter() - start:.1f} s")
    done.check_returncode()


# %%
# Two processes train together
# ----------------------------
#
# ``torchrun`` comes with torch. It starts the processes, and each takes its part of every batch::
#
#     torchrun --nproc-per-node 2 -m unnoise train digits --out runs/two
#
# ``python -m torch.distributed.run`` is the same. On several machines, add ``--nnodes``,
# ``--node-rank`` and ``--master-addr``. The port is free here so that this page can be built
# beside others.

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = str(free.getsockname()[1])
settings = ["digits", "--steps", STEPS, "--precision", "fp32", "--quiet"]
launcher = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", port]
run("-m", "unnoise", "train", *settings, "--out", "runs/one")
run(*launcher, "-m", "unnoise", "train", *settings, "--out", "runs/two")

# %%
# The size of the batch is that of all processes together, and the noise of each sample is a
# function of the seed, the step, and its place in the batch. So one process or eight take the
# same steps, up to rounding; the gradients are averaged after each step. This is what makes
# results comparable: a training that was tried on a laptop behaves in the same way on a cluster.

curves = {}
for name in ("one", "two"):
    with (work / "runs" / name / "metrics.csv").open() as file:
        curves[name] = [(float(row["step"]), float(row["risk"])) for row in csv.DictReader(file)]
last = {name: curve[-1][1] for name, curve in curves.items()}
apart = abs(last["two"] / last["one"] - 1)
print(f"risk: one process {last['one']:.6f}, two {last['two']:.6f}; they differ by {apart:.3%}")
assert 0.002 < last["one"] < 0.04, "the training differs from that of this page"
assert 0 <= apart < 0.02, "two processes should learn as one does"

# %%
# Many files
# ----------
#
# ``--engine processes`` starts workers, and each loads the model once. ``clean/`` belongs to the
# job, and holds ``manifest.jsonl``: one line of JSON for each file, with its verdict, its
# seconds, or its error.

(work / "scans").mkdir()
photographs = [data.camera(), data.coins(), data.moon(), data.page()]
for number in range(FILES):
    part = photographs[number % 4][64:160, (number * 40) % 240 :][:, :96]
    imsave(
        work / "scans" / f"scan_{number}.png", unnoise.add_noise(part, "gaussian:0.1", seed=number)
    )

job = ["-m", "unnoise", "denoise", "scans", "--model", "photo", "--workers", "2"]
for engine in ENGINES:
    run(*job, "--engine", engine, "--out", f"clean-{engine}", "--quiet")

manifest = work / "clean-processes" / "manifest.jsonl"
done = [json.loads(line) for line in manifest.read_text().splitlines()]
results = sorted((work / "clean-processes").glob("*.png"))
for row in done[:3]:
    print({key: row[key] for key in ("output", "verdict", "noise_level", "seconds", "error")})
assert len(results) == len(done) == FILES, "a result or a row is missing"

# %%
# Killed, and continued
# ---------------------
#
# A job may be killed at any time: by a full disk, by the scheduler, by Ctrl-C. Results are
# written under another name and then renamed, so each is complete or absent. *The same command*
# continues with what is missing. Here, two results are removed to play the accident.

ages = {path: path.stat().st_mtime_ns for path in results}
for lost in results[:2]:
    lost.unlink()
run(*job, "--engine", "processes", "--out", "clean-processes", "--quiet")
again = [path for path in results if path.stat().st_mtime_ns != ages[path]]
print("written again:", [path.name for path in again])
assert again == results[:2], "the job should do what is missing, and nothing else"

figure, (left, *right) = plt.subplots(1, 4, figsize=(8, 2.5), width_ratios=[1.5, 1, 1, 1])
figure.set_layout_engine("constrained")
for (name, curve), line in zip(curves.items(), ("o-", "x--"), strict=True):
    left.plot(*np.array(curve).T, line, label=f"{name} process{'es' if name == 'two' else ''}")
left.set(xlabel="step", ylabel="risk", title="the same training")
left.legend()
for axis, path in zip(right, results, strict=False):
    pair = np.hstack([imread(work / "scans" / path.name)[:, :48], imread(path)[:, 48:]])
    axis.imshow(pair, cmap="gray", vmin=0, vmax=255)
    axis.set_title("noisy | clean")
    axis.axis("off")
plt.show()

# %%
# When it pays
# ------------
#
# Starting costs seconds, and two processes on one core are not faster than one. For eight small
# files, the start is most of the time. Small training steps leave little to divide, too: take a
# large batch.
#
# ``--engine ray`` (``pip install 'unnoise[cluster]'``) does the same on the machines of a Ray
# cluster, with ``--address``. The full form of this page runs it on one machine, if Ray is
# installed. One huge image, as a zarr array or a tiled TIFF, is cut into tiles that the workers
# share, and the result is the same to the bit.
#
# **What to try.** ``torchrun ... unnoise train --resume --out runs/two --steps 1200`` continues
# the training on any number of processes. Put a damaged file into ``scans/``: its row in the
# manifest has the error, and the rest is done.
