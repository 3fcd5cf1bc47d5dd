"""
May I trust this result?
========================

A denoiser works well on images like those that it has learned from. On others it leaves noise,
removes detail, or invents structure, and the result can still look clean. There is no clean image
to compare with. So unnoise judges each result by what can be measured without one, and says
*trust*, *check* or *reject*, with reasons.

**You will learn** what a verdict looks at, how to read the maps and the bounds, and what a
verdict cannot see.

**Expected output:** *trust* for white noise, with an estimated PSNR within 4 dB of the true one,
and 80 to 100 % of the pixels between their bounds. *Check* for lines, for single bright pixels,
and for noise that is too strong. *Reject* for a drawing that is unlike any photograph. And
*trust* for a result that has lost a faint pattern.
"""

import os

import matplotlib.pyplot as plt
import numpy as np
from skimage import data

import unnoise

FULL = os.environ.get("UNNOISE_DOCS") == "full"
PART = np.s_[:, :] if FULL else np.s_[:256, 64:320]

photo = unnoise.load("photo")
clean = data.camera()[PART]


def psnr(image: np.ndarray, truth: np.ndarray) -> float:
    """Return the peak signal-to-noise ratio in decibels; the peak is 255."""
    return float(10 * np.log10(255**2 / np.mean((image.astype(float) - truth) ** 2)))


# %%
# A result that can be trusted
# ----------------------------
#
# ``unnoise.inspect`` denoises an image and judges the result. On the command line: ``unnoise
# inspect photo scan.png --report page.html``. It looks at four things:
#
# - *The noise*: how strong it is, and whether the model has learned such noise.
# - *Familiarity*: how many of the held-out images of the training are as unlike the others as
#   this one (a p-value).
# - *Removed structure*: whether more than noise was removed.
# - *Facts of the image* that need no model: lines, grain, single bright pixels, values that are
#   cut off.

noisy = unnoise.add_noise(clean, "gaussian:0.08", seed=1)
good = unnoise.inspect(photo, noisy)
inside = float(np.mean((clean >= good.lower) & (clean <= good.upper)))
print(good.verdict, good.reasons)
print(f"noise {good.noise_level.std:.3f} of the scale, familiarity p = {good.familiarity:.2f}")
print(f"PSNR {psnr(good.image, clean):.2f} dB, estimated {good.psnr:.2f} dB")
print(f"{inside:.0%} of the clean pixels lie between the bounds")

assert good.verdict == "trust", "white noise on a photograph should be trusted"
assert 0.065 < good.noise_level.std < 0.095, "the noise level is estimated badly"
assert abs(good.psnr - psnr(good.image, clean)) < 4, "the estimate is far from the truth"
assert psnr(good.image, clean) > psnr(noisy, clean) + 7, "photo differs from what this page says"
assert 0.8 < inside <= 1, "the bounds hold too few pixels"

# %%
# The maps show *where* to be careful. ``removed`` should look like noise; if you recognise the
# image in it, detail was lost. ``error`` is the expected error, large along edges and in texture.
# ``width`` is the distance between the bounds, a second network's estimate of how far the truth
# may lie, made for 90 % of the pixels (Angelopoulos et al. 2022).

figure, axes = plt.subplots(2, 2, figsize=(7.6, 6.6), layout="constrained")
maps = {"removed": "gray", "error": "magma", "width": "magma"}
axes[0, 0].imshow(good.image, cmap="gray", vmin=0, vmax=255)
axes[0, 0].set_title("result")
for axis, (name, colours) in zip(axes.flat[1:], maps.items(), strict=True):
    drawn = axis.imshow(good.maps[name], cmap=colours)
    axis.set_title(f"map: {name}")
    figure.colorbar(drawn, ax=axis, shrink=0.8)
for axis in axes.flat:
    axis.axis("off")
plt.show()

# %%
# When it fails, and says so
# --------------------------
#
# The same model, on faults that it has not learned. ``rows:0.06`` adds one number to each row, as
# a bad line sensor does. ``salt-pepper:0.02`` sets single pixels to black or white.
# ``gaussian:0.3`` is stronger than any noise that ``photo`` has seen. The last image is a drawing
# in black and white.

