"""Raw files and mosaics from end to end: refused or denoised by their colours, and trained on."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

import unnoise
from raws import mosaic_of, stored, write_dng
from unnoise.api.denoising import denoise_files, load_built_ins
from unnoise.api.one_file import FileResult
from unnoise.api.training import train
from unnoise.denoiser import Outputs
from unnoise.images import ReadOptions, read_stack, write_stack

NOISE = 0.02


@pytest.fixture(scope="module")
def photo() -> unnoise.Denoiser:
    return unnoise.load("photo")


def scene(height: int = 192, width: int = 193) -> Any:
    """Return smooth colours with edges, ``(height, width, 3)``, from 0 to 1."""
    y, x = np.mgrid[:height, :width] / 96
    colours = np.stack([0.5 + 0.4 * np.sin(3 * x), 0.4 + 0.2 * np.cos(4 * y), 0.2 + 0.2 * x], -1)
    return np.where((x + y < 1.5)[..., None], colours, 0.6 * colours[..., ::-1])


def noisy_and_clean() -> tuple[Any, Any]:
    clean = mosaic_of(scene())
    return clean + np.random.default_rng(0).normal(0, NOISE, clean.shape), clean


def go(denoiser: unnoise.Denoiser, path: Path, **read: Any) -> FileResult:
    outputs = Outputs(out=path.parent / "out", overwrite=True)
    (found,) = denoise_files(denoiser, [path], outputs=outputs, read=ReadOptions(**read))
    return found


@pytest.mark.parametrize("ending", [".tif", ".npy", ".png"])
def test_a_mosaic_is_refused_with_advice_and_denoised_by_its_colours(
    photo: unnoise.Denoiser, tmp_path: Path, ending: str
) -> None:
    noisy, clean = noisy_and_clean()
    path, result = tmp_path / f"a{ending}", tmp_path / f"out/a{ending}"
    write_stack(path, stored(noisy))
    refused = go(photo, path)
    assert refused.error is not None
    assert "--mosaic RGGB (or BGGR, GRBG, GBRG)" in refused.error
    assert "--mosaic none" in refused.error
    assert not result.exists()
    assert go(photo, path, mosaic="none").error is None
    assert go(photo, path, mosaic="RGGB").error is None
    made: Any = read_stack(result)[0][0, ..., 0]
    assert (made.shape, made.dtype) == (noisy.shape, np.uint16)
    errors = (made - stored(clean).astype(float)) / stored(np.ones(1)).astype(float)
    for row in (0, 1):
        for column in (0, 1):
            assert errors[row::2, column::2].std() < NOISE / 2


def test_plain_images_are_not_refused(photo: unnoise.Denoiser, tmp_path: Path) -> None:
    image = scene().mean(2) + np.random.default_rng(0).normal(0, NOISE, (192, 193))
    tifffile.imwrite(tmp_path / "a.tif", stored(image))
    assert go(photo, tmp_path / "a.tif").error is None


def test_a_raw_file_is_denoised(photo: unnoise.Denoiser, tmp_path: Path) -> None:
    noisy, clean = (
        write_dng(tmp_path / f"{name}.dng", stored(values))
        for name, values in zip(("noisy", "clean"), noisy_and_clean(), strict=True)
    )
    found = go(photo, noisy)
    assert (found.error, found.output) == (None, str(tmp_path / "out/noisy.tif"))
    with unnoise.images.open_image(noisy) as given, unnoise.images.open_image(clean) as wanted:
        before, truth = given.image(0).astype(float), wanted.image(0).astype(float)
    after = tifffile.imread(tmp_path / "out/noisy.tif")
    assert after.dtype == np.uint16
    assert (after - truth).std() < 0.7 * (before - truth).std()


def test_other_formats_hold_raw_files_but_no_mosaics(
    photo: unnoise.Denoiser, tmp_path: Path
) -> None:
    noisy, _ = noisy_and_clean()
    raw = write_dng(tmp_path / "a.dng", stored(noisy))
    np.save(tmp_path / "b.npy", stored(noisy))
    outputs = Outputs(out=tmp_path / "out", format="png")
    made, refused = denoise_files(
        photo, [raw, tmp_path / "b.npy"], outputs=outputs, read=ReadOptions()
    )
    assert (made.error, made.lost) == (None, ("make", "model"))
    assert refused.error is not None
    read = ReadOptions(mosaic="RGGB")
    (refused,) = denoise_files(photo, [tmp_path / "b.npy"], outputs=outputs, read=read)
    assert "is a mosaic, whose results have its format" in str(refused.error)


def test_raw_files_and_mosaics_are_training_data(tmp_path: Path) -> None:
    (tmp_path / "raws").mkdir()
    random = np.random.default_rng(0)
    for number in range(3):
        noise = random.normal(0, NOISE, (96, 96))
        values = stored(mosaic_of(scene(96, 96)) + noise)
        write_dng(tmp_path / f"raws/{number}.dng", values)
    short: dict[str, Any] = {"steps": 2, "batch_size": 2, "patch": 32, "stride": 1}
    assert train(str(tmp_path / "raws"), out=tmp_path / "a", **short).info.channels == 3
    np.save(tmp_path / "a.npy", values)
    taught = train(str(tmp_path / "a.npy"), mosaic="RGGB", out=tmp_path / "b", **short)
    assert taught.info.channels == 4
    assert 'mosaic = "RGGB"' in (tmp_path / "b/config.toml").read_text(encoding="utf-8")
    assert go(taught, tmp_path / "a.npy", mosaic="RGGB").error is None


def test_photo_is_chosen_for_mosaics(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", stored(noisy_and_clean()[0]), photometric="minisblack")
    outputs, read = Outputs(out=tmp_path / "out"), ReadOptions(mosaic="RGGB")
    (found,) = denoise_files(load_built_ins(), [tmp_path / "a.tif"], outputs=outputs, read=read)
    assert (found.model, found.chosen) == ("photo", "a mosaic of a camera")
