"""From file to file: nothing is lost, stacks go page by page, and memory has a limit."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from known_models import linear

from unnoise.denoiser import DenoiseOptions
from unnoise.errors import ImageError, ModelError, OutputError
from unnoise.images import open_image, write_stack

RANDOM = np.random.default_rng(0)


def everything(path: Path) -> np.ndarray:
    with open_image(path) as reader:
        return np.stack([reader.image(index) for index in range(reader.count)])


@pytest.mark.parametrize("size", [(40, 51), (1100, 900)])
@pytest.mark.parametrize(("suffix", "dtype"), [("png", "u2"), ("tif", "u2"), ("tif", "f4")])
@pytest.mark.parametrize("channels", [1, 3])
def test_with_the_identity_nothing_is_lost(
    tmp_path: Path, suffix: str, dtype: str, channels: int, size: tuple[int, int]
) -> None:
    shape = (*size, channels)
    values = RANDOM.random(shape) if dtype == "f4" else RANDOM.integers(0, 2**16, shape)
    given = values.astype(dtype).squeeze(-1) if channels == 1 else values.astype(dtype)
    source, target = tmp_path / f"in.{suffix}", tmp_path / f"out.{suffix}"
    write_stack(source, given)
    linear().denoise_file(source, target)
    np.testing.assert_array_equal(everything(target), everything(source))
    np.testing.assert_array_equal(everything(source)[0].reshape(given.shape), given)


def test_a_stack_goes_page_by_page(tmp_path: Path) -> None:
    pages = RANDOM.integers(0, 30_000, (7, 64, 50), dtype=np.uint16)
    tifffile.imwrite(tmp_path / "in.tif", pages, imagej=True, metadata={"axes": "ZYX"})
    shares: list[float] = []
    whole = DenoiseOptions(range=(0, 65535))
    linear(scale=2.0).denoise_file(
        tmp_path / "in.tif", tmp_path / "out.tif", options=whole, progress=shares.append
    )
    with tifffile.TiffFile(tmp_path / "out.tif") as file:
        assert file.series[0].axes == "ZYX"
        np.testing.assert_array_equal(file.asarray(), pages * 2)
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_a_large_stack_goes_tile_by_tile(tmp_path: Path) -> None:
    pages = RANDOM.integers(0, 128, (2, 1400, 1000, 3), dtype=np.uint8)
    np.save(tmp_path / "in.npy", pages)
    shares: list[float] = []
    denoiser = linear(3, scale=2.0)
    denoiser.denoise_file(tmp_path / "in.npy", tmp_path / "out.npy", progress=shares.append)
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), pages * 2)
    assert len(shares) == len(set(shares)) == 4
    assert shares[-1] == 1


@pytest.mark.parametrize("channels", [1, 3])
def test_transparency_in_a_file_stays(tmp_path: Path, channels: int) -> None:
    rgba = RANDOM.integers(1, 128, (20, 30, 4), dtype=np.uint8)
    write_stack(tmp_path / "in.png", rgba)
    linear(channels, scale=2.0).denoise_file(tmp_path / "in.png", tmp_path / "out.png")
    clean = everything(tmp_path / "out.png")[0]
    np.testing.assert_array_equal(clean[..., :3], rgba[..., :3] * 2)
    np.testing.assert_array_equal(clean[..., 3], rgba[..., 3])


def test_grey_with_transparency(tmp_path: Path) -> None:
    grey = RANDOM.integers(1, 128, (20, 30, 2), dtype=np.uint8)
    write_stack(tmp_path / "in.png", grey)
    for channels in (1, 3):
        target = tmp_path / f"{channels}.png"
        linear(channels, scale=2.0).denoise_file(tmp_path / "in.png", target)
        np.testing.assert_array_equal(everything(target)[0], grey * [2, 1])


def test_what_cannot_be_denoised_leaves_nothing_behind(tmp_path: Path) -> None:
    floats = RANDOM.random((2000, 1000)).astype(np.float32)
    floats[1999, 999] = np.nan
    np.save(tmp_path / "nan.npy", floats)
    with pytest.raises(ImageError, match=r"nan\.npy holds NaN"):
        linear().denoise_file(tmp_path / "nan.npy", tmp_path / "out.npy")
    np.save(tmp_path / "two.npy", floats[:6].reshape(500, 3, 2, 2))
    with pytest.raises(ImageError, match="--axes"):
        linear(3).denoise_file(tmp_path / "two.npy", tmp_path / "out.npy")
    np.save(tmp_path / "five.npy", floats[:5, :5])
    with pytest.raises(ModelError, match="trained for 4"):
        linear(4).denoise_file(tmp_path / "five.npy", tmp_path / "out.npy")
    with pytest.raises(OutputError, match="--overwrite"):
        linear().denoise_file(tmp_path / "five.npy", tmp_path / "two.npy")
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"nan.npy", "two.npy", "five.npy"}


MEMORY = """
import sys
from pathlib import Path
import torch
from unnoise import Denoiser
from unnoise.denoiser.torch_backend import TorchBackend
from unnoise.models import build_model
from unnoise.runs import ModelInfo

torch.set_num_threads(1)
arguments = {"channels": 1, "widths": [2], "depths": [0]}
info = ModelInfo(model="unet", arguments=arguments, channels=1, noise="", objective="", data="",
                 seed=0)
denoiser = Denoiser(TorchBackend(build_model("unet", arguments)), info)
source, target = map(Path, sys.argv[1:])
small, peak = source.with_name("small.png"), []
for path in (small, source):
    denoiser.denoise_file(path, target, overwrite=True)
    # Not ru_maxrss: a new process starts with that of the process that made it.
    peak.append(int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024)
print(peak[1] - peak[0])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads what Linux tells")
def test_memory_of_a_large_image(tmp_path: Path) -> None:
    import pyvips

    # Noise would cost a second in PNG's compression; what is measured does not depend on it.
    large = pyvips.Image.grey(8000, 10_000, uchar=True)
    large.write_to_file(str(tmp_path / "large.png"), compression=1)
    large.crop(0, 0, 1000, 1000).write_to_file(str(tmp_path / "small.png"))
    paths = [str(tmp_path / name) for name in ("large.png", "out.png")]
    command = [sys.executable, "-c", MEMORY, *paths]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert float(result.stdout) < 100  # MB; the image has 80, and 320 as floats
    with open_image(tmp_path / "out.png") as reader:
        assert (reader.height, reader.width, str(reader.dtype)) == (10_000, 8000, "uint8")
