"""Tests of the photographs that are made soft."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from soften import soften


def energy(path: Path) -> float:
    """Return the energy of the finest differences, relative to the variance."""
    image = np.asarray(Image.open(path), dtype=np.float64)
    return float(np.mean(np.diff(image, axis=1) ** 2) / image.var())


def test_two_thirds_are_there_once_more_and_softer(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    photographs, out = tmp_path / "photographs", tmp_path / "out"
    photographs.mkdir()
    for index in range(6):
        picture = random.integers(0, 256, (40, 60, 3), dtype=np.uint8)
        Image.fromarray(picture).save(photographs / f"{index}.png")
    assert soften(photographs, out) == 10
    soft = sorted(out.glob("soft_*"))
    assert len(soft) == 4
    assert all(energy(path) < energy(photographs / "0.png") / 1.5 for path in soft)
    first = [path.read_bytes() for path in soft]
    assert soften(photographs, out) == 10  # the same once more
    assert [path.read_bytes() for path in sorted(out.glob("soft_*"))] == first


def test_the_photographs_themselves_are_never_replaced(tmp_path: Path) -> None:
    Image.new("RGB", (40, 40)).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="name another folder"):
        soften(tmp_path, tmp_path / ".")
    assert not (tmp_path / "a.png").is_symlink()
