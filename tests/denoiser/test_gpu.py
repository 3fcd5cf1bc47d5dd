"""What a GPU does otherwise: larger parts, pinned memory, compiled networks."""

from functools import partial

import numpy as np
import pytest
import torch

import unnoise
from unnoise.denoiser.networks import GPU
from unnoise.denoiser.tiles import plan_tiles
from unnoise.denoiser.torch_backend import TorchBackend, at_once
from unnoise.models import UNet

RANDOM = np.random.default_rng(0)


@pytest.mark.filterwarnings("ignore:its three channels have little in common")
@pytest.mark.parametrize("shape", [(40, 51), (40, 51, 3)])
def test_a_compiled_network_gives_the_same(
    shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = unnoise.load("photo", device="cpu", precision="fp32")
    assert isinstance(plain.backend, TorchBackend)
    # Without a compiler of C++ torch can still trace the network.
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    compiled = unnoise.Denoiser(TorchBackend(plain.backend.model, compiles=True), plain.info)
    noisy = RANDOM.random(shape, np.float32)
    np.testing.assert_allclose(compiled(noisy), plain(noisy), atol=1e-6)
    assert compiled.describe() == plain.describe()


def test_compiling_is_refused_without_a_gpu() -> None:
    with pytest.raises(unnoise.UnnoiseError, match="compile is set and the device is cpu"):
        unnoise.load("photo", device="cpu", compile=True)


def test_a_gpu_gets_a_screen_at_once() -> None:
    assert plan_tiles(UNet(), 2160, 3840, side=GPU.side).whole
    assert at_once(torch.device("cuda")) == GPU


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
@pytest.mark.parametrize("compile", [False, True])
def test_a_gpu_gives_what_the_cpu_gives(compile: bool) -> None:  # noqa: A002  the word of torch
    noisy = RANDOM.random((300, 200, 3), np.float32)
    expected = unnoise.load("photo", device="cpu", precision="fp32")(noisy)
    found = unnoise.load("photo", device="cuda", compile=compile)(noisy)
    assert np.abs(found - expected).mean() < 2e-3
