"""Damaged and hostile files of each scientific format: one clear error, or a result.

``UNNOISE_MUTATED=500`` makes 500 files of each (``make bench-mutated``).
"""

import os
import resource
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import mrcfile
import numpy as np
import pytest
from astropy.io import fits
from formats import values
from pydicom.data import get_testdata_file
from test_dicom import described

from microscopes import write_czi, write_lif, write_nd2
from unnoise.errors import ImageError
from unnoise.images import ReadOptions, open_image, pixel_size

CASES = int(os.environ.get("UNNOISE_MUTATED", "20"))
SECONDS = 20  # for one file
MEMORY = 2**30  # bytes, for all of them
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF)


def mrc(path: Path) -> None:
    mrcfile.write(path, values(3, 31, 17, dtype="int16"))


def fit(path: Path) -> None:
    image = fits.ImageHDU(values(3, 31, 17, dtype="uint16"), name="SCI")
    fits.HDUList([fits.PrimaryHDU(), image, fits.ImageHDU(values(31, 17))]).writeto(path)


def dicom(path: Path) -> None:
    described(values(31, 17, dtype="int16"), RescaleSlope=2, RescaleIntercept=-9).save_as(path)


def run_lengths(path: Path) -> None:
    shutil.copy(str(get_testdata_file("SC_rgb_rle_16bit_2frame.dcm")), path)


def czi(path: Path) -> None:
    write_czi(path, values(1, 2, 3, 31, 17, dtype="uint16"))


def lif(path: Path) -> None:
    write_lif(path, values(3, 2, 31, 17, dtype="uint16"))


def nd2(path: Path) -> None:
    write_nd2(path, values(2, 1, 2, 2, 31, 17, dtype="uint16"), compressed=True)


MAKERS: dict[str, Callable[[Path], None]] = {
    ".mrc": mrc, ".fits": fit, ".dcm": dicom, ".dicom": run_lengths, ".czi": czi, ".lif": lif,
    ".nd2": nd2,
}  # fmt: skip


def mutated(data: bytes, random: np.random.Generator) -> bytes:
    """Flip bits, cut the end off, or put extreme numbers into a file; mostly near its start."""
    made = bytearray(data)
    kind = int(random.integers(4))
    if kind == 0:
        return bytes(made[: int(random.integers(len(made)))])
    reach = len(made) if random.random() < 0.5 else min(len(made), 1024)
    for _ in range(int(random.integers(1, 9))):
        at = int(random.integers(reach))
        if kind == 1:
            made[at] ^= 1 << int(random.integers(8))
        else:
            length = int(random.choice([1, 2, 4, 8]))
            made[at : at + length] = bytes([int(random.choice(EXTREMES))]) * length
    return bytes(made)


@contextmanager
def limited() -> Iterator[None]:
    """Raise ``TimeoutError`` if a file takes too long."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"more than {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("ending", MAKERS)
def test_a_mutated_file_gives_an_error_or_a_result(tmp_path: Path, ending: str) -> None:
    MAKERS[ending](tmp_path / f"whole{ending}")
    data = (tmp_path / f"whole{ending}").read_bytes()
    random = np.random.default_rng(0)
    path, said = tmp_path / f"a{ending}", list[str]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(CASES):
        path.write_bytes(mutated(data, random))
        try:
            with limited(), open_image(path, ReadOptions(nan="keep")) as reader:
                pixel_size(reader)
                reader.sample()
                assert reader.image(reader.count - 1).shape[:2] == (reader.height, reader.width)
        except ImageError as error:
            said.append(str(error))
    spent = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert 0 < len(said) < CASES
    assert all(str(path) in each and len(each) < 1000 for each in said)
    assert spent * 1024 < MEMORY
