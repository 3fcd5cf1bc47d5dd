"""The denoiser: a model with what its file says, applied to arrays and files of any size."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from unnoise.denoiser.describing import describe_model
from unnoise.denoiser.distances import DistanceFinder
from unnoise.denoiser.loading import load_engine
from unnoise.denoiser.network import Engine, Floats, Network, network_at
from unnoise.denoiser.restoring import (
    Page,
    Restorer,
    Stack,
    TiledImage,
    check_strength,
    fill,
    on_floats,
    on_values,
    run_images,
)
from unnoise.denoiser.sight import Sight
from unnoise.denoiser.tiles import Array, Tile, Work
from unnoise.errors import ModelError
from unnoise.images import (
    Layout,
    Reader,
    as_stack,
    open_image,
    to_float,
    write_like,
)
from unnoise.runs import ModelInfo, write_model_file

LOOK = 1024  # pixels of a side of an image, from which the correlation of its noise is told

Scalar = TypeVar("Scalar", bound=np.generic)

COLOUR_COUNTS = (1, 3, 4)  # lengths of a last axis that is channels, where nothing else is known


class Denoiser:
    """A trained model with all that is needed to use it.

    Attributes:
        info: What the model file says about the model.
        engine: What runs the model.
        sight: How the model sees images.
    """

    def __init__(self, engine: Engine, info: ModelInfo) -> None:
        self.info = info
        self.engine = engine
        self.sight = Sight(engine.network, info)
        found = engine.distances
        self._distances = DistanceFinder(found, engine.network.channels) if found else None

    @classmethod
    def load(
        cls, path: str | Path, *, device: str = "cpu", bf16: bool = False, compiles: bool = False
    ) -> "Denoiser":
        """Load a model; see ``loading.load_engine``."""
        return cls(*load_engine(path, device=device, bf16=bf16, compiles=compiles))

    @property
    def has_bounds(self) -> bool:
        """Whether it can say how far the truth may lie from a result."""
        return self._distances is not None

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write the model file.

        Raises:
            OutputError: The file exists and ``overwrite`` is false, or it cannot be written.
            ModelError: It came from an ONNX file, whose weights cannot be trained on.
        """
        write_model_file(Path(path), self.info, self.engine.weights(), overwrite=overwrite)

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
        stack, layout = self.sight.one(image)
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
            alpha = self.sight.alpha_in(reader)
            channels = reader.channels + reader.alpha - alpha
            self.sight.check(channels, reader.height, reader.width)
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
                for source, network in self._networks(reader, channels, alpha=alpha):
                    work = self._work(network, reader.dtype, alpha=alpha, strength=strength)
                    yield from run_images(network, source, counted(work))

            check_strength(strength)
            write_like(Path(target), reader, images(), overwrite=overwrite)

    def tiled(self, reader: Reader, index: int, *, strength: float = 1.0) -> TiledImage:
        """Return one image of an open file in tiles that are denoised in any order, or elsewhere.

        Together they are what ``denoise_file`` makes of the image.

        Raises:
            ImageError: The file cannot be read.
            ModelError: The model does not take images of this size or number of channels.
            ConfigError: The strength is outside [0, 1].
        """
        alpha = self.sight.alpha_in(reader)
        channels = reader.channels + reader.alpha - alpha
        self.sight.check(channels, reader.height, reader.width)
        page = Page(reader, index)
        ((_, network),) = self._networks(page, channels, alpha=alpha)
        work = self._work(network, reader.dtype, alpha=alpha, strength=strength)
        return TiledImage(page, network, work)

    def denoise_floats(self, images: Floats) -> Floats:
        """Denoise float32 ``(N, C, H, W)`` in the model's own scale, nominally [0, 1].

        Results are clamped to [0, 1], unless the model keeps a value range that is not.
        """
        self.sight.check(*images.shape[1:])
        noisy, results = np.moveaxis(images, 1, -1), np.empty_like(images)
        made = (
            image
            for source, network in self._networks(Stack(noisy), images.shape[1])
            for image in run_images(
                network, source, on_floats(Restorer(network, clamp=self.sight.clamps))
            )
        )
        fill(np.moveaxis(results, 1, -1), made)
        return results

    def find_distances(self, noisy: Floats, restored: Floats) -> tuple[Floats, Floats]:
        """Return how far below and above denoised images the truth may lie, each at least 0.

        Args:
            noisy: float32 ``(N, C, H, W)`` in the model's own scale.
            restored: What ``denoise_floats`` made of them.

        Raises:
            ModelError: The model has no bounds.
        """
        if self._distances is None or self.info.bounds is None:
            raise ModelError(
                "the model has no bounds: train it with --intervals 0.9, or add them to it with "
                "--init MODEL --freeze --intervals 0.9"
            )
        return self._distances(noisy, restored, self.info.bounds["groups"])

    def encode(
        self,
        images: NDArray[np.generic],
        *,
        levels: Sequence[int] | None = None,
        pool: int | None = None,
    ) -> Floats:
        """Return the model's features of one image or a stack, which are seen at stride 1.

        Args:
            images: ``(H, W)``, ``(H, W, C)``, ``(N, H, W)`` or ``(N, H, W, C)``.
            levels: Whose features are joined, counted from the finest, 0; -1 is the narrowest
                place. None gives the features of that place as they are.
            pool: The side of a grid over the image; the features of each of its cells are averaged.
                None takes those of every place. A level that is smaller stays as it is.

        Returns:
            float32 ``(N, ...)``; with ``levels`` or ``pool`` one row for each image, ``(N, F)``.

        Raises:
            ModelError: There is no such level, or the model does not take images of this size.
        """
        images = np.asarray(images)
        grey = images.ndim == 3 and images.shape[-1] not in COLOUR_COUNTS
        stack, _ = as_stack(images, axes="NYX" if grey else None)
        floats = to_float(stack, self.sight.value_range(stack.dtype))
        return self.encode_floats(floats, levels=levels, pool=pool)

    def encode_floats(
        self, images: Floats, *, levels: Sequence[int] | None = None, pool: int | None = None
    ) -> Floats:
        """Return the features of float32 ``(N, C, H, W)`` in the model's own scale."""
        self.sight.check(*images.shape[1:])
        return self.engine.encode(images, levels, pool)

    def apart(self) -> "Denoiser":
        """Return it for images that are taken apart at its stride already."""
        if self.info.strides == (1,):
            return self
        return Denoiser(self.engine, replace(self.info, strides=(1,)))

    def describe(self) -> dict[str, Any]:
        """Return what is known about the model, as plain values."""
        return describe_model(self.info, self.engine.describe())

    def _denoise_array(
        self, stack: NDArray[np.generic], layout: Layout, strength: float
    ) -> NDArray[Any]:
        alpha = self.sight.has_alpha(stack.shape[3])
        channels = stack.shape[3] - alpha
        self.sight.check(channels, *stack.shape[1:3])
        results = np.empty_like(stack)
        made = (
            image
            for source, network in self._networks(Stack(stack), channels, alpha=alpha)
            for image in run_images(
                network,
                source,
                self._work(network, stack.dtype, alpha=alpha, strength=strength),
            )
        )
        fill(results, made)
        return np.ascontiguousarray(layout.from_stack(results))

    def _networks(
        self, source: Reader | Stack | Page, channels: int, *, alpha: bool = False
    ) -> Iterator[tuple[Reader | Stack | Page, Network]]:
        """Yield a source, or each image of it, with the network at the stride that its noise needs.

        Images are seen as in training: at its stride, or, where it had several, at the one that
        is told from the middle of the image.
        """
        if len(self.info.strides) == 1:
            yield source, network_at(self.engine, channels, self.info.strides[0])
            return
        for index in range(source.count):
            page = Page(source, index)
            middle = page.middle(LOOK)
            stride = self.sight.stride(middle[..., :-1] if alpha else middle)
            yield page, network_at(self.engine, channels, stride)

    def _work(
        self, network: Network, dtype: np.dtype[np.generic], *, alpha: bool, strength: float
    ) -> Work:
        scale = self.sight.value_range(dtype)
        restore = Restorer(network, clamp=scale.clamp)
        return on_values(restore, dtype, scale, alpha=alpha, strength=strength)
