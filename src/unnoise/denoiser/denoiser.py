"""The denoiser: a model with what its file says, applied to arrays and files of any size."""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from unnoise.denoiser.channels import adapts, is_alpha
from unnoise.denoiser.loading import load_model, read_range
from unnoise.denoiser.restoring import (
    Page,
    Restorer,
    Stack,
    check_strength,
    fill,
    on_floats,
    on_values,
    run_images,
)
from unnoise.denoiser.tiles import CHUNK_PIXELS, Array, Tile, Work
from unnoise.errors import ImageError
from unnoise.images import Layout, Reader, ValueRange, as_stack, open_image, to_float, write_like
from unnoise.models import Interleaved, Model, fit, macs_per_pixel
from unnoise.noise import noise_correlation
from unnoise.runs import ModelInfo, write_model_file

LOOK = 1024  # pixels of a side of an image, from which the correlation of its noise is told

Scalar = TypeVar("Scalar", bound=np.generic)

COLOUR_COUNTS = (1, 3, 4)  # lengths of a last axis that is channels, where nothing else is known


class Denoiser:
    """A trained model with all that is needed to use it.

    Attributes:
        info: What the model file says about the model.
        device: Where it runs.
        bf16: Whether its convolutions run in bfloat16: where it was asked for, and the model only
            corrects its input.
    """

    def __init__(
        self, model: Model, info: ModelInfo, *, device: str = "cpu", bf16: bool = False
    ) -> None:
        self.info = info
        self.device = torch.device(device)
        self.bf16 = bf16 and model.corrects
        # The stubs of torch know memory_format only together with a tensor.
        self._model = model.to(self.device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
        self._trained_dtype, self._trained_range = read_range(info)

    @classmethod
    def load(cls, path: str | Path, *, device: str = "cpu", bf16: bool = False) -> "Denoiser":
        """Load a model; see ``loading.load_model``."""
        info, model = load_model(path)
        return cls(model, info, device=device, bf16=bf16)

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write the model file.

        Raises:
            OutputError: The file exists and ``overwrite`` is false, or it cannot be written.
        """
        write_model_file(Path(path), self.info, self._model.state_dict(), overwrite=overwrite)

    def __call__(self, image: NDArray[Scalar], *, strength: float = 1.0) -> NDArray[Scalar]:
        """Denoise one image ``(H, W)`` or ``(H, W, C)`` of any size.

        A model of one channel denoises each channel by itself; one of three takes a grey image as
        a colour one, and the mean of its result. A fourth channel is transparency for a model of
        three, and stays as it is.

        Args:
            image: Of any real dtype. Values are scaled as the model's training data were, if the
                dtype is theirs, else integers by their dtype, and floats are nominally [0, 1].
            strength: From 0, which gives the image back, to 1, the model's result.

        Returns:
            An array of the same shape and dtype. Results are clamped to the nominal range, unless
            the model keeps a range from statistics.

        Raises:
            ImageError: The array is no image, or holds NaN or infinity.
            ModelError: The model does not take images of this size or number of channels.
            ConfigError: The strength is outside [0, 1].
        """
        image = np.asarray(image)
        axes = "YXC" if image.ndim == 3 else None
        if image.ndim > 3 or (axes and image.shape[-1] not in (1, 2, 3, 4, self._model.channels)):
            raise ImageError(
                f"the array has shape {image.shape}, which is a stack of images: "
                "pass it to denoiser.stack(), or one image (H, W) or (H, W, C)"
            )
        stack, layout = as_stack(image, axes=axes)
        return self._denoise_array(stack, layout, strength)

    def stack(self, images: NDArray[Scalar], *, strength: float = 1.0) -> NDArray[Scalar]:
        """Denoise a stack ``(N, H, W)`` or ``(N, H, W, C)``; see ``__call__``."""
        images = np.asarray(images)
        # The first axis is the stack whatever the length of the last.
        axes = {3: "NYX", 4: "NYXC"}.get(images.ndim)
        stack, layout = as_stack(images, axes=axes)
        return self._denoise_array(stack, layout, strength)

    def denoise_file(
        self,
        source: Reader | str | Path,
        target: str | Path,
        *,
        strength: float = 1.0,
        overwrite: bool = False,
        progress: Callable[[float], None] = lambda _: None,
    ) -> None:
        """Denoise a file image by image, band by band, in memory that its height does not decide.

        Args:
            source: A file that is open, or its path.
            target: Is written in the format, axes, size, dtype and with the metadata of the source.
            strength: See ``__call__``.
            overwrite: Whether the target may be replaced.
            progress: Told the share that is done, up to 1.

        Raises:
            ImageError: The file cannot be read, or holds NaN or infinity.
            ModelError: The model does not take images of this size or number of channels.
            OutputError: The target exists, or cannot be written. Nothing partial remains.
            ConfigError: The strength is outside [0, 1].
        """
        with (
            nullcontext(source)
            if isinstance(source, Reader)
            else open_image(Path(source)) as reader
        ):
            # A model of four channels was trained with transparency as one of them.
            channels = reader.channels + reader.alpha
            alpha = reader.alpha and self._model.channels != channels
            alpha = alpha or is_alpha(channels, self._model.channels)
            self._check(channels - alpha, reader.height, reader.width)
            total, done = reader.count * reader.height * reader.width, 0

            def counted(work: Work) -> Work:
                def count(part: Array, tile: Tile) -> Array:
                    nonlocal done
                    result = work(part, tile)
                    done += math.prod(result.shape[:3])
                    progress(done / total)
                    return result

                return count

            def images() -> Iterator[Iterable[Array]]:
                for source, model in self._models(reader, alpha=alpha):
                    work = self._work(model, reader.dtype, alpha=alpha, strength=strength)
                    yield from run_images(model, source, counted(work))

            check_strength(strength)
            write_like(Path(target), reader, images(), overwrite=overwrite)

    def denoise_floats(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Denoise float32 ``(N, C, H, W)`` in the model's own scale, nominally [0, 1].

        Results are clamped to [0, 1], unless the model keeps a value range that is not.
        """
        self._check(*images.shape[1:])
        clamp = self._trained_range is None or self._trained_range.clamp
        results = np.empty_like(images)
        noisy, restored = np.moveaxis(images, 1, -1), np.moveaxis(results, 1, -1)
        made = (
            image
            for source, model in self._models(Stack(noisy), alpha=False)
            for image in run_images(model, source, on_floats(self._restorer(model, clamp=clamp)))
        )
        fill(restored, made)
        return results

    def encode(self, images: NDArray[np.generic]) -> NDArray[np.float32]:
        """Return the model's features of one image or a stack, ``(N, ...)`` float32."""
        images = np.asarray(images)
        grey = images.ndim == 3 and images.shape[-1] not in COLOUR_COUNTS
        stack, _ = as_stack(images, axes="NYX" if grey else None)
        with torch.inference_mode():
            layout = torch.channels_last
            noisy = torch.from_numpy(to_float(stack, self.value_range(stack.dtype)))
            size = max(1, CHUNK_PIXELS // (noisy.shape[2] * noisy.shape[3]))
            parts = [
                self._model.encode(
                    fit(self._model, part.to(self.device, memory_format=layout))
                ).cpu()
                for part in noisy.split(size)
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

    def _check(self, channels: int, height: int, width: int) -> None:
        """Raise ``ModelError`` if images of this shape cannot be denoised."""
        wanted = self._model.channels
        self._model.check(wanted if adapts(channels, wanted) else channels, height, width)

    def value_range(self, dtype: np.dtype[np.generic]) -> ValueRange:
        """Return how values of a dtype are scaled: as in training, if they can be compared."""
        if self._trained_range is not None and self._trained_dtype is not None:
            ours, theirs = self._trained_dtype, np.dtype(dtype)
            # Bytes may stand in another order; floats are of one unit whatever their width.
            if theirs.newbyteorder("=") == ours or theirs.kind == ours.kind == "f":
                return self._trained_range
        return ValueRange.nominal(dtype)

    def _denoise_array(
        self, stack: NDArray[np.generic], layout: Layout, strength: float
    ) -> NDArray[Any]:
        channels = stack.shape[3]
        alpha = is_alpha(channels, self._model.channels)
        self._check(channels - alpha, *stack.shape[1:3])
        results = np.empty_like(stack)
        made = (
            image
            for source, model in self._models(Stack(stack), alpha=alpha)
            for image in run_images(
                model, source, self._work(model, stack.dtype, alpha=alpha, strength=strength)
            )
        )
        fill(results, made)
        return np.ascontiguousarray(layout.from_stack(results))

    def _models(
        self, source: Reader | Stack, *, alpha: bool
    ) -> Iterator[tuple[Reader | Stack | Page, Model]]:
        """Yield a source, or each image of it, with the model at the stride that its noise needs.

        Images are seen as in training: at its stride, or, where it had several, at the one that
        is told from the middle of the image.
        """
        strides = self.info.strides
        if len(strides) == 1:
            yield source, self._at(strides[0])
            return
        for index in range(source.count):
            page = Page(source, index)
            middle = page.middle(LOOK)
            found = noise_correlation(middle[..., :-1] if alpha else middle)
            needed = found.stride if found else 1
            yield page, self._at(min(strides, key=lambda known: abs(known - needed)))

    def _at(self, stride: int) -> Model:
        return Interleaved(self._model, stride).eval() if stride > 1 else self._model

    def _restorer(self, model: Model, *, clamp: bool) -> Restorer:
        return Restorer(model, self.device, clamp=clamp, bf16=self.bf16)

    def _work(
        self, model: Model, dtype: np.dtype[np.generic], *, alpha: bool, strength: float
    ) -> Work:
        scale = self.value_range(dtype)
        restore = self._restorer(model, clamp=scale.clamp)
        return on_values(restore, dtype, scale, alpha=alpha, strength=strength)
