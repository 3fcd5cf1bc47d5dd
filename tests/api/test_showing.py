"""Slides, grids and previews of known content, through the functions that people call."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

import unnoise
from unnoise.api.sharing import made_for, title_of
from unnoise.cli import build_app
from unnoise.denoiser.description import duration, in_words
from unnoise.errors import ConfigError, OutputError
from unnoise.images import write_stack

SIDE = 96


@pytest.fixture(scope="module")
def photo() -> unnoise.Denoiser:
    return unnoise.load("photo", device="cpu", precision="fp32")


def cornered(side: int = SIDE) -> np.ndarray:
    """Return 12 bits of noise with a checkerboard in the lower left corner."""
    image = np.random.default_rng(0).normal(400, 10, (side, side))
    image[-32:, :32] += 600 * (np.indices((32, 32)).sum(0) // 8 % 2)
    return image.astype(np.uint16)


def drawn(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def run(*arguments: object) -> int:
    return build_app()([str(each) for each in arguments], exit_on_error=False) or 0


@pytest.mark.parametrize(
    ("shape", "axes", "options"),
    [
        ((8, 8), "YX", {}),
        ((40, 300), "YX", {}),
        ((SIDE, SIDE, 3), "YXS", {"photometric": "rgb"}),
        ((2, SIDE, SIDE), "CYX", {"channel": 1}),
        ((3, SIDE, SIDE), "TYX", {"index": 2, "crop": (10, 20, 30)}),
    ],
)
def test_a_slide_of_any_kind_of_image(
    photo: unnoise.Denoiser, tmp_path: Path, shape: tuple[int, ...], axes: str, options: Any
) -> None:
    image = np.random.default_rng(0).normal(500, 50, shape).astype(np.uint16)
    colour = {"photometric": options.pop("photometric", "minisblack")}
    tifffile.imwrite(tmp_path / "image.tif", image, metadata={"axes": axes}, **colour)
    for suffix in (".png", ".webp"):
        out = unnoise.figure(photo, tmp_path / "image.tif", tmp_path / f"slide{suffix}", **options)
        assert drawn(out).shape[1] == 1500
        assert 50 < drawn(out).mean() < 250


def test_a_slide_is_refused_before_the_work(photo: unnoise.Denoiser, tmp_path: Path) -> None:
    image = np.zeros((SIDE, SIDE), np.uint8)
    with pytest.raises(ConfigError, match=r"\.png, \.jpg"):
        unnoise.figure(photo, image, tmp_path / "slide.pdf")
    with pytest.raises(ConfigError, match="crop is 90 0 20"):
        unnoise.figure(photo, image, tmp_path / "slide.png", crop=(90, 0, 20))
    with pytest.raises(ConfigError, match="index is 1, and the file has 1 image, from 0 on"):
        unnoise.figure(photo, image, tmp_path / "slide.png", index=1)
    (tmp_path / "slide.png").write_bytes(b"")
    with pytest.raises(OutputError, match="--overwrite"):
        unnoise.figure(photo, image, tmp_path / "slide.png")
    assert [path.name for path in tmp_path.iterdir()] == ["slide.png"]


def test_the_command_of_a_slide_makes_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: dict[str, Any] = {}
    monkeypatch.setattr("unnoise.api.showing.figure", lambda *_, **options: said.update(options))
    write_stack(tmp_path / "my image.png", np.zeros((1, 8, 8, 1), np.uint8)[0])
    out = tmp_path / "s.png"
    words = ("--out", out, "--crop", 1, 2, 5, "--channel", 0, "--range", 0, 99, "--nan", "keep")
    run("figure", "photo", tmp_path / "my image.png", *words, "--hot-pixels")
    assert said["command"] == (
        f"unnoise figure photo '{tmp_path}/my image.png' --out {out} --crop 1 2 5 --channel 0 "
        "--hot-pixels --range 0.0 99.0 --nan keep"
    )


def test_show_labels_noisy_images_and_adds_no_noise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[list[str]] = []

    def grid(labelled: dict[str, object], **_: object) -> bytes:
        rows.append(list(labelled))
        return b""

    monkeypatch.setattr("unnoise.api.showing.draw_grid", grid)
    image = cornered()
    for folder in ("noisy", "day 1", "clean"):
        (tmp_path / folder).mkdir()
        tifffile.imwrite(tmp_path / folder / "a.tif", image)
    np.savez(tmp_path / "pairs.npz", noisy=image, clean=image)
    smooth = np.linspace(0, 255, 128 * 128).reshape(128, 128).astype(np.uint8)
    tifffile.imwrite(tmp_path / "smooth.tif", smooth)
    out, quiet = tmp_path / "g.png", "--quiet"
    for source in ("noisy", "pairs.npz", "clean", "smooth.tif"):
        run("show", tmp_path / source, "--out", out, "--overwrite", quiet)
    run("show", tmp_path / "noisy", "--noise", "mask:0.2", "--out", out, "--overwrite", quiet)
    assert rows == [
        ["noisy"],
        ["noisy", "clean"],
        ["clean", "with gaussian:0.1"],
        ["images", "with gaussian:0.1"],
        ["noisy", "with mask:0.2"],
    ]


def test_info_is_words(photo: unnoise.Denoiser, capsys: pytest.CaptureFixture[str]) -> None:
    run("info", "photo")
    text = capsys.readouterr().out
    assert "78.952 thousand" in text
    assert "noise that neighbouring pixels share, too" in text
    words_only = "\n".join(line for line in text.splitlines() if "gaussian:" not in line)
    assert not {"None", "(", ")", "{", "}", "[", "]", "'"} & {*words_only, *words_only.split()}
    run("info", "photo", "--json")
    assert json.loads(capsys.readouterr().out)["strides"] == [1]
    facts = photo.describe() | {"strides": (1, 2), "fixed_size": (28, 28), "channels": 4}
    words = in_words(facts | {"range": "0 to 4095 of uint16, 6.2 % of its values"})
    assert words["size of images"] == "28 × 28 pixels and no other"
    assert words["values of images"] == "0 to 4095 of 16-bit images, 6.2 % of their values"
    assert [duration(s) for s in (2.04, 95, 5567.3)] == ["2.0 s", "1 min 35 s", "1 h 32 min"]


def test_titles_say_what_a_model_is_for(photo: unnoise.Denoiser) -> None:
    assert title_of(photo, "photo") == "photo, a denoiser of photographs"
    assert "not made for other images, such as microscopy" in made_for(photo, "photo")
    assert title_of(photo, "runs/m/model.safetensors").startswith(
        "m, a denoiser trained on BSDS500"
    )


def test_a_page_of_maps_is_small_whatever_they_show(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for i in range(1):
        image = random.integers(0, 256, (128, 128, 3)).repeat(4, 0).repeat(4, 1)
        noisy = image + random.normal(0, 40, image.shape)
        write_stack(tmp_path / f"{i}.png", noisy.clip(0, 255).astype(np.uint8))
    page = tmp_path / "page.html"
    assert run("inspect", "photo", tmp_path, "--report", page, "--quiet") == 0
    assert page.stat().st_size < 15e6 / 48
    assert "Inspected with photo, a denoiser of photographs" in page.read_text(encoding="utf-8")
    assert page.read_text(encoding="utf-8").count("data:image/webp;base64,") == 1
