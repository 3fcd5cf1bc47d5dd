"""The denoisers that come with the package: weights, each beside its model card and an example.

This room knows where the files are, and what an exported file states about them.
"""

from pathlib import Path

NAMES = ("photo", "fluorescence")
# Weights as .safetensors for torch. Beside each is an .onnx file for a run time without torch.
PRETRAINED = {name: Path(__file__).with_name(f"{name}.safetensors") for name in NAMES}
# The images that each is made for, and other images, which it is not made for.
SUBJECTS = {"photo": "photographs", "fluorescence": "fluorescence micrographs"}
OTHERS = {
    "photo": "microscopy, scanned documents or drawings",
    "fluorescence": "photographs, bright-field micrographs or scanned documents",
}
# A noisy image for each; tools/make_examples.py draws them.
EXAMPLES = {name: Path(__file__).with_name(f"{name}.png") for name in NAMES}
AUTHOR, LICENSE = "the authors of unnoise", "Apache-2.0"
DATA_LICENSES = {
    "photo": "BSDS500: non-commercial research and education; DIV2K: academic research",
    "fluorescence": "drawn scenes: Apache-2.0; BSDS500: non-commercial research and education; "
    "DIV2K: academic research; FMD: see its authors",
}

__all__ = [
    "AUTHOR",
    "DATA_LICENSES",
    "EXAMPLES",
    "LICENSE",
    "OTHERS",
    "PRETRAINED",
    "SUBJECTS",
]
