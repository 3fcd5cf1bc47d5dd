"""Images of one's own, from files to a denoiser: each objective on a small synthetic set."""

import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

import unnoise
from unnoise.api.reporting import draw_preview, write_report
from unnoise.api.training import default_out
from unnoise.errors import ConfigError, UnnoiseError
from unnoise.images import write_stack

SIGMA = 40
SIZE = 96
STEPS = 150  # of 8 patches of 64²: a few seconds

Image = NDArray[np.uint8]


def scene(number: int) -> NDArray[np.float64]:
    """Return a picture of discs and waves, ``(96, 96)``, 0 to 255."""
    random = np.random.default_rng(number)
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE
    picture: NDArray[np.float64] = 90 + 50 * np.sin(
        random.uniform(4, 12) * x + random.uniform(2, 9) * y
    )
    for _ in range(5):
        disc = np.hypot(x - random.uniform(), y - random.uniform()) < random.uniform(0.05, 0.2)
        picture[disc] = random.uniform(20, 235)
    return picture


def noisy(clean: NDArray[np.float64], seed: int) -> Image:
    noise = np.random.default_rng(seed).normal(0, SIGMA, clean.shape)
    return np.rint(clean + noise).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with ``noisy/``, ``clean/`` and ``captures/`` of twelve scenes."""
    here = tmp_path_factory.mktemp("own images")
    for i in range(12):
        clean = scene(i)
        write_stack(here / f"clean/{i}.png", clean.astype(np.uint8))
        write_stack(here / f"noisy/{i}.png", noisy(clean, i))
        for capture in (1, 2):
            write_stack(here / f"captures/s{i}_{capture}.png", noisy(clean, 100 * capture + i))
    return here


def gain(denoiser: unnoise.Denoiser) -> float:
    """Return the mean gain in dB on scenes that no training saw."""
    gains = []
    for i in range(50, 54):
        clean, seen = scene(i), noisy(scene(i), i)
        before, after = (np.mean((image - clean) ** 2) for image in (seen, denoiser(seen) * 1.0))
        gains.append(10 * np.log10(before / after))
    return float(np.mean(gains))


@pytest.mark.parametrize(
    ("source", "settings", "objective"),
    [
        ("noisy", {"targets": "clean"}, "supervised"),
        ("clean", {"noise": f"gaussian:{SIGMA / 255:.3f},clip"}, "supervised"),
        ("captures", {"objective": "noise2noise"}, "noise2noise"),
        ("noisy", {}, "neighbor2neighbor"),
        ("noisy", {"objective": "noise2void"}, "noise2void"),
        ("noisy", {"objective": "noise2void", "replacement": "median"}, "noise2void"),
    ],
)
def test_every_objective_gains_more_than_3_db(
    folder: Path, source: str, settings: dict[str, Any], objective: str
) -> None:
    given = {k: folder / v if k == "targets" else v for k, v in settings.items()}
    denoiser = unnoise.train(
        folder / source, steps=STEPS, patch=64, model="unet", say=lambda _: None, **given
    )
    assert denoiser.info.objective.startswith(objective)
    assert denoiser.info.reason
    assert gain(denoiser) > 3


@pytest.mark.parametrize(
    ("source", "settings", "objective"),
    [
        ("clean", {"noise": "gaussian:0.1", "gamma": 1.0}, "neighbor2neighbor"),
        ("clean", {"noise": "gaussian:0.1", "stride": 2}, "neighbor2neighbor or noise2void"),
        ("noisy", {"targets": "clean", "structure": "horizontal"}, "neighbor2neighbor or"),
        ("captures", {"objective": "noise2noise", "replacement": "median"}, "noise2void"),
        ("noisy", {"objective": "noise2void", "gamma": 1.0}, "neighbor2neighbor"),
        ("noisy", {"objective": "neighbor2neighbor", "replacement": "median"}, "noise2void"),
    ],
)
def test_a_setting_that_the_objective_does_not_obey_is_refused(
    folder: Path, source: str, settings: dict[str, Any], objective: str
) -> None:
    given = {k: folder / v if k == "targets" else v for k, v in settings.items()}
    with pytest.raises(ConfigError, match=f"is for {objective}.* leave it out"):
        unnoise.train(folder / source, steps=1, say=lambda _: None, **given)


def test_structured_noise_is_not_learned(tmp_path: Path) -> None:
    """Along rows the noise is the same for some pixels, which noise2void alone would keep."""
    for i in range(8):
        rows = np.random.default_rng(i).normal(0, SIGMA, (SIZE, SIZE // 4)).repeat(4, axis=1)
        image = np.rint(scene(i) + rows).clip(0, 255).astype(np.uint8)
        write_stack(tmp_path / f"{i}.png", image)

    def residual(structure: Any) -> float:
        denoiser = unnoise.train(
            tmp_path,
            steps=STEPS,
            patch=64,
            model="unet",
            objective="noise2void",
            structure=structure,
            stride=1,
            say=lambda _: None,
        )
        rows = np.random.default_rng(99).normal(0, SIGMA, (SIZE, SIZE // 4)).repeat(4, axis=1)
        image = np.rint(scene(50) + rows).clip(0, 255).astype(np.uint8)
        return float(np.mean((denoiser(image) - scene(50)) ** 2))

    assert residual("horizontal") < 0.8 * residual("none")


def test_one_noisy_image_is_enough() -> None:
    clean = np.tile(scene(3), (3, 3))
    image = noisy(clean, 5)
    denoiser = unnoise.train(image, steps=STEPS, patch=64, model="unet", say=lambda _: None)
    before, after = (np.mean((x * 1.0 - clean) ** 2) for x in (image, denoiser(image)))
    assert 10 * np.log10(before / after) > 3


def test_twelve_bits_in_sixteen_and_floats_of_any_scale() -> None:
    stack = np.stack([noisy(scene(i), i) for i in range(6)])
    clean = np.stack([scene(i) for i in range(50, 54)])
    seen = np.stack([noisy(scene(i), i) for i in range(50, 54)])
    for factor, dtype in ((4095 / 255, np.uint16), (-30.0, np.float32)):
        scaled = (stack * factor).astype(dtype)
        denoiser = unnoise.train(
            scaled, axes="NYX", steps=STEPS, patch=64, model="unet", say=lambda _: None
        )
        kept = denoiser.info.value_range
        assert kept is not None
        assert kept["high"] == 4095 if dtype == np.uint16 else kept["low"] < -4000
        result = denoiser.stack((seen * factor).astype(dtype))
        assert result.dtype == dtype
        before, after = (
            np.mean((x.astype(np.float64) / factor - clean) ** 2) for x in (seen * factor, result)
        )
        assert 10 * np.log10(before / after) > 3


def test_a_noisy_only_run_is_resumed_to_the_same_weights(folder: Path, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"steps": 40, "patch": 32, "model": "unet", "batch_size": 2}
    whole = unnoise.train(folder / "noisy", out=tmp_path / "whole", **settings)

    class Stop(Exception):  # noqa: N818  it stands for a kill, not for an error
        pass

    def stop(progress: Any) -> None:
        if progress.step >= 20:
            raise Stop

    with pytest.raises(Stop):
        unnoise.train(folder / "noisy", out=tmp_path / "cut", report=stop, **settings)
    resumed = unnoise.train(out=tmp_path / "cut", resume=True, say=lambda _: None)
    image = noisy(scene(60), 1)
    np.testing.assert_array_equal(whole(image), resumed(image))
    assert resumed.info.reason == whole.info.reason
    config = (tmp_path / "cut/config.toml").read_text(encoding="utf-8")
    assert config.startswith("# neighbor2neighbor: only noisy images")


def test_a_run_in_its_own_data_is_no_data_and_changes_are_noticed(tmp_path: Path) -> None:
    for i in range(3):
        write_stack(tmp_path / f"{i}.png", noisy(scene(i), i))
    settings: dict[str, Any] = {"steps": 4, "patch": 32, "model": "unet", "batch_size": 2}
    unnoise.train(tmp_path, out=tmp_path / "run", **settings)
    draw_preview(tmp_path / "run")
    resumed = unnoise.train(out=tmp_path / "run", resume=True, say=lambda _: None)
    assert resumed.info.trained["steps"] == 4
    write_stack(tmp_path / "3.png", noisy(scene(3), 3))
    with pytest.raises(UnnoiseError, match="were changed since"):
        unnoise.train(out=tmp_path / "run", resume=True, say=lambda _: None)


def test_pairs_in_tar_shards_are_learned_from_and_reported(folder: Path, tmp_path: Path) -> None:
    for shard in range(3):
        with tarfile.open(tmp_path / f"s-{shard}.tar", "w") as tar:
            for i in range(shard, 12, 3):
                tar.add(folder / f"noisy/{i}.png", f"{i}.noisy.png")
                tar.add(folder / f"clean/{i}.png", f"{i}.clean.png")
    run = tmp_path / "run"
    shards = f"{tmp_path}/s-{{0..2}}.tar"
    denoiser = unnoise.train(shards, patch=64, steps=STEPS // 3, out=run)
    assert gain(denoiser) > 2
    page, evaluation = write_report(run)
    assert page.is_file()
    assert evaluation is not None
    assert default_out({"data": shards}).name == tmp_path.name
    with (tmp_path / "s-1.tar").open("ab") as file:
        file.write(bytes(10_240))
    with pytest.raises(UnnoiseError, match="were changed since"):
        unnoise.train(out=run, resume=True, say=lambda _: None)


def test_an_image_is_seen_alike_in_a_file_in_memory_and_in_a_stack(tmp_path: Path) -> None:
    """A model that learned from grainy and from white noise tells them apart everywhere."""
    random = np.random.default_rng(0)
    white = random.standard_normal((2, 200, 200))
    grain = gaussian_filter(random.standard_normal((2, 200, 200)), (0, 0.8, 0.8))
    drawn = np.stack([noise / noise.std() for noise in (*white, *grain)])
    stack = np.rint(120 + 30 * drawn).clip(0, 255).astype(np.uint8)
    denoiser = unnoise.train(stack, axes="NYX", steps=3, patch=32, model="unet", say=lambda _: None)
    assert denoiser.info.strides == (1, 2)
    together = denoiser.stack(stack)
    np.save(tmp_path / "stack.npy", stack[..., None])
    denoiser.denoise_file(tmp_path / "stack.npy", tmp_path / "out.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy")[..., 0], together)
    for image, expected in zip(stack, together, strict=True):
        np.testing.assert_array_equal(denoiser(image), expected)


@pytest.mark.parametrize(("factor", "dtype"), [(1.0, np.uint8), (4095 / 255, np.uint16)])
def test_clean_images_may_be_float_means_in_the_unit_of_the_captures(
    tmp_path: Path, factor: float, dtype: type[np.generic]
) -> None:
    for i in range(3):
        write_stack(tmp_path / f"noisy/{i}.tif", (noisy(scene(i), i) * factor).astype(dtype))
        write_stack(tmp_path / f"clean/{i}.tif", (scene(i) * factor).astype(np.float32))
    ours, theirs, out = tmp_path / "noisy", tmp_path / "clean", tmp_path / "run"
    denoiser = unnoise.train(ours, targets=theirs, steps=2, patch=32, model="unet", out=out)
    expected = pytest.approx(16.5, abs=1.5)
    assert denoiser.info.trained["noisy_psnr"] == expected
    evaluation = unnoise.evaluate(denoiser, ours, targets=theirs, baselines=False)
    assert evaluation.mean("noisy", "psnr") == expected
    assert draw_preview(out).is_file()


def test_noise_beside_pairs_is_for_training_alone(folder: Path) -> None:
    """What was held out is measured as it is, and the model is one of pairs."""
    ours, theirs = folder / "noisy", folder / "clean"
    made = [
        unnoise.train(ours, targets=theirs, noise=noise, steps=2, model="unet", seed=3)
        for noise in (None, "gaussian:0.3")
    ]
    infos = [denoiser.info for denoiser in made]
    assert infos[0].trained["noisy_psnr"] == infos[1].trained["noisy_psnr"]
    assert infos[1].noise == ""
    assert "--noise gaussian:0.3 is added" in infos[1].reason
    image = noisy(scene(0), 0)
    assert not np.array_equal(made[0](image), made[1](image))


def test_evaluation_with_targets(folder: Path, tmp_path: Path) -> None:
    denoiser = unnoise.train(folder / "noisy", targets=folder / "clean", steps=20, model="unet")
    evaluation = unnoise.evaluate(
        denoiser, folder / "noisy", targets=folder / "clean", baselines=False
    )
    assert len(evaluation.per_image["noisy"]["psnr"]) == 12
    assert evaluation.mean("noisy", "psnr") == pytest.approx(16.5, abs=1)
    # Pairs in one folder are found, and are not made noisier.
    for side in ("noisy", "clean"):
        (tmp_path / side).symlink_to(folder / side)
    found = unnoise.evaluate(denoiser, tmp_path, baselines=False)
    np.testing.assert_array_equal(
        found.per_image["noisy"]["psnr"], evaluation.per_image["noisy"]["psnr"]
    )
    with pytest.raises(UnnoiseError, match="bring their own noise"):
        unnoise.evaluate(denoiser, tmp_path, noise="gaussian:0.1")
    alone = unnoise.train(folder / "noisy", steps=2, model="unet")
    with pytest.raises(UnnoiseError, match="trained on noisy images, so say"):
        unnoise.evaluate(alone, folder / "clean")


def test_a_list_of_arrays(tmp_path: Path) -> None:
    images = [noisy(scene(i), i) for i in range(3)]
    quiet: dict[str, Any] = {
        "steps": 4,
        "batch_size": 2,
        "patch": 32,
        "validation": 0.2,
        "out": tmp_path / "r",
    }
    denoiser = unnoise.train(images, noise="gaussian:0.1", **quiet)
    assert denoiser(images[0]).shape == images[0].shape
    with pytest.raises(UnnoiseError, match="list of images is empty"):
        unnoise.train([], noise="gaussian:0.1", out=tmp_path / "s")


def test_a_range_that_was_given_is_kept_in_run_and_model(tmp_path: Path) -> None:
    image = (noisy(scene(1), 1) * 2.0).astype(np.float32)
    quiet: dict[str, Any] = {"noise": "gaussian:0.1", "steps": 4, "batch_size": 2, "patch": 32}
    unnoise.train(image, range=(-10, 600), out=tmp_path, **quiet)
    denoiser = unnoise.train(image, steps=6, out=tmp_path, resume=True)
    assert denoiser.info.value_range is not None
    assert (denoiser.info.value_range["low"], denoiser.info.value_range["high"]) == (-10, 600)
    with pytest.raises(UnnoiseError, match="range"):
        unnoise.train(image, range=(0, 600), out=tmp_path, resume=True)


def test_nan_in_a_folder_stops_neither_training_nor_preview_nor_report(tmp_path: Path) -> None:
    for i in range(3):
        image = scene(i).astype(np.float32)
        image[: 40 * (i == 1), :50] = np.nan
        write_stack(tmp_path / f"in/{i}.tif", image)
    quiet: dict[str, Any] = {"noise": "gaussian:0.1", "steps": 4, "batch_size": 2, "patch": 32}
    said: list[str] = []
    unnoise.train(tmp_path / "in", out=tmp_path / "left out", say=said.append, **quiet)
    assert any("1.tif" in line for line in said)
    unnoise.train(tmp_path / "in", out=tmp_path / "kept", nan="keep", **quiet)
    for run in ("left out", "kept"):
        assert draw_preview(tmp_path / run).exists()
        write_report(tmp_path / run)
