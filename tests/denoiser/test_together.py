"""Models that see several images of a stack: equal in tiles and at once, in files of any axes."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch

from unnoise import Denoiser
from unnoise.denoiser import DenoiseOptions
from unnoise.denoiser.description import in_words
from unnoise.denoiser.networks import AtOnce
from unnoise.denoiser.together import Together
from unnoise.denoiser.torch_backend import TorchBackend
from unnoise.denoiser.view import ArraySource
from unnoise.errors import ModelError
from unnoise.images import Neighbours, ReadOptions, open_image, read_stack
from unnoise.models import build_model
from unnoise.runs import ModelInfo
from unnoise.types import Array, Floats

RANDOM = np.random.default_rng(0)
SMALL = {"widths": (4, 8), "depths": (1, 1)}


def model(
    depth: dict[str, int],
    *,
    channels: int = 1,
    strides: tuple[int, ...] = (1,),
    **arguments: object,
) -> Denoiser:
    """Return a denoiser with random weights."""
    torch.manual_seed(0)
    count = int(np.prod(list(depth.values())))
    network = build_model("unet", {**SMALL, "channels": channels, "depth": count, **arguments})
    for layer in network.modules():
        if isinstance(layer, torch.nn.Conv2d):
            layer.weight.data *= 2  # so that neighbours matter
    info = ModelInfo(
        model="unet",
        arguments=network.arguments,
        channels=channels,
        noise="",
        objective="interpolation" if network.hidden else "neighbor2neighbor",
        data="noise",
        seed=0,
        strides=strides,
        depth=depth,
    )
    return Denoiser(TorchBackend(network.eval()), info)


def small_tiles(denoiser: Denoiser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(denoiser.backend.network, "at_once", AtOnce(side=64, pixels=2000))


def stack(count: int, *shape: int) -> Floats:
    return RANDOM.random((count, *shape), np.float32)


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("strides", [(1,), (2,)])
def test_tiles_and_whole_images_are_equal(
    hidden: bool, strides: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    denoiser = model({"T": 5}, strides=strides, hidden=hidden)
    images = stack(7, 90, 131)
    whole = denoiser.stack(images, axes="TYX")
    small_tiles(denoiser, monkeypatch)
    np.testing.assert_allclose(denoiser.stack(images, axes="TYX"), whole, atol=1e-5)


@pytest.mark.parametrize("hidden", [False, True])
def test_a_result_depends_on_its_neighbours_and_on_no_other_image(hidden: bool) -> None:
    denoiser = model({"T": 5}, hidden=hidden)
    images = stack(9, 16, 16)
    before = denoiser.stack(images, axes="TYX")
    images[4] += 0.5
    changed = np.abs(denoiser.stack(images, axes="TYX") - before).max((1, 2)) > 1e-6
    assert changed.tolist() == [2 <= i <= 6 and not (hidden and i == 4) for i in range(9)]


@pytest.mark.parametrize("axes", ["TYX", "YXT", "TYXC", "TCYX", "TZYX", "ZTYX", "TZCYX", "CTZYX"])
def test_every_order_of_axes_gives_the_same(axes: str) -> None:
    images = stack(6, 2, 3, 12, 10)  # T, Z, C, Y, X
    denoiser = model({"T": 3}, channels=3 if "C" in axes else 1)
    every = "TZCYX"
    taken = tuple(slice(None) if letter in axes else 0 for letter in every)
    left = [letter for letter in every if letter in axes]
    array = images[taken].transpose([left.index(letter) for letter in axes])
    made = denoiser.stack(array, axes=axes)
    back = made.transpose([axes.index(letter) for letter in left])
    for z in range(2) if "Z" in axes else [0]:
        alone = images[:, z] if "C" in axes else images[:, z, 0]
        expected = denoiser.stack(alone, axes="TCYX" if "C" in axes else "TYX")
        found = back[:, z] if "Z" in axes else back
        np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("kind", ["ome.tif", "imagej", "npy", "zarr"])
def test_files_of_stacks_keep_their_axes(kind: str, tmp_path: Path) -> None:
    images = (stack(5, 3, 24, 20) * 60000).astype(np.uint16)  # T, Z, Y, X
    source = tmp_path / f"stack.{'tif' if kind == 'imagej' else kind}"
    if kind == "ome.tif":
        tifffile.imwrite(source, images, ome=True, metadata={"axes": "TZYX"})
    elif kind == "imagej":
        tifffile.imwrite(source, images[:, :, None], imagej=True, metadata={"axes": "TZCYX"})
    elif kind == "npy":
        np.save(source, images)
    else:
        import zarr

        array = zarr.create_array(
            source, shape=images.shape, dtype=images.dtype, dimension_names=["t", "z", "y", "x"]
        )
        array[:] = images
    denoiser = model({"Z": 3})
    target = tmp_path / f"out.{source.name.partition('.')[2]}"
    if kind == "npy":
        with open_image(source, ReadOptions(axes="TZYX")) as reader:
            denoiser.denoise_file(reader, target)
        made = np.load(target)
    else:
        denoiser.denoise_file(source, target)
        made = read_stack(target)[0][..., 0].reshape(images.shape)
    np.testing.assert_array_equal(made, denoiser.stack(images, axes="TZYX"))


def test_one_number_for_each_of_two_axes() -> None:
    denoiser = model({"T": 3, "Z": 3})
    images = stack(4, 5, 16, 16)
    before = denoiser.stack(images, axes="TZYX")
    images[1, 1] += 1
    changed = np.abs(denoiser.stack(images, axes="TZYX") - before).max((2, 3)) > 1e-6
    expected = np.zeros((4, 5), bool)
    expected[0:3, 0:3] = True
    np.testing.assert_array_equal(changed, expected)


def test_options_are_of_the_middle_image() -> None:
    denoiser, images = model({"T": 3}), stack(4, 20, 20)
    plain = denoiser.stack(images, axes="TYX")
    half = denoiser.stack(images, axes="TYX", strength=0.5)
    np.testing.assert_allclose(half, (plain + images) / 2, atol=1e-5)
    np.testing.assert_array_equal(denoiser.stack(images, axes="TYX", strength=0), images)
    hot = images.copy()
    hot[2, 10, 10] = 50
    with pytest.warns(UserWarning, match="1 hot or dead pixel"):
        made = denoiser.stack(hot, axes="TYX", hot_pixels=True, range=(0, 1))
    assert np.abs(made).max() < 5


def test_what_has_no_data_stays_and_is_not_seen() -> None:
    denoiser, images = model({"T": 3}), stack(4, 20, 20)
    images[1, 3:6, 4:8] = np.nan
    made = denoiser.stack(images, axes="TYX", nan="keep", range=(0, 1))
    np.testing.assert_array_equal(np.isnan(made), np.isnan(images))


def test_channels_that_are_no_colours_are_seen_one_by_one() -> None:
    denoiser, images = model({"T": 3}), stack(4, 2, 16, 16)
    with pytest.warns(UserWarning, match="one by one"):
        made = denoiser.stack(images, axes="TCYX", range=(0, 1))
    for channel in range(2):
        alone = denoiser.stack(images[:, channel], axes="TYX", range=(0, 1))
        np.testing.assert_allclose(made[:, channel], alone, atol=1e-5)


def test_grey_images_of_a_colour_model_are_three_equal_channels() -> None:
    denoiser, images = model({"T": 3}, channels=3), stack(4, 16, 16)
    grey = denoiser.stack(images, axes="TYX", range=(0, 1))
    colours = np.repeat(images[..., None], 3, axis=-1)
    expected = denoiser.stack(colours, axes="TYXC", range=(0, 1), channels="together").mean(-1)
    np.testing.assert_allclose(grey, expected, atol=1e-5)


def test_one_image_is_refused_where_only_neighbours_are_seen() -> None:
    with pytest.raises(ModelError, match="from those before and after it, and the array has one"):
        model({"T": 3}, hidden=True)(stack(1, 16, 16)[0])


def test_one_image_stands_for_all_where_it_is_seen_too() -> None:
    denoiser, image = model({"T": 3}), stack(1, 40, 44)[0]
    with pytest.warns(UserWarning, match="the array has one, which stands for all"):
        result = denoiser(image)
    copies = np.repeat(image[None], 3, axis=0)
    expected = denoiser.denoise_floats(copies[None])[0, 0]
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_the_middle_of_a_stack_is_looked_at(tmp_path: Path) -> None:
    denoiser, images = model({"T": 3}), stack(7, 40, 44)
    path = tmp_path / "film.tif"
    tifffile.imwrite(path, images, metadata={"axes": "TYX"})
    with open_image(path) as reader:
        view = denoiser.sight.of_reader(reader)
        seen = denoiser.sight.peek(reader, 32, view)
    expected = view.scale(images[2:5, 4:36, 6:38, None])[0][:, 0]
    np.testing.assert_allclose(seen, expected, atol=1e-5)


def test_files_are_read_once_and_few_images_are_kept() -> None:
    reads: list[int] = []

    class Counting(ArraySource):
        def image(self, index: int) -> Array:
            reads.append(index)
            return super().image(index)

    source = Together(Counting(stack(20, 8, 8, 1)), Neighbours((20,), (5,)))
    for index in range(20):
        assert source.image(index).shape == (8, 8, 5)
        assert len(source._kept) <= 6
    assert reads == list(range(20))


def test_the_model_file_keeps_the_depth(tmp_path: Path) -> None:
    denoiser, images = model({"T": 3, "Z": 3}), stack(3, 3, 16, 16)
    path = tmp_path / "model.safetensors"
    denoiser.save(path)
    again = Denoiser.load(path)
    assert again.info.depth == {"T": 3, "Z": 3}
    expected = denoiser.stack(images, axes="TZYX")
    np.testing.assert_array_equal(again.stack(images, axes="TZYX"), expected)
    assert in_words(again.describe())["neighbouring images"].startswith("sees 3 along T and 3 al")


def test_a_tile_of_a_job_is_a_tile_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    denoiser = model({"T": 3})
    small_tiles(denoiser, monkeypatch)
    images = (stack(3, 100, 90) * 255).astype(np.uint8)
    path = tmp_path / "film.tif"
    tifffile.imwrite(path, images, imagej=True, metadata={"axes": "TYX"})
    with open_image(path) as reader:
        view = denoiser.sight.of_reader(reader)
        made = denoiser.tiled(reader, 1, DenoiseOptions(), view)
        tiles = [
            [made.tile(row, column) for column in range(len(made.grid.columns))]
            for row in range(len(made.grid.rows))
        ]
        whole = denoiser.denoise_image(reader, 1, DenoiseOptions(), view)
    joined = np.concatenate([np.concatenate(row, axis=1) for row in tiles])
    assert len(tiles) > 1
    np.testing.assert_array_equal(joined, whole)
