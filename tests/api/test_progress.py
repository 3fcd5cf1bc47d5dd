"""Progress in words, and as a curve that a real notebook shows while a training runs."""

import json
import subprocess
import sys
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from unnoise.api.progress import EVERY, NotebookCurve, in_words, notebook_curve
from unnoise.training import Progress, Validation


class Handle:
    """Keeps what a notebook would show."""

    def __init__(self) -> None:
        self.begun: list[dict[str, str]] = []
        self.updates: list[dict[str, str]] = []

    def display(self, content: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.begun.append(content)

    def update(self, content: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.updates.append(content)


def progress(step: int, psnr: float | None = None, *, unit: str = "images") -> Progress:
    return Progress(
        step=step,
        steps=100,
        loss=0.01,
        samples_per_second=1234.0,
        unit=unit,
        seconds=2.0 * step,
        validation=(psnr and Validation(risk=0.001, psnr=psnr)) or None,
    )


def test_words() -> None:
    assert in_words(progress(50), None) == "loss 0.01000  1,234 images/s  100 s left"
    risk = Validation(risk=0.00123, psnr=None)
    assert "risk 0.001230" in in_words(progress(50), risk)
    assert "PSNR 31.20 dB" in in_words(progress(50), Validation(risk=0.1, psnr=31.2))


def test_one_picture_changes_and_is_not_drawn_too_often(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("unnoise.api.progress.time.monotonic", lambda: now)
    handle = Handle()
    curve = NotebookCurve(handle)
    for step in range(1, 41):  # 40 reports in 4 seconds, two of them with a validation
        now += 0.1
        curve(progress(step, {10: 30.0, 11: 31.0}.get(step)))
    assert len(handle.begun) == 1
    assert len(handle.updates) <= 4 / EVERY + 2
    page = handle.updates[-1]["text/html"]
    assert page.count("<circle") == 2
    assert "30.00 dB at first, 31.00 dB now" in page


def test_text_is_escaped() -> None:
    handle = Handle()
    NotebookCurve(handle)(progress(1, 30.0, unit="<script>"))
    assert "&lt;script&gt;" in handle.begun[0]["text/html"]
    assert "<script>" not in handle.begun[0]["text/html"]


def test_there_is_no_curve_without_ipython() -> None:
    code = "import sys; from unnoise.api.progress import notebook_curve as curve\n"
    code += "print(curve(), 'IPython' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["None", "False"]


def test_there_is_no_curve_in_a_terminal_of_ipython() -> None:
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    try:
        assert shell is sys.modules["IPython"].get_ipython()
        assert notebook_curve() is None
    finally:
        InteractiveShell.clear_instance()


TRAIN = """
import numpy as np, unnoise
denoiser = unnoise.train("digits", steps=40, batch_size=16, say=lambda _: None)
"""
IMAGE = "image = np.random.default_rng(0).integers(0, 256, (28, 28)).astype(np.uint8)"
CELLS = [TRAIN, "denoiser", f"{IMAGE}\nunnoise.inspect(denoiser, image)", "type(denoiser(image))"]


@pytest.fixture(scope="module")
def outputs() -> list[list[Any]]:
    """Run the cells in a real kernel, and return the outputs of each."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    assert json.dumps(notebook.cells)  # it can be saved
    return [cell.outputs for cell in notebook.cells]


def test_a_training_in_a_notebook_leaves_one_picture_with_its_curve(
    outputs: list[list[Any]],
) -> None:
    (shown,) = outputs[0]
    assert shown.output_type == "display_data"
    assert shown.data["text/html"].count("<circle") > 1
    assert shown.data["text/plain"].startswith("step 40 of 40")


def test_a_denoiser_shows_itself_in_a_notebook(outputs: list[list[Any]]) -> None:
    (shown,) = outputs[1]
    page, line = shown.data["text/html"], shown.data["text/plain"]
    assert line.startswith("<Denoiser unet, trained on digits, supervised, ")
    assert "\n" not in line
    for fact in ("trained on", "noise", "quality", "thousand multiplications a pixel"):
        assert fact in page


def test_an_inspection_shows_before_after_and_removed(outputs: list[list[Any]]) -> None:
    shown = outputs[2][-1]
    page = shown.data["text/html"]
    assert page.count("data:image/png;base64,") == 3
    assert all(word in page for word in ("before", "after", "removed"))


def test_a_result_is_a_plain_array(outputs: list[list[Any]]) -> None:
    assert outputs[3][-1].data["text/plain"] == "numpy.ndarray"
