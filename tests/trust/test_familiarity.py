import numpy as np
import pytest
from blur import Blur, blur
from torch import Tensor
from torch.nn import functional as F

from unnoise import Denoiser
from unnoise.denoiser.torch_backend import TorchBackend
from unnoise.trust.familiarity import (
    SIDES,
    familiarity,
    image_statistics,
    learn_kind,
    statistics_count,
    window_sizes,
    windows,
)

RANDOM = np.random.default_rng(0)


def stripes(count: int, frequency: float, size: tuple[int, int] = (64, 64)) -> list[np.ndarray]:
    y, x = np.mgrid[: size[0], : size[1]]
    angles, phases = RANDOM.uniform(0, np.pi, count), RANDOM.uniform(0, 6, count)
    return [
        (0.5 + 0.4 * np.sin(frequency * (x * np.cos(a) + y * np.sin(a)) + p))[None].astype("f4")
        for a, p in zip(angles, phases, strict=True)
    ]


def denoised(images: list[np.ndarray]) -> list[np.ndarray]:
    return list(blur().denoise_floats(np.stack(images)))


def test_p_values_of_images_like_those_in_training_are_uniform() -> None:
    size = (64, 64)
    kind = learn_kind(blur(), stripes(400, 0.3), size, 200, seed=0)
    assert kind is not None
    found = [familiarity(image, [kind]) for image in denoised(stripes(200, 0.3))]
    values = np.sort([each.p_value for each in found if each])
    assert np.abs(values - np.linspace(0, 1, 200)).max() < 0.2
    assert np.mean([each.excess > 1 for each in found if each]) <= 0.05


def test_other_images_are_unlike() -> None:
    kind = learn_kind(blur(), stripes(200, 0.3), (64, 64), 100, seed=0)
    assert kind is not None
    for image in denoised(stripes(20, 0.9)):
        found = familiarity(image, [kind])
        assert found is not None
        assert found.p_value < 0.02
        assert found.excess > 1


class Vignette(Blur):
    """The mean of 9 × 9 pixels, where outside of what it sees all is black."""

    def __init__(self) -> None:
        super().__init__()
        self.receptive_field = 9

    def forward(self, noisy: Tensor) -> Tensor:
        return F.avg_pool2d(noisy, 9, stride=1, padding=4)


def test_windows_of_training_images_are_denoised_with_what_surrounds_them() -> None:
    denoiser = Denoiser(TorchBackend(Vignette()), blur().info)
    kind = learn_kind(denoiser, stripes(60, 0.3, (200, 200)), (24, 24), 200, seed=0)
    assert kind is not None
    images = denoiser.denoise_floats(np.stack(stripes(20, 0.3, (200, 200))))
    found = [familiarity(image[:, 20:-20, 20:-20], [kind]) for image in images]
    assert min(each.p_value for each in found if each) > 0.05


def test_the_largest_windows_that_fit_are_compared() -> None:
    images = stripes(40, 0.3, (120, 130))
    sizes = window_sizes(images)
    assert sizes == [(24, 24), (48, 48), (96, 96)]
    kinds = [learn_kind(blur(), images, size, 30, seed=0) for size in sizes]
    large = familiarity(images[0], [kind for kind in kinds if kind])
    small = familiarity(images[0][:, :30, :30], [kind for kind in kinds if kind])
    assert large
    assert small
    assert familiarity(images[0][:, :20], [kind for kind in kinds if kind]) is None
    assert windows(images[0], 48, 48).shape == (4, 1, 48, 48)


def test_small_images_of_one_size_are_compared_whole() -> None:
    assert window_sizes(stripes(5, 0.3, (28, 20))) == [(28, 20)]
    assert window_sizes(stripes(5, 0.3, (300, 300))) == [(side, side) for side in SIDES]


def test_too_few_images_teach_nothing() -> None:
    assert learn_kind(blur(), stripes(3, 0.3), (64, 64), 20, seed=0) is None


@pytest.mark.parametrize("size", [(4, 4), (5, 9), (64, 64), (200, 30)])
def test_statistics_exist_for_every_size_and_ignore_the_place(size: tuple[int, int]) -> None:
    image = np.stack(stripes(2, 0.5, size))
    found = image_statistics(image)
    assert np.isfinite(found).all()
    assert found.shape[1] == statistics_count(*size)
    np.testing.assert_allclose(image_statistics(np.zeros_like(image)), 0)
