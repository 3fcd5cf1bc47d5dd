"""Small files of every format, for the tests of this room."""

from pathlib import Path
from typing import Any

import numpy as np
import tifffile
import zarr

from unnoise.images import Reader, ReadOptions, open_image, write_like, write_stack

Array = np.ndarray


def values(*shape: int, dtype: str = "uint8") -> Array:
    """Return noise over the whole range of the dtype, floats within [0, 1]."""
    random = np.random.default_rng(0)
    if dtype == "bool":
        return random.random(shape) > 0.5
    if dtype.startswith("f"):
        return random.random(shape).astype(dtype)
    limits = np.iinfo(dtype)
    return random.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)


def write_tiff(path: Path, array: Array, **options: Any) -> Path:
    tifffile.imwrite(path, array, **{"photometric": "minisblack", **options})
    return path


def write_zarr(path: Path, array: Array, **options: Any) -> Path:
    chunks = tuple(min(length, 8) for length in array.shape)
    zarr.create_array(str(path), data=array, chunks=chunks, **options)
    return path


def write_any(folder: Path) -> list[Path]:
    """Write one small file of each format and kind, each of which can be opened."""
    grey, colour, stack = values(31, 17), values(31, 17, 3), values(3, 31, 17)
    for name, array in {
        "a.png": grey,
        "b.png": values(31, 17, 4, dtype="uint16"),
        "a.jpg": colour,
        "a.webp": colour,
        "lzw.tif": colour,
        "a.idx": stack,
        "a-idx3-ubyte.gz": stack,
    }.items():
        write_stack(folder / name, array)
    write_tiff(folder / "plain.tif", grey)
    write_tiff(folder / "deflate.tif", stack, compression="zlib", predictor=2)
    write_tiff(folder / "half.tif", values(31, 17, dtype="float16"), compression="zlib")
    write_tiff(folder / "imagej.tif", values(2, 3, 31, 17), imagej=True, metadata={"axes": "ZCYX"})
    write_tiff(folder / "a.ome.tif", values(2, 3, 31, 17), ome=True, metadata={"axes": "ZCYX"})
    np.save(folder / "a.npy", colour)
    np.savez(folder / "a.npz", one=grey, two=grey)
    np.savez_compressed(folder / "b.npz", one=colour)
    return sorted(folder.iterdir())


def copy(path: Path, target: Path, *, rows: int = 5, axes: str | None = None) -> None:
    """Write ``path`` as an identity model would."""
    with open_image(path, ReadOptions(axes=axes)) as source:
        write_like(target, source, (source.bands(i, rows) for i in range(source.count)))


def images(reader: Reader) -> Array:
    return np.stack([reader.image(index) for index in range(reader.count)])
