"""Write a small model file of each format version, and its result, by the code of that time.

    python tools/make_format_files.py

For each commit below a worktree is made, and its own code writes a tiny network with fixed weights
and denoises a fixed image. The files lie in ``tests/runs/formats``; they are made once, and the
tests read them with the code of today.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FORMATS = ROOT / "tests/runs/formats"

FACTS = {"noise": "gaussian:0.1", "objective": "supervised, mse", "data": "digits", "seed": 3}
TINY = {"channels": 1, "widths": [4, 8], "depths": [1, 1]}
NOMINAL = {"dtype": "uint8", "low": 0.0, "high": 255.0, "clamp": True}
EACH = {"dtype": "uint16", "low": [0.0, 100.0], "high": [4095.0, 900.0], "clamp": False}

# name: (commit, arguments of the network, further entries of the header, dtype and shape of the
# image). The first and the last commit that wrote version 1 differ in what they state.
MADE: dict[str, tuple[str, dict[str, Any], dict[str, Any], tuple[str, list[int]]]] = {
    "1-first": ("58ed064", TINY, {}, ("uint8", [9, 11])),
    "1-last": ("eb74496~1", TINY, {"value_range": NOMINAL, "strides": (1,)}, ("uint8", [9, 11])),
    "2": (
        "5da99ff~1",
        TINY | {"channels": 2},
        {"value_range": EACH, "colour": False},
        ("uint16", [9, 11, 2]),
    ),
    "3": (
        "5da99ff",
        TINY | {"depth": 3},
        {"value_range": NOMINAL, "depth": {"T": 3}},
        ("uint8", [4, 9, 11]),
    ),
}

WRITE = """
import json, sys, warnings
from pathlib import Path
import numpy as np, torch
from unnoise.denoiser import Denoiser
from unnoise.models import build_model
from unnoise.runs import ModelInfo, write_model_file
warnings.simplefilter("ignore")
given = json.loads(sys.argv[1])
torch.manual_seed(7)
network = build_model("unet", given["arguments"])
header = given["header"]
if "strides" in header:
    header["strides"] = tuple(header["strides"])
info = ModelInfo(model="unet", arguments=network.arguments,
                 channels=network.channels, **given["facts"], **header)
path = Path(given["path"])
write_model_file(path, info, network.state_dict())
dtype, shape = given["image"]
image = np.random.default_rng(5).integers(0, 256, shape)
if dtype == "uint16":  # in the unit of its two channels
    image = image * [16, 3] + [0, 100]
image = image.astype(dtype)
denoiser = Denoiser.load(path)
result = denoiser.stack(image) if "depth" in header else denoiser(image)
np.savez_compressed(path.with_suffix(".npz"), image=image, result=result)
"""


def main() -> None:
    """Make all files anew."""
    FORMATS.mkdir(exist_ok=True)
    for name, (commit, arguments, header, image) in MADE.items():
        path = FORMATS / f"version-{name}.safetensors"
        given = {"arguments": arguments, "header": header, "facts": FACTS, "image": image}
        with tempfile.TemporaryDirectory() as folder:
            tree = Path(folder) / "then"
            git = ["git", "-C", str(ROOT), "worktree"]
            subprocess.run([*git, "add", "--detach", "--quiet", str(tree), commit], check=True)
            try:
                asked = json.dumps(given | {"path": str(path)})
                then = os.environ | {"PYTHONPATH": str(tree / "src")}
                subprocess.run([sys.executable, "-c", WRITE, asked], check=True, env=then)
            finally:
                subprocess.run([*git, "remove", "--force", str(tree)], check=True)
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes, by {commit}")


if __name__ == "__main__":
    main()
