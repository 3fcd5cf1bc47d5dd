"""The denoisers that come with the package: weights, each beside its model card.

This room knows where they lie, and nothing of what is in them.
"""

from pathlib import Path

NAMES = ("photo", "fluorescence")
# Each lies there as .safetensors for torch, and as .onnx for a run time without it.
PRETRAINED = {name: Path(__file__).with_name(f"{name}.safetensors") for name in NAMES}
# What each is made for, and what it is not.
SUBJECTS = {"photo": "photographs", "fluorescence": "fluorescence micrographs"}
OTHERS = {
    "photo": "microscopy, scanned documents or drawings",
    "fluorescence": "photographs, bright-field micrographs or scanned documents",
}

__all__ = ["OTHERS", "PRETRAINED", "SUBJECTS"]
