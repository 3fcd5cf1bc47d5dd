"""The share of a movement that a result has lost, on results whose share is known."""

import numpy as np
import pytest
from beside import film, mix
from scipy.ndimage import gaussian_filter

from unnoise.trust import inspect
from unnoise.trust.among import Among, adjacent, ring_mean
from unnoise.trust.noise_level import NoiseLevel
from unnoise.trust.smeared import Smeared, smeared
from unnoise.trust.spectrum import LAGS, Spectrum
from unnoise.types import Floats

GRAIN = 0.7  # pixels of a Gaussian filter


def noise(shape: tuple[int, ...], strength: float, seed: int, *, grain: bool = False) -> Floats:
    drawn = np.random.default_rng(seed).standard_normal(shape)
    if grain:
        drawn = np.stack([gaussian_filter(image, GRAIN) for image in drawn])
    scaled: Floats = (strength * drawn / drawn.std()).astype(np.float32)
    return scaled


def judged(
    clean: Floats,
    share: float,
    strength: float,
    seed: int,
    *,
    grain: bool = False,
    kept: int = 0,
    unmeasured: bool = False,
) -> Smeared | None:
    """Judge a result of ``(N, H, W)`` that has lost a share of what moves.

    ``kept`` is how it keeps noise: 0 not at all, 1 of the images beside it, 2 of all images.
    """
    noisy = clean + noise(clean.shape, strength, seed, grain=grain)
    middle = len(clean) // 2
    near = [middle - 1, middle + 1]
    known = clean[middle] - share * (clean[middle] - clean[near].mean(0))

    def denoise(images: Floats) -> Floats:
        found = images.reshape(-1, *clean.shape) - clean
        seen = [found[:, :0], found[:, near], found][kept]
        if not seen.size:
            return np.repeat(known[None, None], len(images), axis=0)
        made: Floats = known + np.stack([gaussian_filter(each.mean(0), 1) for each in seen])
        return made[:, None]

    among = Among(noisy[:, None], denoise(noisy[None])[0], (len(clean),), denoise, kept < 2)
    if not grain or unmeasured:
        shaken = among.shaken(NoiseLevel(strength, 0.0, strength**2))
        return smeared(among, shaken, white=not grain)
    apart = np.hypot(*np.mgrid[-LAGS : LAGS + 1, -LAGS : LAGS + 1])
    shared = np.exp(-(apart**2) / (4 * GRAIN**2))[None, None]
    spectrum = Spectrum(shared, np.array([[0.0, 1.0]]), np.full((1, 2), strength**2), 1.0)
    return smeared(among, among.shaken(spectrum), white=False)


@pytest.mark.parametrize("kept", [0, 1, 2])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("strength", "grain"), [(0.02, False), (0.1, False), (0.03, True)])
def test_the_share_is_right(share: float, strength: float, kept: int, *, grain: bool) -> None:
    found = [judged(film(), share, strength, seed, grain=grain, kept=kept) for seed in range(4)]
    assert all(found)
    shares = np.array([each.share for each in found if each])
    doubts = np.array([each.doubt for each in found if each])
    assert abs(shares.mean() - share) < 0.02 + 2 * doubts.mean() / np.sqrt(len(found))
    assert (np.abs(shares - share) < 3.5 * doubts + 0.02).all()
    assert doubts.max() < 0.25


@pytest.mark.parametrize("grain", [False, True])
@pytest.mark.parametrize("strength", [0.005, 0.05, 0.2])
def test_a_still_scene_moves_nowhere(strength: float, *, grain: bool) -> None:
    still = np.repeat(film(1), 5, axis=0)
    assert [judged(still, 1, strength, seed, grain=grain, kept=1) for seed in range(5)] == [
        None
    ] * 5


@pytest.mark.parametrize("strength", [0.02, 0.1])
def test_a_grain_that_was_measured_as_white_does_not_move(strength: float) -> None:
    still = np.repeat(film(1), 5, axis=0)
    found = [judged(still, 0, strength, seed, grain=True, unmeasured=True) for seed in range(10)]
    assert found == [None] * 10


@pytest.mark.parametrize("strength", [0.01, 0.05])
def test_flicker_is_no_movement(strength: float) -> None:
    flicker = np.array([1.05, 0.95, 1.05, 0.95, 1.05], np.float32)[:, None, None]
    still = np.repeat(film(1), 5, axis=0)
    assert judged(still * flicker, 1, strength, 0, kept=1) is None


def test_copies_of_one_image_show_no_movement() -> None:
    image = film(1)[0] + noise((128, 128), 0.05, 0)
    copies = np.repeat(image[None], 3, axis=0)
    among = Among.of(mix(1.0), copies, image[None], None)
    assert among is not None
    assert not among.hidden  # its own copies stand beside it
    shaken = among.shaken(NoiseLevel(0.05, 0.0, 0.05**2))
    assert (shaken.added == shaken.added[0]).all()
    assert smeared(among, shaken, white=True) is None


@pytest.mark.parametrize(
    ("share", "verdict", "text"),
    [
        (0.02, "check", ""),
        (0.5, "check", "what moved was smeared"),
        (1.0, "reject", "--blind-spot"),
    ],
)
def test_the_verdict_says_what_was_smeared(share: float, verdict: str, text: str) -> None:
    clean = film()
    noisy = clean + noise(clean.shape, 0.05, 0)
    found = inspect(mix(share), noisy[2], together=np.moveaxis(noisy[1:4], 0, -1))
    assert found.smeared is not None
    assert abs(found.smeared.share - share) < 3.5 * found.smeared.doubt + 0.02
    assert found.verdict == verdict  # never trust, as the model has no calibration
    said = [reason for reason in found.reasons if "smeared" in reason]
    assert len(said) == bool(text)
    assert text in "".join(said)


def test_the_images_next_to_the_middle_one() -> None:
    assert adjacent((5,)) == [1, 3]
    assert adjacent((3, 3)) == [1, 3, 5, 7]
    assert adjacent((3, 5)) == [2, 6, 8, 12]


def test_a_ring_leaves_out_its_middle() -> None:
    image = np.zeros((1, 21, 21))
    image[0, 10, 10] = 1
    ring = ring_mean(image, 7, 3)[0]
    assert np.allclose(ring[9:12, 9:12], 0)
    assert np.isclose(ring[10, 12], 1 / 40)
    assert np.isclose(ring.sum(), 1)
