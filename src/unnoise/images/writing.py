"""Image files out: the writer of each format, and the contents of a source that get lost."""

import copy
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unnoise.errors import ImageError
from unnoise.images.array_files import is_idx, write_idx, write_idx_like, write_npy
from unnoise.images.encoding import save_options
from unnoise.images.film_reader import FilmReader
from unnoise.images.film_writer import write_film
from unnoise.images.formats import (
    PICTURE_ENDINGS,
    SUFFIXES,
    TIFF,
    Format,
    format_named,
    plain_ending,
    result_name,
)
from unnoise.images.inventory import format_of, inventory
from unnoise.images.mosaic import MosaicReader
from unnoise.images.npz_files import NpzReader, write_npz
from unnoise.images.ome_zarr_writer import write_ome_zarr
from unnoise.images.picture_files import PictureReader, save, vips, write_error, write_picture
from unnoise.images.reader import Reader
from unnoise.images.scenes import ScenesReader
from unnoise.images.sequence_reader import SequenceReader
from unnoise.images.tiff_reader import TiffReader
from unnoise.images.tiff_writer import write_tiff
from unnoise.images.zarr_files import ZarrReader, write_zarr
from unnoise.outputs import check_free, check_writable, new_name, replacing
from unnoise.types import Array

# Interpretations of grey and of colours: libvips writes 16 bits only if they have them.
MEANINGS = {"uint8": ("b-w", "srgb"), "uint16": ("grey16", "rgb16"), "float32": ("b-w", "scrgb")}
NAMED = {suffix: kind for kind, suffix in PICTURE_ENDINGS.items()}


def write_like(
    path: Path,
    source: Reader,
    images: Iterable[Iterable[Array]],
    *,
    dtype: np.dtype[np.generic] | None = None,
    quality: int | None = None,
    overwrite: bool = False,
) -> tuple[str, ...]:
    """Write a file with the format, axes, shape, dtype and metadata of ``source``.

    JPEG loses a little; a palette becomes colours, and fewer than 8 bits become 8. The size of a
    band and the needs of the format bound the memory, not the size of the image.

    Args:
        path: A path with the suffix of the source's format; a film may become any film. For a
            sequence, the folder for its frames, which are all written or none.
        source: The open source.
        images: The bands ``(rows, W, channels + alpha)`` of each image, from the top.
        dtype: Dtype of the file and of the bands; None keeps the dtype of the source.
        quality: Quality of JPEG and WebP, 1 to 100; None keeps the quality of the source.
        overwrite: Whether an existing file may be replaced.

    Returns:
        Contents of the source, beside its pixels, that the file lacks, in words.

    Raises:
        ImageError: The suffix is of another format, or the format does not hold the dtype.
        OutputError: The file exists and ``overwrite`` is false, or it cannot be written.
    """
    if isinstance(source, SequenceReader):
        return _write_sequence(path, source, images, dtype, quality, overwrite)
    if isinstance(source, MosaicReader):
        return write_like(
            path,
            source.inner,
            map(source.together, _checked(_retyped(source, dtype), images)),
            dtype=dtype,
            quality=quality,
            overwrite=overwrite,
        )
    source = _retyped(source, dtype)
    checked = _checked(source, images)
    if isinstance(source, ZarrReader):
        if path.suffix.lower() != ".zarr" and path.suffix.lower() in SUFFIXES:
            raise ImageError(f"{path} is no name for a zarr array: use one that ends in .zarr")
        write_zarr(path, source, checked, overwrite=overwrite)
        return source.others
    kind = format_named(source.file)
    _check_name(path, source, kind)
    if isinstance(source, ScenesReader) and path.name.lower().endswith(".zarr"):
        return write_ome_zarr(path, source, checked, overwrite=overwrite)
    lost: frozenset[str] = frozenset()
    with replacing(path, overwrite=overwrite) as temporary:
        if kind.writer:
            lost = kind.write(temporary, source, checked)
        elif isinstance(source, FilmReader):
            lost = write_film(temporary, source, checked)
        elif isinstance(source, PictureReader):
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
        if not kind.writer:
            lost |= inventory(source.path) - inventory(temporary)
    return tuple(sorted(lost))


