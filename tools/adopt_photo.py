"""Put a trained photo denoiser into the package, if it is better than the one that is there.

    python tools/adopt_photo.py RUN

Better is a higher PSNR on the held-out training photographs, which are the same with the same
photographs, seed and share (presets/photo.toml); no test set is looked at. The steps and the time
of the weights that a run started from are added to its own.
"""

import sys
from dataclasses import replace
from pathlib import Path

from unnoise.pretrained import PRETRAINED
from unnoise.runs import ModelInfo, RunFolder, read_model_file, write_model_file

TARGET = PRETRAINED["photo"]
DATA = "BSDS500 train and test, DIV2K at half size: 450 photographs"
SUMS = "steps", "images", "seconds"


def adopt(run: RunFolder, target: Path = TARGET) -> str:
    """Write the model of a run to ``target`` if it is better; return what was done, in words."""
    info, weights = read_model_file(run.model)
    old = read_model_file(target)[0] if target.exists() else None
    if old and old.trained["psnr"] >= info.trained["psnr"]:
        return f"kept: {old.trained['psnr']:.3f} dB, and the run has {_told(info)}"
    trained = dict(info.trained)
    if run.read_config().init is not None and old:
        trained |= {name: old.trained[name] + trained[name] for name in SUMS}
    write_model_file(target, replace(info, data=DATA, trained=trained), weights)
    return f"adopted: {_told(info)}" + (f", before {_told(old)}" if old else "")


def _told(info: ModelInfo) -> str:
    return f"{info.trained['psnr']:.3f} dB"


if __name__ == "__main__":
    print(adopt(RunFolder(Path(sys.argv[1]))))
