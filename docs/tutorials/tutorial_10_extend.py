"""
A noise in 20 lines, a network in 40
====================================

Your instrument has a noise that unnoise does not know, or you have an idea for a network. Each is
one file and one line in a table. After that, the grammar of noise, the command line, training,
model files and messages know it, because all of them read the table.

**You will learn** what a noise and a network promise to the rest of the program, and how to
compare an idea fairly.

**Expected output:** a network of 40 lines that learns the new noise in under a minute, 3 dB or
more above the noisy digits, and above the median filter. ``unet`` is as good or better, at less
than a quarter of the cost.
"""

import os
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from skimage.filters import median
from torch import Generator, Tensor, nn

import unnoise
from unnoise.datasets import load_labelled
from unnoise.models import MODELS, Architecture, Model
from unnoise.noise import NOISES, Corruption

FULL = os.environ.get("UNNOISE_DOCS") == "full"
STEPS = 2000 if FULL else 250

# %%
# A noise
# -------
#
# Some sensors lose single *segments* of a line: a share of short horizontal pieces is missing,
# and reads as 0. A noise is one function. It gets clean images ``(B, C, H, W)``, a level for each
# image ``(B, 1, 1, 1)``, and a generator. It must draw all its random numbers from this
# generator: then the same seed gives the same training, and a killed training continues as if
# nothing had happened.

LENGTH = 4  # pixels of a segment


