"""The denoiser: check, scale, run in chunks, clamp, scale back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unnoise.errors import ImageError, ModelError, ModelFileError
from unnoise.images import Layout, as_stack, from_float, to_float
from unnoise.models import Model, build_model, fit, macs_per_pixel, restore
from unnoise.runs import ModelInfo, RunFolder, read_model_file, write_model_file

Scalar = TypeVar("Scalar", bound=np.generic)

# Pixels that run at once: enough to keep the cores busy, few enough that the feature maps of a
# small network stay in the cache. Measured in docs/lab-notes.md.
CHUNK_PIXELS = 150_000


class Denoiser:
    """A trained model with all that is needed to use it.

    Attributes:
        info: What the model file says about the model.
        device: Where it runs.
    """

    def __init__(self, model: Model, info: ModelInfo, *, device: str = "cpu") -> None:
        self.info = info
        self.device = torch.device(device)
        # The stubs of torch know memory_format only together with a tensor.
        self._model = model.to(self.device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]

    @classmethod
    def load(cls, path: str | Path, *, device: str = "cpu") -> "Denoiser":
        """Load a model file, or the model of a run folder.

        Raises:
            ModelFileError: The file is missing, damaged, of another format, or does not fit the
                architecture that it names.
        """
        path = Path(path)
        if path.is_dir():
            path = RunFolder(path).model
        info, weights = read_model_file(path)
        try:
            # On "meta" no memory is taken, so a header cannot ask for more than the file holds.
            with torch.device("meta"):
                model = build_model(info.model, info.arguments)
            wanted = {name: tensor.dtype for name, tensor in model.state_dict().items()}
            if any(
                weights[name].dtype != dtype for name, dtype in wanted.items() if name in weights
            ):
                raise TypeError("its weights are not of the dtype of the model")
            model.load_state_dict(weights, assign=True)
        except (RuntimeError, TypeError, ValueError, ModelError) as error:
            reason = " ".join(str(error).split())[:200]
            raise ModelFileError(f"{path} does not hold the weights it says: {reason}") from error
        return cls(model, info, device=device)

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write the model file.

        Raises:
            OutputError: The file exists and ``overwrite`` is false, or it cannot be written.
        """
        write_model_file(Path(path), self.info, self._model.state_dict(), overwrite=overwrite)

    def __call__(self, image: NDArray[Scalar]) -> NDArray[Scalar]:
        """Denoise one image ``(H, W)`` or ``(H, W, C)``.

        Returns:
            An array of the same shape and dtype. Integers are scaled by their dtype, floats are
            taken as nominally [0, 1]; results are clamped to that range.

        Raises:
            ImageError: The array is no image, or holds NaN or infinity.
            ModelError: The model does not take images of this size or number of channels.
        """
        stack, layout = as_stack(image)
        if layout.stacked:
            raise ImageError(
                f"the array has shape {image.shape}, which is a stack of images: "
                "pass it to denoiser.stack(), or one image (H, W) or (H, W, C)"
            )
        return cast("NDArray[Scalar]", self.denoise(stack, layout))

    def stack(self, images: NDArray[Scalar]) -> NDArray[Scalar]:
        """Denoise a stack ``(N, H, W)`` or ``(N, H, W, C)``; see ``__call__``."""
        images = np.asarray(images)
        # The first axis is the stack whatever the length of the last.
        stack, layout = as_stack(images[..., None] if images.ndim == 3 else images)
        layout = Layout(layout.dtype, layout.stacked, images.ndim == 4)
        return cast("NDArray[Scalar]", self.denoise(stack, layout))

    def denoise(self, stack: NDArray[np.generic], layout: Layout) -> NDArray[np.generic]:
        """Denoise a stack ``(N, H, W, C)`` and give it back in another layout."""
        return from_float(self.denoise_floats(to_float(stack)), layout)

    def denoise_floats(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Denoise float32 ``(N, C, H, W)``, nominally [0, 1]; results are clamped to [0, 1]."""
        results, done = np.empty_like(images), 0
        with torch.inference_mode():
            for noisy in self._chunks(images):
                restored = restore(self._model, noisy).clamp_(0, 1)
                results[done : done + len(noisy)] = restored.cpu().numpy()
                done += len(noisy)
        return results

    def encode(self, images: NDArray[np.generic]) -> NDArray[np.float32]:
        """Return the model's features of one image or a stack, ``(N, ...)`` float32."""
        stack, _ = as_stack(images)
        with torch.inference_mode():
            parts = [
                self._model.encode(fit(self._model, part)).cpu()
                for part in self._chunks(to_float(stack))
            ]
        features: NDArray[np.float32] = torch.cat(parts).numpy()
        return features

    def describe(self) -> dict[str, Any]:
        """Return what is known about the model, as plain values."""
        return {
            **self.info.__dict__,
            "parameters": sum(p.numel() for p in self._model.parameters()),
            "kmacs_per_pixel": round(macs_per_pixel(self._model) / 1000, 3),
            "size_multiple": self._model.size_multiple,
            "fixed_size": self._model.fixed_size,
            "receptive_field": self._model.receptive_field,
        }

    def _chunks(self, images: NDArray[np.float32]) -> Iterator[Tensor]:
        """Yield parts of a stack that are small enough to run at once, on the device."""
        size = max(1, CHUNK_PIXELS // (images.shape[2] * images.shape[3]))
        for part in torch.split(torch.from_numpy(images), size):
            yield part.to(self.device, memory_format=torch.channels_last)
