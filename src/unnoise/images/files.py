"""Image files in and out: PNG, JPEG and TIFF through libvips, ``.npy`` and IDX."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unnoise.errors import ImageError
from unnoise.images.arrays import Layout, as_stack
from unnoise.images.idx import read_idx, write_idx
from unnoise.outputs import replacing

VIPS_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
SUFFIXES = (*VIPS_SUFFIXES, ".npy", ".idx", "-ubyte", ".idx.gz", "-ubyte.gz")
MAX_PIXELS = 2**28  # checked in the header, before anything is decoded
JPEG_QUALITY = 95


def is_idx(path: Path) -> bool:
    """Whether the name is that of an IDX file, gzipped or not."""
    return path.name.removesuffix(".gz").endswith((".idx", "-ubyte"))


def list_images(folder: Path) -> list[Path]:
    """Return the image files directly in a folder, sorted by name.

    Label files, which the IDX layout puts beside its images, are left out.

    Raises:
        ImageError: There is none.
    """
    paths = sorted(
        path
        for path in folder.iterdir()
        if path.name.lower().endswith(SUFFIXES)
        and not path.name.startswith(".")  # a half-written file, or a system's own
        and not (is_idx(path) and "idx1" in path.name)
    )
    if not paths:
        raise ImageError(f"{folder} has no image in it: {', '.join(SUFFIXES)} are read")
    return paths


def read_stack(path: Path) -> tuple[NDArray[np.generic], Layout]:
    """Read one file as a stack of images ``(N, H, W, C)`` of the file's own dtype.

    Raises:
        ImageError: The file is missing, empty, damaged, too large, or of a format not in
            ``SUFFIXES``; or a value in it is NaN or infinite.
    """
    if not path.is_file():
        raise ImageError(f"{path} is {'a folder, not a file' if path.is_dir() else 'not there'}")
    if not path.name.lower().endswith(SUFFIXES):
        raise ImageError(f"{path} is of no format that is read here: {', '.join(SUFFIXES)}")
    if path.stat().st_size == 0:
        raise ImageError(f"{path} is empty")
    if path.suffix.lower() == ".npy":
        return as_stack(_read_npy(path), name=str(path))
    if is_idx(path):
        array = read_idx(path)
        if array.ndim == 1:
            raise ImageError(f"{path} holds one axis of {array.size} values: labels, not images")
        # An IDX file of images has its images on the first axis whatever the last one's length.
        return as_stack(array[..., None] if array.ndim == 3 else array, name=str(path))[0], Layout(
            array.dtype, array.ndim > 2, array.ndim == 4
        )
    picture = _read_vips(path)
    # A picture is one image whatever its number of channels; grey with alpha has two.
    stack, _ = as_stack(picture[None] if picture.ndim == 3 else picture, name=str(path))
    return stack, Layout(picture.dtype, False, picture.ndim == 3)


def write_stack(path: Path, array: NDArray[np.generic], *, overwrite: bool = True) -> None:
    """Write an array ``(H, W)``, ``(H, W, C)`` or a stack of those in the format of the name.

    Raises:
        ImageError: The format cannot hold the array.
        OutputError: The file exists and ``overwrite`` is false, or it cannot be written.
    """
    if is_idx(path):
        write_idx(path, array, overwrite=overwrite)
        return
    with replacing(path, overwrite=overwrite) as temporary:
        if path.suffix.lower() == ".npy":
            with temporary.open("wb") as file:
                np.save(file, array, allow_pickle=False)
        else:
            _write_vips(temporary, array, name=str(path))


def _read_npy(path: Path) -> NDArray[np.generic]:
    try:
        array: NDArray[np.generic] = np.load(path, allow_pickle=False)
    except Exception as error:  # NumPy lets through what its header parser and zipfile raise
        raise ImageError(f"cannot read {path} as .npy: {error}") from error
    if not isinstance(array, np.ndarray):
        raise ImageError(f"{path} is an archive of arrays: save one array with numpy.save")
    return array


def _read_vips(path: Path) -> NDArray[np.generic]:
    import pyvips  # libvips takes a tenth of a second to load: only when a picture is read

    # Only the loaders that libvips holds safe for files from anywhere.
    pyvips.block_untrusted_set(True)
    try:
        image: Any = pyvips.Image.new_from_file(str(path), access="sequential", fail_on="truncated")
        if image.width * image.height > MAX_PIXELS:
            raise ImageError(
                f"{path} has {image.width} × {image.height} pixels, more than {MAX_PIXELS}: "
                "cut it into smaller images"
            )
        if image.get_typeof("n-pages") and image.get("n-pages") > 1:
            raise ImageError(f"{path} has {image.get('n-pages')} pages: save one page per file")
        array: NDArray[np.generic] = image.numpy()
    except pyvips.Error as error:
        reason = " ".join(str(error).split())
        raise ImageError(f"cannot read {path} as an image: {reason}") from error
    return array


def _write_vips(temporary: Path, array: NDArray[np.generic], *, name: str) -> None:
    import pyvips

    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * np.uint8(255)
    lossless = temporary.suffix.lower() in (".tif", ".tiff")
    allowed = "uint8, uint16, float32" if lossless else "uint8, uint16"
    if temporary.suffix.lower() in (".jpg", ".jpeg"):
        allowed = "uint8"
    if str(array.dtype) not in allowed.split(", ") or array.ndim > 3:
        raise ImageError(
            f"{name} cannot hold {array.dtype} of shape {array.shape}: this format takes one image "
            f"of {allowed}; .npy takes anything"
        )
    options: dict[str, Any] = {"Q": JPEG_QUALITY} if allowed == "uint8" else {}
    if lossless:
        options = {"compression": "deflate"}
    colours = array.ndim == 3 and array.shape[2] >= 3
    # libvips writes 16 bits only where the interpretation asks for them.
    meanings = {
        "uint8": ("b-w", "srgb"),
        "uint16": ("grey16", "rgb16"),
        "float32": ("b-w", "scrgb"),
    }
    try:
        image: Any = pyvips.Image.new_from_array(np.ascontiguousarray(array))
        image = image.copy(interpretation=meanings[str(array.dtype)][colours])
        image.write_to_file(str(temporary), **options)
    except pyvips.Error as error:
        raise OSError(" ".join(str(error).split())) from error
