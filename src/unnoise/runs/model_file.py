"""The model file: safetensors whose header carries all that is needed to use the model."""

import json
import math
import zipfile
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unnoise import __version__
from unnoise.errors import ModelFileError
from unnoise.outputs import replacing

if TYPE_CHECKING:
    from torch import Tensor

# Versions of the format, which is frozen (docs/reference/model-file.md). A file states the oldest
# that describes it.
RANGES, NEIGHBOURS = 2, 3  # of each channel and of results; of images seen together
FORMAT_VERSION = 3  # the newest, and the last that is read
MAX_STRIDE = 16
CHECKPOINT = "checkpoint.pt"  # beside the model file of a run
BOUNDS = "bounds."  # before the names of the weights of the bounds
HEADER = "unnoise"  # the key in the safetensors metadata; its value is JSON


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """The header of a model file."""

    model: str  # architecture, a name in the table of models
    arguments: dict[str, Any]
    channels: int
    noise: str  # the spec it was trained for; empty where the images brought their own noise
    objective: str
    data: str  # where the training images came from
    seed: int
    reason: str = ""  # of the objective
    # steps, images, seconds, calibration_seconds; of held-out images the risk and, where there are
    # clean ones, psnr and noisy_psnr (before) in dB.
    trained: dict[str, float] = field(default_factory=dict)
    # dtype, low and high (a number, or one for each channel) and clamp, of the training data; None
    # is the nominal range of any dtype, as for photo.
    value_range: dict[str, Any] | None = None
    # The same of the clean side of pairs; None where both sides have one unit.
    result_range: dict[str, Any] | None = None
    # Whether the channels are red, green and blue; where that is None, three are.
    colour: bool | None = None
    # Sub-sampling strides, for correlated noise; the images to denoise are seen in the same way.
    strides: tuple[int, ...] = (1,)
    # Neighbouring images that the model sees together, along each axis; empty for single images.
    depth: dict[str, int] = field(default_factory=dict)
    # The network that finds bounds of the truth: its arguments, the level (share of pixels between
    # the bounds), and by groups of images the scale that keeps it.
    bounds: dict[str, Any] | None = None
    calibration: dict[str, Any] | None = None  # by unnoise.trust, on held-out images
    # Parameters of a scikit-learn estimator, and names, offset and scale of its columns.
    estimator: dict[str, Any] | None = None
    unnoise: str = __version__  # the version that wrote the file
    format_version: int = 1


def write_model_file(
    path: Path, info: ModelInfo, weights: "dict[str, Tensor]", *, overwrite: bool = True
) -> None:
    """Write header and weights, whole or not at all.

    Raises:
        OutputError: The file exists and ``overwrite`` is false, or it cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    with replacing(path, overwrite=overwrite) as temporary:
        try:
            save_file(tensors, temporary, metadata={HEADER: header_of(info)})
        except SafetensorError as error:
            raise OSError(str(error)) from error


def read_model_file(path: Path) -> "tuple[ModelInfo, dict[str, Tensor]]":
    """Read header and weights.

    Raises:
        ModelFileError: The file is missing, damaged, of another format, or of a newer version.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    if not path.is_file():
        if path.with_name(CHECKPOINT).is_file():
            raise ModelFileError(
                f"the training in {path.parent} is not finished: go on with unnoise train --resume "
                f"--out {path.parent}"
            )
        raise ModelFileError(
            f"there is no model file {path}: pass a .safetensors file, a run folder, or photo or "
            "fluorescence, which come with unnoise"
        )
    try:
        data = path.read_bytes()  # safetensors opens names of UTF-8 alone
        weights = load(data)
    except OSError as error:
        raise ModelFileError(f"cannot read {path}: {error.strerror}") from error
    except SafetensorError as error:
        raise ModelFileError(
            f"cannot read {path} as a model file: {_explain(path, data, error)}"
        ) from error
    length = int.from_bytes(data[:8], "little")  # of the JSON that follows
    metadata = json.loads(data[8 : 8 + length]).get("__metadata__") or {}
    return parse_header(metadata.get(HEADER), path), weights


def header_of(info: ModelInfo) -> str:
    """Return the header as it stands in the metadata of a file, under ``HEADER``."""
    header = asdict(info)
    each = isinstance((info.value_range or {}).get("low"), tuple | list)
    if each or info.result_range is not None:  # what version 1 does not know
        header["format_version"] = max(info.format_version, RANGES)
    if info.depth:
        header["format_version"] = max(info.format_version, NEIGHBOURS)
    return json.dumps(header)


def parse_header(header: str | None, path: Path) -> ModelInfo:
    """Read a header, or refuse a file that has none.

    Args:
        header: The entry ``HEADER`` of the metadata.
        path: The file, for messages.

    Raises:
        ModelFileError: It is not of unnoise, damaged, or of a newer version.
    """
    if header is None:
        raise ModelFileError(
            f"{path} is a {path.suffix.lstrip('.')} file, but not of unnoise: its header has no "
            f"{HEADER!r} entry"
        )
    try:
        values = json.loads(header)
        version = values["format_version"]
        if type(version) is not int or version < 1:
            raise ValueError(f"its format version is {version}")
        if version > FORMAT_VERSION:
            raise ModelFileError(
                f"{path} has format version {version}, written by unnoise {values.get('unnoise')}; "
                f"this is unnoise {__version__}, which reads up to {FORMAT_VERSION}: "
                f"install unnoise {values.get('unnoise')} or newer"
            )
        strides = tuple(values.get("strides", (1,)))
        if not strides or not all(type(s) is int and 1 <= s <= MAX_STRIDE for s in strides):
            raise ValueError(f"its strides are {strides}")
        values["strides"] = strides
        depth = values.get("depth", {})
        if not all(axis.isalpha() and type(n) is int and n % 2 for axis, n in depth.items()):
            raise ValueError(f"its depth is {depth}")
        for name in ("bounds", "calibration", "estimator"):
            if not isinstance(values.get(name), dict | None):
                raise TypeError(f"its {name} are {type(values[name]).__name__}")
        known = {entry.name for entry in fields(ModelInfo)}
        return ModelInfo(**{name: value for name, value in values.items() if name in known})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelFileError(f"{path} has a damaged unnoise header: {error}") from error


def _explain(path: Path, data: bytes, error: Exception) -> str:
    if data[:1] == b"\x80" or zipfile.is_zipfile(path):
        return (
            "it is a pickle (torch.save), which can run code when it is opened, "
            "so unnoise never does; pass the model.safetensors of a run"
        )
    return f"{error}; it is damaged or not a .safetensors file, get or train it again"


def check_bounds(bounds: dict[str, Any]) -> None:
    """Check the bounds in a header; raise ``ValueError``, ``KeyError`` or ``TypeError``."""
    numbers = [bounds["level"]]
    for group in bounds["groups"]:
        numbers += [group["scale"], group["up_to"], float(group["grey"])]
    if not all(type(number) is float and 0 <= number < math.inf for number in numbers):
        raise ValueError(f"its bounds are described by {numbers}")
