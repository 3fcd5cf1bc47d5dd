"""A new objective, model or noise is one file and one line in its table; these make them up."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Generator, Tensor, nn

import unnoise
from unnoise.cli import main
from unnoise.errors import UnnoiseError
from unnoise.models import MODELS, Architecture, Model
from unnoise.noise import NOISES, Corruption
from unnoise.objectives import OBJECTIVES, Batch, Drawn, Network, Objective

NAME = "made-up"


@dataclass(frozen=True)
class Halves(Objective):
    """Guess one half of the pixels from the other."""

    learns_from = "noisy"

    def draw(self, batch: Batch, generator: Generator) -> Drawn:
        (noisy,) = batch
        kept = torch.rand(noisy.shape, generator=generator, device=noisy.device) < 0.5
        return noisy, kept

    def losses(self, model: Network, drawn: Drawn) -> Tensor:
        noisy, kept = drawn
        return ((model(noisy * kept) - noisy) * ~kept).square().mean((1, 2, 3))


class OneLayer(Model):
    """One convolution."""

    def __init__(self, *, channels: int = 1) -> None:
        super().__init__()
        self.arguments, self.channels, self.receptive_field = {"channels": channels}, channels, 3
        self.layer = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, noisy: Tensor) -> Tensor:
        change: Tensor = self.layer(noisy)
        return noisy + change

    def features(self, noisy: Tensor) -> list[Tensor]:
        return [self.layer(noisy)]


def inverted(clean: Tensor, level: Tensor, generator: Generator) -> Tensor:
    """Turn a share of the pixels into their negatives."""
    chosen = torch.rand(clean.shape, generator=generator, device=clean.device) < level
    return torch.where(chosen, 1 - clean, clean)


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (8, 16, 16), np.uint8)


def refusal(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Return what the command line says of a wrong name."""
    with pytest.raises(SystemExit, match="2"):
        main(["train", "digits", "--steps", "1", *arguments])
    return capsys.readouterr().err


@pytest.mark.parametrize("others", [[], ["--gamma", "1"]])
def test_an_objective_is_one_line(
    others: list[str],
    images: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(OBJECTIVES, NAME, Halves)
    if others:
        said = refusal(["--objective", NAME, *others], capsys)
        assert f"is for neighbor2neighbor, and this training is {NAME}" in said
        return
    trained = unnoise.train(images, axes="NYX", objective=NAME, steps=2)
    assert trained.info.objective.startswith(NAME)
    assert trained(images[0]).shape == images[0].shape
    assert f"noise2void, interpolation, {NAME}" in refusal(["--objective", "other"], capsys)


def test_a_model_is_one_line(
    images: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(MODELS, NAME, Architecture(OneLayer))
    trained = unnoise.train(images, axes="NYX", noise="gaussian:0.1", model=NAME, steps=2)
    trained.save(tmp_path / "model.safetensors")
    again = unnoise.load(tmp_path / "model.safetensors")
    assert again.info.model == NAME
    assert np.array_equal(again(images[0]), trained(images[0]))
    assert f"mlp, {NAME}" in refusal(["--model", "other"], capsys)


def test_a_noise_is_one_line(
    images: np.ndarray, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(NOISES, NAME, Corruption(inverted, "share of pixels", high=1.0))
    spec = f"{NAME}:0.1..0.2+gaussian:0.1,clip"
    trained = unnoise.train(images, axes="NYX", noise=spec, steps=2)
    assert trained.info.noise == spec
    assert f"stain, {NAME}" in refusal(["--noise", "other:1"], capsys)
    with pytest.raises(UnnoiseError, match="share of pixels"):
        unnoise.train(images, axes="NYX", noise=f"{NAME}:2", steps=2)
