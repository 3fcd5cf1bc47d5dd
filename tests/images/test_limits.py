"""Bombs are refused by their headers, and damage of any kind is only ever an ImageError."""

import gzip
import io
import logging
import os
import struct
import subprocess
import sys
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from formats import copy, values, write_any, write_tiff

from unnoise.errors import ImageError, OutputError
from unnoise.images import Reader, ReadOptions, open_image, read_stack, write_like, write_stack

SIDE = 100_000  # a picture of 10 gigapixels


def png_bomb(width: int = SIDE, height: int = SIDE) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress(bytes(10_000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def npy_bomb(shape: tuple[int, ...] = (SIDE, SIDE)) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": "|u1", "fortran_order": False, "shape": shape}
    )
    return buffer.getvalue() + bytes(1000)


def npz_bomb(shape: tuple[int, ...] = (SIDE, SIDE)) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", npy_bomb(shape))
    return buffer.getvalue()


def tiff_bomb(folder: Path) -> bytes:
    path = write_tiff(folder / "small.tif", values(16, 16), compression="zlib", metadata=None)
    data = bytearray(path.read_bytes())
    path.unlink()
    for tag in (256, 257):  # width and height
        place = data.index(struct.pack("<H", tag), 8)
        data[place : place + 12] = struct.pack("<HHII", tag, 4, 1, SIDE)
    return bytes(data)


def idx_header(*shape: int) -> bytes:
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape)


def test_bombs_are_refused_before_decoding(tmp_path: Path) -> None:
    jpeg = tmp_path / "small.jpg"
    write_stack(jpeg, values(16, 16))
    data = jpeg.read_bytes()
    frame = data.index(b"\xff\xc0") + 5  # after the marker, the length and the precision
    bombs = {
        "a.png": png_bomb(),
        "a.jpg": data[:frame] + struct.pack(">HH", 65_500, 65_500) + data[frame + 4 :],
        "a.npy": npy_bomb(),
        "a.npz": npz_bomb(),
        "a.tif": tiff_bomb(tmp_path),
        "a.idx": idx_header(1, SIDE, SIDE),
        "a.idx.gz": gzip.compress(idx_header(3, SIDE, SIDE) + bytes(1000)),
    }
    tracemalloc.start()
    for name, bomb in bombs.items():
        (tmp_path / name).write_bytes(bomb)
        with pytest.raises(ImageError, match=r"\d+ × \d+ pixels.*--max-pixels \d+ \(0: no"):
            open_image(tmp_path / name)
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()


def test_a_picture_that_claims_many_rows_ends_soon(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png_bomb(17, 10_000_000))
    with open_image(tmp_path / "a.png") as reader, pytest.raises(ImageError, match="cannot read"):
        reader.image(0)


def test_an_archive_is_limited_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(npz_bomb((10**6, 100, 100)))
    with pytest.raises(ImageError, match=r"read as a whole: save it as \.npy, or pass --max-pi"):
        open_image(tmp_path / "a.npz", ReadOptions(axes="NYX"))


def test_the_limit_can_be_set_and_lifted(tmp_path: Path) -> None:
    for path in write_any(tmp_path):
        for limit in (31 * 17 - 1, 1):
            with pytest.raises(ImageError, match=f"more than {limit}"):
                open_image(path, ReadOptions(max_pixels=limit))
        largest = 10**6 if path.suffix == ".npz" else 31 * 17
        open_image(path, ReadOptions(max_pixels=largest)).close()
        open_image(path, ReadOptions(max_pixels=0)).close()


def read_all(path: Path) -> None:
    with open_image(path) as reader:
        for index in range(min(reader.count, 9)):
            reader.image(index)


def is_refused(path: Path) -> bool:
    try:
        read_all(path)
    except ImageError as error:
        return path.name in str(error)
    return False


