"""``docs/reference/model-file.md`` is true: a reader that knows the page alone gets equal images.

The reader uses JSON, NumPy and plain functions of torch, and nothing of unnoise.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from unnoise import train
from unnoise.denoiser import Denoiser
from unnoise.pretrained import PRETRAINED
from unnoise.runs import ModelInfo, header_of, read_model_file
from unnoise.runs.model_file import FORMAT_VERSION
from unnoise.types import Array

PAGE = (Path(__file__).parents[2] / "docs/reference/model-file.md").read_text(encoding="utf-8")
FORMATS = Path(__file__).with_name("formats")
OF_VERSIONS = sorted(FORMATS.glob("*.safetensors"))
IN_PACKAGE = [path.with_suffix(".safetensors") for path in PRETRAINED.values()]
TYPES = {str: "string", int: "integer", bool: "boolean", list: "list of integers", dict: "object"}


def table(first: str) -> Iterator[list[str]]:
    """Yield the rows of the table whose first column has this title."""
    _, _, rest = PAGE.partition(f"| {first} |")
    for line in rest.splitlines()[2:]:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]


# --- the tables ---


def test_the_page_lists_every_key_with_its_type_and_default() -> None:
    info = ModelInfo(model="", arguments={}, channels=1, noise="", objective="", data="", seed=0)
    written = json.loads(header_of(info))
    rows = [row for row in table("key") if len(row) == 4]
    assert sorted(name.strip("`") for name, *_ in rows) == sorted(written)
    required = {each.name for each in fields(ModelInfo) if each.default is MISSING} - {"trained"}
    required = (required | {"unnoise", "format_version"}) - {"depth"}
    for name, kind, default, _ in rows:
        key = name.strip("`")
        if default == "required":
            assert key in required, key
        else:
            assert json.loads(default.strip("`")) == written[key], key
        if written[key] is not None:
            assert kind == TYPES[type(written[key])], key
        else:
            assert kind.endswith(" or null"), key


@pytest.mark.parametrize("key", ["reason", "strides", "depth", "bounds", "trained", "colour"])
def test_a_key_with_a_default_may_be_missing(key: str, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    path = FORMATS / "version-1-last.safetensors"
    header, _ = read(path)
    header.pop(key, None)
    info, weights = read_model_file(path)
    save_file(weights, tmp_path / "a.safetensors", {"unnoise": json.dumps(header)})
    assert read_model_file(tmp_path / "a.safetensors")[0] == info


@pytest.mark.parametrize("whole", [True, False])
def test_the_page_lists_what_a_training_reached(whole: bool, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (8, 24, 24) if whole else (1, 96, 96))
    noise = {"noise": "gaussian:0.1"} if whole else {}
    stack = images.astype(np.uint8)
    path = tmp_path / "m.safetensors"
    train(stack, axes="NYX", steps=2, say=lambda _: None, **noise).save(path)  # type: ignore[arg-type]
    listed = {name for row in trained_rows() for name in re.findall(r"`(\w+)`", row[0])}
    assert {*read(path)[0]["trained"]} <= listed
    if whole:
        assert listed - {*read(path)[0]["trained"]} == {"patches"}


def trained_rows() -> list[list[str]]:
    _, _, rest = PAGE.partition("| key | unit | meaning |")
    lines = rest.splitlines()[2:]
    return [line.strip("|").split("|") for line in lines[: lines.index("")]]


def test_the_page_lists_every_version() -> None:
    versions = [int(row[0]) for row in table("format_version")]
    assert versions == list(range(1, FORMAT_VERSION + 1))


@pytest.mark.parametrize("path", [*OF_VERSIONS, *IN_PACKAGE], ids=lambda path: path.stem)
def test_the_page_names_every_tensor(path: Path) -> None:
    _, _, network = PAGE.partition("## Network")
    said = re.findall(r"(?m)^\| (`.*?`) \|", network)
    names = [name for cell in said for name in re.findall(r"`([\w.]+)`", cell)]
    patterns = [re.sub(r"\\\.(i|k|2k)\b", r"\\.\\d+", re.escape(name)) for name in names]
    known = re.compile(rf"bounds\..*|({'|'.join(patterns)})\.(weight|bias)")
    assert not [name for name in read(path)[1] if not known.fullmatch(name)]


# --- the independent reader ---


def read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Read a file by the section on the container."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    outer, body = json.loads(data[8 : 8 + length]), data[8 + length :]
    header = json.loads(outer.pop("__metadata__")["unnoise"])
    tensors = {}
    for name, entry in outer.items():
        assert entry["dtype"] == "F32"
        start, end = entry["data_offsets"]
        values = np.frombuffer(body[start:end], "<f4").reshape(entry["shape"])
        tensors[name] = torch.from_numpy(values.copy())
    return header, tensors


class Reader:
    """Follows the page from an image to the result."""

    def __init__(self, path: Path) -> None:
        self.header, self.tensors = read(path)
        self.arguments = self.header["arguments"]
        self.levels = len(self.arguments["widths"])

    def __call__(self, image: Array) -> Array:
        """Denoise ``(H, W)``, ``(H, W, C)``, or with a depth ``(N, H, W)``."""
        low, high, clamp = self._range(image.dtype)
        depth = self.header.get("depth") or {}
        stack = image if depth else image[None]
        if stack.ndim == 3:
            stack = stack[..., None]
        x = np.moveaxis((stack.astype(np.float32) - low) / (high - low), -1, 1)
        x = torch.from_numpy(x.astype(np.float32))
        if depth:
            (count,) = depth.values()
            x = torch.cat([self._beside(x, i, count) for i in range(len(x))])
        made = self._channels(x)
        results = self.header.get("result_range")
        if results:
            low, high = np.asarray(results["low"]), np.asarray(results["high"])
            clamp = results["clamp"]
        if clamp:
            made = made.clamp(0, 1)
        values = np.moveaxis(made.numpy().astype(np.float64), 1, -1) * (high - low) + low
        limits = np.iinfo(image.dtype.name)
        whole: Array = np.rint(values).clip(limits.min, limits.max).astype(image.dtype)
        return whole.reshape(image.shape)

    def _range(self, dtype: np.dtype[Any]) -> tuple[Any, Any, bool]:
        kept = self.header.get("value_range")
        if kept is None or kept["dtype"] != str(dtype):
            return 0.0, float(np.iinfo(dtype.name).max), kept is None or kept["clamp"]
        return np.asarray(kept["low"]), np.asarray(kept["high"]), kept["clamp"]

    def _beside(self, x: Tensor, index: int, count: int) -> Tensor:
        half, last = count // 2, len(x) - 1
        places = [index + offset for offset in range(-half, half + 1)]
        places = [2 * index - place if not 0 <= place <= last else place for place in places]
        return torch.cat([x[place] for place in places])[None]

    def _channels(self, x: Tensor) -> Tensor:
        count = self.header["channels"] * self.arguments.get("depth", 1)
        if x.shape[1] == count:
            return self._padded(x)
        if count == 1:
            return torch.cat([self._padded(x[:, i : i + 1]) for i in range(x.shape[1])], 1)
        assert x.shape[1] == 1
        return self._padded(x.repeat(1, count, 1, 1)).mean(1, keepdim=True)

    def _padded(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        multiple = max(2, 2 ** (self.levels - 1))
        down, right = -height % multiple, -width % multiple
        mirror = down < height and right < width
        padded = F.pad(x, (0, right, 0, down), mode="reflect" if mirror else "replicate")
        return self._network(padded)[..., :height, :width]

    def _network(self, x: Tensor) -> Tensor:
        channels, last = self.header["channels"], self.levels - 1
        plain = "depths" in self.arguments
        act = F.relu if plain else (lambda found: found)
        features = [act(self._convolve("stem", x, padding=1))]
        for i in range(last):
            if not plain:
                features[-1] = self._layers("falling", i, features[-1])
            features.append(act(self._convolve(f"down.{i}", features[-1], stride=2)))
        rising = "levels" if plain else "rising"
        y = self._layers(rising, last, features[-1])
        for i in reversed(range(last)):
            wide = self._convolve(f"up.{i}", y).repeat_interleave(2, 2).repeat_interleave(2, 3)
            skip = features[i] if i or self.arguments.get("shortcuts", True) else 0
            y = self._layers(rising, i, skip + wide)
        tail = self._convolve("tail", y, stride=2, padding=1)
        made = torch.zeros(len(x), channels, *x.shape[2:])
        for c in range(channels):
            for r in range(2):
                for q in range(2):
                    made[:, c, r::2, q::2] = tail[:, 4 * c + 2 * r + q]
        if not self.arguments.get("shortcuts", True):
            return made
        half = self.arguments.get("depth", 1) // 2 * channels
        return x[:, half : half + channels] + made

    def _layers(self, name: str, level: int, x: Tensor) -> Tensor:
        place = 0
        while True:
            if f"{name}.{level}.{place}.first.weight" in self.tensors:
                inner = self._convolve(f"{name}.{level}.{place}.first", x, padding=1)
                inner = torch.where(inner < 0, 0.1 * inner, inner)
                x = x + self._convolve(f"{name}.{level}.{place}.second", inner, padding=1)
                place += 1
            elif f"{name}.{level}.{place}.weight" in self.tensors:
                x = F.relu(self._convolve(f"{name}.{level}.{place}", x, padding=1))
                place += 2
            else:
                return x

    def _convolve(self, name: str, x: Tensor, *, stride: int = 1, padding: int = 0) -> Tensor:
        weight, bias = self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"]
        return F.conv2d(x, weight, bias, stride=stride, padding=padding)


@pytest.mark.parametrize("path", OF_VERSIONS, ids=lambda path: path.stem)
def test_the_page_gives_the_results_of_every_version(path: Path) -> None:
    with np.load(path.with_suffix(".npz")) as made:
        image, then = made["image"], made["result"]
    assert np.abs(Reader(path)(image).astype(int) - then.astype(int)).max() <= 1


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", sorted(PRETRAINED))
@pytest.mark.parametrize("shape", [(37, 50), (24, 33, 3)])
def test_the_page_gives_the_results_of_the_models_in_the_package(
    name: str, shape: tuple[int, ...]
) -> None:
    path = PRETRAINED[name].with_suffix(".safetensors")
    image = np.random.default_rng(2).integers(0, 256, shape).astype(np.uint8)
    found, expected = Reader(path)(image), Denoiser.load(path)(image)
    assert np.abs(found.astype(int) - expected.astype(int)).max() <= 1
    assert np.abs(image.astype(int) - expected.astype(int)).max() > 20  # it does change them


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    "settings",
    [{"model": "unet", "noise": "gaussian:0.1"}, {"model": "unet-s", "objective": "noise2void"}],
)
def test_the_page_gives_the_results_of_what_is_trained_today(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    random = np.random.default_rng(1)
    images = random.integers(0, 256, (6, 40, 40)).astype(np.uint8)
    made = train(images, axes="NYX", steps=3, say=lambda _: None, depth=1, **settings)
    made.save(tmp_path / "m.safetensors")
    found = Reader(tmp_path / "m.safetensors")(images[0])
    assert np.abs(found.astype(int) - made(images[0]).astype(int)).max() <= 1
