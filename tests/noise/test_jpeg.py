"""Compression loses what libjpeg loses."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data
from torch import Tensor

from unnoise.noise import parse_noise
from unnoise.seeding import generator

CLEAN = data.astronaut()[:256, :256]


def as_batch(image: np.ndarray) -> Tensor:
    return torch.from_numpy(image.copy()).permute(2, 0, 1)[None] / 255


def psnr(image: Tensor, clean: Tensor) -> float:
    return float(-10 * torch.log10((image - clean).square().mean()))


@pytest.mark.parametrize("quality", [10, 30, 75, 95, 100])
@pytest.mark.parametrize("half", [0, 1])
def test_it_loses_as_much_as_libjpeg(quality: int, half: int) -> None:
    stream = io.BytesIO()
    sampling = "4:2:0" if half else "4:4:4"
    Image.fromarray(CLEAN).save(stream, "JPEG", quality=quality, subsampling=sampling)
    reference = psnr(as_batch(np.asarray(Image.open(stream))), as_batch(CLEAN))
    noise = parse_noise(f"jpeg:{quality}(half={half})")
    found = psnr(noise(as_batch(CLEAN), generator(0)), as_batch(CLEAN))
    assert found == pytest.approx(reference, abs=0.4)  # blocks begin elsewhere


def test_grey_images_and_odd_sizes_keep_their_shape() -> None:
    for shape in ((2, 1, 1, 1), (1, 3, 5, 31), (1, 2, 17, 9)):
        noisy = parse_noise("jpeg:50")(torch.rand(shape), generator(0))
        assert noisy.shape == shape
        assert noisy.min() >= 0
        assert noisy.max() <= 1


def test_a_crop_begins_anywhere_in_a_block() -> None:
    clean = as_batch(CLEAN)
    made = [parse_noise("jpeg:40(half=0)")(clean, generator(seed)) for seed in range(4)]
    assert len({each.sum().item() for each in made}) > 2