def test_damaged_files_give_only_image_errors(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    random = np.random.default_rng(0)
    logging.getLogger("tifffile").propagate = False  # else pytest's handler would print
    for path in write_any(tmp_path):
        data = path.read_bytes()
        cuts = [data[: int(cut)] for cut in np.linspace(0, len(data) - 1, 12)]
        flips = []
        for _ in range(25):
            flipped = bytearray(data)
            for place in random.integers(min(len(data), 400), size=3):
                flipped[place] = random.integers(256)
            flips.append(bytes(flipped))
        refused = 0
        for damaged in (*cuts, *flips):
            path.write_bytes(damaged)
            refused += is_refused(path)
        assert refused >= len(cuts) - 2, path.name
    logging.getLogger("tifffile").propagate = True
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("dtype", ["uint8", "float16"])
@pytest.mark.parametrize("compression", [None, 8])
def test_a_page_that_ends_early_is_not_filled_up(
    tmp_path: Path, dtype: str, compression: int | None
) -> None:
    path = write_tiff(tmp_path / "a.tif", values(64, 64, dtype=dtype), compression=compression)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(ImageError, match="ends before its pixels do"):
        read_stack(path)


@pytest.mark.parametrize("name", ["deflate.tif", "half.tif", "a.png", "b.npz", "a-idx3-ubyte.gz"])
def test_values_that_do_not_unpack_are_refused(tmp_path: Path, name: str) -> None:
    write_any(tmp_path)
    path = tmp_path / name
    data = bytearray(path.read_bytes())
    middle = 2 * len(data) // 3
    data[middle : middle + 8] = b"\xaa" * 8
    path.write_bytes(data)
    with pytest.raises(ImageError, match=name):
        read_stack(path)


def test_libraries_are_silent(tmp_path: Path) -> None:
    """Without pytest's log handlers, Python prints warnings that nobody handles."""
    path = write_tiff(tmp_path / "a.tif", values(64, 64), compression="zlib")
    path.write_bytes(path.read_bytes()[:-2000])
    code = (
        "import sys; from pathlib import Path\n"
        "from unnoise.images import ReadOptions, open_image\n"
        "from unnoise.errors import ImageError\n"
        "for name in sys.argv[1:]:\n"
        "    try: open_image(Path(name), ReadOptions(max_pixels=0)).image(0)\n"
        "    except (ImageError, MemoryError): print('refused')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("refused\n", "")


def test_a_file_that_vanishes_or_changes_is_named(tmp_path: Path) -> None:
    for name in ("a.png", "lzw.tif"):
        (tmp_path / name).unlink(missing_ok=True)
        write_any(tmp_path)
        with open_image(tmp_path / name) as reader:
            (tmp_path / name).unlink()
            with pytest.raises(ImageError, match=name):
                reader.image(0)
    write_stack(tmp_path / "b.png", values(9, 9))
    with open_image(tmp_path / "b.png") as reader:
        write_stack(tmp_path / "b.png", values(9, 8))
        with pytest.raises(ImageError, match=r"b\.png has changed"):
            reader.image(0)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused(tmp_path: Path, bad: float) -> None:
    array = values(31, 17, dtype="float32")
    array[30, 16] = bad
    np.save(tmp_path / "a.npy", array)
    write_tiff(tmp_path / "a.tif", array)
    for name in ("a.npy", "a.tif"):
        with pytest.raises(ImageError, match=rf"{name} holds NaN or infinity"):
            read_stack(tmp_path / name)


def test_an_animation_and_arrays_of_several_kinds_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=values(5, 6), b=values(5, 7))
    with pytest.raises(ImageError, match=r"a has YX \(5, 6\) uint8, b has YX \(5, 7\).*--array a"):
        open_image(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", a=values(5, 6), b=values(5, 6, dtype="uint16"))
    with pytest.raises(ImageError, match="uint16"):
        open_image(tmp_path / "b.npz")
    np.savez(tmp_path / "c.npz")
    with pytest.raises(ImageError, match="holds no array"):
        open_image(tmp_path / "c.npz")


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="mounting a full disk needs root"
)
@pytest.mark.parametrize("in_memory", [0, 2**26])
def test_a_full_disk_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_memory: int
) -> None:
    monkeypatch.setattr("unnoise.images.scratch.IN_MEMORY", in_memory)
    monkeypatch.setattr("unnoise.images.picture_files.IN_MEMORY", in_memory)
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)], check=False
    )
    if mounted.returncode:
        pytest.skip("tmpfs cannot be mounted here")
    grey, colour = values(400, 400), values(400, 400, 3)
    for name in ("a.png", "a.webp", "a.jpg"):
        write_stack(tmp_path / name, colour)
    write_stack(tmp_path / "a.idx", grey[None])
    np.save(tmp_path / "a.npy", grey)
    np.savez(tmp_path / "a.npz", a=grey)
    write_tiff(tmp_path / "a.tif", grey)
    write_tiff(tmp_path / "z.tif", grey, compression="zlib")
    try:
        for path in sorted(tmp_path.glob("*.*")):
            with pytest.raises(OutputError, match=f"cannot write .*{path.name}: No space left"):
                copy(path, disk / path.name)
            assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_result_may_replace_its_own_source(tmp_path: Path) -> None:
    def darker(source: Reader) -> list[list[np.ndarray]]:
        return [[band // 2 for band in source.bands(i, 8)] for i in range(source.count)]

    for path in write_any(tmp_path):
        if path.suffix in (".jpg",) or path.name == "half.tif":
            continue
        with open_image(path) as source:
            expected = source.image(0) // 2
            write_like(path, source, darker(source), overwrite=True)
        with open_image(path) as result:
            np.testing.assert_array_equal(result.image(0), expected)
