"""Slides and grids: what is drawn is right to the pixel, and no letter is cut off."""

import io

import numpy as np
import pytest
from PIL import Image

from unnoise.images import ValueRange
from unnoise.report import Comparison, draw_comparison, draw_grid
from unnoise.report.comparison import EDGE, PRINT, WIDTH, scale_bar
from unnoise.report.lettering import shorten, width_of, wrap
from unnoise.report.pictures import DPI


def pixels(picture: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))


def slide(height: int = 90, width: int = 120, **options: object) -> bytes:
    image = np.random.default_rng(0).random((height, width), np.float32) * 0.5
    known: dict[str, object] = {
        "name": "image",
        "before": image,
        "after": image,
        "removed": image - 0.25,
        "unit": "grey levels",
    }
    return draw_comparison(Comparison(**{**known, **options}))  # type: ignore[arg-type]


def test_edges_of_a_slide_are_white_whatever_the_shape_and_the_names() -> None:
    long = "a_very_long_name_" * 40 + "$x$ 画像"
    for height, width, crop in ((8, 8, None), (20, 900, (2, 5, 12)), (900, 20, (30, 2, 12))):
        drawn = pixels(slide(height, width, name=long, unit=long, command=long, crop=crop))
        for edge in (drawn[:3], drawn[-3:], drawn[:, :3], drawn[:, -3:]):
            assert edge.min() == 255
        assert drawn.shape[1] == WIDTH * DPI


def test_the_scale_bar_has_the_length_that_its_label_says() -> None:
    pixels, label = scale_bar(400, 0.5)
    assert pixels == pytest.approx(100)
    assert label == "50 µm"
    assert scale_bar(400, 4)[1] == "500 µm"
    assert scale_bar(400, 12.5)[1] == "1 mm"
    assert scale_bar(400, 0.001)[1] == "100 nm"
    for pixel in np.geomspace(1e-3, 1e4, 57):
        for width in (8, 333, 5000):
            assert 0.1 < scale_bar(width, pixel)[0] / width < 0.35


def test_the_scale_bar_is_drawn_as_long_as_it_is() -> None:
    image = np.zeros((200, 400), np.float32)
    drawn = pixels(slide(before=image, after=image, removed=image, pixel=0.5))
    panel = (WIDTH - 2 * EDGE - 0.2) / 3 * DPI
    inside = (drawn == 255).all(2)[:, round(EDGE * DPI) + 2 : round(EDGE * DPI + panel) - 2]
    bars = [_longest(row) for row in inside if not row[0] and not row[-1]]
    assert max(bars) == pytest.approx(panel / 4, abs=3)  # 50 of 200 µm


def _longest(row: np.ndarray) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(int), [0]])))
    return int((edges[1::2] - edges[::2]).max()) if len(edges) else 0


def test_text_fits_the_width_that_it_is_given() -> None:
    for text in (
        "x",
        "60% gaussian:0..0.2157 | 30% gaussian:0..0.1",
        "M" * 300,
        "ab " * 90,
        "é\udce9",
    ):
        for width in (0.3, 1.0, 3.0):
            assert width_of(shorten(text, width, PRINT), PRINT) <= width
            lines = wrap(text, width, PRINT, lines=3).split("\n")
            assert len(lines) <= 3
            assert all(width_of(line, PRINT) <= width for line in lines)
    assert shorten("abcdefghijklmnopqrstuvwxyz.tif", 0.8, 8).endswith(".tif")
    assert wrap("two words", 9, 8) == "two words"


def test_a_grid_is_stretched_and_its_labels_are_inside() -> None:
    dark = np.random.default_rng(0).random((5, 1, 40, 40), np.float32)
    label = "60% gaussian:0..0.2157 | 30% gaussian:0..0.1 | 5% poisson:10..200+gaussian:0..0.03"
    drawn = pixels(
        draw_grid(
            {"noisy": dark, label: dark}, values=ValueRange(0.0, 4095.0, True), dtype=np.uint16
        )
    )
    for edge in (drawn[:, :2], drawn[:, -2:], drawn[:2], drawn[-2:]):
        assert edge.min() == 255
    panel = drawn[10:100, -100:-20]  # of 112 pixels
    assert 100 < panel.mean() < 155, "12 bits in 16 are not drawn black"


def test_a_grid_of_full_range_is_drawn_to_the_value() -> None:
    values = np.append(np.arange(0, 252, 4), 255)
    rows = np.repeat(values, 64).reshape(1, 1, 64, 64) / 255
    drawn = pixels(
        draw_grid(
            {"a": rows.astype(np.float32)}, values=ValueRange(0.0, 255.0, True), dtype=np.uint8
        )
    )
    column = drawn[:, -40, 0].astype(int)
    inside = column[np.flatnonzero(column == 0)[0] :]
    assert set(inside) == set(values)


def test_noise_beyond_the_values_of_a_photograph_stretches_nothing() -> None:
    clean = np.zeros((4, 1, 32, 32), np.float32)
    clean[:, :, 8:24, 8:24] = 1
    noisy = clean + np.random.default_rng(0).normal(0, 0.5, clean.shape).astype(np.float32)
    rows = {"noisy": noisy, "clean": clean}
    drawn = pixels(draw_grid(rows, values=ValueRange(0.0, 255.0, True), dtype=np.uint8))
    inside = drawn[-60:-20, -90:-30]  # of the last clean image
    assert set(np.unique(inside)) == {0, 255}
