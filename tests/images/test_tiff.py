"""TIFF: axes, kinds of pages and tags, as tifffile sees the result."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips
import tifffile
from formats import copy, images, values, write_tiff

from unnoise.errors import ImageError
from unnoise.images import ReadOptions, open_image, read_stack, write_like

STACK_KINDS: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "imagej": ((2, 3, 4, 31, 17), {"imagej": True, "metadata": {"axes": "TZCYX", "unit": "um"}}),
    "one header": ((2, 3, 4, 31, 17), {"imagej": True, "truncate": True}),
    "imagej colour": ((5, 31, 17, 3), {"imagej": True, "photometric": "rgb"}),
    "ome": ((2, 3, 4, 31, 17), {"ome": True, "metadata": {"axes": "TCZYX", "Name": "µ"}}),
    "ome deflate": ((2, 3, 31, 17), {"ome": True, "metadata": {"axes": "CZYX"}, "compression": 8}),
    "ome colour": ((2, 31, 17, 3), {"ome": True, "metadata": {"axes": "CYXS"}, "photometric": 2}),
    "pages": ((6, 31, 17), {"metadata": None}),
    "pages deflate": ((6, 31, 17), {"metadata": None, "compression": 8, "predictor": 2}),
    "shaped": ((2, 3, 31, 17), {}),
    "tiled": ((3, 131, 117), {"tile": (32, 32), "compression": 8}),
    "big-endian": ((3, 31, 17), {"byteorder": ">", "compression": 8, "predictor": 2}),
    "BigTIFF": ((3, 31, 17), {"bigtiff": True}),
    "planes": ((3, 31, 17), {"photometric": "rgb", "planarconfig": "separate"}),
    "planes deflate": ((3, 31, 17), {"photometric": 2, "planarconfig": 2, "compression": 8}),
    "CMYK": ((31, 17, 4), {"photometric": "separated"}),
}


def seen(path: Path) -> dict[str, Any]:
    """Return what tifffile reads: structure, pixels, and what must not change in the tags."""
    with tifffile.TiffFile(path) as tiff:
        series, page = tiff.series[0], tiff.pages.first
        tags = {code: page.tags[code].value for code in (270, 282, 283, 296) if code in page.tags}
        if tiff.is_ome:  # each file has an identifier of its own
            tags[270] = re.sub(r"urn:uuid:[\w-]+", "urn:uuid:", tags[270])
        return {
            "axes": series.axes,
            "dtype": series.dtype,
            "pages": len(tiff.pages),
            "pixels": series.asarray(),
            "kind": (page.photometric, page.planarconfig, page.extrasamples, page.predictor),
            "order": (tiff.byteorder, tiff.is_bigtiff, tiff.is_imagej, tiff.is_ome),
            "compressed": page.compression != 1,
            "tags": tags,
        }


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("kind", STACK_KINDS)
def test_a_copy_is_the_same_to_tifffile(tmp_path: Path, kind: str, dtype: str) -> None:
    shape, options = STACK_KINDS[kind]
    if kind == "imagej colour" and dtype != "uint8":
        pytest.skip("ImageJ's colours have 8 bits")
    path = tmp_path / ("a.ome.tif" if options.get("ome") else "a.tif")
    write_tiff(path, values(*shape, dtype=dtype), resolution=(300.5, 299), **options)
    copy(path, tmp_path / "out" / path.name)
    np.testing.assert_equal(seen(tmp_path / "out" / path.name), seen(path))


@pytest.mark.parametrize(
    ("kind", "axes", "count", "channels"),
    [
        ("imagej", "TZCYX", 6, 4),
        ("one header", "TZCYX", 6, 4),
        ("imagej colour", "NYXC", 5, 3),
        ("ome", "TCZYX", 8, 3),
        ("ome colour", "NYXC", 2, 3),
        ("pages", "IYX", 6, 1),
        ("planes", "CYX", 1, 3),
    ],
)
def test_axes_come_from_the_file(
    tmp_path: Path, kind: str, axes: str, count: int, channels: int
) -> None:
    shape, options = STACK_KINDS[kind]
    path = write_tiff(tmp_path / "a.tif", values(*shape), **options)
    with open_image(path) as reader:
        assert (reader.axes[-3:], reader.count, reader.channels) == (axes[-3:], count, channels)
        array = tifffile.imread(path)
        np.testing.assert_array_equal(images(reader), reader.layout.to_stack(array))


@pytest.mark.parametrize("options", [{}, {"compression": 8}])
@pytest.mark.parametrize("axes", ["CYX", "YXC", "XYZ", "YCX"])
def test_given_axes_win(tmp_path: Path, axes: str, options: dict[str, int]) -> None:
    array = values(5, 31, 17)
    path = write_tiff(tmp_path / "a.tif", array, **options)
    with open_image(path, ReadOptions(axes=axes)) as reader:
        assert reader.axes == axes
        np.testing.assert_array_equal(images(reader), reader.layout.to_stack(array))
    copy(path, tmp_path / "b.tif", axes=axes)
    np.testing.assert_equal(seen(tmp_path / "b.tif"), seen(path))


@pytest.mark.parametrize("compression", ["lzw", "packbits", "jpeg", "webp", "deflate"])
def test_any_codec_is_read_and_becomes_deflate(tmp_path: Path, compression: str) -> None:
    picture: Any = pyvips.Image.new_from_array(values(131, 117, 3)).copy(interpretation="srgb")
    picture.tiffsave(str(tmp_path / "a.tif"), compression=compression, tile=True)
    copy(tmp_path / "a.tif", tmp_path / "b.tif")
    expected = pyvips.Image.new_from_file(str(tmp_path / "a.tif")).numpy()
    np.testing.assert_array_equal(read_stack(tmp_path / "a.tif")[0][0], expected)
    with tifffile.TiffFile(tmp_path / "b.tif") as tiff:
        assert tiff.pages.first.compression == 8
        np.testing.assert_array_equal(tiff.asarray(), expected)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16"])
@pytest.mark.parametrize("compression", [None, 8])
def test_white_is_zero(tmp_path: Path, dtype: str, compression: int | None) -> None:
    array = values(31, 17, dtype=dtype)
    path = write_tiff(tmp_path / "a.tif", array, photometric="miniswhite", compression=compression)
    # Signed values have no agreed white, and are left as they are.
    expected = array if dtype == "int16" else np.iinfo(dtype).max - array
    np.testing.assert_array_equal(read_stack(path)[0][0, ..., 0], expected)
    copy(path, tmp_path / "b.tif")
    np.testing.assert_equal(seen(tmp_path / "b.tif"), seen(path))


def test_a_palette_is_colours_and_a_lookup_table_is_not(tmp_path: Path) -> None:
    colours = values(3, 256, dtype="uint16")
    array = values(31, 17)
    path = write_tiff(tmp_path / "a.tif", array, photometric="palette", colormap=colours)
    expected = np.moveaxis(colours[:, array] >> 8, 0, -1)
    np.testing.assert_array_equal(read_stack(path)[0][0], expected)
    copy(path, tmp_path / "b.tif")
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "b.tif"), expected)

    stack = values(4, 31, 17)
    write_tiff(tmp_path / "ij.tif", stack, photometric=None, colormap=colours, imagej=True)
    copy(tmp_path / "ij.tif", tmp_path / "ij2.tif")
    with open_image(tmp_path / "ij.tif") as reader:
        assert reader.axes == "CYX"
        np.testing.assert_array_equal(np.moveaxis(reader.image(0), -1, 0), stack)
    np.testing.assert_equal(seen(tmp_path / "ij2.tif"), seen(tmp_path / "ij.tif"))
    with tifffile.TiffFile(tmp_path / "ij2.tif") as tiff:
        np.testing.assert_array_equal(tiff.pages.first.colormap, colours)


def test_few_bits_become_eight(tmp_path: Path) -> None:
    array = values(31, 17, dtype="bool")
    path = write_tiff(tmp_path / "a.tif", array)
    np.testing.assert_array_equal(read_stack(path)[0][0, ..., 0], array * np.uint8(255))


@pytest.mark.parametrize("extra", ["unassalpha", "assocalpha", "unspecified"])
def test_transparency_is_what_the_tag_says(tmp_path: Path, extra: str) -> None:
    path = write_tiff(
        tmp_path / "a.tif", values(31, 17, 4), photometric="rgb", extrasamples=[extra]
    )
    with open_image(path) as reader:
        assert (reader.alpha, reader.channels) == ((False, 4) if extra[0:3] == "uns" else (True, 3))
    assert read_stack(path)[0].shape[-1] == reader.channels


def test_other_tags_are_kept(tmp_path: Path) -> None:
    tags = {
        274: (3, 1, 6), 305: (2, 0, "a scanner"), 306: (2, 0, "2026:01:02 03:04:05"),
        700: (1, 4, b"<x/>"), 34675: (7, 5, b"icc\0!"), 33550: (12, 3, (1.0, 2.0, 0.0)),
    }  # fmt: skip
    path = write_tiff(
        tmp_path / "a.tif",
        values(31, 17),
        software="",
        description=b"\xb5m, not UTF-8",
        metadata=None,
        extratags=[(code, *value, True) for code, value in tags.items()],
    )
    copy(path, tmp_path / "b.tif")
    with tifffile.TiffFile(path) as first, tifffile.TiffFile(tmp_path / "b.tif") as second:
        for code in (270, *tags):
            assert second.pages.first.tags[code].value == first.pages.first.tags[code].value


def test_imagej_keeps_its_metadata(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    metadata = {"axes": "ZYX", "Labels": ["a", "b", "c"], "Info": "from a microscope"}
    tifffile.imwrite(path, values(3, 31, 17), imagej=True, metadata=metadata, byteorder=">")
    copy(path, tmp_path / "b.tif")
    with tifffile.TiffFile(path) as first, tifffile.TiffFile(tmp_path / "b.tif") as second:
        assert second.imagej_metadata == first.imagej_metadata
        assert (second.imagej_metadata or {})["Labels"] == ["a", "b", "c"]


def test_a_large_page_is_not_held_in_memory(tmp_path: Path) -> None:
    """Bands are asked for one by one: never more than a few are alive."""
    alive, most = 0, 0

    class Band(np.ndarray[Any, Any]):
        def __del__(self) -> None:
            nonlocal alive
            alive -= self.base is None

    def bands(height: int, width: int) -> Any:
        nonlocal alive, most
        for _ in range(0, height, 16):
            band = Band((16, width, 1), np.uint8)
            band[...] = 7
            alive += 1
            most = max(most, alive)
            yield band

    path = write_tiff(tmp_path / "a.tif", np.zeros((4096, 4096), np.uint8))
    with open_image(path) as source:
        write_like(tmp_path / "b.tif", source, [bands(4096, 4096)])
    assert most < 4096 / 16 / 4


def test_pages_of_several_sizes_are_refused(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for side in (17, 21, 17):
            writer.write(values(side, 30), metadata=None)
    with pytest.raises(ImageError, match=r"several kinds, of shapes .*17, 30.*21, 30"):
        open_image(tmp_path / "a.tif")


@pytest.mark.parametrize("photometric", [5, 8, 32803])
@pytest.mark.parametrize("unit", [1, 9])
def test_odd_tags_are_no_reason_to_fail(tmp_path: Path, photometric: int, unit: int) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, values(20, 30), resolution=(10, 10), metadata=None)
    with tifffile.TiffFile(path, mode="r+") as tiff:
        page = tiff.pages[0]
        assert isinstance(page, tifffile.TiffPage)
        page.tags[262].overwrite(photometric)
        page.tags[296].overwrite(unit)
    with open_image(path) as reader:
        write_like(tmp_path / "b.tif", reader, [[reader.image(0)]])
    np.testing.assert_array_equal(read_stack(tmp_path / "b.tif")[0][0, ..., 0], values(20, 30))


def test_masks_labels_and_thumbnails_do_not_stop_the_image(tmp_path: Path) -> None:
    path, image = tmp_path / "a.tif", values(40, 30, dtype="uint16")
    with tifffile.TiffWriter(path) as writer:
        writer.write(image[::4, ::4], subfiletype=1, metadata=None)  # the first page
        writer.write(image, metadata=None)
        writer.write(image > 9, subfiletype=4, metadata=None)
        writer.write(image[:20, :20].astype(np.uint8), metadata=None)
    with open_image(path) as reader:
        np.testing.assert_array_equal(reader.image(0)[..., 0], image)
        assert reader.notes == (
            "its image of (40, 30) is read, but not its smaller copy (10, 8), mask (40, 30), "
            "other image (20, 20)",
        )
        copy(path, tmp_path / "b.tif")
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "b.tif"), image)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_the_signs_of_cielab_do_not_wrap(tmp_path: Path, dtype: str) -> None:
    half = 2 ** (8 * np.dtype(dtype).itemsize - 1)
    lab = values(20, 30, 3, dtype=dtype)
    lab[..., 1:] = np.array([0, 2 * half - 1])  # a is 0, b is -1: neighbours, and far as stored
    tifffile.imwrite(tmp_path / "a.tif", lab, photometric="cielab", metadata=None)
    with open_image(tmp_path / "a.tif") as reader:
        assert reader.colour == "other"
        assert set(np.unique(reader.image(0)[..., 1:])) == {half, half - 1}
    copy(tmp_path / "a.tif", tmp_path / "b.tif")
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "b.tif"), lab)


def test_what_channels_mean_is_what_the_file_says(tmp_path: Path) -> None:
    four, three = values(20, 30, 4), values(20, 30, 3)
    cases: list[tuple[np.ndarray, dict[str, Any], tuple[str, bool]]] = [
        (three, {"photometric": "rgb"}, ("rgb", False)),
        (three, {"photometric": "minisblack", "planarconfig": "contig"}, ("other", False)),
        (four, {"photometric": "rgb", "extrasamples": ["unassalpha"]}, ("rgb", True)),
        (four, {"photometric": "rgb", "extrasamples": ["unspecified"]}, ("other", False)),
        (four, {"photometric": "separated"}, ("other", False)),
        (
            np.moveaxis(three, -1, 0),
            {"imagej": True, "metadata": {"axes": "CYX"}},
            ("other", False),
        ),
        (three[..., 0], {"photometric": "minisblack"}, ("grey", False)),
    ]
    for array, options, expected in cases:
        tifffile.imwrite(tmp_path / "a.tif", array, **options)
        with open_image(tmp_path / "a.tif") as reader:
            assert (reader.colour, reader.alpha) == expected, options


def mark_masks(path: Path, masks: list[int]) -> None:
    """Say of some pages that they are masks (NewSubfileType 4), as other programs do."""
    with tifffile.TiffFile(path) as tiff:
        places = [tiff.pages[number].aspage().tags[254].valueoffset for number in masks]
    data = bytearray(path.read_bytes())
    for place in places:
        data[place : place + 4] = (4).to_bytes(4, "little")
    path.write_bytes(data)


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("masks", [[1], [0], [1, 3]])
def test_masks_like_their_images_are_no_images(
    tmp_path: Path, masks: list[int], compression: str | None
) -> None:
    path, pages = tmp_path / "a.tif", values(4, 31, 17)
    with tifffile.TiffWriter(path, byteorder="<") as writer:
        for page in pages:
            writer.write(page, metadata=None, subfiletype=2, compression=compression)
    mark_masks(path, masks)
    with open_image(path) as reader:
        read = images(reader)[..., 0]
        assert "mask" in reader.notes[0]
        write_like(tmp_path / "b.tif", reader, (reader.bands(i, 5) for i in range(reader.count)))
    kept = [number for number in range(4) if number not in masks]
    np.testing.assert_array_equal(read, pages[kept])
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "b.tif"), pages[kept])


@pytest.mark.parametrize("first", [True, False])
def test_a_preview_that_nothing_marks_is_not_taken_for_the_image(
    tmp_path: Path, first: bool
) -> None:
    preview, image = values(9, 8, 3), values(90, 80)
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for page in (preview, image) if first else (image, preview):
            kind = "rgb" if page.ndim == 3 else "minisblack"
            writer.write(page, metadata=None, photometric=kind)
    with open_image(tmp_path / "a.tif") as reader:
        np.testing.assert_array_equal(reader.image(0)[..., 0], image)
        assert "(9, 8, 3)" in reader.notes[0]


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int16])
def test_cielab_rises_where_it_is_read_and_is_stored_as_it_was(
    tmp_path: Path, kind: type[np.integer[Any]]
) -> None:
    """L is unsigned and a and b are signed, whatever the file calls its samples."""
    path, back = tmp_path / "a.tif", tmp_path / "b.tif"
    bits = 8 * np.dtype(kind).itemsize
    rising = np.tile(np.linspace(0, 2**bits - 1, 16).astype(np.int64), (8, 1))
    stored = np.stack([rising, *[rising + 2 ** (bits - 1)] * 2], -1).astype(kind)
    tifffile.imwrite(path, stored, photometric="cielab")
    with open_image(path) as reader:
        image = reader.image(0)
        assert reader.space == "lab"
        assert (np.diff(image.astype(np.int64), axis=1) > 0).all()
        write_like(back, reader, iter([iter([image])]))
    np.testing.assert_array_equal(tifffile.imread(back), stored)
