"""The denoisers that come with the package: weights, each beside its model card.

This room knows where they lie, and nothing of what is in them.
"""

from pathlib import Path

PRETRAINED = {"photo": Path(__file__).with_name("photo.safetensors")}


def locate(model: str | Path) -> Path:
    """Return the file of a model that comes with the package, or the path as it was given.

    A name is a string; a ``Path``, or ``"./photo"``, is what lies there.
    """
    return PRETRAINED[model] if isinstance(model, str) and model in PRETRAINED else Path(model)


__all__ = ["PRETRAINED", "locate"]
