"""What a run folder keeps of the images that training did not see: ``held_out.npz``.

The preview and the report are made of it, so that neither needs the data again.
"""

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from unnoise.errors import RunError
from unnoise.outputs import replacing
from unnoise.types import Array

# Bytes of pixels that are kept for the table, and for pictures: 1.5 megapixels, which validation
# sees at most, of pairs of colour images of 8 bits fit. A folder grows by as much as two networks.
LIMIT = 2**24
DAMAGED = (ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)
SHOWN, JUDGED = "shown", "judged"

Scene = tuple[Array, ...]  # the views of one scene, (H, W, C)


@dataclass(frozen=True)
class HeldOut:
    """Images that training did not see."""

    shown: tuple[Array, ...]  # parts of them for pictures: each view, (N, H, W, C)
    # For the report: stacks of scenes of one size, each with its views, noisy and clean, or clean
    # alone. Nothing is kept where there are no clean images.
    judged: tuple[tuple[Array, ...], ...]

    @classmethod
    def of(cls, examples: tuple[Array, ...], scenes: Sequence[Scene]) -> "HeldOut":
        """Keep examples and evenly spread scenes, each up to ``LIMIT``."""
        size = sum(view.nbytes for scene in scenes for view in scene)
        kept = scenes[:: max(1, -(-size // LIMIT))]
        alike = groupby(kept, key=lambda scene: scene[0].shape)
        judged = (zip(*group, strict=True) for _, group in alike)
        count = max(1, LIMIT // max(1, sum(view[0].nbytes for view in examples)))
        return cls(
            shown=tuple(view[:count] for view in examples),
            judged=tuple(tuple(np.stack(view) for view in views) for views in judged),
        )

    def save(self, path: Path) -> None:
        """Write a file, whole or not at all."""
        stacks = {f"{SHOWN} {i}": view for i, view in enumerate(self.shown)}
        for number, views in enumerate(self.judged):
            stacks |= {f"{JUDGED} {number} {i}": view for i, view in enumerate(views)}
        with replacing(path) as temporary:
            np.savez_compressed(temporary, **stacks)  # type: ignore[arg-type]  # see its allow_pickle

    @classmethod
    def load(cls, path: Path) -> "HeldOut":
        """Read a file; raise ``RunError`` if it is damaged."""
        groups: dict[str, list[Array]] = {}
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stacks:
                for name in stacks.files:
                    groups.setdefault(name.rpartition(" ")[0], []).append(stacks[name])
            if any(view.ndim != 4 for views in groups.values() for view in views):
                raise ValueError("an array is no stack of images")
            shown = tuple(groups.pop(SHOWN))
        except (*DAMAGED, OSError) as error:
            raise RunError(
                f"cannot read {path}: it is damaged ({error}). Remove it, and the images of the "
                "run are read again, unless they were arrays"
            ) from error
        return cls(shown, tuple(tuple(views) for views in groups.values()))
