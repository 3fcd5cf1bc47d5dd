"""Image files in and out: which format is read and written by whom."""

import copy
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unnoise.errors import ImageError
from unnoise.images.array_files import (
    is_idx,
    open_idx,
    open_npy,
    write_idx_like,
    write_npy,
)
from unnoise.images.axes import Array, Layout
from unnoise.images.encoding import save_options
from unnoise.images.holes import Holes, NaN
from unnoise.images.idx import write_idx
from unnoise.images.inventory import format_of, inventory
from unnoise.images.npz_files import NpzReader, write_npz
from unnoise.images.picture_files import (
    PICTURE_SUFFIXES,
    PictureReader,
    save,
    vips,
    write_error,
    write_picture,
)
from unnoise.images.reader import MAX_PIXELS, Reader, check_max_pixels, reading
from unnoise.images.remote import is_url
from unnoise.images.tiff_reader import TiffReader
from unnoise.images.tiff_writer import write_tiff
from unnoise.images.zarr_files import ZarrReader, is_zarr, write_zarr
from unnoise.outputs import TEMPORARY, replacing

TIFF_SUFFIXES = (".tif", ".tiff")
TIFF_DTYPES = ("uint8", "uint16", "float32")  # that write_stack writes
NAMED = {".png": "png", ".jpg": "jpeg", ".webp": "webp", ".tif": "tiff"}
ENDINGS = {kind: suffix for suffix, kind in NAMED.items()}
INKS = 4
IDX_SUFFIXES = (".idx", "-ubyte", ".idx.gz", "-ubyte.gz")
SUFFIXES = (*PICTURE_SUFFIXES, *TIFF_SUFFIXES, ".npy", ".npz", *IDX_SUFFIXES, ".zarr")


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """How files are read. A value out of range raises ``ConfigError``.

    Parameters
    ----------
    array
        Of a .npz archive: the name of the array that holds the images.
    axes
        The axes of the files, one letter each, such as ZYX or YXC: C is channels, other letters
        count images. Without it, they are read or guessed.
    max_pixels
        Refuse larger images; 0 is no limit.
    nodata
        The value that stands for no data. Such pixels are left out, and stay as they are. Without
        it, what a file states (GDAL_NODATA, _FillValue).
    nan
        keep takes NaN and infinity as no data; refuse refuses files with them.
    """

    array: str | None = None
    axes: str | None = None
    max_pixels: int = MAX_PIXELS
    nodata: float | None = None
    nan: NaN = "refuse"

    def __post_init__(self) -> None:
        """Check the values."""
        check_max_pixels(self.max_pixels)
        Holes.of(self.nodata, self.nan)

    def open(self, path: str | Path) -> Reader:
        """Open a file; see ``open_image``."""
        return open_image(path, **asdict(self))


def open_image(
    path: Path | str,
    *,
    axes: str | None = None,
    max_pixels: int = MAX_PIXELS,
    nodata: float | None = None,
    nan: NaN = "refuse",
    array: str | None = None,
) -> Reader:
    """Open a file of images, or a zarr folder; its header is read, its pixels are not.

    Args:
        path: Of a format in ``SUFFIXES``; or the URL of a zarr array.
        axes: One letter per stored axis, Y, X, C for channels and others that count images; wins
            over what the file says. PNG, JPEG and WebP hold one picture in any case.
        max_pixels: Of one image; 0 is no limit.
        nodata: The value that stands for no data; None takes what the file states.
        nan: ``keep`` takes NaN and infinity as no data, ``refuse`` refuses them.
        array: The name of an array in a ``.npz`` archive; None goes by what its names mean.

    Raises:
        ImageError: The file is missing, empty, damaged, too large, of another format, or of axes
            that cannot be guessed.
        ConfigError: ``nan`` is neither.
    """
    reader = _open(path, axes=axes, max_pixels=max_pixels, array=array)
    reader.holes = Holes.of(nodata, nan, stated=reader.holes.value)
    return reader


