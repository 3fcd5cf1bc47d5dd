"""The table of file formats: their endings, their readers, and the extras that these need.

A reader is imported when a file of its format is opened. To add a format, write a file with a
function ``open_...(file, read) -> Reader`` and add a line to ``FORMATS``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from unnoise.errors import ImageError
from unnoise.images.contents import File
from unnoise.images.known_formats import known_as
from unnoise.images.options import ReadOptions
from unnoise.images.reader import Reader


@dataclass(frozen=True)
class Format:
    """A format of files. Modules and packages are named, and imported on use.

    Attributes:
        name: A phrase for messages, such as ``a film``.
        endings: Endings of file names, in lower case.
        reader: The function ``(file, read) -> Reader``, as ``module:function`` of this room.
        writer: The function ``(temporary, source, images) -> lost``, written in the same way, that
            writes results; see ``writing.write_like``. None for the formats that it writes itself.
        written_as: Endings of the files that results can be, the default first. Empty if results
            have the format of their source.
        extra: The extra of unnoise that installs ``packages``.
        packages: Packages that the reader imports.
    """

    name: str
    endings: tuple[str, ...]
    reader: str
    writer: str | None = None
    written_as: tuple[str, ...] = ()
    extra: str | None = None
    packages: tuple[str, ...] = ()

    @property
    def installed(self) -> bool:
        """Whether all packages are there."""
        return all(map(_is_there, self.packages))

    @property
    def installation(self) -> str:
        """The command that installs the packages."""
        return f"pip install 'unnoise[{self.extra}]'"

    def open(self, file: File | str, read: ReadOptions) -> Reader:
        """Open a file, or the URL of a zarr array; raise ``ImageError`` if a package is missing."""
        if not self.installed:
            raise ImageError(
                f"{file} is {self.name}, which needs another package: {self.installation}"
            )
        opened: Reader = _named(self.reader)(file, read)
        return opened

    def write(self, *given: Any) -> frozenset[str]:
        """Write results by ``writer``."""
        assert self.writer is not None
        lost: frozenset[str] = _named(self.writer)(*given)
        return lost


PICTURE_ENDINGS = {"png": ".png", "jpeg": ".jpg", "webp": ".webp", "tiff": ".tif"}
PICTURE = Format("a picture", (".png", ".jpg", ".jpeg", ".webp"), "picture_files:PictureReader")
TIFF = Format("a TIFF", (".tif", ".tiff"), "tiff_reader:TiffReader")
IDX = Format("an IDX", (".idx", "-ubyte", ".idx.gz", "-ubyte.gz"), "array_files:open_idx")
FILM = Format(
    "a film",
    (".mp4", ".mkv", ".mov", ".avi", ".webm", ".m4v", ".mpg"),
    "film_reader:FilmReader",
    extra="video",
    packages=("av",),
)
RAW = Format(
    "a raw file",
    (*(".dng", ".cr2", ".cr3", ".nef", ".nrw", ".arw"), *(".raf", ".orf", ".rw2", ".pef", ".srw")),
    "raw_files:RawReader",
    writer="raw_files:write_raw",
    written_as=(".tif", ".tiff"),
    extra="raw",
    packages=("rawpy",),
)
ZARR = Format("a zarr array", (".zarr",), "zarr_files:ZarrReader", extra="zarr", packages=("zarr",))
OME = (".ome.tif", ".ome.tiff", ".ome.zarr")
CZI = Format(
    "a CZI",
    (".czi",),
    "czi_files:open_czi",
    writer="ome_writer:write_ome",
    written_as=OME,
    extra="bio",
    packages=("czifile", "numcodecs"),
)
LIF = Format(
    "a LIF",
    (".lif",),
    "lif_files:open_lif",
    writer="ome_writer:write_ome",
    written_as=OME,
    extra="bio",
    packages=("liffile",),
)
ND2 = Format(
    "an ND2",
    (".nd2",),
    "nd2_files:open_nd2",
    writer="ome_writer:write_ome",
    written_as=OME,
    extra="bio",
    packages=("nd2",),
)
SCENED = (CZI, LIF, ND2)  # formats whose files hold scenes
FORMATS = (
    PICTURE,
    TIFF,
    Format("an array", (".npy",), "array_files:open_npy"),
    Format("an archive of arrays", (".npz",), "npz_files:NpzReader"),
    IDX,
    ZARR,
    FILM,
    RAW,
    Format(
        "an MRC",
        (".mrc", ".mrcs", ".rec", ".map"),
        "mrc_files:MrcReader",
        writer="mrc_files:write_mrc",
        extra="em",
        packages=("mrcfile",),
    ),
    Format(
        "a FITS",
        (".fits", ".fit", ".fts"),
        "fits_files:FitsReader",
        writer="fits_files:write_fits",
        extra="astro",
        packages=("astropy",),
    ),
    Format(
        "a DICOM",
        (".dcm", ".dicom"),
        "dicom_files:DicomReader",
        writer="dicom_writer:write_dicom",
        extra="medical",
        packages=("pydicom",),
    ),
    CZI,
    LIF,
    ND2,
)
ENDINGS = {ending: each for each in FORMATS for ending in each.endings}
SUFFIXES = tuple(ENDINGS)


def ending_of(name: str) -> str | None:
    """Return the ending in ``SUFFIXES`` of a file name, None if it has another."""
    ends = (ending for ending in SUFFIXES if name.lower().endswith(ending))
    return max(ends, key=len, default=None)


def format_named(file: File) -> Format:
    """Return the format that the name of a file states.

    Raises:
        ImageError: It states none.
    """
    ending = ending_of(file.name)
    if ending is None:
        if known := known_as(file.name):
            raise ImageError(f"{file} is {known[0]}, which is not read: {known[1]}")
        raise ImageError(f"{file} has no format that can be read: {', '.join(SUFFIXES)}")
    return ENDINGS[ending]


def plain_ending(file: File) -> str:
    """Return one ending for each format; each kind of picture is a format of its own.

    Raises:
        ImageError: The name of the file states no format.
    """
    kind = format_named(file)
    if kind is PICTURE:
        return str(ending_of(file.name)).replace("jpeg", "jpg")
    return kind.endings[0]


def written_ending(name: str) -> str | None:
    """Return the ending of the result of a file, by its name; None if it keeps its own."""
    ending = ending_of(name)
    return None if ending is None else next(iter(ENDINGS[ending].written_as), None)


def result_name(name: str) -> str:
    """Return the name of a result that keeps the name of its file, but for the ending."""
    ending, written = ending_of(name), written_ending(name)
    return name[: -len(ending)] + written if ending and written else name


@cache
def _is_there(package: str) -> bool:
    return find_spec(package) is not None


def _named(place: str) -> Callable[..., Any]:
    module, function = place.split(":")
    found: Callable[..., Any] = getattr(import_module(f"unnoise.images.{module}"), function)
    return found
