"""
Your own pairs: stained documents
=================================

You have images with a fault, and for some of them a version without it: stained pages and clean
ones, a short and a long exposure, a quick scan and a slow one. Such *pairs* are the best that a
denoiser can learn from. The network sees what was wrong and what would have been right.

**You will learn** how pairs are found, how a few pages are made to teach more, and how to measure
the result beside the method that everybody tries first.

**Expected output:** the error of a held-out page (root of the mean squared error, white is 1)
falls from about 0.3 to less than 0.075. Dividing by the blurred page leaves a larger error.
"""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.ndimage import gaussian_filter
from skimage.io import imread, imsave

import unnoise

FULL = os.environ.get("UNNOISE_DOCS") == "full"
PAGES = 30 if FULL else 10
LENGTH = ["--steps", "1500"] if FULL else ["--steps", "360"]
BEST = 0.05 if FULL else 0.075  # the largest error that the page promises
STAINS = "stain:0.3..0.7+gaussian:0.03,clip"

# %%
# Pages
# -----
#
# The script types some pages, and stains them with a noise of the package: smooth dark blots, and
# a little grain. With real pages you skip this step. Only the folders matter: each stained page
# has the name of its clean one.

TEXT = "the clean page of an old book has dark letters on white paper and no stain at all"
FONTS = ["DejaVu Sans", "DejaVu Serif", "DejaVu Sans Mono"]


def typed_page(number: int) -> np.ndarray:
    """Type random words: uint8 ``(256, 384)``, black on white."""
    random = np.random.default_rng(number)
    lines = [" ".join(random.choice(TEXT.split(), 9)) for _ in range(18)]
    sheet = Figure(figsize=(3.84, 2.56), dpi=100)
    canvas = FigureCanvasAgg(sheet)
    size, family = random.uniform(7, 9.5), FONTS[number % 3]
    sheet.text(0.03, 0.97, "\n".join(lines), va="top", fontsize=size, family=family)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., 0].copy()


work = Path(tempfile.mkdtemp())
for part, numbers in {"train": range(PAGES), "test": range(100, 102)}.items():
    for kind in ("stained", "clean"):
        (work / part / kind).mkdir(parents=True)
    for number in numbers:
        page = typed_page(number)
        stained = unnoise.add_noise(page, STAINS, seed=number)
        imsave(work / part / "clean" / f"page_{number}.png", page)
        imsave(work / part / "stained" / f"page_{number}.png", stained)

# %%
# Train
# -----
#
# The command line does the work::
#
#     unnoise train train/stained --targets train/clean --out runs/pages \
#         --noise "60% stain:0 | 40% stain:0..0.4"
#
# Ten pages are few. With ``--targets``, the noise of ``--noise`` is added to the *stained* page,
# and the target stays clean. So 40 % of what the network sees has one more stain, in a new place
# each time, and the network cannot learn the stains by heart. One page in ten is held out to
# measure the progress.


def unnoise_command(*words: str) -> None:
    """Run a command of unnoise in the folder of this tutorial, and print what it says."""
    command = [sys.executable, "-m", "unnoise", *words]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run(command, cwd=work, text=True, check=False, **streams)
    print("$ unnoise", shlex.join(words), "\n" + done.stdout)
    done.check_returncode()


more = ["--noise", "60% stain:0 | 40% stain:0..0.4"]
pairs = ["train/stained", "--targets", "train/clean"]
unnoise_command("train", *pairs, *more, *LENGTH, "--out", "runs/pages", "--quiet")

# %%
# Clean other pages
# -----------------
#
# ``unnoise denoise`` writes the results to ``--out``, with the names, format and dtype of the
# inputs. It also judges each result, and here it says *check*: "thin structure was lost". It is
# right, and the result is good all the same: a verdict takes what was removed for noise, and a
# stain is structure. So look at restored pages, or measure them as below.

unnoise_command("denoise", "test/stained", "--model", "runs/pages", "--out", "test/restored")

# %%
# Is it better?
# -------------
#
# The method that everybody tries first divides the page by its own blurred version. It removes
# wide shadows. But it cannot know where a stain has an edge, and it lifts the noise in dark
# places with the paper.


def read(kind: str, number: int) -> np.ndarray:
    """Read a test page with values from 0 to 1."""
    return imread(work / "test" / kind / f"page_{number}.png") / 255.0


def error(page: np.ndarray, clean: np.ndarray) -> float:
    """Return the root of the mean squared error."""
    return float(np.sqrt(np.mean((page - clean) ** 2)))


def flattened(page: np.ndarray) -> np.ndarray:
    """Divide by the brightness of the paper around each pixel."""
    paper = gaussian_filter(page, 8)
    return np.clip(page / np.maximum(paper, 0.05), 0, 1)


errors = {"stained": [], "divided": [], "unnoise": []}
for number in (100, 101):
    clean, stained = read("clean", number), read("stained", number)
    results = {
        "stained": stained,
        "divided": flattened(stained),
        "unnoise": read("restored", number),
    }
    for name, page in results.items():
        errors[name].append(error(page, clean))
mean = {name: float(np.mean(each)) for name, each in errors.items()}
for name, value in mean.items():
    print(f"{name:8} {value:.3f}")

assert 0.1 < mean["stained"] < 0.45, "the stains differ from those of this page"
assert 0.005 < mean["unnoise"] < BEST, "the model did not learn to remove stains"
assert mean["unnoise"] < 0.85 * mean["divided"], "dividing by the blurred page is as good"

# %%
# In the small form, the training is short, and shadows of dark stains may remain. Eleven pairs of
# *real* pages, with coffee and wrinkles, reach 0.031 after 1,500 steps; the page about your own
# images has the table.

shown = {"stained": "stained", "restored": "restored by unnoise", "clean": "clean"}
figure, axes = plt.subplots(3, 1, figsize=(8, 8.2), layout="constrained")
for axis, (kind, title) in zip(axes, shown.items(), strict=True):
    axis.imshow(read(kind, 100)[103:225], cmap="gray", vmin=0, vmax=1)
    axis.set(title=title, xticks=[], yticks=[])
plt.show()

# %%
# **What to try.** Leave ``--noise`` out, and see how the error on the test pages grows. Read
# ``runs/pages/report.html``: it has the curve of the training and held-out pages before and
# after. If some pages still look wrong, add pairs of that kind; nothing helps as much.
