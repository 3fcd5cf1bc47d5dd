"""Files of microscopes: they are read by their scenes, and results are OME-TIFF or OME-Zarr."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import zarr
from formats import images, values, write_zarr
from pylibCZIrw import czi

from microscopes import write_czi, write_lif, write_nd2
from unnoise.errors import ImageError, OutputError
from unnoise.images import ReadOptions, left_out, open_image, pixel_size, write_like
from unnoise.images.ome_writer import OTHER


@pytest.mark.parametrize("compressed", [False, True])
def test_nd2_is_read_by_its_loops(tmp_path: Path, *, compressed: bool) -> None:
    array = values(2, 3, 2, 2, 31, 17, dtype="uint16")
    path = write_nd2(tmp_path / "a.nd2", array, compressed=compressed)
    with open_image(path) as reader:
        assert (reader.axes, reader.shape) == ("PTZCYX", (3, 2, 2, 2, 31, 17))
        assert reader.channel_names == ("channel 0", "channel 1")
        assert dict(reader.steps) == {"X": 0.1, "Y": 0.1, "Z": 0.5, "T": 0.25}
        expected = array.transpose(1, 0, 2, 4, 5, 3)
        np.testing.assert_array_equal(images(reader), expected.reshape(-1, 31, 17, 2))
    with open_image(path, ReadOptions(scene="well 1")) as reader:
        assert reader.axes == "TZCYX"
        np.testing.assert_array_equal(images(reader), expected[1].reshape(-1, 31, 17, 2))
    write_ome(path, tmp_path / "a.ome.tif", ReadOptions(scene="3"))
    with tifffile.TiffFile(tmp_path / "a.ome.tif") as tiff:
        np.testing.assert_array_equal(tiff.asarray(), array[:, 2])
        assert 'TimeIncrement="0.25"' in str(tiff.ome_metadata)


def test_nd2_without_all_its_frames_is_refused(tmp_path: Path) -> None:
    path = write_nd2(tmp_path / "a.nd2", values(1, 1, 3, 1, 31, 17, dtype="uint16"))
    path.write_bytes(path.read_bytes().replace(b"ImageDataSeq|1!", b"ImageDataXXX|1!"))
    with pytest.raises(ImageError, match="has 2 of its 3 frames, and lacks frame 2"):
        open_image(path)


def write_ome(path: Path, target: Path, read: ReadOptions = ReadOptions()) -> tuple[str, ...]:  # noqa: B008
    with open_image(path, read) as source:
        return write_like(target, source, (source.bands(n, 5) for n in range(source.count)))


def test_czi_is_read_by_its_axes(tmp_path: Path) -> None:
    scene = values(2, 2, 3, 31, 17, dtype="uint16")
    with open_image(write_czi(tmp_path / "a.czi", scene)) as reader:
        assert (reader.axes, reader.shape) == ("TCZYX", scene.shape)
        assert (reader.colour, reader.channel_names) == ("other", ("DAPI", "GFP"))
        assert pixel_size(reader) == pytest.approx((0.2, 0.1))
        assert reader.steps["Z"] == pytest.approx(0.5)
        expected = scene.transpose(0, 2, 3, 4, 1).reshape(-1, 31, 17, 2)
        np.testing.assert_array_equal(images(reader), expected)
        window = reader.window(4, slice(3, 9), slice(5, 16))
        np.testing.assert_array_equal(window, expected[4, 3:9, 5:16])


def test_the_result_is_ome_tiff_with_the_metadata(tmp_path: Path) -> None:
    scene = values(2, 2, 3, 31, 17, dtype="uint16")
    path = write_czi(tmp_path / "a.czi", scene)
    lost = write_ome(path, tmp_path / "a.ome.tif")
    assert lost == (OTHER,)
    with open_image(tmp_path / "a.ome.tif") as made, open_image(path) as source:
        assert made.axes == source.axes
        assert pixel_size(made) == pytest.approx(pixel_size(source))
        np.testing.assert_array_equal(images(made), images(source))
    with tifffile.TiffFile(tmp_path / "a.ome.tif") as tiff:
        header = str(tiff.ome_metadata)
    for word in ('Name="DAPI"', 'Name="GFP"', 'PhysicalSizeZ="0.5"', 'PhysicalSizeZUnit="µm"'):
        assert word in header


def test_tiles_are_put_together_and_colours_are_red_green_blue(tmp_path: Path) -> None:
    image = values(20, 30, 3)
    with czi.create_czi(str(tmp_path / "a.czi")) as file:
        for y, x in ((0, 0), (0, 12), (8, 0), (8, 12)):
            part = np.ascontiguousarray(image[y : y + 12, x : x + 18, ::-1])
            file.write(part, plane={"C": 0}, location=(x - 5, y - 7))
    with open_image(tmp_path / "a.czi") as reader:
        assert (reader.axes, reader.colour, reader.notes) == ("YXC", "rgb", ())
        np.testing.assert_array_equal(images(reader)[0], image)
    write_ome(tmp_path / "a.czi", tmp_path / "a.ome.tif")
    with open_image(tmp_path / "a.ome.tif") as made:
        assert made.colour == "rgb"
        np.testing.assert_array_equal(images(made)[0], image)


@pytest.mark.parametrize("how", ["zstd0:", "zstd1:", "zstd1:PreProcess=HiLoByteUnpack"])
@pytest.mark.parametrize("kind", ["grey", "colour"])
def test_tiles_that_are_compressed_by_zstandard(tmp_path: Path, how: str, kind: str) -> None:
    image = values(20, 30, 1, dtype="uint16") if kind == "grey" else values(20, 30, 3)
    with czi.create_czi(str(tmp_path / "a.czi"), compression_options=how) as file:
        file.write(np.ascontiguousarray(image[..., ::-1]), plane={"C": 0})
    with open_image(tmp_path / "a.czi") as reader:
        np.testing.assert_array_equal(reader.image(0), image)


def test_another_compression_is_named(tmp_path: Path) -> None:
    path = write_czi(tmp_path / "a.czi", values(1, 1, 1, 9, 8, dtype="uint16"), names=("DAPI",))
    data = bytearray(path.read_bytes())
    at = 0
    while (at := data.find(b"DV\1\0\0\0", at)) >= 0:  # entries of tiles of 16 bits
        data[at + 18] = 4
        at += 1
    path.write_bytes(data)
    with (
        pytest.raises(ImageError, match=r"compressed as JPEG XR.*pip install imagecodecs"),
        open_image(path) as reader,
    ):
        reader.image(0)


def test_places_without_a_tile_are_noted(tmp_path: Path) -> None:
    with czi.create_czi(str(tmp_path / "a.czi")) as file:
        for x in (0, 20):
            file.write(np.ones((9, 9, 1), np.uint8), plane={"C": 0}, location=(x, 0))
    with open_image(tmp_path / "a.czi") as reader:
        assert reader.notes == ("places without a tile are 0",)
        assert images(reader)[0, 0, :, 0].tolist() == [1] * 9 + [0] * 11 + [1] * 9
    with czi.create_czi(str(tmp_path / "b.czi")) as file:
        for x in (0, 2000):
            file.write(np.ones((9, 9, 1), np.uint8), plane={"C": 0}, location=(x, 0))
    with pytest.raises(ImageError, match="tiles that lie far apart, in a plane of 2009 × 9 pixels"):
        open_image(tmp_path / "b.czi")


@pytest.mark.parametrize("ending", ["czi", "lif"])
def test_scenes_that_are_alike_are_a_stack(tmp_path: Path, ending: str) -> None:
    scenes = values(2, 1, 2, 3, 31, 17, dtype="uint16")
    path = tmp_path / f"a.{ending}"
    if ending == "czi":
        write_czi(path, *scenes)
    else:
        write_lif(path, *scenes.swapaxes(2, 3)[:, 0])
    names = {"czi": "Scene 2", "lif": "image 1"}
    with open_image(path) as reader:
        assert sorted(reader.axes) == sorted("PCZYX")
        assert reader.notes == ("its 2 scenes are read as a stack; --scene takes one",)
        expected = scenes[:, 0].transpose(0, 2, 3, 4, 1).reshape(-1, 31, 17, 2)
        np.testing.assert_array_equal(images(reader), expected)
    for scene in ("2", names[ending]):
        with open_image(path, ReadOptions(scene=scene)) as reader:
            assert reader.notes == (f"of its 2 scenes, {names[ending]} is read",)
            np.testing.assert_array_equal(images(reader), expected[3:])
    write_ome(path, tmp_path / "a.ome.tif")
    with tifffile.TiffFile(tmp_path / "a.ome.tif") as tiff:
        assert [series.name for series in tiff.series][1] == names[ending]
        for series, scene in zip(tiff.series, scenes[:, 0], strict=True):
            found = series.asarray()
            np.testing.assert_array_equal(
                found if series.axes == "CZYX" else found.swapaxes(0, 1), scene
            )


@pytest.mark.parametrize("ending", ["czi", "lif"])
def test_scenes_of_several_sizes_are_refused_with_the_list(tmp_path: Path, ending: str) -> None:
    small, large = values(1, 1, 1, 9, 8, dtype="uint16"), values(1, 1, 1, 31, 17, dtype="uint16")
    path = tmp_path / f"a.{ending}"
    if ending == "czi":
        write_czi(path, small, large, names=("DAPI",))
    else:
        write_lif(path, small[0], large[0])
    with pytest.raises(ImageError, match=r"unlike: pass --scene, .*1 \(.*YX 9 × 8\), 2 .*31 × 17"):
        open_image(path)
    with open_image(path, ReadOptions(scene="2")) as reader:
        np.testing.assert_array_equal(images(reader)[0, ..., 0], large[0, 0, 0])
    for scene in ("0", "3", "Scene", "½", ""):
        with pytest.raises(ImageError, match="has no scene"):
            open_image(path, ReadOptions(scene=scene))


def test_lif_is_read_by_its_axes(tmp_path: Path) -> None:
    scene = values(3, 2, 31, 17, dtype="uint16")
    path = write_lif(tmp_path / "a.lif", scene)
    with open_image(path) as reader:
        assert (reader.axes, reader.shape) == ("ZCYX", scene.shape)
        assert pixel_size(reader) == pytest.approx((0.2, 0.1))
        np.testing.assert_array_equal(images(reader), scene.transpose(0, 2, 3, 1))
    path.write_bytes(path.read_bytes()[:-99])
    with pytest.raises(ImageError, match=r"a\.lif ends inside its image image 0"):
        open_image(path)
    path.write_bytes(b"<XML/>")
    with pytest.raises(ImageError, match="is no LIF file"):
        open_image(path)


def test_a_scene_is_refused_where_there_are_none(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", values(9, 8))
    with pytest.raises(ImageError, match=r"a\.npy is an array, which has no scenes"):
        open_image(tmp_path / "a.npy", ReadOptions(scene="1"))
    write_zarr(tmp_path / "a.zarr", values(9, 8))
    with pytest.raises(ImageError, match=r"a\.zarr is a zarr array, which has no scenes"):
        open_image(tmp_path / "a.zarr", ReadOptions(scene="1"))


def test_an_axis_that_ome_tiff_does_not_know_is_refused(tmp_path: Path) -> None:
    path = write_czi(tmp_path / "a.czi", values(1, 2, 3, 9, 8, dtype="uint16"))
    with pytest.raises(ImageError, match="has an axis Q, which OME-TIFF does not know"):
        write_ome(path, tmp_path / "a.ome.tif", ReadOptions(axes="QZYX"))


def test_results_have_the_names_of_ome_tiff(tmp_path: Path) -> None:
    path = write_czi(tmp_path / "a.czi", values(1, 1, 1, 9, 8, dtype="uint16"), names=("DAPI",))
    with pytest.raises(ImageError, match=r"written as \.ome\.tif or .*, not as b\.czi"):
        write_ome(path, tmp_path / "b.czi")


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_czi(tmp_path / "a.czi", values(1, 1, 1, 9, 8, dtype="uint16"), names=("DAPI",))

    def is_there(package: Any) -> bool:
        return bool(package != "czifile")

    monkeypatch.setattr("unnoise.images.formats._is_there", is_there)
    with pytest.raises(ImageError, match=r"is a CZI, .*pip install 'unnoise\[bio\]'"):
        open_image(path)
    assert left_out([tmp_path]) == [f"left out of {tmp_path}: 1 .czi (pip install 'unnoise[bio]')"]


def test_the_result_may_be_ome_zarr_with_levels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unnoise.images.ome_zarr_writer.SIDE", 8)
    path = write_nd2(tmp_path / "a.nd2", values(2, 1, 3, 2, 31, 17, dtype="uint16"))
    assert write_ome(path, tmp_path / "a.ome.zarr") == (OTHER,)
    with open_image(path) as source, open_image(tmp_path / "a.ome.zarr") as made:
        assert (made.axes, made.shape) == ("TCZYX", (2, 2, 3, 31, 17))
        assert dict(made.steps) == pytest.approx(dict(source.steps))
        np.testing.assert_array_equal(images(made), images(source))
    group: Any = zarr.open_group(str(tmp_path / "a.ome.zarr"), mode="r")
    assert [group[name].shape[-2:] for name in "012"] == [(31, 17), (16, 9), (8, 5)]
    assert [each["label"] for each in group.attrs["omero"]["channels"]] == [
        "channel 0",
        "channel 1",
    ]
    (described,) = group.attrs["multiscales"]
    scales = [each["coordinateTransformations"][0]["scale"] for each in described["datasets"]]
    assert scales[1] == pytest.approx([0.25, 1, 0.5, 0.1 * 31 / 16, 0.1 * 17 / 9])
    with pytest.raises(OutputError, match="--overwrite"):
        write_ome(path, tmp_path / "a.ome.zarr")
