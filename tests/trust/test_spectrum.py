"""Noise with a grain: its covariance, the quality and the verdict under it, against the truth."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from blur import blur
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from unnoise import Denoiser
from unnoise.trust import Calibration, inspect
from unnoise.trust.evidence import Evidence
from unnoise.trust.familiarity import Kind, windows
from unnoise.trust.known import Known
from unnoise.trust.noise_level import NoiseLevel
from unnoise.trust.probing import ProbedImage, probe
from unnoise.trust.quality import sure
from unnoise.trust.spectrum import LAGS, find_spectrum
from unnoise.trust.structure import removed_structure

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]
SIDE, RIGHT = 192, 112  # pixels of a side; the column from which on there is texture
LEVEL, TEXTURE = 0.05, 0.1  # standard deviations
COARSE = 1.5  # pixels by which texture is blurred


def field(width: float, seed: int, count: int = 1) -> Doubles:
    """Return random values of variance 1, blurred by ``width`` pixels."""
    drawn = np.random.default_rng(seed).standard_normal((count, SIDE, SIDE))
    blurred = gaussian_filter(drawn, (0, width, width), mode="wrap")
    scaled: Doubles = blurred / np.sqrt(power(width).mean())
    return scaled


def power(width: float) -> Doubles:
    spike = np.zeros((SIDE, SIDE))
    spike[0, 0] = 1
    found: Doubles = np.abs(np.fft.fft2(gaussian_filter(spike, width, mode="wrap"))) ** 2
    return found


def scene(seed: int = 0) -> Floats:
    """Return an image that is flat on its left, and texture on its right."""
    image = 0.5 + TEXTURE * field(COARSE, 1000 + seed)
    image[..., :RIGHT] = 0.5
    return image.astype(np.float32)


def noisy_of(clean: Floats, width: float = 0.8, seed: int = 0) -> Floats:
    noisy: Floats = (clean + LEVEL * field(width, seed)).astype(np.float32)
    return noisy


class Wiener(Denoiser):
    """The best denoiser of these scenes: it knows where texture is, and both spectra."""

    width = 0.8
    first = RIGHT  # column from which on texture is kept

    def denoise_floats(self, images: Floats, view: object = None) -> Floats:  # noqa: ARG002
        texture, noise = (each / each.mean() for each in (power(COARSE), power(self.width)))
        gain = TEXTURE**2 * texture / (TEXTURE**2 * texture + LEVEL**2 * noise)
        made = 0.5 + np.fft.ifft2(np.fft.fft2(images - 0.5) * gain).real
        made[..., : self.first] = 0.5
        return made.astype(np.float32)

    def apart(self, view: object = None) -> "Wiener":  # noqa: ARG002
        return self


def wiener(width: float = 0.8, first: int = RIGHT, **said: Any) -> Wiener:
    plain = blur()
    made = Wiener(plain.backend, replace(plain.info, **said))
    made.width, made.first = width, first
    return made


def known_of(denoiser: Denoiser, noisy: Floats) -> tuple[ProbedImage, Known]:
    found = probe(denoiser.denoise_floats, noisy)
    grain = find_spectrum(found)
    assert grain is not None
    level = grain.level(found.restored)
    return found, Known(level, grain).measured_again(denoiser.denoise_floats, found)


@pytest.mark.parametrize("width", [0.6, 0.9])
def test_strength_and_correlation_are_those_of_the_noise(width: float) -> None:
    _, known = known_of(wiener(width), noisy_of(scene(), width))
    assert known.level.std == pytest.approx(LEVEL, rel=0.06)
    assert known.grain is not None
    true = np.exp(-(np.arange(4.0) ** 2) / (4 * width**2))  # a wider gaussian
    np.testing.assert_allclose(
        known.grain.correlation[0, 0, LAGS, LAGS : LAGS + 4], true, atol=0.09
    )
    means = field(width, 0)[0].reshape(48, 4, 48, 4).mean((1, 3))
    assert known.grain.share_of_means(4) == pytest.approx(16 * np.mean(means**2), rel=0.15)


# Of a wide grain, the planes that blocks are freed of take low frequencies: the colours weigh less.
@pytest.mark.parametrize(("width", "off"), [(0.5, 0.1), (0.8, 0.1), (1.5, 0.15)])
def test_channels_share_what_they_share(width: float, off: float) -> None:
    coloured = field(width, 1, 3)
    noise = LEVEL * (field(0.5, 0) + coloured - coloured.mean(axis=0))
    noisy = (np.repeat(scene(), 3, 0) + noise).astype(np.float32)
    grain = find_spectrum(probe(wiener().denoise_floats, noisy))
    assert grain is not None
    for shift in (0, 2):
        moved = np.roll(noise, -shift, 2)
        true = np.array([[np.mean(a * b) for b in moved] for a in noise])
        deviation = noise.std((1, 2))
        found = grain.correlation[..., LAGS, LAGS + shift]
        np.testing.assert_allclose(found, true / np.outer(deviation, deviation), atol=off)


def test_what_is_drawn_has_the_covariance() -> None:
    found, known = known_of(wiener(), noisy_of(scene()))
    assert known.grain is not None
    drawn = known.grain.draw(found.restored, np.random.default_rng(0))[0]
    assert drawn.std() == pytest.approx(known.level.std, rel=0.05)
    beside = np.mean(drawn[:, 1:] * drawn[:, :-1]) / drawn.var()
    assert beside == pytest.approx(known.grain.neighbours, abs=0.03)


def test_the_strength_follows_the_brightness() -> None:
    clean = np.full_like(scene(), 0.5)
    clean[:, : SIDE // 2] -= 0.2
    noise = 0.1 * clean * field(0.8, 0)
    given = (clean + noise).astype(np.float32)
    blank = np.zeros((1, 1, SIDE, SIDE), np.float32)
    grain = find_spectrum(ProbedImage(given, clean, blank + 1, blank))
    assert grain is not None
    np.testing.assert_allclose(np.sqrt(grain.variance(clean)), 0.1 * clean, rtol=0.25)
    assert grain.level(clean).std == pytest.approx(noise.std(), rel=0.06)


@pytest.mark.parametrize("width", [0.6, 0.9])
def test_the_error_is_told_where_that_for_white_noise_is_wrong(width: float) -> None:
    clean = scene()
    found, known = known_of(wiener(width), noisy_of(clean, width))
    estimated, true = known.error(found), float(np.mean((found.restored - clean) ** 2))
    assert isinstance(estimated, float)
    off = abs(10 * np.log10(estimated / true))
    assert off < 1
    assert abs(10 * np.log10(sure(found, NoiseLevel(LEVEL, 0.0, LEVEL**2)) / true)) > off + 0.5


def test_an_error_is_told_that_is_all_structure_that_was_lost() -> None:
    clean = scene()
    found, known = known_of(wiener(first=SIDE), noisy_of(clean))
    estimated, true = known.error(found), float(np.mean((found.restored - clean) ** 2))
    assert isinstance(estimated, float)
    assert abs(10 * np.log10(estimated / true)) < 1


def test_the_error_is_not_estimated_where_it_cannot_be_known() -> None:
    noisy = noisy_of(scene())
    found, known = known_of(wiener(), noisy)
    left = replace(known, follows=0.9 * known.level.variance(found.restored))
    assert "most of which was left" in str(left.error(found))
    assert ["with a grain was left, 90 %" in reason for reason in left.left(found)] == [True]
    assert known.left(found) == []
    # A blur leaves what may be structure.
    soft, doubtful = known_of(blur(), noisy)
    assert isinstance(doubtful.error(soft), str)
    assert doubtful.grain is not None
    unsure = replace(known, grain=replace(doubtful.grain, doubt=2.0))
    assert "too few flat places" in str(unsure.error(found))
    assert find_spectrum(probe(blur().denoise_floats, noisy[:, :20, :20])) is None
    assert find_spectrum(probe(blur().denoise_floats, 0 * noisy)) is None


def test_a_grain_that_was_removed_is_no_structure_and_a_stain_is() -> None:
    found, known = known_of(wiener(), noisy_of(scene()))
    assert known.grain is not None
    assert removed_structure(found, known.level) > 1
    assert abs(removed_structure(found, known.grain)) < 0.25
    lost, known = known_of(wiener(first=SIDE), noisy_of(scene()))
    assert known.grain is not None
    assert removed_structure(lost, known.grain) > 0.35


def calibrated() -> dict[str, Any]:
    """Return limits of such images."""
    clean = [windows(scene(seed), 96, 96) for seed in range(20, 60)]
    kind = Kind.of(np.concatenate(clean[::2]), np.concatenate(clean[1::2]))
    return Calibration(200, 0.02, 0.1, 0.3, 0.0, (kind,), 10.0).to_plain()


def test_a_good_result_is_trusted_and_one_that_lost_structure_is_not() -> None:
    said: dict[str, Any] = {"calibration": calibrated()}
    clean = scene(3)
    noisy = noisy_of(clean, seed=99)
    assert Evidence.of(noisy).grainy
    good = inspect(wiener(**said), noisy[0])
    assert (good.verdict, good.psnr_untold) == ("trust", None)
    true = -10 * np.log10(np.mean((good.image - clean[0]) ** 2))
    assert good.psnr == pytest.approx(true, abs=1)
    assert good.noise_level.std == pytest.approx(LEVEL, rel=0.1)
    lost = inspect(wiener(first=SIDE, **said), noisy[0])
    assert lost.verdict != "trust"
    assert any("structure was removed" in reason for reason in lost.reasons)