def dropout_lines(clean: Tensor, level: Tensor, generator: Generator) -> Tensor:
    """Set a share ``level`` of horizontal segments to 0, in all channels together."""
    batch, _, height, width = clean.shape
    count = -(-width // LENGTH)  # rounded up
    draw = torch.rand((batch, 1, height, count), generator=generator, device=clean.device)
    lost = (draw < level).repeat_interleave(LENGTH, dim=3)[..., :width]
    return torch.where(lost, 0.0, clean)


# %%
# The line in the table. In the package it stands in ``NOISES`` in
# ``src/unnoise/noise/corruptions.py``; a script may add it at run time. ``Corruption`` says what
# the level means and its range, for help and errors.

NOISES["segments"] = Corruption(dropout_lines, "share of segments set to 0", high=1.0)

# %%
# Now it is a part of every spec: with ranges, in sums, with ``,clip``, and after ``--noise`` if
# the line is in the package. A wrong level is refused with the meaning that you gave:

NOISE = "segments:0.1..0.3+gaussian:0.15,clip"
digits, _ = load_labelled("digits", "test")
noisy = unnoise.add_noise(digits[:300], NOISE, axes="NYX")
try:
    unnoise.add_noise(digits[0], "segments:30")
except unnoise.UnnoiseError as error:
    print("refused:", error)

# %%
# A network
# ---------
#
# A network is a ``Model``. Its constructor takes keyword arguments that JSON can hold, and states
# four facts: ``arguments``, with which it can be built again; ``channels``; ``size_multiple``,
# the sizes that ``forward`` takes (the rest of unnoise pads to them); and ``receptive_field``,
# how far a pixel of the output sees, which decides the overlap of tiles. ``features`` returns
# what the levels have learned, for classification.
#
# This one is a plain stack after DnCNN (Zhang et al. 2017): convolutions at full resolution that
# predict the noise.


class Plain(Model):
    """A stack of 3 × 3 convolutions that predicts what to add to the image."""

    corrects = True  # the result is the input plus a correction

    def __init__(self, *, channels: int = 1, width: int = 24, depth_of_stack: int = 5) -> None:
        super().__init__()
        self.arguments = {"channels": channels, "width": width, "depth_of_stack": depth_of_stack}
        self.channels = channels
        self.size_multiple = 1  # any size
        self.receptive_field = 2 * depth_of_stack + 1
        widths = [channels, *[width] * (depth_of_stack - 1)]
        self.body = nn.ModuleList(
            nn.Conv2d(before, width, 3, padding=1) for before in widths[: depth_of_stack - 1]
        )
        self.last = nn.Conv2d(width, channels, 3, padding=1)
        nn.init.zeros_(self.last.weight)  # begin with the noisy image itself
        nn.init.zeros_(self.last.bias)

    def features(self, noisy: Tensor) -> list[Tensor]:
        """Return the activations before the last layer."""
        seen = noisy
        for layer in self.body:
            seen = torch.relu(layer(seen))
        return [seen]

    def forward(self, noisy: Tensor) -> Tensor:
        """Add the predicted correction."""
        change: Tensor = self.last(self.features(noisy)[-1])
        return noisy + change


MODELS["plain"] = Architecture(Plain)

# %%
# Train it, save it, load it. The model file has no code in it, only the name, the arguments and
# the weights. So ``unnoise.load`` needs the line in the table, and a file from strangers can run
# nothing.

plain = unnoise.train("digits", noise=NOISE, model="plain", steps=STEPS, say=print)
path = Path(tempfile.mkdtemp()) / "plain.safetensors"
plain.save(path)
again = unnoise.load(path)
same = np.array_equal(again.stack(noisy[:5]), plain.stack(noisy[:5]))
print("the model file gives", "the same images" if same else "other images")

# %%
# A fair comparison
# -----------------
#
# The same images, noise, seed and number of steps for ``unet``, and a filter that anybody has. A
# new network should say what it costs, too: ``describe`` states thousands of multiply-adds for
# each pixel.

unet = unnoise.train("digits", noise=NOISE, model="unet", steps=STEPS, say=print)
models = {"plain": plain, "unet": unet}


def psnr(images: np.ndarray) -> float:
    """Return the mean of the peak signal-to-noise ratios of the digits in decibels."""
    errors = np.square((images.astype(float) - digits[: len(images)]) / 255).mean(axis=(1, 2))
    return float(-10 * np.log10(errors).mean())


results = {
    "noisy": noisy,
    "median": np.stack([median(image, np.ones((3, 3))) for image in noisy]),
} | {name: model.stack(noisy) for name, model in models.items()}
cost = {name: model.describe()["kmacs_per_pixel"] for name, model in models.items()}
for name, images in results.items():
    spent = f"  {cost[name]:.1f} kMAC/pixel" if name in cost else ""
    print(f"{name:7} {psnr(images):6.2f} dB{spent}")

reached = {name: psnr(images) for name, images in results.items()}
assert 13 < reached["noisy"] < 17, "the noise differs from that of this page"
assert reached["noisy"] + 3 < reached["plain"] < 27, "the new network did not learn"
assert reached["plain"] > reached["median"] + 1, "a filter is as good"
assert -0.4 < reached["unet"] - reached["plain"] < 4, "unet should be as good or better"
assert 1 < cost["unet"] < cost["plain"] / 4, "the costs differ from what this page says"
assert same, "the model file gives other images"

figure, axes = plt.subplots(len(results), 8, figsize=(8, 4.3), layout="constrained")
for line, (name, images) in zip(axes, results.items(), strict=True):
    for axis, image in zip(line, images, strict=False):
        axis.imshow(image, cmap="gray", vmin=0, vmax=255)
        axis.set(xticks=[], yticks=[])
    line[0].set_ylabel(name, fontsize=12)
figure.suptitle("Lost segments and gaussian noise")
plt.show()

# %%
# ``unet`` sees 27 × 27 pixels where ``plain`` sees 11 × 11, so it can fill longer gaps.
# It also costs less, because most of its layers work at a lower resolution.
#
# To bring a noise or a network into the package, put it in a file of its own, add the line to the
# table, and add its test. ``CONTRIBUTING.md`` has the steps; the tests of the contract then run
# on it without further work.
#
# **What to try.** Give ``segments`` a setting for ``LENGTH``, as ``grain`` has one for its width.
# Make ``plain`` see farther with dilated convolutions, and state the new receptive field.

# Entries that a script adds last as long as its process, which makes other pages, too.
del NOISES["segments"], MODELS["plain"]
