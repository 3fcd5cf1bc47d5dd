"""
A photograph, at once
=====================

``photo`` is a denoiser that comes with unnoise. It has learned from many photographs and many
kinds of noise, so it needs no training: ``unnoise denoise holiday.jpg``. This page uses it, and
explains the two options that people change.

**You will learn** how noise of developed photographs differs from white noise, how to read a
verdict, and why colour noise has a strength of its own.

**Expected output:** ``photo`` raises a portrait with noise from about 24 dB to between 29.5 and
32 dB, the verdict is *trust*, and the estimated PSNR is within 2 dB of the true one. The second
photograph is nearly clean: its verdict is *check*, and the result is not better than the input.
"""

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from skimage import data
from skimage.io import imread
from skimage.restoration import denoise_tv_chambolle

import unnoise

FULL = os.environ.get("UNNOISE_DOCS") == "full"
PART = np.s_[:256, 64:320]

# %%
# A photograph with a grain
# -------------------------
#
# A sensor counts photons, and each pixel by itself. But a file of a camera is *developed*: each
# pixel of the sensor has one colour, the other two are interpolated, and noise reduction smooths
# them. What remains has a *grain*: neighbouring pixels share noise, and colours share it over a
# wider distance than brightness. ``grain:0.06(luma=0.7 chroma=2)`` adds such noise: blurred by
# 0.7 pixels in brightness, and by 2 in colour.

clean = data.astronaut()[PART]
noisy = unnoise.add_noise(clean, "grain:0.06(luma=0.7 chroma=2)", seed=1)

photo = unnoise.load("photo")
found = unnoise.inspect(photo, noisy)


def psnr(image: np.ndarray, truth: np.ndarray = clean) -> float:
    """Return the peak signal-to-noise ratio in decibels; the peak is 255."""
    return float(10 * np.log10(255**2 / np.mean((image.astype(float) - truth) ** 2)))


total_variation = max(
    psnr(255 * denoise_tv_chambolle(noisy / 255, weight, channel_axis=2))
    for weight in (0.05, 0.08, 0.12)
)
print(f"noisy {psnr(noisy):.2f} dB, total variation at its best {total_variation:.2f} dB")
print(f"photo {psnr(found.image):.2f} dB, estimated without the clean image: {found.psnr:.2f} dB")
print(found.verdict, *found.reasons, sep="\n- ")

assert 23.5 < psnr(noisy) < 25, "the noise differs from that of this page"
assert 29.5 < psnr(found.image) < 32, "photo differs from what this page promises"
assert psnr(found.image) > total_variation + 0.5, "total variation is as good"
assert found.verdict == "trust", "the verdict should be trust"
assert abs(found.psnr - psnr(found.image)) < 2, "the estimate is far from the truth"

# %%
# The estimate needs no clean image. It is Stein's unbiased risk estimate (Stein 1981): the
# squared distance of the result from the input, minus the strength of the noise, plus twice what
# the result follows the noise. The last part is measured with a second run on a slightly changed
# image (Ramani et al. 2008).
#
# Strength
# --------
#
# A clean result can look like plastic, and some grain pleases the eye. ``strength`` mixes the
# result with the input. Noise of *colour* looks ugly and carries little detail, so
# ``chroma_strength`` sets it apart::
#
#     unnoise denoise portrait.jpg --strength 0.6 --chroma-strength 1
#
# The figures below separate the two errors: the brightness (luma), and the colours, which are the
# differences from it.

LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


def errors(image: np.ndarray) -> tuple[float, float]:
    """Return the error of brightness and of colours, in grey levels of 255."""
    difference = image.astype(float) - clean
    luma = difference @ LUMA
    colour = difference - luma[..., None]
    return float(np.sqrt(np.mean(luma**2))), float(np.sqrt(np.mean(colour**2)))


whole = found.image
half = photo(noisy, strength=0.6)
mixed = photo(noisy, strength=0.6, chroma_strength=1)
versions = {"noisy": noisy, "whole": whole, "strength 0.6": half, "and chroma 1": mixed}
for name, image in versions.items():
    luma, colour = errors(image)
    print(f"{name:13} luma {luma:5.2f}  colours {colour:5.2f}  {psnr(image):.2f} dB")

assert errors(half)[1] > errors(mixed)[1] + 0.5, "chroma_strength should remove colour noise"
assert abs(errors(half)[0] - errors(mixed)[0]) < 0.5, "it should leave the brightness as it is"
assert psnr(noisy) + 2 < psnr(half) < psnr(mixed) < psnr(whole) + 0.3, "another order of results"

figure, axes = plt.subplots(2, 2, figsize=(7, 7.4), layout="constrained")
zoom = np.s_[40:168, 60:188]
for axis, (name, image) in zip(axes.flat, versions.items(), strict=True):
    axis.imshow(image[zoom], interpolation="nearest")
    axis.set_title(f"{name}, {psnr(image):.1f} dB")
    axis.axis("off")
plt.show()

# %%
# A photograph that hardly needs it
# ---------------------------------
#
# The next photograph has the noise of a camera at ISO 6400, developed with strong noise
# reduction: little is left, and it has a wide grain. A denoiser may take this grain for texture
# and leave it, or take texture for noise. unnoise looks for both in the image, and says so.

cup = data.coffee()[:300, :400]
weak = unnoise.add_noise(cup, "camera:6400", seed=1)
doubted = unnoise.inspect(photo, weak)
before, after = psnr(weak, cup), psnr(doubted.image, cup)
print(f"{before:.2f} dB before, {after:.2f} dB after, estimated: {doubted.psnr}")
print(doubted.verdict, *doubted.reasons, sep="\n- ")
print("no estimate:", doubted.psnr_untold)

assert 35.5 < before < 38, "the noise differs from that of this page"
assert -1.5 < after - before < 1, "photo should change little here"
assert doubted.verdict == "check", "the verdict should warn"

# %%
# This is the honest answer for good photographs: leave them, or use less strength. An estimate is
# not given where its assumptions do not hold.
#
# If ``UNNOISE_DATA`` has a folder ``camera`` with real pairs, ``noisy/`` and ``clean/`` with the
# same names, the full form measures ``photo`` on some of them.

folder = Path(os.environ.get("UNNOISE_DATA", "missing")) / "camera"
for path in sorted((folder / "noisy").glob("*.png"))[:5] if FULL else []:
    shot, truth = imread(path), imread(folder / "clean" / path.name)
    seen = unnoise.inspect(photo, shot)
    print(
        f"{path.stem}: {psnr(shot, truth):.2f} to {psnr(seen.image, truth):.2f} dB, {seen.verdict}"
    )

# %%
# **What to try.** ``detail=0.5`` brings a part of the removed texture back. ``hot_pixels=True``
# replaces single bright pixels first. ``unnoise inspect photo IMAGE --compare`` ranks ``photo``
# beside simple filters on your image.
