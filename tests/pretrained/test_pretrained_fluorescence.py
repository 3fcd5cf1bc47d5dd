"""The fluorescence denoiser that comes with the package keeps what its card says."""

import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import unnoise
from unnoise.api.denoising import choose, denoise_files, load_built_ins
from unnoise.api.sharing import made_for, title_of
from unnoise.denoiser import DenoiseOptions, Outputs, Running
from unnoise.denoiser.loading import locate
from unnoise.images import open_image, read_stack, write_stack
from unnoise.pretrained import PRETRAINED

FILE = PRETRAINED["fluorescence"]
TOOLS = Path(__file__).parents[2] / "tools"
SIDE = 128
Floats = NDArray[np.float64]


@pytest.fixture(scope="module")
def fluorescence() -> unnoise.Denoiser:
    return unnoise.load("fluorescence", device="cpu", precision="fp32")


def cells() -> Floats:
    """Return a nucleus, a filament of 2 pixels and some points on black, the brightest 1."""
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(float)
    image = 0.6 / (1 + np.exp(np.hypot((rows - 40) / 1.3, columns - 45) - 22))
    wave = 84 + 14 * np.sin(columns / 18)
    image += 0.8 * np.exp(-((rows - wave) ** 2) / 2)
    for y, x in ((20, 100), (60, 105), (112, 30), (40, 45), (118, 118)):
        image += np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 3)
    clipped: Floats = image.clip(0, 1)
    return clipped


def counted(photons: float, *, read_noise: float = 0.01) -> tuple[Floats, Floats]:
    """Return a capture and its truth."""
    random, clean = np.random.default_rng(0), cells()
    noisy = random.poisson(clean * photons) / photons
    return noisy + random.normal(0, read_noise, clean.shape), clean


def decibels(image: NDArray[np.generic], clean: Floats) -> float:
    return float(-10 * np.log10(np.mean((image.astype(float) - clean) ** 2)))


def test_it_is_small_and_says_what_it_is(fluorescence: unnoise.Denoiser) -> None:
    assert locate("fluorescence") == FILE
    assert all(FILE.with_suffix(end).stat().st_size <= 1.5e6 for end in (".safetensors", ".onnx"))
    facts = fluorescence.describe()
    assert (facts["channels"], facts["model"]) == (1, "unet-slim")
    assert facts["kmacs_per_pixel"] <= 25
    assert "/" not in facts["data"]
    assert title_of(fluorescence, "fluorescence") == "fluorescence, a denoiser of " + (
        "fluorescence micrographs"
    )
    assert "such as photographs" in made_for(fluorescence, "fluorescence")


# Decibels above the capture: a little below what was reached.
@pytest.mark.filterwarnings("ignore:values scaled by their range")
@pytest.mark.parametrize(("photons", "gain"), [(5, 10.0), (50, 8.5), (500, 6.0)])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_captures_of_few_and_many_photons_gain(
    fluorescence: unnoise.Denoiser, photons: float, gain: float, dtype: str
) -> None:
    noisy, clean = counted(photons)
    scale = {"uint8": 255.0, "uint16": 4095.0, "float32": 1.0}[dtype]
    offset = 0.1  # so that nothing is cut off at 0
    values = scale * (offset + 0.5 * noisy)
    given = (np.rint(values) if dtype != "float32" else values).clip(0, None).astype(dtype)
    before, after = (
        decibels((image / scale - offset) / 0.5, clean) for image in (given, fluorescence(given))
    )
    assert after > before + gain


def test_brightness_of_the_dark_and_of_the_cell_stays(fluorescence: unnoise.Denoiser) -> None:
    noisy, clean = counted(30)
    found = fluorescence((0.1 + 0.8 * noisy).astype(np.float32))
    for part in (np.s_[20:60, 35:55], np.s_[:16, :32]):
        assert found[part].mean() == pytest.approx(0.1 + 0.8 * clean[part].mean(), abs=0.01)


def test_a_result_is_judged_and_the_onnx_file_is_the_same(fluorescence: unnoise.Denoiser) -> None:
    noisy, _ = counted(50)
    given = (255 * noisy).clip(0, 255).astype(np.uint8)
    found = unnoise.inspect(fluorescence, given)
    assert found.verdict in ("trust", "check")
    assert found.familiarity is not None
    twin = unnoise.load(FILE.with_suffix(".onnx"))
    assert np.abs(twin(given).astype(int) - fluorescence(given)).max() <= 1


def test_real_captures_gain(fluorescence: unnoise.Denoiser, shared_data: Path) -> None:
    for name, gain in (("Confocal_FISH_2", 8.0), ("WideField_BPAE_R_3", 6.0)):
        noisy, clean = (
            read_stack(shared_data / "microscopy" / side / f"{name}.png")[0][
                0, 100:300, 100:300, 0
            ].astype(np.uint8)
            for side in ("noisy", "clean")
        )
        truth = clean / 255.0
        before, after = (
            decibels(image.astype(float) / 255, truth) for image in (noisy, fluorescence(noisy))
        )
        assert after > before + gain


def test_denoise_takes_it_for_micrographs_and_photo_for_photographs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skimage import data

    monkeypatch.syspath_prepend(TOOLS)
    tool = import_module("fluorescence")
    for number in range(6):
        random = np.random.default_rng([1, number])  # not those of the training
        light = tool.optics(tool.drawn_scene(random), random)
        noisy, _ = tool.Camera(30, 0.02, 0.0, 0.8, 0.05).pair(light, random)
        write_stack(tmp_path / f"drawn_{number}.png", noisy)
    noise = np.random.default_rng(1).normal(0, 15, (256, 256))
    picture = np.rint(data.camera()[64:320, 128:384] + noise).clip(0, 255)
    write_stack(tmp_path / "camera.png", picture.astype(np.uint8))
    models = load_built_ins(Running(device="cpu"))
    results = denoise_files(models, [tmp_path], outputs=Outputs(suffix="_out"))
    found = {Path(each.input).stem: each for each in results}
    camera = found.pop("camera")
    assert (camera.model, camera.chosen) == ("photo", "the image is most like photographs")
    taken = [str(each.chosen) for each in found.values() if each.model == "fluorescence"]
    assert len(taken) >= 3
    assert all("more like fluorescence micrographs than like photographs" in why for why in taken)


@pytest.mark.parametrize("name", ["Confocal_FISH_2", "TwoPhoton_MICE_1", "WideField_BPAE_G_3"])
def test_denoise_takes_it_for_real_captures(name: str, shared_data: Path) -> None:
    models = load_built_ins(Running(device="cpu"))
    with open_image(shared_data / f"microscopy/noisy/{name}.png") as reader:
        assert choose(models, reader, DenoiseOptions()).name == "fluorescence"


def test_the_card_has_the_figures_of_its_training(fluorescence: unnoise.Denoiser) -> None:
    card = FILE.with_suffix(".md").read_text(encoding="utf-8")
    assert f"{fluorescence.info.trained['steps']:,.0f} steps" in card
    assert re.search(r"Confocal_FISH.*WideField_BPAE_R", card, re.DOTALL)
