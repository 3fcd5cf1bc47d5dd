"""Which stacks are blended over time, and that their results are the same by every way."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from known_models import linear

from unnoise import Denoiser
from unnoise.denoiser import DenoiseOptions
from unnoise.denoiser.steady import MOST, Course, course_of
from unnoise.denoiser.tiles import plan_tiles
from unnoise.errors import ConfigError
from unnoise.images import Layout, Neighbours, open_image, read_stack
from unnoise.types import Array

ON, OFF = DenoiseOptions(steady="on"), DenoiseOptions(steady="off")
NOTE = "ignore:results along . were blended"
READ_SO = "ignore:(values scaled|its three channels have little|no hot or dead)"


def layout(axes: str, *shape: int) -> Layout:
    return Layout(np.dtype(np.uint8), axes, shape)


def course(
    use: Any, found: Layout, *, film: bool = False, around: Neighbours | None = None
) -> Course | None:
    return course_of(use, found, film=film, around=around, name="a.tif")[0]


def still(count: int = 20, channels: int = 1, side: int = 64, dtype: str = "u1") -> Array:
    """Return noisy images of one scene ``(N, H, W, C)``."""
    random = np.random.default_rng(0)
    values = 120 + 25 * random.standard_normal((count, side, side, channels))
    top = np.iinfo(dtype).max / 255
    return np.asarray((values.clip(0, 255) * top).astype(dtype))


def flicker(images: Array) -> float:
    return float(images[8:].astype(np.float64).std(0).mean())


@pytest.mark.parametrize(
    ("axes", "shape", "step", "axis"),
    [
        ("TYX", (5, 8, 9), 1, "T"),
        ("TZYX", (5, 3, 8, 9), 3, "T"),
        ("ZTYXC", (3, 5, 8, 9, 2), 1, "T"),
        ("ZYX", (5, 8, 9), 1, "Z"),
        ("TNYX", (1, 5, 8, 9), 1, "N"),
    ],
)
def test_time_is_t_or_the_only_axis(
    axes: str, shape: tuple[int, ...], step: int, axis: str
) -> None:
    found = course("on", layout(axes, *shape))
    assert found == Course(axis, 5, step)
    assert [found.begins(index) for index in range(step + 1)] == [True] * step + [step > 5]


def test_images_begin_with_each_course() -> None:
    found = Course("T", 2, 3)
    assert [found.begins(index) for index in range(12)] == ([True] * 3 + [False] * 3) * 2


def test_only_films_are_blended_unasked() -> None:
    frames, around = layout("TYX", 5, 8, 9), Neighbours((5,), (3,))
    assert course("auto", frames) is None
    assert course("auto", frames, film=True) == Course("T", 5, 1)
    assert course("auto", frames, film=True, around=around) is None
    assert course("on", frames, around=around) == Course("T", 5, 1)
    assert course("off", frames, film=True) is None
    assert course("on", layout("YX", 8, 9)) is None


def test_what_cannot_be_blended_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"a\.tif has the axes ZNYX: .* T, with --axes"):
        course("on", layout("ZNYX", 3, 4, 8, 9))
    huge = layout("TYX", 2, 1024, MOST // 1024 + 1)
    with pytest.raises(ConfigError, match="the limit is 33,554,432; leave out --steady"):
        course("on", huge)
    found, (note,) = course_of("auto", huge, film=True, around=None, name="a.mp4")
    assert found is None
    assert "cannot be blended" in note
    with pytest.raises(ConfigError, match="steady is 'yes': it is auto, on or off"):
        DenoiseOptions(steady="yes")  # type: ignore[arg-type]  # what a person may write
    with pytest.raises(ConfigError, match="steady changes it"):
        ON.check_whole("inspect")
    OFF.check_whole("inspect")


@pytest.mark.filterwarnings(NOTE, READ_SO, "ignore:.*denoised one by one")
@pytest.mark.parametrize(("model", "channels"), [(1, 1), (3, 3), (1, 3), (1, 5), (3, 1)])
@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_a_stack_flickers_less_when_asked(model: int, channels: int, dtype: str) -> None:
    shift = (0.0,) * model
    images, denoiser = still(channels=channels, dtype=dtype), linear(model, shift=shift)
    found = denoiser.stack(images, steady="on")
    assert found.dtype == images.dtype
    np.testing.assert_array_equal(found[0], images[0])
    assert flicker(found) < 0.5 * flicker(images)
    for steady in ("auto", "off"):
        np.testing.assert_array_equal(denoiser.stack(images, steady=steady), images)


def test_a_note_says_so() -> None:
    with pytest.warns(UserWarning, match="along N were blended .* --steady off"):
        linear(1).stack(still(), steady="on")


@pytest.mark.filterwarnings(NOTE, "ignore:.*denoised one by one")
def test_channels_one_by_one_change_each_by_itself() -> None:
    images = still(channels=2)
    images[10:, ..., 1] = 200
    found = linear(1).stack(images, steady="on")
    alone = linear(1).stack(images[..., :1], steady="on")
    np.testing.assert_array_equal(found[..., :1], alone)


@pytest.mark.filterwarnings(NOTE)
def test_courses_do_not_mix() -> None:
    one, two = still(), 255 - still(20)[::-1]
    both = np.stack([one[..., 0], two[..., 0]], axis=1)
    denoiser = linear(1)
    found = denoiser.stack(both, axes="TZYX", steady="on")
    turned = denoiser.stack(both.swapaxes(0, 1), axes="ZTYX", steady="on")
    for place, images in enumerate((one, two)):
        wanted = denoiser.stack(images, steady="on")[..., 0]
        np.testing.assert_array_equal(found[:, place], wanted)
        np.testing.assert_array_equal(turned[place], wanted)


@pytest.mark.filterwarnings(NOTE, READ_SO)
def test_files_arrays_and_tiles_give_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, notes = still(10, side=200)[..., 0], list[str]()
    tifffile.imwrite(tmp_path / "a.tif", images, metadata={"axes": "TYX"}, imagej=True)
    wanted = linear(1, scale=0.5).stack(images, steady="on")
    linear(1, scale=0.5).denoise_file(
        tmp_path / "a.tif", tmp_path / "b.tif", options=ON, note=notes.append
    )
    assert notes == [Course("T", 10, 1).note]
    np.testing.assert_array_equal(read_stack(tmp_path / "b.tif")[0][..., 0], wanted)
    monkeypatch.setattr(
        "unnoise.denoiser.passes.plan_tiles", lambda *given, **_: plan_tiles(*given, side=64)
    )
    tiled = linear(1, scale=0.5)
    np.testing.assert_array_equal(tiled.stack(images, steady="on"), wanted)
    detailed = tiled.stack(images, steady="on", detail=1.0, hot_pixels=True)
    assert flicker(detailed) < 0.6 * flicker(tiled.stack(images, detail=1.0))


def test_one_image_of_a_file_is_not_blended(tmp_path: Path) -> None:
    images, notes = still(4)[..., 0], list[str]()
    tifffile.imwrite(tmp_path / "a.tif", images, metadata={"axes": "TYX"}, imagej=True)
    denoiser = linear(1)
    with open_image(tmp_path / "a.tif") as reader:
        view = denoiser.sight.of_reader(reader, ON)
        found = denoiser.denoise_image(reader, 3, ON, view, note=notes.append)
    np.testing.assert_array_equal(found[..., 0], images[3])
    assert notes == ["one image alone is not blended with those before it"]


@pytest.mark.filterwarnings(NOTE, READ_SO)
def test_the_input_comes_back_exactly_at_strength_0() -> None:
    images = still(dtype="u2")
    np.testing.assert_array_equal(linear(1).stack(images, steady="on", strength=0), images)
    half = linear(1).stack(images, steady="on", strength=0.5).astype(float)
    full = linear(1).stack(images, steady="on").astype(float)
    np.testing.assert_allclose(half, (full + images) / 2, atol=1)


@pytest.mark.filterwarnings(NOTE, READ_SO, "ignore:the fourth channel")
def test_holes_and_transparency_stay() -> None:
    images = still(8)[..., 0].astype(np.float32) / np.float32(255)
    images[:, 10:20, 10:20] = np.nan
    images[4, 40:45, 40:45] = np.nan
    found = linear(1).stack(images, steady="on", nan="keep")
    np.testing.assert_array_equal(np.isnan(found), np.isnan(images))
    np.testing.assert_array_equal(found[5, 40:45, 40:45], images[5, 40:45, 40:45])
    rgba = np.concatenate([still(8, 3), np.full((8, 64, 64, 1), 200, np.uint8)], axis=-1)
    rgba[:, :8, :, 3] = 0
    clean = linear(3, shift=(0.0, 0.0, 0.0)).stack(rgba, steady="on")
    np.testing.assert_array_equal(clean[..., 3], rgba[..., 3])


@pytest.mark.filterwarnings(NOTE)
def test_photo_flickers_less_than_half() -> None:
    random = np.random.default_rng(0)
    y, x = np.mgrid[:128, :128]
    clean = 120 + 50 * np.sin(x / 9) * np.cos(y / 7) + 30 * (x % 32 < 16)
    noisy = clean + 25 * random.standard_normal((30, 128, 128))
    images = np.rint(noisy).clip(0, 255).astype(np.uint8)
    photo = Denoiser.load("photo")
    before, after = (photo.stack(images, steady=use).astype(float) for use in ("off", "on"))
    assert after.std(0).mean() < 0.5 * before.std(0).mean()
    assert np.square(after - clean).mean() < np.square(before - clean).mean()
