"""Raw files, written by tifffile, read by the real LibRaw, and their results as TIFF."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips
import tifffile

from raws import BLACK, WHITE, X_TRANS, flat, mosaic_of, stored, write_dng
from unnoise.errors import ImageError
from unnoise.images import Develop, ReadOptions, open_image, read_stack, write_like
from unnoise.images.contents import Contents
from unnoise.images.raw_files import DAYLIGHT, FIRST, SENSOR

LINEAR = ReadOptions(develop="linear")
FULL = 65535


def srgb(light: float) -> float:
    """Return the value of sRGB for a share of white light (IEC 61966-2-1)."""
    return 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055


def developed(path: Path, read: ReadOptions = LINEAR) -> Any:
    return read_stack(path, read)[0][0]


@pytest.mark.parametrize("pattern", ["RGGB", "BGGR", "GRBG", "GBRG"])
@pytest.mark.parametrize(("develop", "value"), [("linear", 0.2), ("srgb", srgb(0.2))])
def test_grey_is_grey_after_the_white_balance(
    tmp_path: Path, pattern: str, develop: Develop, value: float
) -> None:
    path = write_dng(tmp_path / "a.dng", stored(mosaic_of(flat(), pattern)), pattern=pattern)
    with open_image(path, ReadOptions(develop=develop)) as reader:
        assert (reader.axes, reader.shape, str(reader.dtype)) == ("YXC", (48, 64, 3), "uint16")
        assert (reader.colour, reader.notes) == ("rgb", ())
        image: Any = reader.image(0)
        np.testing.assert_array_equal(reader.window(0, slice(5, 9), slice(7)), image[5:9, :7])
    np.testing.assert_allclose(image, value * FULL, atol=16)


def test_colours_are_those_of_srgb(tmp_path: Path) -> None:
    colour = (0.4, 0.2, 0.1)
    image = developed(write_dng(tmp_path / "a.dng", stored(mosaic_of(flat(*colour)))))
    np.testing.assert_allclose(
        image[8:-8, 8:-8] / FULL, np.broadcast_to(colour, (32, 48, 3)), atol=1e-3
    )


def test_x_trans_is_developed(tmp_path: Path) -> None:
    colour, side = (0.4, 0.2, 0.1), 540  # LibRaw takes 512 and more
    values = stored(mosaic_of(flat(*colour, height=side, width=side), X_TRANS))
    image = developed(write_dng(tmp_path / "a.dng", values, pattern=X_TRANS))
    np.testing.assert_allclose(image / FULL, np.broadcast_to(colour, image.shape), atol=1e-3)


def test_light_is_kept_from_black_to_white(tmp_path: Path) -> None:
    ramp = np.linspace(0, 1, 64)[None, :, None] * np.ones((48, 1, 3))
    image = developed(write_dng(tmp_path / "a.dng", stored(mosaic_of(ramp)))) / FULL
    assert (np.diff(image[24, 2:-2, 1].astype(float)) > 0).all()
    np.testing.assert_allclose(image[24, 4:-4, 1], ramp[24, 4:-4, 1], atol=0.01)
    levels = write_dng(tmp_path / "b.dng", np.full((48, 64), BLACK - 100, np.uint16))
    assert developed(levels).max() == 0
    levels = write_dng(tmp_path / "c.dng", np.full((48, 64), WHITE, np.uint16))
    assert developed(levels).min() > 0.999 * FULL  # no pink: all channels are limited alike


def test_the_brightness_does_not_depend_on_the_image(tmp_path: Path) -> None:
    dark, light = (mosaic_of(flat(*[value] * 3)) for value in (0.1, 0.8))
    both = np.concatenate([dark, light])
    alone = developed(write_dng(tmp_path / "a.dng", stored(dark)))
    beside = developed(write_dng(tmp_path / "b.dng", stored(both)))
    np.testing.assert_array_equal(alone[10:30], beside[10:30])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_kept_in_a_tag(tmp_path: Path, orientation: int) -> None:
    values = stored(mosaic_of(flat()))
    values[:10] = BLACK
    path = write_dng(tmp_path / "a.dng", values, orientation=orientation)
    with open_image(path, LINEAR) as reader:
        assert (reader.height, reader.width, reader.orientation) == (48, 64, orientation)
        assert reader.image(0)[:8].max() < reader.image(0)[12:].min()
        write_like(tmp_path / "b.tif", reader, [reader.bands(0, 48)])
    with open_image(tmp_path / "b.tif") as reader:
        assert reader.orientation == orientation


@pytest.mark.parametrize("develop", ["srgb", "linear"])
def test_the_profile_says_what_the_values_are(tmp_path: Path, develop: Develop) -> None:
    path = write_dng(tmp_path / "a.dng", stored(mosaic_of(flat(0.4, 0.2, 0.1))))
    with open_image(path, ReadOptions(develop=develop)) as reader:
        write_like(tmp_path / "b.tif", reader, [reader.bands(0, 7)])
        np.testing.assert_array_equal(tifffile.imread(tmp_path / "b.tif"), reader.image(0))
    shown = pyvips.Image.new_from_file(str(tmp_path / "b.tif")).icc_transform("srgb", depth=16)
    expected = [srgb(light) * FULL for light in (0.4, 0.2, 0.1)]
    np.testing.assert_allclose(shown.numpy()[24, 32], expected, rtol=5e-3)


def test_a_monochrome_camera_has_one_channel(tmp_path: Path) -> None:
    values = stored(np.full((48, 64), 0.3))
    path = write_dng(tmp_path / "a.dng", values, pattern="", balance=False, matrix=False)
    with open_image(path, LINEAR) as reader:
        assert (reader.channels, reader.colour, reader.notes) == (1, "grey", ())
        image: Any = reader.image(0)
        np.testing.assert_allclose(image, 0.3 * FULL, atol=16)
        write_like(tmp_path / "b.tif", reader, [reader.bands(0, 48)])
    shown = pyvips.Image.new_from_file(str(tmp_path / "b.tif")).icc_transform("srgb", depth=16)
    np.testing.assert_allclose(shown.numpy()[24, 32], srgb(0.3) * FULL, rtol=5e-3)


def test_what_the_file_does_not_state_is_said(tmp_path: Path) -> None:
    values = stored(mosaic_of(flat()))
    first, second = (
        write_dng(tmp_path / "a.dng", values, balance=False),
        write_dng(tmp_path / "b.dng", values, matrix=False),
    )
    with open_image(first, LINEAR) as reader:
        assert reader.notes == (DAYLIGHT,)
        red, green, _ = reader.image(0)[24, 32] / FULL
        assert (red, green) == pytest.approx((0.1, 0.2), rel=0.01)  # not grey: none was guessed
    with open_image(second, LINEAR) as reader:
        assert reader.notes == (SENSOR,)


def test_of_several_raw_images_the_first_is_read(tmp_path: Path) -> None:
    filters = bytes([0, 1, 1, 2])
    tags: list[Any] = [(33421, "H", 2, (2, 2), True), (33422, "B", 4, filters, True)]
    version: list[Any] = [
        (50706, "B", 4, bytes([1, 4, 0, 0]), True),
        (50708, "s", 0, "Maker", True),
    ]
    with tifffile.TiffWriter(tmp_path / "a.dng") as writer:
        for number, light in enumerate((0.1, 0.4)):
            writer.write(
                stored(np.full((48, 64), light)),
                photometric="cfa",
                extratags=tags + version * (not number),
                subifds=int(not number),
                metadata=None,
            )
    with open_image(tmp_path / "a.dng", LINEAR) as reader:
        assert FIRST in reader.notes
        assert reader.image(0).mean() < 0.2 * FULL


def test_results_are_tiff_of_any_dtype(tmp_path: Path) -> None:
    path = write_dng(tmp_path / "a.dng", stored(mosaic_of(flat())))
    with open_image(path) as reader:
        with pytest.raises(ImageError, match=r"is a raw file.*as \.tif or \.tiff, not as b\.png"):
            write_like(tmp_path / "b.png", reader, [reader.bands(0, 48)])
        bands = (band.astype(np.float32) / 3 for band in reader.bands(0, 5))
        write_like(tmp_path / "b.tif", reader, [bands], dtype=np.dtype(np.float32))
        np.testing.assert_array_equal(
            tifffile.imread(tmp_path / "b.tif"), reader.image(0).astype(np.float32) / 3
        )
        with pytest.raises(ValueError, match="40 rows for the 48"):
            write_like(tmp_path / "c.tif", reader, [[reader.image(0)[:40]]])


def test_a_sequence_of_raw_files(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in (1, 2):
        write_dng(tmp_path / f"in/a_{number}.dng", stored(mosaic_of(flat())))
    with open_image(tmp_path / "in", ReadOptions(sequence=True)) as reader:
        assert reader.axes == "TYXC"
        (tmp_path / "out").mkdir()
        write_like(tmp_path / "out", reader, (reader.bands(k, 48) for k in range(2)))
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == ["a_1.tif", "a_2.tif"]


def test_bytes_and_odd_names_are_read(tmp_path: Path) -> None:
    path = write_dng(tmp_path / "a.dng", stored(mosaic_of(flat())))
    expected = developed(path)
    odd = shutil.copy(path, tmp_path / "ü -x;\nb.DNG")
    np.testing.assert_array_equal(developed(Path(odd)), expected)
    with open_image(Contents("an image", "a.dng", path.read_bytes()), LINEAR) as reader:
        np.testing.assert_array_equal(reader.image(0), expected)


def test_bad_files_give_one_clear_error(tmp_path: Path) -> None:
    path = write_dng(tmp_path / "a.dng", stored(mosaic_of(flat())))
    content = path.read_bytes()
    (tmp_path / "cut.dng").write_bytes(content[: len(content) // 2])
    (tmp_path / "unknown.cr2").write_bytes(b"II*\0\x10\0\0\0CR\2\0" + bytes(5000))
    (tmp_path / "text.nef").write_text("no raw file" * 99)
    pyvips.Image.black(32, 32).jpegsave(str(tmp_path / "renamed.jpg"))
    (tmp_path / "renamed.jpg").rename(tmp_path / "renamed.dng")
    for name, words in {
        "cut.dng": "is damaged: LibRaw reports",
        "unknown.cr2": "camera is too new.*convert it to DNG",
        "text.nef": "not known to LibRaw",
        "renamed.dng": "holds JPEG data: rename it to end in .jpg",
    }.items():
        with pytest.raises(ImageError, match=words):
            open_image(tmp_path / name)
    with pytest.raises(ImageError, match=r"64 × 48 pixels, more than 1000: .*--max-pixels 3072"):
        open_image(path, ReadOptions(max_pixels=1000))
    with pytest.raises(ImageError, match="leave --axes out"):
        open_image(path, ReadOptions(axes="CYX"))


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_dng(tmp_path / "a.dng", stored(mosaic_of(flat())))
    monkeypatch.setattr("unnoise.images.formats._is_there", lambda _: False)
    with pytest.raises(ImageError, match=r"is a raw file.*pip install 'unnoise\[raw\]'"):
        open_image(path)


@pytest.mark.parametrize(
    ("work", "words"),
    [
        ("kill -9 $$", r"signal 9\): it is damaged"),
        ("exec sleep 60", "keeps LibRaw busy"),
        ("exit 3", "LibRaw failed"),
    ],
)
def test_a_worker_may_die_or_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: str, words: str
) -> None:
    path = write_dng(tmp_path / "a.dng", stored(mosaic_of(flat())))
    (tmp_path / "python").write_text(f"#!/bin/sh\n{work}\n")
    (tmp_path / "python").chmod(0o755)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setattr("unnoise.images.raw_files.SECONDS", 0)
    with pytest.raises(ImageError, match=words):
        open_image(path)


def mutated(content: bytes, number: int) -> bytes:
    """Cut a file, or change some of its bytes, most of them in the header."""
    random = np.random.default_rng(number)
    if number % 4 == 0:
        return content[: int(random.integers(1, len(content)))]
    changed = bytearray(content)
    reach = len(content) if number % 4 == 1 else 600
    for place in random.integers(0, reach, random.integers(1, 20)):
        changed[place] = random.integers(0, 256)
    return bytes(changed)


def check_mutated(tmp_path: Path, numbers: range) -> int:
    """Read mutated files; return how many gave an error, which is an ``ImageError``."""
    random = np.random.default_rng(0)
    noise = random.normal(0, 30, (48, 64))
    content = write_dng(
        tmp_path / "a.dng", (stored(mosaic_of(flat())) + noise).astype(np.uint16)
    ).read_bytes()
    failed = 0
    for number in numbers:
        path = tmp_path / "b.dng"
        path.write_bytes(mutated(content, number))
        try:
            developed(path, ReadOptions(max_pixels=2**22))
        except ImageError:
            failed += 1
    return failed


def test_mutated_files_do_not_end_the_process(tmp_path: Path) -> None:
    assert 10 <= check_mutated(tmp_path, range(40)) < 40


@pytest.mark.slow
def test_many_mutated_files_do_not_end_the_process(tmp_path: Path) -> None:
    assert 125 <= check_mutated(tmp_path, range(500)) < 500
