"""
The denoising autoencoder, then and now
=======================================

A well-known tutorial of Keras trains a *denoising autoencoder* on handwritten digits. Noise is
added to each digit, and a network learns to give the original back. Vincent et al. (2008) had the
idea: to restore an image, a network must know what such images look like. This page trains that
network, and then the one that unnoise takes today.

**You will learn** what training with added noise means, why a bottleneck limits an autoencoder,
and how to compare a network with simple filters.

**Expected output:** about 13.3 dB for the noisy digits, 15 to 18 dB for the classic network after
a short training, and more than 21.5 dB for ``unet`` after a quarter of its time. With
``UNNOISE_DOCS=full``, the 60,000 digits of MNIST are used if ``UNNOISE_DATA`` has them; the
classic network then reaches about 20 dB.
"""

import os

import matplotlib.pyplot as plt
import numpy as np

import unnoise
from unnoise.datasets import find_dataset, load_labelled

FULL = os.environ.get("UNNOISE_DOCS") == "full"
DATA = "mnist" if FULL and find_dataset("mnist") else "digits"
EPOCHS = 20  # the tutorial's number
STEPS = 2500 if FULL else 250  # of the network of today
CLASSIC = (18.5, 21.5) if DATA == "mnist" else (14.5, 18.5)  # dB that the classic network reaches

# %%
# The digits
# ----------
#
# The package has 6,000 digits of MNIST in it, 28 × 28 pixels each. ``unnoise.add_noise`` corrupts
# images as training does. The noise is written as a *spec*: ``gaussian:0.3,clip`` adds a normal
# number with a standard deviation of 0.3 (where the range of values is 0 to 1), and clips the sum
# to the range.

NOISE = "gaussian:0.3,clip"
digits, _ = load_labelled(DATA, "test")
noisy = unnoise.add_noise(digits[:1000], NOISE, axes="NYX")
print(digits.shape, digits.dtype, "with noise:", noisy.shape, noisy.dtype)

# %%
# The classic network
# -------------------
#
# ``preset="classic"`` is the network of the tutorial and its recipe: 20 epochs, plain gradient
# descent, and the binary cross-entropy as the loss. Its encoder squeezes each digit into 576
# numbers, and its decoder makes the image from these. On the command line::
#
#     unnoise train mnist --preset classic --out runs/classic
#
# ``say=print`` puts messages of unnoise on this page, where there are any.

classic = unnoise.train(DATA, preset="classic", epochs=EPOCHS, say=print)
print("steps {steps:.0f}, {psnr:.2f} dB on held-out digits".format(**classic.info.trained))

# %%
# The network of today
# --------------------
#
# Without a preset, unnoise takes ``unet`` for small images (after Ronneberger et al. 2015), and
# three things differ:
#
# - *Shortcuts* carry the image past the bottleneck, and the network predicts only a correction.
#   It need not learn to draw strokes that are already in the image.
# - The loss is the *squared error*, which is what PSNR measures. The best estimate is then the
#   mean of all clean images that could have caused the noisy one.
# - The optimizer *AdamW* with a learning rate that rises and falls needs far fewer steps.

modern = unnoise.train(DATA, noise=NOISE, model="unet", steps=STEPS, say=print)
print("steps {steps:.0f}, {psnr:.2f} dB on held-out digits".format(**modern.info.trained))

# %%
# Which is better?
# ----------------
#
# ``unnoise.evaluate`` adds the same noise to test images that no training has seen, and compares
# each result with the clean image. PSNR counts in decibels: 10 dB more is a tenth of the squared
# error. Simple filters get the setting that is estimated to be best for each image.

LIMIT = 2000 if FULL else 300
table = unnoise.evaluate(modern, DATA, noise=NOISE, limit=LIMIT, say=print)
old = unnoise.evaluate(classic, DATA, noise=NOISE, limit=LIMIT, baselines=False, say=print)
for row in table.rows():
    print(f"{row['method']:16} {row['psnr']:6.2f} dB   SSIM {row['ssim']:.3f}")
print(
    f"{'classic':16} {old.mean('unnoise', 'psnr'):6.2f} dB   SSIM {old.mean('unnoise', 'ssim'):.3f}"
)

before, then, now = (
    table.mean("noisy", "psnr"),
    old.mean("unnoise", "psnr"),
    table.mean("unnoise", "psnr"),
)
seconds = [model.info.trained["seconds"] for model in (classic, modern)]
print(f"training: classic {seconds[0]:.0f} s, unet {seconds[1]:.0f} s")

assert 13 < before < 13.7, "the noise differs from the noise of the tutorial"
assert CLASSIC[0] < then < CLASSIC[1], "the classic network differs from the tutorial's"
assert 21.5 < now < 26, "the network of today differs from what this page promises"
assert now > then + 2.5, "the network of today should be clearly better than the classic one"
assert now > table.mean("median", "psnr") + 3, "a network that knows digits should beat a filter"

# %%
# In the small form, the classic network sees only 4,000 digits in 640 steps. It is not finished:
# it draws blurred digits, and with fewer than 300 steps its result is worse than the noisy image.
# With all 60,000 digits it reaches about 20 dB (see the benchmark beside the Keras original). The
# pictures show the difference in kind. The classic network *draws* a likely digit from its code;
# ``unet`` *corrects* the digit that is there.

rows = {
    "clean": digits[:8],
    "noisy": noisy[:8],
    "classic": np.stack([classic(image) for image in noisy[:8]]),
    "unet": np.stack([modern(image) for image in noisy[:8]]),
}
figure, axes = plt.subplots(len(rows), 8, figsize=(8, 4.3), layout="constrained")
for line, (name, images) in zip(axes, rows.items(), strict=True):
    for axis, image in zip(line, images, strict=True):
        axis.imshow(image, cmap="gray", vmin=0, vmax=255)
        axis.set(xticks=[], yticks=[])
    line[0].set_ylabel(name, fontsize=12)
figure.suptitle("Digits that no training has seen")
plt.show()

# %%
# **What to try.** Train longer (``minutes=2``), or on clothes (``fashion-mnist``). Add another
# noise with ``noise="poisson:20,clip"``. Ask the model for a digit turned upside down, and then
# read the tutorial about trust: a network restores what it knows.
