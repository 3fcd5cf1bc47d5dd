import numpy as np
import pytest
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity

from unnoise.metrics import METRICS, mse, psnr, ssim


@pytest.mark.parametrize("shape", [(3, 1, 28, 28), (2, 3, 17, 40), (1, 1, 7, 7)])
def test_metrics_equal_scikit_image(shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(0)
    clean = random.random(shape, np.float32)
    noisy = (clean + 0.2 * random.standard_normal(shape, np.float32)).clip(0, 1)
    for i in range(shape[0]):
        pair = clean[i], noisy[i]
        assert mse(noisy, clean)[i] == pytest.approx(mean_squared_error(*pair))
        assert psnr(noisy, clean)[i] == pytest.approx(peak_signal_noise_ratio(*pair, data_range=1))
        theirs = structural_similarity(
            *(image.astype(np.float64) for image in pair), data_range=1, channel_axis=0
        )
        assert ssim(noisy, clean)[i] == pytest.approx(theirs, abs=1e-9)


def test_equal_images() -> None:
    image = np.random.default_rng(0).random((2, 1, 9, 9), np.float32)
    assert [metric(image, image).tolist() for metric in METRICS.values()] == [
        [100, 100],
        [1, 1],
        [0, 0],
    ]


def test_ssim_is_not_defined_where_its_window_does_not_fit() -> None:
    tiny = np.zeros((2, 1, 6, 40), np.float32)
    assert np.isnan(ssim(tiny, tiny)).all()
