"""ONNX files: the same images as torch for every architecture, and nothing of ours in them."""

import base64
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from random_models import fresh

import unnoise
from unnoise.denoiser.onnx_backend import BOUNDS_MODEL, OnnxBackend
from unnoise.denoiser.torch_backend import TorchBackend
from unnoise.errors import ConfigError, ModelError, OutputError
from unnoise.models import MODELS
from unnoise.pretrained import PRETRAINED

RANDOM = np.random.default_rng(0)
# Images of noise alone, whose channels look like no colours.
NO_COLOURS = pytest.mark.filterwarnings("ignore:its three channels have little in common")


@pytest.mark.parametrize("name", sorted(MODELS.keys() - {"unet-l"}))  # a larger unet-m
@NO_COLOURS
def test_a_file_gives_what_torch_gives(name: str, tmp_path: Path) -> None:
    known, info = fresh(name)
    made = unnoise.export(known, tmp_path / "model.onnx")
    assert made is not None
    assert made.difference < 1e-4
    assert made.bytes == (tmp_path / "model.onnx").stat().st_size
    found = unnoise.load(tmp_path / "model.onnx")
    assert isinstance(found.backend, OnnxBackend)
    assert found.info == info
    assert found.describe() == known.describe()
    size = known.describe()["fixed_size"] or (45, 70)
    image = RANDOM.integers(0, 256, (*size, info.channels)[: 2 + (info.channels > 1)], np.uint8)
    assert np.abs(found(image).astype(int) - known(image)).max() <= 1


@pytest.mark.filterwarnings("ignore:the fourth channel is taken as transparency")
@NO_COLOURS
def test_colour_grey_transparency_strides_tiles_and_bounds(tmp_path: Path) -> None:
    known, _ = fresh("unet", channels=3, strides=(1, 2), bounds=True)
    unnoise.export(known, tmp_path / "model.onnx")
    found = unnoise.load(tmp_path / "model.onnx")
    for shape in ((40, 33), (40, 33, 3), (40, 33, 4), (9, 9)):
        image = RANDOM.integers(0, 2**16, shape, np.uint16)
        image[..., 3:] = 65535  # transparency
        assert np.abs(found(image).astype(int) - known(image)).max() <= 2
    large = RANDOM.random((1, 3, 1100, 1050), np.float32)
    restored = known.denoise_floats(large)
    assert np.abs(found.denoise_floats(large) - restored).max() < 1e-4
    small = large[..., :50, :60], restored[..., :50, :60]
    for ours, theirs in zip(
        found.find_distances(*small), known.find_distances(*small), strict=True
    ):
        assert np.abs(ours - theirs).max() < 1e-4
    grain = np.repeat(np.repeat(RANDOM.normal(0.5, 0.1, (60, 60)), 2, 0), 2, 1).astype(np.float32)
    assert np.abs(found(grain) - known(grain)).max() < 1e-4  # seen at stride 2


def test_half_precision_halves_the_file_and_says_what_it_costs(tmp_path: Path) -> None:
    known, _ = fresh("unet-s")
    whole = unnoise.export(known, tmp_path / "whole.onnx")
    half = unnoise.export(known, tmp_path / "half.onnx", half=True)
    assert whole is not None
    assert half is not None
    assert half.bytes < 0.55 * whole.bytes
    assert (half.difference < 1e-4, whole.rounding) == (True, None)
    assert half.rounding is not None
    assert 1e-7 < half.rounding < 1e-2
    noisy = RANDOM.random((1, 3, 40, 40), np.float32)
    loaded = unnoise.load(tmp_path / "half.onnx").denoise_floats(noisy)
    assert 0 < np.abs(loaded - known.denoise_floats(noisy)).max() <= 2 * half.rounding


def test_half_precision_suits_normalised_networks(tmp_path: Path) -> None:
    """Their statistics are no parameters, and the exporter multiplies them into the weights."""
    known, _ = fresh("autoencoder-m")
    assert isinstance(known.backend, TorchBackend)
    for layer in known.backend.model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.running_mean = torch.rand_like(layer.weight)
            layer.running_var = 9 * torch.rand_like(layer.weight) + 0.01
    made = unnoise.export(known, tmp_path / "model.onnx", half=True)
    assert made is not None
    assert made.difference < 1e-4
    assert made.rounding is not None
    assert made.rounding < 1e-2


