"""A denoiser shows itself in one line and as a table."""

import re
from dataclasses import replace

import pytest

import unnoise
from unnoise.denoiser import Denoiser


@pytest.fixture(scope="module")
def photo() -> Denoiser:
    return unnoise.load("photo", device="cpu")


def test_one_line(photo: Denoiser) -> None:
    said = repr(photo)
    assert said.startswith("<Denoiser unet-m, trained on BSDS500")
    assert said.endswith("39.20 dB on held-out images, 30.62 dB before>")
    assert "\n" not in said
    assert len(said) < 160


def test_a_table_of_its_main_facts(photo: Denoiser) -> None:
    page = photo._repr_html_()
    names = re.findall(r"<th[^>]*>([^<]*)</th>", page)
    assert names == [
        "model",
        "trained on",
        "method",
        "noise",
        "values",
        "training",
        "quality",
        "cost",
    ]
    assert "39.20 dB on held-out images, 30.62 dB before" in page
    assert "thousand multiplications a pixel" in page


def test_text_of_a_file_is_escaped(photo: Denoiser) -> None:
    evil = '"><script>alert(1)</script>'
    info = replace(photo.info, data=evil, noise=evil, model=evil, reason=evil, objective=evil)
    page = Denoiser(photo.backend, info)._repr_html_()
    assert "<script" not in page
    assert '""' not in page
    assert "&lt;script&gt;" in page


def test_what_a_file_does_not_state_is_left_out(photo: Denoiser) -> None:
    bare = Denoiser(photo.backend, replace(photo.info, noise="", trained={}, value_range=None))
    assert "quality" not in bare._repr_html_()
    assert "before" not in repr(bare)
