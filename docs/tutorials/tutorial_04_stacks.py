"""
A time-lapse: neighbouring images
=================================

The images before and after an image in a time-lapse or a z-stack show nearly the same thing, with
other noise. A model that sees them has more to go by. It can even do without the image itself:
Lecoq et al. (2021, DeepInterpolation) hide an image and predict it from its neighbours. What two
images share is the scene, since their noise is independent. The prediction is then the scene
without noise, by the argument of Noise2Noise (Lehtinen et al. 2018).

**You will learn** how unnoise measures whether neighbours help, what this wins, and what happens
to things that move.

**Expected output:** about 16.5 dB for the noisy images, 25 dB or more for a model of single
images, and 1 dB or more on top of it for the model that sees neighbours.
"""

import os

import matplotlib.pyplot as plt
import numpy as np
from skimage import data

import unnoise

FULL = os.environ.get("UNNOISE_DOCS") == "full"
IMAGES = 64 if FULL else 32
STEPS = 1500 if FULL else 300

# %%
# A stack
# -------
#
# Fourteen bright discs drift over a background that stands still, about a quarter of a pixel from
# one image to the next. The axes are ``TYX``: T is time. A TIFF of ImageJ or OME states its axes,
# so that you need not. The noise has a standard deviation of 0.15, more than half of the
# brightness of a disc.


def drifting(count: int, side: int = 128) -> np.ndarray:
    """Draw discs that drift over a photograph: ``(T, H, W)``, 0 to 1."""
    random = np.random.default_rng(0)
    still = 0.05 + 0.6 * data.camera()[60 : 60 + side, 120 : 120 + side] / 255
    start = random.uniform(0, side, (14, 2))
    speed, radius = random.normal(0, 0.25, (14, 2)), random.uniform(2, 5, 14)
    rows, columns = np.mgrid[:side, :side]
    images = []
    for time in range(count):
        image = still.copy()
        for (row, column), size in zip((start + speed * time) % side, radius, strict=True):
            distance = np.hypot(rows - row, columns - column)
            image += 0.35 * np.clip(size + 0.5 - distance, 0, 1)
        images.append(image)
    return np.clip(images, 0, 1).astype(np.float32)


clean = drifting(IMAGES)
noisy = unnoise.add_noise(clean, "gaussian:0.15", axes="TYX", range=(0, 1), seed=1)

# %%
# Train
# -----
#
# ``unnoise train cells.tif`` measures the noisy stack first: how much better can pixels be
# predicted if the same places in the neighbouring images are known? The message has the answer
# and the choice. ``depth`` is the number of images that the network sees. In *interpolation*, the
# middle one of them is hidden.

together = unnoise.train(noisy, axes="TYX", steps=STEPS, say=print)

# %%
# ``depth=1`` looks at each image alone. It is the fair comparison: the same images, network, and
# number of steps.

alone = unnoise.train(noisy, axes="TYX", steps=STEPS, depth=1, say=print)

# %%
# What it wins
# ------------
#
# The table also has the mean of five images, which many people use. It removes noise where
# nothing moves, and smears what does. So the last column counts only the tenth of the pixels that
# change most over time.

change = np.abs(np.diff(clean, axis=0)).max(axis=0)
moving = change > np.quantile(change, 0.9)


def psnr(images: np.ndarray, where: np.ndarray | slice = slice(None)) -> float:
    """Return the peak signal-to-noise ratio in decibels; the peak is 1."""
    return float(-10 * np.log10(np.mean((images - clean)[:, where] ** 2)))


mean = np.stack([noisy[max(0, t - 2) : t + 3].mean(axis=0) for t in range(IMAGES)])
results = {
    "noisy": noisy,
    "mean of five": mean,
    "each alone": alone.stack(noisy, axes="TYX"),
    "neighbours": together.stack(noisy, axes="TYX"),
}
for name, images in results.items():
    print(f"{name:13} {psnr(images):6.2f} dB, where things move {psnr(images, moving):6.2f} dB")

all_of = {name: psnr(images) for name, images in results.items()}
assert 16 < all_of["noisy"] < 17, "the noise differs from that of this page"
assert together.info.depth.get("T", 1) > 1, "the neighbours should be found to help"
assert 25 < all_of["each alone"] < 31.5, "the model of single images differs"
assert 27.5 < all_of["neighbours"] < 36, "the model of neighbouring images differs"
assert all_of["neighbours"] > all_of["each alone"] + 1, "neighbours should help"
assert all_of["neighbours"] > all_of["mean of five"] + 3, "the mean of five should be worse"
gain = psnr(results["neighbours"], moving) - psnr(results["mean of five"], moving)
assert gain > 1, "what moves should be sharper than in the mean of five"

middle = IMAGES // 2
shown = {"clean": clean} | results
del shown["mean of five"]
figure, axes = plt.subplots(2, 4, figsize=(8, 4.5), layout="constrained")
for (image_axis, time_axis), (name, images) in zip(axes.T, shown.items(), strict=True):
    image_axis.imshow(images[middle], cmap="gray", vmin=0, vmax=1)
    image_axis.set_title(name)
    row = int(np.argmax(change.sum(axis=1)))
    time_axis.imshow(images[:, row], cmap="gray", vmin=0, vmax=1, aspect="auto")
    for axis in (image_axis, time_axis):
        axis.set(xticks=[], yticks=[])
axes[0, 0].set_ylabel("one image")
axes[1, 0].set_ylabel("one row, time ↓")
plt.show()

# %%
# What moves
# ----------
#
# The lower pictures show one row over time. A disc that drifts draws a slanted line. If a model
# smeared it, the line would be blurred; its end would lie where the disc was or will be.
# ``unnoise.inspect`` estimates the share of the movement that was lost, without a clean image. It
# needs the image *with its neighbours*; the command line does this by itself: ``unnoise inspect
# runs/cells cells.tif --report page.html``.
#
# Neighbours do not always help. If the discs moved by a whole pixel from image to image and the
# training stayed as short as in the small form, the hidden image could not be predicted well, and
# the model of single images was better in our trial. So look at what moves, compare with
# ``--depth 1``, or train longer.
#
# **What to try.** Raise the speed in ``drifting`` to 1, and compare again. Blur the noise before
# you add it: between images it is still independent, so ``interpolation`` needs no stride.