drawing = np.where(data.horse(), 255, 0).astype(np.uint8)
faults = {
    "lines": (clean, unnoise.add_noise(clean, "rows:0.06", seed=1)),
    "bright pixels": (clean, unnoise.add_noise(clean, "salt-pepper:0.02", seed=1)),
    "too strong": (clean, unnoise.add_noise(clean, "gaussian:0.3", seed=1)),
    "a drawing": (drawing, drawing),
}
judged = {}
for name, (truth, image) in faults.items():
    judged[name] = unnoise.inspect(photo, image)
    gain = psnr(judged[name].image, truth) - psnr(image, truth) if image is not truth else 0
    print(f"\n{name}: {judged[name].verdict}, gain {gain:.1f} dB")
    print(*(f"- {reason}" for reason in judged[name].reasons), sep="\n")

verdicts = {name: found.verdict for name, found in judged.items()}
assert "trust" not in verdicts.values(), "a failure was trusted"
assert verdicts["a drawing"] == "reject", "the drawing should be unlike the training images"
assert any("lines were left" in reason for reason in judged["lines"].reasons), "lines not found"
left = psnr(judged["lines"].image, clean) - psnr(faults["lines"][1], clean)
assert -1 < left < 1.5, "photo removes lines now: find another example"

# %%
# The lines stay in the result almost unchanged, and the verdict names them and the remedy. The
# strong noise is removed, with a large gain; but it was cut off at black and white before, which
# shifts dark and bright places, and no denoiser knows by how much. Each reason says what to do.
# Rejecting a drawing is caution: nothing went wrong here, but the model cannot know that.

figure, axes = plt.subplots(2, 4, figsize=(8, 4.6), layout="constrained")
for (above, below), (name, found) in zip(axes.T, judged.items(), strict=True):
    above.imshow(faults[name][1], cmap="gray", vmin=0, vmax=255)
    below.imshow(found.image, cmap="gray", vmin=0, vmax=255)
    above.set_title(name)
    below.set_title(f"result: {found.verdict}")
    above.axis("off")
    below.axis("off")
plt.show()

# %%
# What a verdict cannot see
# -------------------------
#
# A verdict compares what was removed with noise. **Structure that is as fine as noise, and
# weaker, looks like noise.** Here, fine stripes of 8 grey levels lie on a part of the moon, and
# the noise has a standard deviation of 25. To see how much of the pattern survives, the image is
# denoised with and without it, with the same noise.

moon = data.moon()[:256, :384]
rows, columns = np.mgrid[: moon.shape[0], : moon.shape[1]]
place = np.s_[30:90, 250:350]
pattern = np.zeros(moon.shape)
pattern[place] = (8.0 * (2 * ((rows + columns) // 2 % 2) - 1))[place]
marked = np.clip(moon + pattern, 0, 255).astype(np.uint8)
blind = unnoise.inspect(photo, unnoise.add_noise(marked, "gaussian:0.1", seed=1))
without = photo(unnoise.add_noise(moon, "gaussian:0.1", seed=1))
difference = blind.image.astype(float) - without
kept = float(np.sum(difference * pattern) / np.sum(pattern**2))
print(f"{blind.verdict}; {kept:.0%} of the pattern was kept")

assert blind.verdict == "trust", "the verdict sees the pattern now: this page is out of date"
assert -0.1 < kept < 0.3, "the pattern should be lost"

figure, axes = plt.subplots(1, 2, figsize=(8, 2.9), layout="constrained")
for axis, (name, image) in zip(axes, {"clean": marked, "result": blind.image}.items(), strict=True):
    axis.imshow(image[20:100, 240:360], cmap="gray", vmin=80, vmax=160)
    axis.set_title(f"{name}, contrast raised")
    axis.axis("off")
plt.show()

# %%
# The pattern is gone, and the verdict is *trust*. No method that sees one image of this kind can
# tell such a pattern from noise. So, before you rely on the absence of something faint, test it:
# put it into an image of yours, add the noise, denoise, and look. That is what this page did.
#
# More limits: a verdict judges the image as a whole, so one foreign object in a familiar image
# can pass. A model that held out fewer than 20 images or parts has no limits to judge by, and
# says *check*. A verdict is a warning, not a proof.
#
# **What to try.** Inspect your own images with ``--report``. Ask for the facts in Python:
# ``found.removed_structure``, ``found.psnr_untold`` and ``found.maps["structure"]``.
