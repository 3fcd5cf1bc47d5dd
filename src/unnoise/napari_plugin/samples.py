"""Sample data of the package, as layers."""

from typing import Any

import numpy as np

from unnoise.api.evaluating import add_noise
from unnoise.data import load_images
from unnoise.images import read_stack
from unnoise.pretrained import EXAMPLES

Layers = list[tuple[Any, dict[str, Any], str]]
DIGITS = 64


def photo() -> Layers:
    """Return a noisy photograph."""
    stack, _ = read_stack(EXAMPLES["photo"])
    return [(stack[0], {"name": "photograph", "rgb": True}, "image")]


def fluorescence() -> Layers:
    """Return a drawn scene with the noise of a fluorescence microscope."""
    stack, _ = read_stack(EXAMPLES["fluorescence"])
    scale = {"scale": (0.2, 0.2), "units": ("µm", "µm"), "colormap": "green"}
    return [(stack[0, ..., 0], {"name": "fluorescence", **scale}, "image")]


def digits() -> Layers:
    """Return stacks of noisy and of clean digits, to train on."""
    clean = np.asarray(load_images("digits", split="train").stack[:DIGITS, ..., 0])
    noisy = add_noise(clean, "gaussian:0.3,clip", axes="NYX", seed=0)
    return [(noisy, {"name": "noisy digits"}, "image"), (clean, {"name": "clean digits"}, "image")]
