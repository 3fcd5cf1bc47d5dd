"""A model run by torch: on a CPU or a GPU, in bfloat16, compiled; also its features."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor, nn

from unnoise.denoiser.description import check_model_info
from unnoise.denoiser.networks import CPU, GPU, AtOnce, Network, makes_grey
from unnoise.errors import ModelError, ModelFileError
from unnoise.models import (
    Distances,
    Model,
    build_model,
    fit,
    grey,
    join_features,
    macs_per_pixel,
    place,
)
from unnoise.runs import BOUNDS, ModelInfo, read_model_file
from unnoise.types import Floats


class TorchNetwork:
    """A model in evaluation mode on its device, for images in memory."""

    def __init__(self, model: Model, device: torch.device, *, bf16: bool = False) -> None:
        self._model, self._device, self._bf16 = model, device, bf16
        self.channels, self.depth, self.fixed_size = model.channels, model.depth, model.fixed_size
        self.size_multiple, self.receptive_field = model.size_multiple, model.receptive_field
        self.at_once = at_once(device)

    def run(self, images: Floats) -> Floats:
        """Denoise ``(B, depth · C, H, W)``."""
        try:
            return self._run(images)
        except RuntimeError as error:
            if not _is_out_of_memory(error):
                raise
        # After the handler, whose traceback would hold the memory of the failed attempt.
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        raise MemoryError

    def _run(self, images: Floats) -> Floats:
        noisy = torch.from_numpy(np.require(images, requirements="W"))  # torch warns of others
        pinned = self._device.type == "cuda"  # a card reads and writes such memory by itself
        if pinned:
            noisy = noisy.pin_memory()
        noisy = noisy.to(self._device, memory_format=torch.channels_last, non_blocking=pinned)
        with (
            torch.inference_mode(),
            torch.autocast(self._device.type, torch.bfloat16, enabled=self._bf16),
        ):
            restored: torch.Tensor = self._model(noisy).float()
            if pinned:
                restored = torch.empty(restored.shape, pin_memory=True).copy_(restored)
            made: Floats = restored.cpu().numpy()
        return made


class TorchBackend:
    """A model and the network of its bounds, as torch runs them; they are moved to the device."""

    def __init__(
        self,
        model: Model,
        *,
        distances: Distances | None = None,
        device: str = "cpu",
        bf16: bool = False,  # has an effect on models that only correct their input
        compiles: bool = False,
    ) -> None:
        self._place = torch.device(device)
        self._compiles = compiles
        self._bf16 = bf16 and model.corrects
        self.model = place(model, self._place).eval()
        self.bounds = None if distances is None else place(distances, self._place).eval()
        self.distances: Network | None = None
        if self.bounds is not None:
            self.distances = TorchNetwork(self.bounds, self._place)

    @property
    def device(self) -> str:
        """Where it runs."""
        return str(self._place)

    @cached_property
    def network(self) -> Network:
        """The model as it was trained."""
        return self._network(self.model)

    def at(self, channels: int) -> Network:
        """Return the network for images of this number of channels."""
        return self._single if makes_grey(channels, self.model.channels) else self.network

    @cached_property
    def _grey(self) -> Model:
        return place(grey(self.model), self._place).eval()

    @cached_property
    def _single(self) -> Network:
        return self._network(self._grey)

    def _network(self, model: Model) -> Network:
        # The compiled module has the attributes of the model.
        model = cast("Model", torch.compile(model)) if self._compiles else model
        return TorchNetwork(model, self._place, bf16=self._bf16)

    def weights(self) -> dict[str, Any]:
        """Return the weights of the model and of its bounds, by the names in a model file."""
        weights = self.model.state_dict()
        if self.bounds is not None:
            theirs = self.bounds.state_dict()
            weights |= {BOUNDS + name: tensor for name, tensor in theirs.items()}
        return weights

    def encode(self, images: Floats, levels: Sequence[int] | None, pool: int | None) -> Floats:
        """Return features of many images, a part of them at a time."""
        channels = images.shape[1] // self.model.depth
        model = self._grey if makes_grey(channels, self.model.channels) else self.model
        size = max(1, self.network.at_once.pixels // (images.shape[2] * images.shape[3]))

        def features(part: Tensor) -> Tensor:
            seen = fit(model, part.to(self._place, memory_format=torch.channels_last))
            if levels is None and pool is None:
                return model.encode(seen)
            return join_features(model.features(seen), (-1,) if levels is None else levels, pool)

        with torch.inference_mode():
            parts = [features(part).cpu() for part in torch.from_numpy(images).split(size)]
        found: Floats = torch.cat(parts).numpy()
        return found

    def describe(self) -> dict[str, Any]:
        """Return size, cost and contract of the network."""
        return {
            "parameters": sum(p.numel() for p in self.model.parameters()),
            "kmacs_per_pixel": round(macs_per_pixel(self.model) / 1000, 3),
            "size_multiple": self.model.size_multiple,
            "fixed_size": self.model.fixed_size,
            "depth": self.model.depth,
            "receptive_field": self.model.receptive_field,
        }


def at_once(device: torch.device) -> AtOnce:
    """Return the amount that runs at once on a device."""
    return CPU if device.type == "cpu" else GPU


def _is_out_of_memory(error: Exception) -> bool:
    if isinstance(error, torch.OutOfMemoryError):
        return True
    return any(text in str(error) for text in ("not enough memory", "DefaultCPUAllocator"))


class Loaded(NamedTuple):
    """The content of a model file."""

    info: ModelInfo
    model: Model
    distances: Distances | None  # of its bounds, where it has any


def load_model(path: Path, *, table: bool = False) -> Loaded:
    """Load a model for torch; ``table`` allows a model of a table, whose rows are no images."""
    info, weights = read_model_file(path)
    if info.estimator is not None and info.value_range is None and not table:
        raise ModelFileError(
            f"{path} holds an estimator of a table, and no denoiser of images: open it with "
            "unnoise.DenoisingAutoencoder.load"
        )
    own = {name: weights.pop(name) for name in list(weights) if name.startswith(BOUNDS)}
    distances = None
    try:
        # On "meta" no memory is taken, so a header cannot ask for more than the file holds.
        with torch.device("meta"):
            model = build_model(info.model, info.arguments)
            if info.bounds is not None:
                distances = Distances(info.bounds["arguments"])
        _fill(model, weights)
        if distances is not None and info.bounds is not None:
            _fill(distances, {name.removeprefix(BOUNDS): own[name] for name in own})
        check_model_info(info, model, distances)
    except (RuntimeError, TypeError, ValueError, KeyError, ModelError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelFileError(f"{path} does not hold the weights it says: {reason}") from error
    return Loaded(info, model, distances)


def _fill(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    wanted = {name: tensor.dtype for name, tensor in network.state_dict().items()}
    if any(weights[name].dtype != dtype for name, dtype in wanted.items() if name in weights):
        raise TypeError("its weights are not of the dtype of the model")
    network.load_state_dict(weights, assign=True)
