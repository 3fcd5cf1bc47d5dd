"""A model run by ONNX Runtime, without torch: read from a file that ``unnoise export`` wrote."""

import base64
import binascii
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import onnxruntime

from unnoise.denoiser.description import check_model_info
from unnoise.denoiser.networks import CPU, GPU, Network, for_grey
from unnoise.devices import usable_cores
from unnoise.errors import ConfigError, ModelError, ModelFileError
from unnoise.runs import HEADER, ModelInfo, parse_header
from unnoise.types import Floats

# Metadata of an exported file, beside the header of every model file.
NETWORK = "unnoise.network"  # JSON: the contract of the network
BOUNDS_NETWORK = "unnoise.bounds.network"  # the same for the network of its bounds
BOUNDS_MODEL = "unnoise.bounds.model"  # that network, another ONNX file, in base64
PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
MOST_MULTIPLE, MOST_FIELD = 4096, 2**20  # limits for a file, so that no padding fills memory


class OnnxNetwork:
    """A network in a session of ONNX Runtime.

    ``ValueError``, ``TypeError`` and ``KeyError`` mean that its facts do not describe the graph.
    """

    def __init__(self, session: onnxruntime.InferenceSession, facts: Mapping[str, Any]) -> None:
        names = "channels", "size_multiple", "receptive_field"
        self.channels, self.size_multiple, self.receptive_field = (int(facts[n]) for n in names)
        self.depth = int(facts.get("depth", 1))
        size = facts["fixed_size"]
        self.fixed_size = None if size is None else (int(size[0]), int(size[1]))
        grid = 0 < self.size_multiple <= MOST_MULTIPLE and 0 < self.receptive_field <= MOST_FIELD
        if not grid or min(*(self.fixed_size or (1, 1)), self.channels, self.depth) < 1:
            raise ValueError(f"its network is described by {dict(facts)}")
        (taken,), (made,) = session.get_inputs(), session.get_outputs()
        shapes = [list(port.shape) for port in (taken, made)]
        wanted = [self.channels * self.depth, self.channels]
        if any(len(shape) != 4 for shape in shapes) or [shape[1] for shape in shapes] != wanted:
            raise ValueError(f"its graph makes {shapes[1]} of {shapes[0]}")
        self._session, self._input, self._output = session, taken.name, made.name
        self.at_once = CPU if session.get_providers()[0] == PROVIDERS["cpu"] else GPU

    def run(self, images: Floats) -> Floats:
        """Denoise ``(B, depth · C, H, W)``."""
        try:
            found = self._session.run(
                [self._output], {self._input: np.ascontiguousarray(images, np.float32)}
            )
        except Exception as error:  # of kinds that ONNX Runtime keeps to itself
            if "allocate" in str(error):
                raise MemoryError from error
            raise ModelError(f"ONNX Runtime cannot run the model: {_first_line(error)}") from error
        result: Floats = np.asarray(found[0])
        return result


class OnnxBackend:
    """A model and the network of its bounds, as ONNX Runtime runs them."""

    def __init__(
        self,
        network: OnnxNetwork,
        distances: OnnxNetwork | None,
        facts: Mapping[str, Any],
        device: str,
    ) -> None:
        self.network: Network = network
        self.distances: Network | None = distances
        self.device = device
        self._facts = facts

    def at(self, channels: int) -> Network:
        """Return the network for images of this number of channels."""
        return for_grey(self.network, channels)

    def weights(self) -> NoReturn:
        """Refuse: an ONNX file has none."""
        raise ModelError(
            "an ONNX file has no weights to train on or to save: copy the file, or use the "
            ".safetensors model that it was made of"
        )

    def encode(self, *_: object) -> NoReturn:
        """Refuse: the graph goes from image to image."""
        raise ModelError(
            "an ONNX file gives images and no features: use the .safetensors model that it was "
            "made of, with torch (pip install 'unnoise[train]')"
        )

    def describe(self) -> dict[str, Any]:
        """Return size, cost and contract of the network."""
        stated = {name: value for name, value in self._facts.items() if name != "channels"}
        return stated | {"fixed_size": self.network.fixed_size}


def load_onnx(path: Path, *, device: str = "cpu") -> tuple[OnnxBackend, ModelInfo]:
    """Load a file that ``unnoise export`` wrote."""
    available = onnxruntime.get_available_providers()
    usable = [each for each, provider in PROVIDERS.items() if provider in available]
    if device not in usable:
        raise ConfigError(
            f"device is {device} and this ONNX Runtime runs on "
            f"{', '.join(usable)}: choose one of them, or install onnxruntime-gpu"
        )
    if not path.is_file():
        raise ModelFileError(f"there is no model file {path}")
    session = _open(path, path, device)
    kept = session.get_modelmeta().custom_metadata_map
    info = parse_header(kept.get(HEADER), path)
    try:
        facts = json.loads(kept[NETWORK])
        network = OnnxNetwork(session, facts)
        distances = None
        if info.bounds is not None:
            inner = base64.b64decode(kept[BOUNDS_MODEL], validate=True)
            distances = OnnxNetwork(_open(inner, path, device), json.loads(kept[BOUNDS_NETWORK]))
        check_model_info(info, network, distances)
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelFileError(f"{path} does not hold the network it says: {reason}") from error
    return OnnxBackend(network, distances, facts, device), info


def _open(model: Path | bytes, path: Path, device: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors, which are raised, too
    options.intra_op_num_threads = _threads()
    try:
        given = _given(model) if isinstance(model, Path) else model
        return onnxruntime.InferenceSession(given, options, providers=[PROVIDERS[device]])
    except Exception as error:  # of the file, or of kinds that ONNX Runtime keeps to itself
        raise ModelFileError(f"cannot read {path} as an ONNX file: {_first_line(error)}") from error


def _given(path: Path) -> str | bytes:
    """Return the name of a file, or its bytes where ONNX Runtime, which wants UTF-8, takes none."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return path.read_bytes()
    return str(path)


def _threads() -> int:
    """Return the number of threads: as the environment sets it for all libraries, or one a core."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdigit() and int(asked) > 0 else usable_cores()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no reason was given"])[0][:200]