def _open(path: Path | str, *, axes: str | None, max_pixels: int, array: str | None) -> Reader:
    if is_url(path):
        return ZarrReader(path, axes=axes, max_pixels=max_pixels)
    path = Path(path)
    if is_zarr(path):
        return ZarrReader(path, axes=axes, max_pixels=max_pixels)
    with reading(path):  # its folder may be closed
        there, size = path.exists(), path.stat().st_size if path.is_file() else None
    if size is None:
        what = "a folder, not a file" if path.is_dir() else "no regular file"
        raise ImageError(f"{path} is {what if there else 'not there'}")
    kind = _kind(path)
    if size == 0:
        raise ImageError(f"{path} is empty")
    if kind in (*PICTURE_SUFFIXES, *TIFF_SUFFIXES):  # their content says what they are
        tiff = format_of(path) == "tiff"
        if tiff != (kind in TIFF_SUFFIXES) and format_of(path) is not None:
            kind = ".tif" if tiff else ".png"
    if kind in PICTURE_SUFFIXES:
        return PictureReader(path, max_pixels=max_pixels)
    if kind in TIFF_SUFFIXES:
        return TiffReader(path, axes=axes, max_pixels=max_pixels)
    if kind == ".npz":
        return NpzReader(path, axes=axes, max_pixels=max_pixels, array=array)
    read = open_npy if kind == ".npy" else open_idx
    return read(path, axes=axes, max_pixels=max_pixels)


def read_image(
    data: bytes, suffix: str, *, name: str, max_pixels: int = MAX_PIXELS
) -> NDArray[np.generic]:
    """Read one image ``(H, W, C)``, without transparency, of the bytes of a file.

    Args:
        data: All of the file.
        suffix: Of its format, such as ``.png``.
        name: What messages call it.
        max_pixels: As in ``open_image``.

    Raises:
        ImageError: As ``open_image``; or there is more than one image.
    """
    # The readers open files, some of them more than once; this one hardly ever reaches a disk.
    with reading(name), tempfile.TemporaryDirectory(prefix=TEMPORARY) as folder:
        path = Path(folder, f"image{suffix}")
        path.write_bytes(data)
        try:
            with open_image(path, max_pixels=max_pixels) as reader:
                if reader.count != 1:
                    raise ImageError(f"{path} is a stack of {reader.count}: one image is read here")
                return reader.image(0)[..., : reader.channels]
        except ImageError as error:
            raise ImageError(str(error).replace(str(path), name)) from error


def read_stack(
    path: Path | str,
    read: ReadOptions = ReadOptions(),
) -> tuple[NDArray[np.generic], Layout]:
    """Read one file as a stack of images ``(N, H, W, C)`` of its own dtype, without transparency.

    A masked array where the file has pixels without data.

    Raises:
        ImageError: As ``open_image``; or a value is NaN or infinite.
    """
    with read.open(path) as reader:
        images = (reader.image(index)[..., : reader.channels] for index in range(reader.count))
        shape = (reader.count, reader.height, reader.width, reader.channels)
        stack = np.empty(shape, reader.dtype)
        for place, image in zip(stack, images, strict=True):
            place[...] = image
        bad = reader.holes.find(stack) if reader.holes else None
        return stack if bad is None else np.ma.MaskedArray(stack, bad), reader.layout


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
    channels = source.layout.channels
    if source.colour == "other" and channels == INKS:
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


def _kind(path: Path) -> str:
    """Return the suffix in ``SUFFIXES`` that a name ends in."""
    name = path.name.lower()
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if name.endswith(suffix):
            return suffix
    raise ImageError(f"{path} is of no format that is read here: {', '.join(SUFFIXES)}")


def _format(path: Path) -> str:
    """Return one name per format, whichever its suffix."""
    kind = _kind(path)
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
