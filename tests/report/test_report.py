import re
import struct

import numpy as np

from unnoise.images import ValueRange
from unnoise.report import RunPage, draw_along, draw_curves, draw_grid, join_below, render_page


def size(png: bytes) -> tuple[int, int]:
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_a_grid_keeps_the_aspect_and_grows_with_its_rows() -> None:
    stack = np.random.default_rng(0).random((4, 1, 10, 30), np.float32)
    one, two = size(draw_grid({"a": stack})), size(draw_grid({"a": stack, "b": stack}))
    assert one[0] == two[0]
    assert abs(two[1] - 2 * one[1]) <= 10
    assert size(draw_grid({"a": stack}, columns=2))[0] < one[0]
    assert size(draw_grid({"a": np.zeros((1, 3, 8, 8), np.float32)}))[0] > 0


def test_the_page_is_self_contained_and_escaped() -> None:
    metrics = [{"step": 1.0, "loss": 0.2, "psnr": 15.0}, {"step": 2.0, "loss": 0.1, "psnr": 20.0}]
    html = render_page(
        RunPage(
            title="<script>alert(1)</script>",
            facts={"noisy": "13 dB"},
            examples=draw_grid({"a": np.zeros((1, 1, 8, 8), np.float32)}),
            curves=draw_curves(metrics, noisy_psnr=13.3),
            table=[
                {
                    "method": "unnoise",
                    "psnr": 20.0,
                    "ssim": None,
                    "mse": 0.01,
                    "images_per_second": 1234.5,
                },
                {
                    "method": "noisy",
                    "psnr": 13.0,
                    "ssim": 0.5,
                    "mse": 0.05,
                    "images_per_second": None,
                },
            ],
            table_caption="2 images",
            model={"parameters": 12},
            config='data = "<b>"',
        )
    )
    assert "<script" not in html
    assert "&lt;b&gt;" in html
    assert html.count("data:image/png;base64,") == 2
    assert not re.findall(r"(?:src|href)=\"(?!data:)", html)
    assert "1,234" in html
    assert "20.00" in html


def test_a_piece_of_a_stack_is_drawn_below_the_examples() -> None:
    stack = np.random.default_rng(0).random((12, 3, 10, 30), np.float32)
    values = ValueRange((0.0, 1.0, 2.0), (9.0, 9.0, 9.0), False)
    rows = {"noisy": stack, "denoised": stack}
    along = draw_along(rows, "Z", (4, 29), values=values, dtype=np.uint16)
    clean = draw_along(rows | {"clean": stack}, "Z", (0, 0), values=values, dtype=np.uint16)
    assert size(clean)[0] > size(along)[0]
    grid = draw_grid({"a": stack})
    both = size(join_below([grid, along]))
    assert both == (max(size(grid)[0], size(along)[0]), size(grid)[1] + size(along)[1])