def _write_sequence(
    folder: Path,
    source: SequenceReader,
    images: Iterable[Iterable[Array]],
    dtype: np.dtype[np.generic] | None,
    quality: int | None,
    overwrite: bool,
) -> tuple[str, ...]:
    """Write each image like its frame, under its name; return what any of them lost."""
    names = [result_name(frame.name) for frame in source.frames]
    targets = [folder / name for name in names]
    for target in targets:
        check_free(target, overwrite=overwrite)
    check_writable(folder)
    made, lost = new_name(folder, ""), set[str]()
    try:
        made.mkdir()
        for image, path, name in zip(images, source.frames, names, strict=True):
            with source.open_frame(path) as frame:
                lost.update(write_like(made / name, frame, [image], dtype=dtype, quality=quality))
        for target in targets:
            (made / target.name).replace(target)
    finally:
        shutil.rmtree(made, ignore_errors=True)
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


def _check_name(path: Path, source: Reader, kind: Format) -> None:
    """Raise ``ImageError`` if results are not written in the format that a name states."""
    if kind.written_as:
        if not path.name.lower().endswith(kind.written_as):
            raise ImageError(
                f"{source.name} is {kind.name}, and its results are written as "
                f"{' or '.join(kind.written_as)}, not as {path.name}: use a name that ends in this"
            )
    elif plain_ending(path) != plain_ending(source.file):
        raise ImageError(
            f"{path} does not have the format of {source.path}: results are written in the format "
            f"of their source, so use a name that ends in {plain_ending(source.file)}"
        )
    else:
        _check_content(path, source)


def _check_content(path: Path, source: Reader) -> None:
    """Raise ``ImageError`` if the format of a name would lose contents of the real format."""
    kind, named = format_of(source.path), NAMED.get(plain_ending(path))
    if kind is None or named is None or kind == named:
        return
    advice = f"{source.name} holds {kind.upper()} data: rename it to end in {PICTURE_ENDINGS[kind]}"
    if "tiff" in (kind, named):
        raise ImageError(advice)
    if source.space == "cmyk":
        raise ImageError(f"{advice}, since {named.upper()} is not written with inks")
    if named != "png" and source.dtype.itemsize > 1:
        raise ImageError(f"{advice}, since {named.upper()} has no 16 bits")
    if named == "jpeg" and source.alpha:
        raise ImageError(f"{advice}, since JPEG has no transparency")


def _retyped(source: Reader, dtype: np.dtype[np.generic] | None) -> Reader:
    """Return a copy of an open file that states another dtype, for the writers."""
    if dtype is None or dtype == source.dtype:
        return source
    if source.whole:
        raise ImageError(
            f"{source.name} has a format that does not hold {dtype}: leave --dtype out, or convert "
            "the file to TIFF first"
        )
    if isinstance(source, TiffReader) and not source.plain:
        raise ImageError(
            f"{source.name} stores converted values (white is zero, or CIELAB), which do not suit "
            f"{dtype}: leave --dtype out, or convert the file first"
        )
    made = copy.copy(source)
    made.layout = replace(source.layout, dtype=dtype)
    if isinstance(made, NpzReader):
        made.members = {name: replace(each, dtype=dtype) for name, each in made.members.items()}
    return made


def _checked(source: Reader, images: Iterable[Iterable[Array]]) -> Iterator[Iterator[Array]]:
    """Pass images on; raise ``ValueError`` if their number differs from the source."""
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
    tiff = suffix in TIFF.endings
    dtypes = list(MEANINGS)[: 3 if tiff else 2 if suffix == ".png" else 1]
    if str(array.dtype) not in dtypes or array.ndim > 3:
        raise ImageError(
            f"{name} cannot hold {array.dtype} of shape {array.shape}: this format takes one image "
            f"of {', '.join(dtypes)}; .npy takes any array"
        )
    options = {"compression": "deflate"} if tiff else save_options(suffix, array.dtype)
    colours = array.ndim == 3 and array.shape[2] >= 3
    try:
        image: Any = pyvips.Image.new_from_array(np.ascontiguousarray(array))
        image = image.copy(interpretation=MEANINGS[str(array.dtype)][colours])
    except pyvips.Error as error:
        raise write_error(error) from error
    save(image, temporary, options)
