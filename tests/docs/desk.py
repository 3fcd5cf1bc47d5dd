"""A folder with every file that the pages name, small."""

import json
import tarfile
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

import films
import raws
import unnoise
from microscopes import write_czi
from unnoise.images import write_stack

HEIGHT, WIDTH, DEPTH = 48, 64, 6
SHARDS = 100


def scene(number: int, *, colours: bool = False) -> NDArray[np.uint8]:
    """Return a clean image of smooth blobs, 8 bits, ``(H, W)`` or ``(H, W, 3)``."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    waves = np.sin(x / 5 + number) * np.cos(y / 7 - number)
    shape = waves[..., None] + np.array([0.0, 0.4, 0.8]) if colours else waves
    return np.asarray((110 + 70 * shape / 1.8).clip(0, 255), np.uint8)


def noisy(clean: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """Return an image with gaussian noise."""
    return unnoise.add_noise(clean, "gaussian:0.06", seed=seed)


def lay(desk: Path) -> None:
    """Fill a folder."""
    _single(desk)
    _folders(desk)
    _stacks(desk)
    _instruments(desk)
    _shards(desk / "shards")


def _single(desk: Path) -> None:
    for number, name in enumerate(("holiday.jpg", "night.png")):
        write_stack(desk / name, noisy(scene(number, colours=True), number))
    for name in ("scan.png", "scan.tif", "noisy.png", "noisy.tif", "bayer.tif", "image.tif"):
        write_stack(desk / name, noisy(scene(2), 2))
    (desk / "token").write_text("a-secret-of-more-than-sixteen-letters\n", encoding="utf-8")
    (desk / "list.txt").write_text("scan.tif\nnoisy.tif\n", encoding="utf-8")
    (desk / "results.json").write_text(json.dumps([]), encoding="utf-8")


def _folders(desk: Path) -> None:
    for number in range(6):
        clean = scene(number)
        dirty = noisy(clean, number)
        for folder, image in (("noisy", dirty), ("clean", clean), ("others", scene(number + 9))):
            _put(desk / folder / f"{number}.png", image)
        _put(desk / "scans" / f"{number}.tif", dirty)
        _put(desk / "learn/noisy" / f"{number}.png", dirty)
        _put(desk / "learn/clean" / f"{number}.png", clean)
        _put(desk / "frames" / f"frame_{number + 1:04}.png", dirty)
        _put(
            desk / "captures" / f"{'ABC'[number % 3]}_{number // 3 + 1}.png",
            noisy(scene(number % 3), number),
        )
        _put(desk / "twelve-bits" / f"{number}.tif", dirty.astype(np.uint16) * 16)


def _put(path: Path, image: NDArray[np.generic]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_stack(path, image)


def _stacks(desk: Path) -> None:
    stack = np.stack([noisy(scene(1), number) for number in range(DEPTH)])
    for name, axes in (("cells.tif", "ZYX"), ("timelapse.tif", "TYX")):
        tifffile.imwrite(desk / name, stack, imagej=True, metadata={"axes": axes})
    volumes = np.stack([stack[:4], stack[1:5], stack[2:]])
    tifffile.imwrite(desk / "volumes.tif", volumes, imagej=True, metadata={"axes": "TZYX"})
    films.make_film(desk / "clip.mp4")


def _instruments(desk: Path) -> None:
    import mrcfile
    import zarr

    values = raws.stored(raws.mosaic_of(raws.flat()))
    (desk / "raws").mkdir()
    for path in (desk / "IMG.DNG", desk / "raws/1.dng", desk / "raws/2.dng"):
        raws.write_dng(path, values)
    cells = np.full((1, 1, 2, HEIGHT, WIDTH), 900, np.uint16)
    cells[0, 0] += noisy(scene(4), 4)
    write_czi(desk / "cells.czi", cells, cells, names=["DAPI"])
    (desk / "tomograms").mkdir()
    for number in range(2):
        with mrcfile.new(desk / f"tomograms/{number}.mrc") as file:
            file.set_data(noisy(scene(number), number).astype(np.float32))
    huge = zarr.create_array(str(desk / "huge.zarr"), shape=(96, 128), chunks=(48, 64), dtype="u1")
    huge[:] = np.tile(noisy(scene(3), 3), (2, 2))


def _shards(folder: Path) -> None:
    folder.mkdir()
    image = folder / "image.png"
    write_stack(image, scene(1))
    for number in range(SHARDS):
        with tarfile.open(folder / f"train-{number:03}.tar", "w") as tar:
            for sample in range(2):
                tar.add(image, f"{number:03}-{sample}.png")
    image.unlink()
