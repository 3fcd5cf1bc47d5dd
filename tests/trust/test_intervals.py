import numpy as np
import pytest

from unnoise.trust.intervals import Missed, conformal_groups, conformal_scale, needed_scale

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("level", [0.8, 0.9, 0.95])
def test_new_images_are_covered(level: float) -> None:
    """Images whose errors differ in size: the mean coverage of new ones keeps the level."""

    def images(count: int) -> list[np.ndarray]:
        return [np.abs(RANDOM.standard_t(4, 400)) * RANDOM.gamma(4, 0.25) for _ in range(count)]

    inside = []
    for _ in range(20):
        scale = conformal_scale(images(100), level)
        assert scale is not None
        inside.append(np.mean([np.mean(each <= scale) for each in images(100)]))
    assert level - 0.005 <= np.mean(inside) <= level + 0.02


def test_too_few_images_promise_nothing() -> None:
    assert conformal_scale([np.ones(10)] * 8, 0.9) is None
    assert conformal_scale([np.ones(10)] * 9, 0.9) == pytest.approx(1, rel=1e-6)
    assert conformal_scale([], 0.5) is None


def test_the_needed_scale_reaches_the_truth() -> None:
    image = np.full((1, 1, 2), 0.5, np.float32)
    clean = np.array([[[0.3, 0.9]]], np.float32)
    below, above = np.float32(0.1) + 0 * image, np.float32(0.2) + 0 * image
    np.testing.assert_allclose(needed_scale(clean, image, below, above), [[[2, 2]]], rtol=1e-5)


def test_groups_of_images_have_scales_of_their_own() -> None:
    strengths = RANDOM.uniform(0, 1, 400)
    images = [
        Missed(np.abs(RANDOM.standard_normal(200)) * (1 + strength), strength, grey=i % 2 == 1)
        for i, strength in enumerate(strengths)
    ]
    groups = conformal_groups(images, 0.9)
    assert groups is not None
    assert [group["grey"] for group in groups] == [False] * 4 + [True] * 4
    for kind in (groups[:4], groups[4:]):
        scales = [group["scale"] for group in kind]
        assert scales == sorted(scales)
        assert scales[-1] > 1.4 * scales[0]
        assert kind[-1]["up_to"] == 1e9
    assert conformal_groups(images[:5], 0.9) is None
    few = conformal_groups([image for image in images if not image.grey][:20], 0.9)
    assert few is not None
    assert len(few) == 1
