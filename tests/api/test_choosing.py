"""Which of the models in the package a file gets."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import unnoise
from unnoise.api.denoising import choose, denoise_files, load_built_ins
from unnoise.denoiser import DenoiseOptions, Outputs, Running
from unnoise.images import open_image, write_stack
from unnoise.pretrained import PRETRAINED

SIDE = 160


def dots(seed: int) -> NDArray[np.uint8]:
    """Return bright dots on a dark background, with noise, ``(160, 160)``."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE]
    image = np.full((SIDE, SIDE), 12.0)
    for top, left in random.uniform(0, SIDE, (40, 2)):
        image += 160 * np.exp(-((y - top) ** 2 + (x - left) ** 2) / 8)
    return np.rint(image + random.normal(0, 8, image.shape)).clip(0, 255).astype(np.uint8)


def photograph() -> NDArray[np.uint8]:
    """Return a part of a photograph with noise, ``(160, 160, 3)``."""
    from skimage import data

    part = data.astronaut()[20 : 20 + SIDE, 160 : 160 + SIDE]
    noise = np.random.default_rng(1).normal(0, 15, part.shape)
    noisy: NDArray[np.uint8] = np.rint(part + noise).clip(0, 255).astype(np.uint8)
    return noisy


@pytest.fixture(scope="module")
def dotted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small model of dots."""
    path = tmp_path_factory.mktemp("dots") / "dots.safetensors"
    images = np.stack([dots(seed) for seed in range(40)])
    unnoise.train(
        images, axes="NYX", model="unet", steps=60, patch=32, validation=0.6, say=lambda _: None
    ).save(path)
    return path


@pytest.fixture
def two(dotted: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, unnoise.Denoiser]:
    monkeypatch.delitem(PRETRAINED, "fluorescence")
    monkeypatch.setitem(PRETRAINED, "dots", dotted)
    return load_built_ins(Running(device="cpu", precision="fp32"))


def chosen(two: dict[str, unnoise.Denoiser], path: Path, image: NDArray[np.uint8]) -> str:
    write_stack(path, image)
    with open_image(path) as reader:
        return choose(two, reader, DenoiseOptions()).name


def test_each_image_gets_the_model_that_knows_it(
    two: dict[str, unnoise.Denoiser], tmp_path: Path
) -> None:
    for seed in (90, 91):
        assert chosen(two, tmp_path / f"{seed}.png", dots(seed)) == "dots"
    grey = photograph()[..., 1]
    assert chosen(two, tmp_path / "grey.png", grey) == "photo"


def test_colours_are_not_for_a_grey_model_and_equal_channels_are_no_colours(
    two: dict[str, unnoise.Denoiser], tmp_path: Path
) -> None:
    image = dots(90)
    colours = np.stack([image, dots(91), dots(92)], axis=-1)
    assert chosen(two, tmp_path / "colours.png", colours) == "photo"
    assert chosen(two, tmp_path / "equal.png", np.stack([image] * 3, axis=-1)) == "dots"


def test_what_is_too_small_to_tell_goes_to_the_first(
    two: dict[str, unnoise.Denoiser], tmp_path: Path
) -> None:
    assert chosen(two, tmp_path / "small.png", dots(90)[:20, :20]) == "photo"


def test_results_are_those_of_the_chosen_model_and_say_so(
    two: dict[str, unnoise.Denoiser], tmp_path: Path
) -> None:
    write_stack(tmp_path / "a.png", dots(90))
    write_stack(tmp_path / "b.png", photograph())
    (tmp_path / "c.png").write_bytes(b"no picture")
    results = list(denoise_files(two, [tmp_path], outputs=Outputs(out=tmp_path / "out")))
    assert [result.model for result in results] == ["dots", "photo", "photo"]
    assert "more like the training images of dots than like photographs" in str(results[0].chosen)
    assert "colour" in str(results[1].chosen)
    assert results[2].error is not None
    for result in results[:2]:
        assert result.model is not None
        outputs = Outputs(out=tmp_path / "alone")
        alone = list(denoise_files(two[result.model], [result.input], outputs=outputs))
        assert alone[0].output is not None
        assert result.output is not None
        assert Path(alone[0].output).read_bytes() == Path(result.output).read_bytes()
        assert (alone[0].verdict, alone[0].model) == (result.verdict, None)


def test_impulses_do_not_make_a_micrograph_of_a_photograph(tmp_path: Path) -> None:
    grey = photograph()[..., 1].copy()
    draw = np.random.default_rng(2).random(grey.shape)
    grey[draw < 0.01], grey[draw > 0.99] = 0, 255
    write_stack(tmp_path / "a.png", grey)
    (found,) = denoise_files(
        load_built_ins(), [tmp_path / "a.png"], outputs=Outputs(out=tmp_path / "o")
    )
    assert found.model == "photo"
