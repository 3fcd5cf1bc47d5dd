"""An inspection shows before, after and removed as pictures that are right, and its verdict."""

import base64
import io
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import unnoise
from unnoise.denoiser import Denoiser
from unnoise.trust.showing import PART, SIDE, BeforeAfter
from unnoise.types import Array

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.fixture(scope="module")
def photo() -> Denoiser:
    return unnoise.load("photo", device="cpu")


def pictures(page: str) -> list[Array]:
    """Return the pictures of a page, ``(H, W, C)``."""
    found = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    opened = (Image.open(io.BytesIO(base64.b64decode(each))) for each in found)
    return [np.asarray(each).reshape(each.height, each.width, -1) for each in opened]


def image(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)


@pytest.mark.parametrize("shape", [(40, 50), (40, 50, 3)])
def test_before_and_after_are_the_image_and_the_result(
    photo: Denoiser, shape: tuple[int, ...]
) -> None:
    noisy = image(*shape)
    found = unnoise.inspect(photo, noisy)
    before, after, removed = pictures(found._repr_html_())
    assert np.array_equal(before.reshape(shape), noisy)
    assert np.array_equal(after.reshape(shape), found.image)
    middle = noisy.astype(float) - found.image
    mean = middle.mean(2) if noisy.ndim == 3 else middle
    assert np.corrcoef(removed.astype(float).ravel(), mean.ravel())[0, 1] > 0.99


def test_a_large_image_is_thinned_and_a_part_is_enlarged() -> None:
    before = image(700, 500, 1)
    before[:, :250] = 100  # structure is on the right
    page = BeforeAfter(before, before // 2 + 50, colours=False).in_html()
    whole, part = pictures(page)[0], pictures(page)[3]
    assert np.array_equal(whole, before[::3, ::3])
    assert max(whole.shape) <= SIDE
    assert part.shape[:2] == (PART, PART)
    assert part.std() > 30


def test_dark_images_are_stretched_alike_and_the_label_says_so() -> None:
    before = (image(30, 30, 1) // 8).astype(np.uint16)
    page = BeforeAfter(before, before // 2, colours=False).in_html()
    assert "before (contrast stretched: 0 to 31)" in page
    first, second, _ = pictures(page)
    assert first.max() == 255
    assert 100 < second.max() < 140


def test_values_without_data_are_drawn() -> None:
    before = np.ones((20, 20, 1), np.float32)
    before[3, 3] = np.nan
    assert len(pictures(BeforeAfter(before, before, colours=False).in_html())) == 3


def test_the_verdict_and_its_reasons_are_shown_and_escaped(photo: Denoiser) -> None:
    found = unnoise.inspect(photo, image(64, 64))
    page = found._repr_html_()
    assert f">{found.verdict}</b>" in page
    assert page.count("<li>") == len(found.reasons) + len(found.notes)
    evil = replace(found, reasons=("<script>",), notes=(), pictures=None)
    assert "<script>" not in evil._repr_html_()


SMALL_INSTALL = """
import sys
for name in ("torch", "scipy", "skimage", "matplotlib", "PIL"):
    sys.modules[name] = None  # as if it were not installed
import numpy as np, unnoise
denoiser = unnoise.load("photo")
image = np.random.default_rng(0).integers(0, 256, (400, 330)).astype(np.uint8)
found = unnoise.inspect(denoiser, image)
print(found._repr_html_().count("data:image/png"), "unet-m" in denoiser._repr_html_())
"""


def test_a_small_install_shows_results_too() -> None:
    command = [sys.executable, "-W", "ignore", "-c", SMALL_INSTALL]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["6", "True"], done.stderr
