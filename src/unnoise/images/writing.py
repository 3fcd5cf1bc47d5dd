"""Image files out: which format is written by whom, and what of a source is lost."""

import copy
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unnoise.errors import ImageError
from unnoise.images.encoding import save_options
from unnoise.images.files import IDX_SUFFIXES, SUFFIXES, TIFF_SUFFIXES, kind_of
from unnoise.images.idx import is_idx, write_idx, write_idx_like
from unnoise.images.inventory import format_of, inventory
from unnoise.images.npy_files import write_npy
from unnoise.images.npz_files import NpzReader, write_npz
from unnoise.images.picture_files import PictureReader, save, vips, write_error, write_picture
from unnoise.images.reader import Reader
from unnoise.images.tiff_reader import TiffReader
from unnoise.images.tiff_writer import write_tiff
from unnoise.images.zarr_files import ZarrReader, write_zarr
from unnoise.outputs import replacing
from unnoise.types import Array

TIFF_DTYPES = ("uint8", "uint16", "float32")  # that write_stack writes
NAMED = {".png": "png", ".jpg": "jpeg", ".webp": "webp", ".tif": "tiff"}
ENDINGS = {kind: suffix for suffix, kind in NAMED.items()}


def write_like(
    path: Path,
    source: Reader,
    images: Iterable[Iterable[Array]],
    *,
    dtype: np.dtype[np.generic] | None = None,
    quality: int | None = None,
    overwrite: bool = False,
) -> tuple[str, ...]:
    """Write a file of the format, axes, shape, dtype and metadata of ``source``.

    JPEG loses a little; a palette becomes colours and fewer than 8 bits become 8. Memory is
    bounded by the band and by what the format needs, not by the image.

    Args:
        path: With the suffix of the source's format.
        source: Open.
        images: Each image of the source, in order, as its bands ``(rows, W, channels + alpha)``
            from the top, of the dtype.
        dtype: Of the file; None is that of the source.
        quality: Of JPEG and WebP, 1 to 100; None keeps that of the source.
        overwrite: Whether an existing file may be replaced.

    Returns:
        What the source has beside its pixels and the file has not, in words.

    Raises:
        ImageError: The suffix is of another format, or the format does not hold the dtype.
        OutputError: The file exists and ``overwrite`` is false, or it cannot be written.
    """
    source = _retyped(source, dtype)
    checked = _checked(source, images)
    if isinstance(source, ZarrReader):
        if path.suffix.lower() != ".zarr" and path.suffix.lower() in SUFFIXES:
            raise ImageError(f"{path} is no name for a zarr array: end it in .zarr")
        write_zarr(path, source, checked, overwrite=overwrite)
        return source.others
    if _format(path) != _format(source.path):
        raise ImageError(
            f"{path} is not of the format of {source.path}: results are written in the format of "
            "their source"
        )
    _check_content(path, source)
    with replacing(path, overwrite=overwrite) as temporary:
        if isinstance(source, PictureReader):
            write_picture(temporary, source, next(checked), quality=quality)
        elif isinstance(source, TiffReader):
            write_tiff(temporary, source, checked, name=path.name)
        elif isinstance(source, NpzReader):
            write_npz(temporary, source, checked)
        elif is_idx(path):
            write_idx_like(temporary, source.layout, checked)
        else:
            write_npy(temporary, source.layout, checked)
        next(checked, None)  # the check sees that nothing is left
        lost = inventory(source.path) - inventory(temporary)
    return tuple(sorted(lost))


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


def _check_content(path: Path, source: Reader) -> None:
    """Refuse a name whose format would lose what the file really holds.

    Raises:
        ImageError: It would.
    """
    kind = source.format if isinstance(source, PictureReader) else format_of(source.path)
    named = NAMED.get(_format(path))
    if kind is None or named is None or kind == named:
        return
    advice = f"{source.name} holds {kind.upper()} data: rename it to end in {ENDINGS[kind]}"
    if "tiff" in (kind, named):
        raise ImageError(advice)
    if source.space == "cmyk":
        raise ImageError(f"{advice}, since {named.upper()} is not written with inks")
    if named != "png" and source.dtype.itemsize > 1:
        raise ImageError(f"{advice}, since {named.upper()} has no 16 bits")
    if named == "jpeg" and source.alpha:
        raise ImageError(f"{advice}, since JPEG has no transparency")


def _retyped(source: Reader, dtype: np.dtype[np.generic] | None) -> Reader:
    """Return an open file as one that holds another dtype, for whoever writes one like it."""
    if dtype is None or dtype == source.dtype:
        return source
    if isinstance(source, PictureReader):
        raise ImageError(
            f"{source.name} is of a format that holds no {dtype}: leave --dtype out, or convert "
            "the file to TIFF first"
        )
    if isinstance(source, TiffReader) and not source.plain:
        raise ImageError(
            f"{source.name} stores its values turned round (white is zero, or CIELAB), which "
            f"{dtype} does not suit: leave --dtype out, or convert the file first"
        )
    made = copy.copy(source)
    made.layout = replace(source.layout, dtype=dtype)
    if isinstance(made, NpzReader):
        made.members = {name: replace(each, dtype=dtype) for name, each in made.members.items()}
    return made


def _format(path: Path) -> str:
    """Return one name per format, whichever its suffix."""
    kind = kind_of(path)
    return {".jpeg": ".jpg", ".tiff": ".tif"}.get(kind, ".idx" if kind in IDX_SUFFIXES else kind)


def _checked(source: Reader, images: Iterable[Iterable[Array]]) -> Iterator[Iterator[Array]]:
    """Pass images on; raise ``ValueError`` if they are not those that the source has."""
    count = 0
    for bands in images:
        if count == source.count:
            raise ValueError(f"more than the {count} images of {source.path}")
        yield _checked_bands(source, bands)
        count += 1
    if count != source.count:
        raise ValueError(f"{count} images for the {source.count} of {source.path}")


def _checked_bands(source: Reader, bands: Iterable[Array]) -> Iterator[Array]:
    rows = 0
    for band in bands:
        if band.shape[1:] != (source.width, source.layout.channels) or band.dtype != source.dtype:
            raise ValueError(f"a band {band.shape} {band.dtype} for {source.layout}")
        rows += len(band)
        yield band
    if rows != source.height:
        raise ValueError(f"{rows} rows for the {source.height} of {source.path}")


def _write_vips(temporary: Path, array: NDArray[np.generic], *, name: str) -> None:
    pyvips, suffix = vips(), temporary.suffix.lower()
    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * np.uint8(255)
    allowed = {".png": ("uint8", "uint16"), ".tif": TIFF_DTYPES, ".tiff": TIFF_DTYPES}
    dtypes = allowed.get(suffix, ("uint8",))
    if str(array.dtype) not in dtypes or array.ndim > 3:
        raise ImageError(
            f"{name} cannot hold {array.dtype} of shape {array.shape}: this format takes one image "
            f"of {', '.join(dtypes)}; .npy takes anything"
        )
    tiff = suffix in TIFF_SUFFIXES
    options = {"compression": "deflate"} if tiff else save_options(suffix, array.dtype)
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
    except pyvips.Error as error:
        raise write_error(error) from error
    save(image, temporary, options)
