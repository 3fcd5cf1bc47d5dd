"""The widgets in a real napari window: what they read, what they add, and that it keeps answering.

`make test-napari` installs napari and a virtual screen, and runs these tests.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

napari = pytest.importorskip("napari", reason="no napari: make test-napari installs it")

from npe2 import PluginManager  # noqa: E402
from qtpy.QtCore import QTimer  # noqa: E402
from qtpy.QtWidgets import QApplication  # noqa: E402

import unnoise  # noqa: E402
from unnoise.denoiser.torch_backend import TorchBackend  # noqa: E402
from unnoise.models import build_model  # noqa: E402
from unnoise.napari_plugin.denoise_widget import DenoiseWidget  # noqa: E402
from unnoise.napari_plugin.layers import guess_axes, part_of  # noqa: E402
from unnoise.napari_plugin.models import MODELS  # noqa: E402
from unnoise.napari_plugin.samples import digits, fluorescence, photo  # noqa: E402
from unnoise.napari_plugin.train_widget import TrainWidget  # noqa: E402
from unnoise.napari_plugin.training import free_folder, save_parts  # noqa: E402
from unnoise.pretrained import EXAMPLES  # noqa: E402

pytestmark = pytest.mark.filterwarnings("default")  # of napari and its packages
LONGEST = 120.0  # seconds that a test waits
RANDOM = np.random.default_rng(0)


@pytest.fixture
def viewer() -> Iterator[Any]:
    made = napari.Viewer(show=False)
    yield made
    made.close()
    QApplication.processEvents()


def wait(until: Callable[[], bool]) -> float:
    """Turn the event loop until something holds; return the longest time without a turn."""
    ticks = [time.perf_counter()]
    timer = QTimer()
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    timer.start(5)
    end = time.perf_counter() + LONGEST
    while not until():
        assert time.perf_counter() < end, "it did not end"
        QApplication.processEvents()
        time.sleep(0.001)
    timer.stop()
    ticks.append(time.perf_counter())
    return max(np.diff(ticks), default=0.0)


def idle(widget: Any) -> bool:
    """Whether the work of a widget has ended, and the widget knows."""
    return (
        not widget.job.running
        and widget.run.text() in ("Denoise", "Train")
        and not widget.bar.isVisibleTo(widget)
    )


def denoise(viewer: Any, **changed: Any) -> DenoiseWidget:
    widget = DenoiseWidget(viewer)
    widget.models.setCurrentText(changed.get("model", "photo"))
    widget.where.setCurrentText(changed.get("where", "whole layer"))
    widget.axes.setText(changed.get("axes", widget.axes.text()))
    widget.maps.setChecked(changed.get("maps", False))
    widget.run.click()
    wait(lambda: idle(widget))
    return widget


def test_napari_finds_the_plugin_and_its_samples() -> None:
    manager = PluginManager()
    manager.discover()
    manifest = manager.get_manifest("unnoise")
    assert [each.display_name for each in manifest.contributions.widgets] == ["Denoise", "Train"]
    for command in manifest.contributions.commands:
        assert command.python_name
        module, name = command.python_name.split(":")
        assert callable(getattr(__import__(module, fromlist=[name]), name))
    for sample in (photo, fluorescence, digits):
        for data, shown, kind in sample():
            assert kind == "image"
            assert np.asarray(data).ndim - bool(shown.get("rgb")) in (2, 3)


def test_a_result_is_what_unnoise_gives_and_lies_where_the_layer_lies(viewer: Any) -> None:
    image = RANDOM.normal(900, 40, (90, 120)).astype(np.uint16)
    shown = {"scale": (0.2, 0.3), "units": ("µm", "µm"), "colormap": "green", "translate": (5, 7)}
    viewer.add_image(image, name="cells", rotate=20, contrast_limits=(800, 1000), **shown)
    widget = denoise(viewer, maps=True)
    made = viewer.layers["cells denoised"]
    with pytest.warns(UserWarning, match="values"):
        expected = unnoise.load("photo")(image)
    assert made.data.dtype == np.uint16
    assert np.abs(made.data.astype(int) - expected).max() <= 1
    source = viewer.layers["cells"]
    for name in ("scale", "translate", "rotate", "units", "contrast_limits"):
        assert np.all(np.asarray(getattr(made, name)) == np.asarray(getattr(source, name))), name
    assert made.colormap.name == "green"
    assert made.metadata["unnoise"]["verdict"] in widget.said.text()
    assert {"cells, removed", "cells, removed structure"} <= {each.name for each in viewer.layers}
    assert widget.run.text() == "Denoise"


@pytest.mark.parametrize("rotate", [0, 30])
def test_a_region_and_the_view_lie_where_they_were_cut_out(viewer: Any, rotate: float) -> None:
    stack = RANDOM.integers(0, 255, (3, 60, 80), np.uint8)
    layer = viewer.add_image(stack, name="stack", scale=(1, 0.5, 0.5), rotate=rotate)
    viewer.dims.set_current_step(0, 1)
    corners = np.array([[1, 10, 20], [1, 10, 49], [1, 39, 49], [1, 39, 20]], float)
    viewer.add_shapes([np.array([layer.data_to_world(corner) for corner in corners])])
    denoise(viewer, where="region")
    made = viewer.layers["stack denoised"]
    assert made.data.shape == (1, 30, 30)
    assert np.allclose(made.data_to_world((0, 0, 0)), layer.data_to_world((1, 10, 20)))
    viewer.layers.remove(made)
    denoise(viewer, where="current view")
    seen = viewer.layers["stack denoised"]
    assert seen.data.shape[0] == 1


def test_colours_stacks_and_lazy_layers(viewer: Any) -> None:
    ((photograph, shown, _),) = photo()
    viewer.add_image(photograph, **shown)
    widget = denoise(viewer)
    made = viewer.layers["photograph denoised"]
    assert made.rgb
    assert made.data.shape == photograph.shape
    assert np.abs(made.data.astype(int) - unnoise.load("photo")(photograph)).max() <= 1
    assert "trust" in widget.said.text()
    da = pytest.importorskip("dask.array")
    lazy = viewer.add_image(da.from_array(RANDOM.random((2, 4, 40, 50)), chunks=1), name="lazy")
    assert guess_axes(lazy) == "NPYX"
    lazy.axis_labels = ("time", "z", "y", "x")
    assert guess_axes(lazy) == "TZYX"
    denoise(viewer)
    assert viewer.layers["lazy denoised"].data.shape == (2, 4, 40, 50)
    levels = [RANDOM.random((64, 64)), RANDOM.random((32, 32))]
    viewer.add_image(levels, multiscale=True, name="levels")
    denoise(viewer)
    assert viewer.layers["levels denoised"].data.shape == (64, 64)


def test_mistakes_become_sentences(viewer: Any, tmp_path: Path) -> None:
    widget = DenoiseWidget(viewer)
    assert not widget.run.isEnabled()
    viewer.add_labels(np.zeros((9, 9), int))
    assert widget.layers.count() == 0
    viewer.add_image(RANDOM.random((30, 30)), name="a")
    assert "axes are 'XY'" in denoise(viewer, axes="XY").said.text()
    assert "there is no region" in denoise(viewer, where="region").said.text()
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"no model")
    MODELS.add(str(broken))
    assert "cannot read" in denoise(viewer, model=str(broken)).said.text()
    assert len(viewer.layers) == 2


def test_the_window_answers_while_a_large_layer_is_denoised_and_it_can_be_cancelled(
    viewer: Any,
) -> None:
    viewer.add_image(RANDOM.normal(900, 40, (2048, 2048)).astype(np.uint16), name="large")
    widget = DenoiseWidget(viewer)
    widget.models.setCurrentText("photo")
    widget.run.click()
    working = wait(lambda: not widget.job.running)
    adding = wait(lambda: idle(widget))
    print(f"longest time without a turn of the event loop: {1000 * working:.0f} ms while it works")
    print(f"and {1000 * adding:.0f} ms while napari adds the layer")
    assert viewer.layers["large denoised"].data.shape == (2048, 2048)
    assert working < 0.5  # the target is 0.1 s; other programs may hold up this machine
    widget.run.click()
    wait(lambda: widget.bar.value() > 0)
    widget.run.click()
    begun = time.perf_counter()
    wait(lambda: idle(widget))
    assert time.perf_counter() - begun < 30
    assert len(viewer.layers) == 2


def test_a_training_shows_its_curve_is_stopped_and_its_model_is_used(
    viewer: Any, tmp_path: Path
) -> None:
    for data, shown, _ in digits():
        viewer.add_image(data, **shown)
    widget = TrainWidget(viewer)
    widget.noisy.item(0).setSelected(True)
    widget.clean.item(1).setSelected(True)
    widget.tell.click()
    wait(lambda: idle(widget))
    assert "method: supervised" in widget.said.text()
    widget.out.setText(str(tmp_path / "run"))
    widget.minutes.setValue(5)
    widget.run.click()
    wait(lambda: len(widget.curve.points) >= 1)
    widget.run.click()
    wait(lambda: idle(widget))
    assert "kept in" in widget.said.text(), widget.said.text()
    assert not widget.preview.pixmap().isNull()
    model = unnoise.load(tmp_path / "run")
    assert model.info.trained["steps"] > 0
    assert str(tmp_path / "run") in MODELS.paths
    denoise(viewer, model=str(tmp_path / "run"))
    assert "clean digits denoised" in [each.name for each in viewer.layers]


def test_pairs_must_be_as_many(viewer: Any) -> None:
    viewer.add_image(RANDOM.random((3, 30, 30)), name="a")
    widget = TrainWidget(viewer)
    widget.run.click()
    wait(lambda: idle(widget))
    assert "choose at least one noisy layer" in widget.said.text()


def test_the_part_of_a_layer_is_copied_as_it_is(tmp_path: Path) -> None:
    layer = napari.layers.Image(np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5))
    part = part_of(layer, axes="TZYX", where="whole layer", step=(0, 0, 0, 0))
    part.save(tmp_path / "a.npy")
    assert np.array_equal(np.load(tmp_path / "a.npy"), layer.data)
    assert EXAMPLES["photo"].is_file()


def test_the_current_image_of_a_layer_is_the_one_that_is_shown(viewer: Any) -> None:
    levels = np.arange(100, 1100, 100).astype(np.uint16)[:, None, None]
    coarse = viewer.add_image(np.tile(levels, (1, 64, 64)), name="coarse", scale=(2, 1, 1))
    viewer.add_image(np.zeros((20, 64, 64), np.uint16), name="fine")
    viewer.dims.set_point(0, 8.0)
    widget = DenoiseWidget(viewer)
    widget.layers.setCurrentText("coarse")
    coarse.name = "renamed"
    widget.where.setCurrentText("current view")
    widget.run.click()
    wait(lambda: idle(widget))
    made = viewer.layers["renamed denoised"]
    assert abs(made.data.mean() - 500) < 5
    assert made.translate[0] == 8
    viewer.dims.set_point(0, 19.0)
    viewer.layers.remove(made)
    coarse.translate = (30, 0, 0)
    widget.run.click()
    assert "outside of renamed" in widget.said.text()


def test_pairs_are_matched_by_name_and_no_run_is_replaced(viewer: Any, tmp_path: Path) -> None:
    for name in ("1 noisy", "2 noisy", "2 clean", "1 clean"):
        viewer.add_image(np.full((32, 32), int(name[0]), np.uint8), name=name)
    widget = TrainWidget(viewer)
    for box, rows in ((widget.noisy, (0, 1)), (widget.clean, (2, 3))):
        for row in rows:
            box.item(row).setSelected(True)
    parts = widget._parts()
    assert parts is not None
    save_parts(*parts, tmp_path)
    for number in (0, 1):
        pair = [np.load(tmp_path / side / f"layer_00{number}.npy") for side in ("noisy", "clean")]
        assert np.array_equal(*pair)
    (tmp_path / "unnoise-run").mkdir()
    assert free_folder(tmp_path) == tmp_path / "unnoise-run-2"


def test_stains_are_no_colours_and_a_model_of_stacks_wants_the_whole_layer(
    viewer: Any, tmp_path: Path
) -> None:
    stains = RANDOM.normal([[[900]], [[90]], [[9000]]], [[[40]], [[4]], [[400]]], (3, 40, 40))
    viewer.add_image(stains.astype(np.uint16), name="stains", axis_labels=("c", "y", "x"))
    widget = denoise(viewer)
    assert widget.axes.text() == "CYX"
    made = viewer.layers["stains denoised"].data
    for before, after in zip(stains, made, strict=True):
        assert abs(after.mean() - before.mean()) < 0.02 * before.mean()
        assert after.std() < 0.6 * before.std()
    model = build_model("unet", {"channels": 1, "depth": 3, "widths": [4, 4], "depths": [1, 1]})
    info = unnoise.load("fluorescence").info
    known: dict[str, Any] = {
        "model": "unet",
        "arguments": model.arguments,
        "depth": {"T": 3},
        "bounds": None,
    }
    deep = unnoise.Denoiser(TorchBackend(model.eval()), replace(info, **known, calibration=None))
    deep.save(tmp_path / "deep.safetensors")
    MODELS.add(str(tmp_path / "deep.safetensors"))
    viewer.add_image(RANDOM.random((4, 30, 30)), name="film", axis_labels=("t", "y", "x"))
    widget = denoise(viewer, model=str(tmp_path / "deep.safetensors"), where="current view")
    assert "denoise the whole layer" in widget.said.text()
