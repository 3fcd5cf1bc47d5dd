"""How a model sees images: which channels, at which scale, at which stride."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from unnoise.correlation import noise_correlation
from unnoise.denoiser.channels import adapts, is_alpha
from unnoise.denoiser.restoring import Page, check_known
from unnoise.errors import ImageError
from unnoise.images import Layout, Reader, ValueRange, as_stack, from_float, to_channels, to_float
from unnoise.runs import ModelInfo, check_bounds
from unnoise.sizes import Sized, check_size

Array = NDArray[np.generic]
Floats = NDArray[np.float32]


class Sight:
    """What a model takes, and what of an image it gets.

    Args:
        model: Says which channels and sizes it takes.
        info: Says which value range and strides it was trained with.

    Attributes:
        clamps: Whether results in the model's own scale are limited to [0, 1].
    """

    def __init__(self, model: Sized, info: ModelInfo) -> None:
        self._model, self._strides = model, info.strides
        self._dtype, self._range = read_range(info)
        self.clamps = self._range is None or self._range.clamp

    def check(self, channels: int, height: int, width: int) -> None:
        """Raise ``ModelError`` if images of this shape cannot be denoised."""
        wanted = self._model.channels
        taken = wanted if adapts(channels, wanted) else channels
        check_size(self._model, taken, height, width)

    def floats(self, images: Array, values: ValueRange | None = None) -> Floats:
        """Return a stack ``(N, H, W, C)`` as the model sees it, float32 ``(N, C, H, W)``.

        Grey becomes colour and colour grey, where the model takes the other.

        Args:
            images: Of any real dtype.
            values: Their range; None takes the one of their dtype.
        """
        wanted = self._model.channels
        if {images.shape[3], wanted} == {1, 3}:
            images = to_channels(images, wanted)
        return to_float(images, values or self.value_range(images.dtype))

    def value_range(self, dtype: np.dtype[np.generic]) -> ValueRange:
        """Return how values of a dtype are scaled: as in training, if they can be compared."""
        if self._range is not None and self._dtype is not None:
            ours, theirs = self._dtype, np.dtype(dtype)
            # Bytes may stand in another order; floats are of one unit whatever their width.
            if theirs.newbyteorder("=") == ours or theirs.kind == ours.kind == "f":
                return self._range
        return ValueRange.nominal(dtype)

    def has_alpha(self, channels: int) -> bool:
        """Whether the last of so many channels is transparency."""
        return is_alpha(channels, self._model.channels)

    def alpha_in(self, reader: Reader) -> bool:
        """Whether the last channel of an open file is transparency for the model.

        A model of as many channels as the file has was trained with transparency as one of them.
        """
        channels = reader.channels + reader.alpha
        own = reader.alpha and self._model.channels != channels
        return own or self.has_alpha(channels)

    def stride(self, image: NDArray[np.generic]) -> int:
        """Return the stride at which an image ``(H, W, C)`` is seen.

        It is that of the training, or, where it had several, the one that the grain of the image's
        noise needs.
        """
        if len(self._strides) == 1:
            return self._strides[0]
        found = noise_correlation(image)
        needed = found.stride if found else 1
        return min(self._strides, key=lambda known: abs(known - needed))

    def scaled(
        self, image: NDArray[np.generic], *, axes: str | None = None
    ) -> tuple[Floats, Callable[[Floats], NDArray[np.generic]]]:
        """Scale an image as the model sees it.

        Args:
            image: ``(H, W)`` or ``(H, W, C)``, as for calling a denoiser.
            axes: Of an image whose number of channels might be a number of images.

        Returns:
            float32 ``(C, H, W)`` without transparency, and what turns such values into an array of
            the shape and dtype of the image, with its transparency.

        Raises:
            ImageError: The array is no image, or holds NaN or infinity.
            ModelError: The model does not take images of this size or number of channels.
        """
        stack, layout = as_stack(np.asarray(image), axes=axes) if axes else self.one(image)
        alpha = self.has_alpha(stack.shape[3])
        self.check(stack.shape[3] - alpha, *stack.shape[1:3])
        scale = self.value_range(stack.dtype)
        check_known(stack, scale)

        def back(values: Floats) -> NDArray[np.generic]:
            made = from_float(values[None], Layout(stack.dtype, "NYXC", stack.shape), scale)
            whole = np.concatenate([made, stack[..., -1:]], axis=-1) if alpha else made
            return np.ascontiguousarray(layout.from_stack(whole))

        return to_float(stack[..., :-1] if alpha else stack, scale)[0], back

    def one(self, image: NDArray[np.generic]) -> tuple[Array, Layout]:
        """View an array ``(H, W)`` or ``(H, W, C)`` as a stack of one image."""
        image = np.asarray(image)
        axes = "YXC" if image.ndim == 3 else None
        if image.ndim > 3 or (axes and image.shape[-1] not in (1, 2, 3, 4, self._model.channels)):
            raise ImageError(
                f"the array has shape {image.shape}, which is a stack of images: "
                "pass it to denoiser.stack(), or one image (H, W) or (H, W, C)"
            )
        stack, layout = as_stack(image, axes=axes)
        return stack, layout

    def peek(self, reader: Reader, side: int) -> Floats:
        """Return the middle of the first image of an open file as the model sees it.

        At most ``side`` pixels high and wide, ``(C, H, W)``, without transparency.
        """
        image = Page(reader, 0).middle(side)[None]
        image = image[..., :-1] if self.alpha_in(reader) else image
        seen: Floats = to_float(image, self.value_range(image.dtype))[0]
        return seen


def check_header(info: ModelInfo, network: Sized, distances: Sized | None) -> None:
    """Check what a header says, by itself and against the networks of its file.

    Args:
        info: The header.
        network: Of the model.
        distances: Of its bounds.

    Raises:
        ValueError: It cannot be. So do ``KeyError`` and ``TypeError`` for what is missing.
    """
    read_range(info)
    if info.bounds is not None:
        check_bounds(info.bounds)
    if distances is not None and distances.channels != 2 * network.channels:
        raise ValueError(f"its bounds are for {distances.channels / 2:g} channels")
    if network.fixed_size and info.strides != (1,):
        raise ValueError(f"a model of one size cannot be used at strides {info.strides}")


def read_range(info: ModelInfo) -> tuple[np.dtype[np.generic] | None, ValueRange | None]:
    """Return the dtype and the range that a model keeps from its training data, if it does.

    Raises:
        ValueError: They cannot be. So do ``KeyError`` and ``TypeError``.
    """
    kept = info.value_range
    if kept is None:
        return None, None
    low, high = float(kept["low"]), float(kept["high"])
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"its value range goes from {low} to {high}")
    return np.dtype(kept["dtype"]), ValueRange(low, high, bool(kept["clamp"]))
