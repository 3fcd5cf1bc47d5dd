"""A folder in the layout of Hugging Face: weights, a config, and a model card."""

import json
from dataclasses import asdict
from pathlib import Path

from unnoise.denoiser import Denoiser
from unnoise.errors import OutputError
from unnoise.outputs import check_writable, write_text
from unnoise.runs import ModelInfo

WEIGHTS, CONFIG, CARD = "model.safetensors", "config.json", "README.md"
LIBRARY = "unnoise"
LONG = ("calibration", "estimator", "bounds")  # long fields, which the header of the weights has


def write_hub_folder(denoiser: Denoiser, folder: Path, *, overwrite: bool = False) -> None:
    """Write ``model.safetensors``, ``config.json`` and ``README.md`` into a folder.

    ``unnoise.load`` reads only the weights; the config is for people and for tools of the hub. The
    card is a draft that its author completes, so an existing card stays.

    Raises:
        OutputError: Weights exist and ``overwrite`` is false, or nothing can be written there.
        ModelError: The denoiser has no weights, such as a denoiser of an ONNX file.
    """
    if folder.is_file():
        raise OutputError(f"{folder} is a file: name a folder for the model")
    check_writable(folder)
    facts = denoiser.describe()
    denoiser.save(folder / WEIGHTS, overwrite=overwrite)
    config = {
        "library_name": LIBRARY,
        **{name: value for name, value in asdict(denoiser.info).items() if name not in LONG},
        **{name: facts[name] for name in ("parameters", "kmacs_per_pixel", "size_multiple")},
    }
    write_text(folder / CONFIG, json.dumps(config, indent=2) + "\n")
    if not (folder / CARD).exists():
        write_text(folder / CARD, card(denoiser.info, parameters=facts["parameters"]))


def card(info: ModelInfo, *, parameters: int) -> str:
    """Return a model card in Markdown, with the metadata that the hub reads."""
    reached = info.trained.get("psnr")
    noisy = info.trained.get("noisy_psnr")
    rows = {
        "network": f"`{info.model}`, {parameters:,} parameters, {info.channels} channels",
        "noise": f"`{info.noise}`" if info.noise else "the noise of the training images",
        "objective": info.objective,
        "data": info.data,
        "training": f"{info.trained.get('steps', 0):,.0f} steps, seed {info.seed}",
    }
    if reached is not None and noisy is not None:
        rows["held-out images"] = f"{noisy:.2f} dB before, {reached:.2f} dB after"
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    return f"""---
library_name: {LIBRARY}
pipeline_tag: image-to-image
tags:
- denoising
- image-restoration
---

# A denoiser made with unnoise

```
pip install "unnoise[train,hub]"
unnoise denoise photo.png --model hf://OWNER/NAME
```

| | |
| --- | --- |
{table}

## Limits

Describe here what the model was made for, on which images it was measured, and where it fails.
`unnoise inspect` reports whether the result of an image can be trusted.
"""
