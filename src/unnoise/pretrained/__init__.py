"""The denoisers that come with the package: weights, each beside its model card.

This room knows where they lie, and nothing of what is in them.
"""

from pathlib import Path

# Each lies there as .safetensors for torch, and as .onnx for a run time without it.
PRETRAINED = {"photo": Path(__file__).with_name("photo.safetensors")}
SUBJECTS = {"photo": "photographs"}  # what each is made for

__all__ = ["PRETRAINED", "SUBJECTS"]