def test_rounding_that_changes_images_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, _ = fresh("unet")
    monkeypatch.setattr("unnoise.exporters.onnx_file.MOST_ROUNDING", 0.0)
    with pytest.raises(ModelError, match="export without --half"):
        unnoise.export(known, tmp_path / "model.onnx", half=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("opset", [18, 23])
def test_the_opset_is_chosen_and_the_file_is_clean(opset: int, tmp_path: Path) -> None:
    known, _ = fresh("unet")
    unnoise.export(known, tmp_path / "model.onnx", opset=opset)
    proto = onnx.load(tmp_path / "model.onnx")
    onnx.checker.check_model(proto, full_check=True)
    assert proto.opset_import[0].version == opset
    names = [
        dim.dim_param or dim.dim_value for dim in proto.graph.input[0].type.tensor_type.shape.dim
    ]
    assert names == ["batch", 1, "height", "width"]
    # The exporter notes the lines of source that an operator comes from.
    assert b"site-packages" not in proto.SerializeToString()
    assert b".py" not in proto.SerializeToString()


def test_what_cannot_be_exported_is_refused(tmp_path: Path) -> None:
    known, _ = fresh("unet")
    path = tmp_path / "model.onnx"
    unnoise.export(known, path)
    with pytest.raises(OutputError, match="exists"):
        unnoise.export(known, path)
    with pytest.raises(ConfigError, match="opset is 7"):
        unnoise.export(known, tmp_path / "other.onnx", opset=7)
    with pytest.raises(ConfigError, match="no ending of a format"):
        unnoise.export(known, tmp_path / "model.pt")
    with pytest.raises(ConfigError, match="are for ONNX files"):
        unnoise.export(known, tmp_path / "folder", format="hub", half=True)
    with pytest.raises(ModelError, match="only such models become files"):
        unnoise.export(unnoise.load(path), tmp_path / "again.onnx")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["model.onnx"]


def test_a_file_that_differs_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known, _ = fresh("unet")
    monkeypatch.setattr("unnoise.exporters.onnx_file.TOLERANCE", 0.0)
    with pytest.raises(ModelError, match="was not kept"):
        unnoise.export(known, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_the_photo_model_of_the_package_is_the_same_in_both_forms() -> None:
    from unnoise.pretrained import PRETRAINED

    known = unnoise.load(PRETRAINED["photo"], device="cpu", precision="fp32")
    found = unnoise.load(PRETRAINED["photo"].with_suffix(".onnx"))
    assert found.info == known.info
    noisy = RANDOM.random((1, 3, 70, 90), np.float32)
    restored = known.denoise_floats(noisy)
    assert np.abs(found.denoise_floats(noisy) - restored).max() < 1e-5
    bounds = found.find_distances(noisy, restored), known.find_distances(noisy, restored)
    assert np.abs(np.subtract(*bounds)).max() < 1e-4
    assert (
        np.abs(found.denoise_floats(noisy[:, :1]) - known.denoise_floats(noisy[:, :1])).max() < 1e-5
    )


SIZES = [(1, 1), (1, 9), (3, 2), (37, 53), (64, 40), (5, 200), (129, 8)]


def test_other_programs_feed_any_size(tmp_path: Path) -> None:
    known, _ = fresh("unet", channels=3, widths=[4, 4, 4], depths=[1, 1, 1], bounds=True)
    unnoise.export(known, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    metadata = session.get_modelmeta().custom_metadata_map
    distances = onnxruntime.InferenceSession(base64.b64decode(metadata[BOUNDS_MODEL]))
    assert isinstance(known.backend, TorchBackend)
    assert known.backend.bounds is not None
    for height, width in SIZES:
        image = RANDOM.random((2, 3, height, width), np.float32)
        (found,) = session.run(None, {"noisy": image})
        assert found.shape == image.shape
        # The denoiser pads by itself, and clips to its range.
        assert np.abs(found.clip(0, 1) - known.denoise_floats(image)).max() < 1e-4
        both = RANDOM.random((2, 6, height, width), np.float32)
        (found,) = distances.run(None, {"noisy": both})
        lacks = [(0, 0), (0, 0), (0, -height % 2), (0, -width % 2)]
        padded = np.pad(both, lacks, "reflect" if min(height, width) > 1 else "edge")
        with torch.inference_mode():
            wanted = known.backend.bounds(torch.from_numpy(padded)).numpy()
        assert np.abs(found - wanted[..., :height, :width]).max() < 1e-4


def test_the_file_in_the_package_takes_any_size() -> None:
    session = onnxruntime.InferenceSession(PRETRAINED["photo"].with_suffix(".onnx"))
    photo = unnoise.load("photo", device="cpu", precision="fp32")
    for height, width in SIZES:
        image = RANDOM.random((1, 3, height, width), np.float32)
        (found,) = session.run(None, {"noisy": image})
        assert np.abs(found.clip(0, 1) - photo.denoise_floats(image)).max() < 1e-4
