"""From the name of a model to its file, and from the file to a backend that runs it.

A ``.safetensors`` file runs with torch, an ``.onnx`` file with ONNX Runtime, which a small install
has. The models in the package have both forms.
"""

import hashlib
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from unnoise.denoiser.networks import Backend
from unnoise.errors import ConfigError, ModelFileError
from unnoise.pretrained import PRETRAINED
from unnoise.runs import ModelInfo

ONNX, SAFETENSORS = ".onnx", ".safetensors"
HUB = "hf://"
SELF = "self"  # in place of a model: unnoise denoise trains one on the images themselves
HUB_NAME = re.compile(r"(?P<repo>\w[\w.-]*/\w[\w.-]*)(?:@(?P<revision>[\w./-]+))?")


def load_backend(
    file: Path, *, device: str = "cpu", bf16: bool = False, compiles: bool = False
) -> tuple[Backend, ModelInfo]:
    """Load a model with the library that runs it; ``bf16`` and ``compiles`` are for torch."""
    if file.suffix == ONNX:
        from unnoise.denoiser.onnx_backend import load_onnx

        return load_onnx(file, device=device)
    if not has_torch():
        raise ConfigError(
            f"{file} runs with torch, which is not installed: install it with pip install "
            "'unnoise[train]', or, where torch is, make an ONNX file of the model with "
            "unnoise export MODEL model.onnx"
        )
    from unnoise.denoiser.torch_backend import TorchBackend, load_model

    info, model, distances = load_model(file)
    backend = TorchBackend(model, distances=distances, device=device, bf16=bf16, compiles=compiles)
    return backend, info


def locate(path: str | Path) -> Path:
    """Return the file of a model: itself, in a folder, in a repository of the hub, in the package.

    The name of a model in the package is a string: ``Path("photo")`` and ``"./photo"`` are files.
    """
    if isinstance(path, str) and path in PRETRAINED:
        return PRETRAINED[path].with_suffix(SAFETENSORS if has_torch() else ONNX)
    if isinstance(path, str) and path.startswith(HUB):
        return _download(path)
    if path == SELF:
        raise ConfigError(
            "self is no model that can be loaded: unnoise denoise IMAGES --model self trains one "
            "on the images, and --keep RUN keeps it for other verbs; a file or folder of that name "
            "is ./self"
        )
    path = Path(path)
    if path.is_dir():
        exported, first = path / f"model{ONNX}", path / f"model{SAFETENSORS}"
        return exported if exported.is_file() and not (first.is_file() and has_torch()) else first
    return path


@dataclass(frozen=True)
class ModelPlace:
    """Where a model is."""

    name: str  # on every machine: in the package, an address, or an absolute path
    file: Path  # on this machine

    @classmethod
    def of(cls, path: str | Path) -> "ModelPlace":
        """Locate a model; see ``locate``."""
        known = isinstance(path, str) and (path in PRETRAINED or path.startswith(HUB))
        return cls(str(path) if known else str(Path(path).absolute()), locate(path))

    @property
    def uses_torch(self) -> bool:
        """Whether torch runs it here."""
        return has_torch() and self.file.suffix != ONNX

    def digest(self) -> str:
        """Return the SHA-256 of its file."""
        try:
            with self.file.open("rb") as data:
                return hashlib.file_digest(data, "sha256").hexdigest()
        except OSError as error:
            raise ModelFileError(f"there is no model file {self.file}") from error


def has_torch() -> bool:
    """Whether torch is installed; it is not imported."""
    return find_spec("torch") is not None


def _download(address: str) -> Path:
    found = HUB_NAME.fullmatch(address.removeprefix(HUB))
    if found is None:
        raise ModelFileError(
            f"{address} is no address of a model: it is hf://owner/name, or hf://owner/name@revision"
        )
    if find_spec("huggingface_hub") is None:
        raise ConfigError(
            f"{address} needs huggingface_hub: install it with pip install 'unnoise[hub]'"
        )
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, LocalEntryNotFoundError

    names = [f"model{SAFETENSORS}", f"model{ONNX}"]
    for name in names if has_torch() else names[::-1]:
        try:
            return Path(hf_hub_download(found["repo"], name, revision=found["revision"]))
        except LocalEntryNotFoundError as error:
            raise ModelFileError(f"cannot reach {address}, and it is not in the cache") from error
        except EntryNotFoundError:
            continue
        except (HfHubHTTPError, ValueError, OSError) as error:
            reason = str(error).strip().splitlines()[-1]
            raise ModelFileError(f"cannot get {address}: {reason}") from error
    raise ModelFileError(f"{address} holds neither {names[0]} nor {names[1]}")
