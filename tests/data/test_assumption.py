"""What noisy images show decides how they are learned from, and they are not misread."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from unnoise.data import Plan, choose_method, look_at
from unnoise.images import write_stack

Image = NDArray[np.float64]


def scene(number: int, side: int = 192) -> Image:
    """Return discs on a slope, 0 to 255."""
    random = np.random.default_rng(number)
    y, x = np.mgrid[:side, :side] / side
    image: Image = 80 + 60 * x * y
    for _ in range(6):
        near = np.hypot(x - random.uniform(), y - random.uniform()) < random.uniform(0.05, 0.2)
        image[near] = random.uniform(20, 235)
    return image


def worms(number: int) -> Image:
    """Return three bent lines, 3 pixels wide, on an empty background."""
    random, image = np.random.default_rng(number), np.zeros((192, 192))
    for _ in range(3):
        place, angle = random.uniform(40, 150, 2), random.uniform(0, 6.28)
        for _ in range(90):
            angle += random.normal(0, 0.15)
            place = place + np.array([np.sin(angle), np.cos(angle)])
            y, x = place.astype(int) % 190
            image[y : y + 2, x : x + 2] = 1
    soft: Image = 10 + 140 * gaussian_filter(image, 0.8)
    return soft


def mosaic(number: int) -> Image:
    image = scene(number)
    image[::2, ::2], image[1::2, 1::2] = image[::2, ::2] * 0.5, image[1::2, 1::2] * 0.7
    return image


def noisy(clean: Image, seed: int, *, rows: float = 0.0, std: float = 8.0) -> NDArray[np.uint8]:
    random = np.random.default_rng(seed)
    noise = random.normal(0, std, clean.shape) + random.normal(0, 1, (len(clean), 1)) * rows
    return np.rint(clean + noise).clip(0, 255).astype(np.uint8)


def choose(images: Any, **settings: Any) -> Plan:
    found, _ = look_at(images, split="train")
    given: dict[str, Any] = {"noise": None, "objective": "auto", "channels": None, **settings}
    return choose_method(found, None, **given)


PLAIN = [noisy(scene(i), i) for i in range(4)]
THIN = [noisy(worms(i), i) for i in range(4)]
ROWS = [noisy(scene(i), i, rows=8) for i in range(4)]
MOSAICS = [noisy(mosaic(i), i) for i in range(4)]


@pytest.mark.parametrize(
    ("images", "objective", "stride", "structure", "words"),
    [
        (PLAIN, "neighbor2neighbor", None, "none", "structure is not thin"),
        (THIN, "noise2void", None, "none", "structure is thin"),
        (ROWS, "neighbor2neighbor", None, "horizontal", "pixels of a row share noise"),
        ([i.T for i in ROWS], "neighbor2neighbor", None, "vertical", "of a column share noise"),
        (MOSAICS, "neighbor2neighbor", 2, "none", "look like a 2 × 2 mosaic"),
        ([np.repeat(i[..., None], 3, 2) for i in THIN], "noise2void", None, "none", "is thin"),
        # Half of them decide nothing.
        (THIN[:2] + PLAIN[:2], "neighbor2neighbor", None, "none", "structure is not thin"),
        ([*PLAIN, MOSAICS[0], ROWS[0]], "neighbor2neighbor", None, "none", "is not thin"),
    ],
)
def test_what_the_images_show_decides(
    images: list[Any], objective: str, stride: int | None, structure: str, words: str
) -> None:
    plan = choose(images)
    assert (plan.objective, plan.stride, plan.structure) == (objective, stride, structure)
    assert "only noisy images" in plan.reason
    assert words in plan.reason
    assert words in plan.note


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "image",
    [
        np.zeros((96, 96), np.uint8),
        np.full((128, 128), 65535, np.uint16),
        np.full((8, 8), 3, np.uint8),
        np.pad(np.full((1, 1), 255, np.uint8), 60),
        np.random.default_rng(0).integers(0, 2, (128, 128)).astype(np.uint8) * 255,
        np.random.default_rng(0).normal(100, 5, (128, 128)),
        np.arange(128.0 * 128).reshape(128, 128),
        np.pad(np.full((1, 128), 255, np.uint8), ((60, 60), (0, 0))),
    ],
)
def test_images_that_show_nothing_keep_the_default(image: NDArray[Any]) -> None:
    plan = choose([image])
    assert (plan.objective, plan.stride, plan.structure) == ("neighbor2neighbor", None, "none")


def test_what_the_user_says_goes_first() -> None:
    assert choose(THIN, objective="neighbor2neighbor").objective == "neighbor2neighbor"
    assert "thin" not in choose(THIN, objective="neighbor2neighbor").reason
    assert choose(ROWS, structure="none").structure == "none"
    assert choose(ROWS, objective="noise2void").structure == "none"
    assert choose(ROWS, objective="neighbor2neighbor").structure == "horizontal"
    assert choose(PLAIN, structure="vertical").structure == "vertical"
    mosaic = choose(MOSAICS, stride=1)
    assert (mosaic.stride, mosaic.structure) == (1, "none")
    # The objective alone says nothing of lines and phases.
    said = choose(MOSAICS, objective="noise2void")
    assert (said.objective, said.stride) == ("noise2void", 2)
    assert "--objective noise2void; the images look like a 2 × 2 mosaic" in said.reason


def test_images_are_spread_over_files_and_stacks(tmp_path: Path) -> None:
    np.save(tmp_path / "stack.npy", np.stack([PLAIN[0], *THIN])[..., None])
    assert choose(tmp_path / "stack.npy").objective == "noise2void"
    for i in range(3):
        write_stack(tmp_path / f"thin/{i}.png", THIN[i])
    (tmp_path / "thin/broken.png").write_bytes((tmp_path / "thin/0.png").read_bytes()[:900])
    assert choose(tmp_path / "thin").objective == "noise2void"


def test_pixels_without_data_are_not_looked_at() -> None:
    masked = [np.ma.masked_less(image, 3) for image in PLAIN]
    assert choose(masked).objective == "neighbor2neighbor"
