"""The page of ``unnoise serve`` in a real browser: what a person does with it, and who can."""

import base64
import io
import re
import shutil
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import pyvips
import tifffile
from PIL import Image

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="playwright drives the browser: pip install playwright"
)
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, ConsoleMessage, Page, Response

expect = sync_api.expect
PATIENCE = 20_000  # milliseconds for a result on a busy machine

DROP = """([data, name, type]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type }));
  return transfer;
}"""

PICTURE = "() => document.getElementById('canvas').toDataURL()"

# Red of nine pixels of the middle row of what is drawn: within the image, which fills the canvas.
ROW = """() => {
  const canvas = document.getElementById("canvas");
  const context = canvas.getContext("2d");
  const row = context.getImageData(0, Math.floor(canvas.height / 2), canvas.width, 1).data;
  const solid = [];
  for (let at = 0; at < canvas.width; at += 1) if (row[4 * at + 3] > 0) solid.push(row[4 * at]);
  return Array.from({ length: 9 }, (_, i) => solid[Math.floor((i + 0.5) / 9 * solid.length)]);
}"""

# The least contrast of the text that is seen, and the text that has it.
CONTRAST = """() => {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const paint = (colours) => {
    context.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
    }
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    const text = node.data.trim();
    if (!text || !element.checkVisibility() || element.getBoundingClientRect().width < 2) continue;
    const behind = [];
    for (let at = element; at; at = at.parentElement) {
      behind.unshift(getComputedStyle(at).backgroundColor);
    }
    const back = luminance(paint(behind));
    const fore = luminance(paint([...behind, getComputedStyle(element).color]));
    found.push([(Math.max(back, fore) + 0.05) / (Math.min(back, fore) + 0.05), text]);
  }
  return found.sort((a, b) => a[0] - b[0])[0];
}"""


