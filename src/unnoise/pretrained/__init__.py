"""The denoisers that come with the package: weights, each beside its model card.

This room knows where the files are, but not what they contain.
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

__all__ = ["OTHERS", "PRETRAINED", "SUBJECTS"]
