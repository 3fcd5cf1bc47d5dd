"""The page of an inspection, in a real browser: a stack is one entry, with a slider."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

import unnoise
from unnoise.api import inspection_page
from unnoise.api.inspecting import InspectedImage, inspect_files
from unnoise.api.inspection_page import write_inspections
from unnoise.images import write_stack

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = shutil.which("chromium")
COUNT = 7
# The brightness of the picture before that is seen, and the text beside the slider.
SEEN = """() => {
  const [before] = [...document.querySelectorAll(".slide img")].filter((i) => i.checkVisibility());
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  context.drawImage(before, 0, 0, 1, 1);
  const words = document.querySelector(".stack output").textContent;
  return [context.getImageData(0, 0, 1, 1).data[0], words];
}"""


def film() -> np.ndarray:
    random = np.random.default_rng(0)
    levels = np.linspace(500, 3000, COUNT)[:, None, None]
    return (levels + random.normal(0, 100, (COUNT, 48, 64))).astype(np.uint16)


@pytest.fixture(scope="module")
def photo() -> unnoise.Denoiser:
    return unnoise.load("photo", device="cpu", precision="fp32")


@pytest.fixture(scope="module")
def inspected(
    photo: unnoise.Denoiser, tmp_path_factory: pytest.TempPathFactory
) -> list[InspectedImage]:
    folder = tmp_path_factory.mktemp("films")
    tifffile.imwrite(folder / "film.tif", film(), imagej=True, metadata={"axes": "TYX"})
    write_stack(folder / "single.png", np.full((1, 32, 32, 1), 80, np.uint8)[0])
    return list(inspect_files(photo, [folder], draw=True))


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")
def test_the_slider_moves_through_the_stack(
    photo: unnoise.Denoiser, inspected: list[InspectedImage], tmp_path: Path
) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    path = tmp_path / "page.html"
    write_inspections(path, inspected, photo)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page: Page = browser.new_page(offline=True)
        troubles: list[str] = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(path.as_uri())
        assert page.locator("tbody tr").count() == 2
        assert page.locator(".stack").count() == 1
        assert page.locator(".slide:visible img").count() == 2
        first, words = page.evaluate(SEEN)
        assert words == f"T 1 of {COUNT}"
        page.focus(".stack input")
        page.keyboard.press("End")
        last, words = page.evaluate(SEEN)
        assert words == f"T {COUNT} of {COUNT}"
        assert page.get_attribute(".stack input", "aria-valuetext") == words
        assert last > first + 100
        assert page.locator(".slide:visible").count() == 1
        browser.close()
    assert not troubles


def test_a_stack_has_the_maps_of_its_worst_image(inspected: list[InspectedImage]) -> None:
    images = [image for image in inspected if image.index is not None]
    order = ["trust", "check", "reject"]
    ranks = [order.index(image.verdict) for image in images]
    drawn = [place for place, image in enumerate(images) if image.picture]
    assert drawn == [i for i, rank in enumerate(ranks) if rank > max(ranks[:i], default=-1)]
    assert all(image.pair for image in images)
    (single,) = (image for image in inspected if image.index is None)
    assert single.picture is not None
    assert single.pair is None


def test_slides_are_left_out_of_a_page_that_would_be_large(
    photo: unnoise.Denoiser,
    inspected: list[InspectedImage],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    images = 4 * [image for image in inspected if image.index is not None]
    path = tmp_path / "page.html"
    write_inspections(path, images, photo)
    assert path.read_text(encoding="utf-8").count('class="slide"') == len(images)
    monkeypatch.setattr(inspection_page, "ROOM", 1)
    write_inspections(path, images, photo, overwrite=True)
    assert path.read_text(encoding="utf-8").count('class="slide"') == len(images) // 5 + 1