class Server(Protocol):
    url: str


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: "Browser", server: Server) -> "Iterator[Page]":
    """Open the page; nothing may go wrong on it, nor may it ask another host."""
    page = browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page.set_default_timeout(PATIENCE)
    troubles: list[str] = []

    def on_console(message: "ConsoleMessage") -> None:
        # The browser notes every refusal; those of POST are the server's word on an image.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            troubles.append(message.text)

    def on_response(response: "Response") -> None:
        if response.status >= 400 and response.request.method == "GET":
            troubles.append(f"{response.status} {response.url}")
        if response.url.startswith("http") and not response.url.startswith(server.url):
            troubles.append(f"another host: {response.url}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("response", on_response)
    page.goto(server.url)
    expect(page.locator("#model option").first).to_be_attached(timeout=PATIENCE)
    yield page
    page.context.close()
    assert not troubles


def drop(page: "Page", data: bytes, name: str = "photo.png") -> None:
    sent = [base64.b64encode(data).decode(), name, "image/png"]
    transfer = page.evaluate_handle(DROP, sent)
    page.dispatch_event("main", "drop", {"dataTransfer": transfer})


def drop_and_wait(page: "Page", photo: Path) -> None:
    """Wait for the result, and for what is known about it."""
    drop(page, photo.read_bytes())
    expect(page.locator("#figures dt").first).to_be_visible(timeout=PATIENCE)


def brightness(page: "Page") -> list[int]:
    found: list[int] = page.evaluate(ROW)
    return found


def split_of(page: "Page") -> int:
    return int(page.get_attribute("#split", "aria-valuenow") or "")


def test_it_is_a_page_with_landmarks(page: "Page", server: Server) -> None:
    assert page.get_attribute("html", "lang") == "en"
    assert "unnoise" in page.title()
    assert page.locator("h1").count() == 1
    for role in ("banner", "main", "contentinfo", "navigation"):
        expect(page.get_by_role(role)).to_have_count(1)
    assert urlsplit(page.url).netloc == urlsplit(server.url).netloc


def test_a_dropped_image_is_denoised_and_judged(page: "Page", sample_photo: Path) -> None:
    drop_and_wait(page, sample_photo)
    expect(page.locator("#split")).to_be_visible()
    expect(page.locator("#viewed-name")).to_have_text("photo.png, 160 × 120")
    assert page.get_attribute("#verdict", "data-verdict") in ("trust", "check", "reject")
    expect(page.locator("#status")).to_contain_text("photo.png")


def test_the_split_follows_keys_and_mouse(page: "Page", sample_photo: Path) -> None:
    drop_and_wait(page, sample_photo)
    assert split_of(page) == 50
    page.focus("#split")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert split_of(page) == 46
    page.keyboard.press("End")
    assert split_of(page) == 100
    page.keyboard.press("Home")
    assert split_of(page) == 0
    box, stage = page.locator("#split").bounding_box(), page.locator("#stage").bounding_box()
    assert box
    assert stage
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(stage["x"] + stage["width"] / 2, stage["y"] + 20)
    page.mouse.up()
    assert split_of(page) == 50


def test_strength_blends_the_view(page: "Page", sample_photo: Path) -> None:
    drop_and_wait(page, sample_photo)
    page.focus("#split")
    page.keyboard.press("End")
    page.wait_for_timeout(100)
    before = page.evaluate(PICTURE)
    page.keyboard.press("Home")
    page.wait_for_timeout(100)
    after = page.evaluate(PICTURE)
    page.fill("#strength", "0")
    page.wait_for_timeout(100)
    expect(page.locator("#strength-value")).to_have_text("0 %")
    assert after != before
    assert page.evaluate(PICTURE) == before


def test_colour_noise_detail_and_hot_pixels_are_asked_of_the_server(
    page: "Page", sample_photo: Path
) -> None:
    drop_and_wait(page, sample_photo)
    page.focus("#split")
    page.keyboard.press("Home")
    expect(page.locator("#chroma-part")).to_be_hidden()

    def asked(act: "Callable[[], None]", word: str) -> dict[str, list[str]]:
        """Act, and return the question to the server that has a word; the view must follow."""
        page.wait_for_timeout(100)
        seen = page.evaluate(PICTURE)
        with page.expect_request(lambda request: word in request.url) as request:
            act()
        page.wait_for_function(f"(seen) => ({PICTURE})() !== seen", arg=seen)
        expect(page.locator("#figures dt").first).to_be_visible(timeout=PATIENCE)
        return parse_qs(urlsplit(request.value.url).query)

    query = asked(lambda: page.fill("#detail", "80"), "detail=0.8")
    assert query["strength"] == ["1"]
    assert "chroma_strength" not in query
    expect(page.locator("#detail-value")).to_have_text("80 %")
    page.fill("#strength", "60")  # a plain blend, which the page does by itself
    page.check("#chroma-own")
    query = asked(lambda: page.fill("#chroma", "10"), "chroma_strength=0.1")
    assert query["strength"] == ["0.6"]
    with page.expect_request(lambda request: "hot_pixels=true" in request.url):
        page.check("#hot-pixels")
    expect(page.locator("#reading")).to_contain_text("hot or dead pixel", timeout=PATIENCE)
    expect(page.locator("#download")).to_be_enabled(timeout=PATIENCE)
    with page.expect_request("**/v1/denoise?*") as request, page.expect_download():
        page.click("#download")
    query = parse_qs(urlsplit(request.value.url).query)
    assert {name: query[name] for name in ("strength", "chroma_strength", "detail")} == {
        "strength": ["0.6"],
        "chroma_strength": ["0.1"],
        "detail": ["0.8"],
    }


def test_zoom_and_pan_by_keys(page: "Page", sample_photo: Path) -> None:
    drop_and_wait(page, sample_photo)
    page.focus("#canvas")
    page.keyboard.press("1")
    expect(page.locator("#zoom-scale")).to_have_text("100 %")
    page.click("#zoom-in")
    expect(page.locator("#zoom-scale")).to_have_text("200 %")
    for _ in range(5):
        page.click("#zoom-in")
    page.focus("#canvas")
    seen = page.evaluate(PICTURE)
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(100)
    assert page.evaluate(PICTURE) != seen


@pytest.mark.parametrize("name", ["removed", "structure", "error"])
def test_a_map_is_laid_over(page: "Page", sample_photo: Path, name: str) -> None:
    drop_and_wait(page, sample_photo)
    seen = page.evaluate(PICTURE)
    page.check(f"#overlay-{name}", force=True)
    expect(page.locator("#label-right")).to_contain_text("After: ")
    expect(page.locator("#legend-text")).not_to_be_empty()
    page.wait_for_timeout(100)
    assert page.evaluate(PICTURE) != seen


def test_the_download_is_what_the_command_writes(
    page: "Page", sample_photo: Path, denoised_photo: bytes
) -> None:
    drop_and_wait(page, sample_photo)
    with page.expect_download() as download:
        page.click("#download")
    assert download.value.suggested_filename == "photo_denoised.png"
    assert Path(download.value.path()).read_bytes() == denoised_photo


def test_added_noise_is_taken_out_again(page: "Page", denoised_photo: bytes) -> None:
    drop(page, denoised_photo)
    expect(page.locator("#split")).to_be_visible(timeout=PATIENCE)
    page.fill("#noise", "30")
    expect(page.locator("#psnr-after")).to_contain_text("dB", timeout=PATIENCE)
    before, after = (
        float(page.inner_text(f"#psnr-{when}").removesuffix(" dB")) for when in ("before", "after")
    )
    assert 18 < before < 22  # 10 log10(255² / 30²) is 18.6; clipping takes some away
    assert after > before + 2
    page.check("#show-clean")
    expect(page.locator("#label-left")).to_have_text("Clean")


def test_several_files_and_one_that_is_none(page: "Page", sample_photo: Path) -> None:
    drop(page, b"this is no image", "notes.png")
    expect(page.locator("#problem-text")).not_to_be_empty(timeout=PATIENCE)
    page.set_input_files("#files", [sample_photo] * 3)
    done = page.locator('#items li[data-state="done"]')
    expect(done).to_have_count(3, timeout=PATIENCE)
    expect(page.locator('#items li[data-state="failed"]')).to_have_count(1)
    expect(page.locator("#problem")).to_be_hidden()
    expect(page.locator("#download-all")).to_be_enabled()
    page.locator("#items .show").first.click()
    expect(page.locator("#problem")).to_be_visible()
    page.get_by_role("button", name="Remove notes.png").click()
    expect(page.locator("#items li")).to_have_count(3)


def test_a_dark_stack_is_shown_scaled_with_a_slider_for_its_images(page: "Page") -> None:
    """Twelve bits that use 100 of 65,536 values would be black; each image is another one."""
    across = np.linspace(477, 576, 64).astype(np.uint16)
    stack = np.stack([np.tile(across, (48, 1)), np.tile(across[::-1], (48, 1))])
    file = io.BytesIO()
    tifffile.imwrite(file, stack, imagej=True, metadata={"axes": "ZYX"})
    drop(page, file.getvalue(), "stack.tif")
    expect(page.locator("#figures dt").first).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#reading")).to_be_visible()
    expect(page.locator("#slices-label")).to_have_text("Z 1 of 2")
    first = brightness(page)
    assert max(first) - min(first) > 120
    assert first[-1] > first[0]
    page.fill("#slice", "2")
    expect(page.locator("#slices-label")).to_have_text("Z 2 of 2", timeout=PATIENCE)
    page.wait_for_function(f"(first) => ({ROW})()[0] > first", arg=first[0])
    second = brightness(page)
    assert second[-1] < second[0]


def test_a_film_is_named_by_its_axes_and_moved_by_keys(page: "Page") -> None:
    columns = np.arange(64)
    film = np.stack([np.tile(90 + 60 * (columns // 16 == k % 4), (48, 1)) for k in range(8)])
    file = io.BytesIO()
    shaped = film.reshape(4, 2, 48, 64).astype(np.uint8)
    tifffile.imwrite(file, shaped, imagej=True, metadata={"axes": "TZYX"})
    drop(page, file.getvalue(), "film.tif")
    expect(page.locator("#slices-label")).to_have_text("T 1 of 4, Z 1 of 2", timeout=PATIENCE)
    expect(page.locator("#figures dt").first).to_be_visible(timeout=PATIENCE)
    before = brightness(page)
    page.focus("#slice")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#slices-label")).to_have_text("T 2 of 4, Z 1 of 2")
    assert page.get_attribute("#slice", "aria-valuetext") == "T 2 of 4, Z 1 of 2"
    expect(page.locator("#figures dt").first).to_be_visible(timeout=PATIENCE)
    page.wait_for_function(f"(first) => ({ROW})()[0] < first - 30", arg=before[0])
    assert brightness(page)[6] > before[6] + 30


def png_of(colour: tuple[int, int, int], name: bytes, body: bytes) -> bytes:
    """Return a PNG with one more chunk."""
    file = io.BytesIO()
    Image.new("RGB", (96, 96), colour).save(file, "PNG")
    head, rest = file.getvalue()[:33], file.getvalue()[33:]
    check = struct.pack(">I", zlib.crc32(name + body))
    return head + struct.pack(">I", len(body)) + name + body + check + rest


@pytest.mark.parametrize("kind", ["profile", "gamma", "cicp", "inks", "deep"])
def test_colours_are_the_same_before_and_after(page: "Page", kind: str) -> None:
    """Each says what its values mean in another way; browsers follow most, not as libvips does."""
    colour, file = (200, 60, 60), io.BytesIO()
    picture = Image.new("RGB", (96, 96), colour)
    if kind == "profile":
        picture.save(file, "JPEG", quality=95, icc_profile=bytes(pyvips.Image.profile_load("p3")))
    elif kind == "inks":
        picture.convert("CMYK").save(file, "JPEG", quality=95)
    elif kind == "deep":
        deep = pyvips.Image.new_from_array(np.asarray(picture).astype(np.uint16) * 257)
        file.write(deep.copy(interpretation="rgb16").write_to_buffer(".png"))
    elif kind == "gamma":
        file.write(png_of(colour, b"gAMA", struct.pack(">I", 100_000)))
    else:
        file.write(png_of(colour, b"cICP", bytes([12, 13, 0, 1])))  # Display P3
    drop(page, file.getvalue())
    expect(page.locator("#figures dt").first).to_be_visible(timeout=PATIENCE)
    page.wait_for_timeout(100)
    row = brightness(page)
    before, after = row[1], row[-2]  # of red
    assert abs(before - after) <= 3
    assert (before > 210) == (kind in ("profile", "gamma", "cicp"))  # as it is meant


def test_channels_that_are_no_colours_have_a_slider(page: "Page") -> None:
    across = np.linspace(100, 900, 64)
    channels = np.stack([np.tile(across, (48, 1)), np.tile(across[::-1] / 4, (48, 1))])
    file = io.BytesIO()
    tifffile.imwrite(file, channels.astype(np.uint16), imagej=True, metadata={"axes": "CYX"})
    drop(page, file.getvalue(), "channels.tif")
    expect(page.locator("#figures dt").first).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#channels-label")).to_have_text("Channel 1 of 2")
    expect(page.locator("#reading")).to_contain_text("Shown: channel 1 of 2, values")
    expect(page.locator("#slices")).to_be_hidden()
    first = brightness(page)
    assert first[-1] > first[0] + 120
    page.fill("#channel", "2")
    expect(page.locator("#reading")).to_contain_text("Shown: channel 2 of 2", timeout=PATIENCE)
    page.wait_for_function(f"(first) => ({ROW})()[0] > first", arg=first[0])
    second = brightness(page)
    assert second[0] > second[-1] + 120


def test_an_example_is_one_click_away(page: "Page") -> None:
    page.locator("#examples button").first.click()
    expect(page.locator("#split")).to_be_visible(timeout=PATIENCE)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(page: "Page", sample_photo: Path, scheme: str) -> None:
    page.select_option("#theme", scheme)
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == scheme
    ratio, text = page.evaluate(CONTRAST)
    assert ratio >= 4.5, text
    drop_and_wait(page, sample_photo)
    page.check("#overlay-error", force=True)
    expect(page.locator("#legend")).to_be_visible()
    ratio, text = page.evaluate(CONTRAST)
    assert ratio >= 4.5, text


def test_every_control_has_a_name(page: "Page", sample_photo: Path) -> None:
    roles = "button|checkbox|combobox|img|link|radio|slider|textbox"
    nameless = re.compile(rf'^\s*- ({roles})(?! ")', re.MULTILINE)
    assert not nameless.search(page.locator("body").aria_snapshot())
    drop_and_wait(page, sample_photo)
    snapshot = page.locator("body").aria_snapshot()
    assert "slider" in snapshot
    assert not nameless.search(snapshot)


def test_a_phone_needs_no_scrolling_sideways(page: "Page", sample_photo: Path) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    width = "document.documentElement.scrollWidth"
    assert page.evaluate(width) == 360
    drop_and_wait(page, sample_photo)
    page.check("#overlay-structure", force=True)
    assert page.evaluate(width) == 360
