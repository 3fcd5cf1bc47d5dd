"""The denoiser: a model with what its file says, applied to arrays and files of any size."""

import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from unnoise.denoiser.description import describe_model
from unnoise.denoiser.distances import find_distances
from unnoise.denoiser.loading import load_backend, locate
from unnoise.denoiser.networks import Backend
from unnoise.denoiser.options import OF_FILES, DenoiseOptions
from unnoise.denoiser.passes import (
    FloatPass,
    ValuePass,
    at_strides,
    images_of,
    passes,
)
from unnoise.denoiser.showing import in_html, in_line
from unnoise.denoiser.sight import Sight
from unnoise.denoiser.steady import course_of
from unnoise.denoiser.together import beside
from unnoise.denoiser.view import GREY, ArraySource, OneImage, View, fill, filled
from unnoise.errors import ModelError
from unnoise.images import (
    Holes,
    Layout,
    NaN,
    Reader,
    as_array,
    as_stack,
    check_likely,
    hole_mask,
    open_image,
    to_float,
    write_like,
)
from unnoise.runs import ModelInfo, write_model_file
from unnoise.signatures import takes_fields
from unnoise.sizes import middle_of
from unnoise.types import Array, Denoise, Floats, Say, Scalar


class Denoiser:
    """A trained model as a library runs it, the header of its file, and how it sees images."""

    def __init__(self, backend: Backend, info: ModelInfo, *, one_by_one: bool = False) -> None:
        self.info = info
        self._one_by_one = one_by_one
        self.backend = backend
        self.sight = Sight(backend.network, info)

    @classmethod
    def load(cls, path: str | Path, *, device: str = "cpu") -> "Denoiser":
        """Load a model in float32; ``unnoise.load`` chooses the fastest device and precision."""
        return cls(*load_backend(locate(path), device=device))

    @property
    def has_bounds(self) -> bool:
        """Whether it can estimate how far the truth may lie from a result."""
        return self.backend.distances is not None

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write the model file.

        Raises:
            OutputError: The file exists and ``overwrite`` is false, or it cannot be written.
            ModelError: It was loaded from an ONNX file, which has no weights to train on.
        """
        write_model_file(Path(path), self.info, self.backend.weights(), overwrite=overwrite)

    @takes_fields(DenoiseOptions, without=OF_FILES)
    def __call__(
        self,
        image: NDArray[Scalar],
        *,
        axes: str | None = None,
        nodata: float | None = None,
        nan: NaN = "refuse",
        **options: Any,
    ) -> NDArray[Scalar]:
        """Denoise one image ``(H, W)`` or ``(H, W, C)`` of any size.

        A model of one channel denoises each channel by itself. A model of three channels takes a
        grey image as three equal ones, and the result is the mean of three. The last of four
        channels is transparency if it is flat, and stays unchanged. A ``UserWarning`` reports
        whatever is not obvious from the dtype and the shape, and how many hot pixels were replaced.

        Args:
            image: Of any real dtype. Values are scaled like the training data if they are in the
                same unit, else by their own range.
            axes: One letter per axis, such as ``CYX``; letters other than Y, X and C count images.
            nodata: A value that means no data. Pixels that have it or are masked are not used, and
                keep their values.
            nan: ``keep`` takes NaN and infinity as no data, ``refuse`` refuses them.
            **options: The options below, such as ``strength=0.5``.

        Returns:
            An array of the same shape; a masked array if the image is one.

        Raises:
            ImageError: The array is no image, or holds NaN or infinity.
            ModelError: The model does not take images of this size or number of channels.
            ConfigError: An option is out of range, or does not suit the image.
            UnknownNameError: There is no such option.
        """
        chosen = DenoiseOptions.of_array(options)
        stack, layout = self.sight.one(image, axes=axes, holes=Holes.of(nodata, nan))
        return self._denoise_array(image, stack, layout, chosen)

    @takes_fields(DenoiseOptions, without=OF_FILES)
    def stack(
        self,
        images: NDArray[Scalar],
        *,
        axes: str | None = None,
        nodata: float | None = None,
        nan: NaN = "refuse",
        **options: Any,
    ) -> NDArray[Scalar]:
        """Denoise a stack ``(N, H, W)``, ``(N, H, W, C)``, or another with ``axes``.

        See ``__call__``. All images of a stack have one range of values.
        """
        chosen = DenoiseOptions.of_array(options)
        images = cast("NDArray[Scalar]", as_array(images))
        # The first axis is the stack whatever the length of the last.
        known = axes or {3: "NYX", 4: "NYXC"}.get(images.ndim)
        if axes is None and known is not None:
            check_likely(known, images.shape, name="the array")
        stack, layout = as_stack(images, axes=known, holes=Holes.of(nodata, nan))
        return self._denoise_array(images, stack, layout, chosen)

    def denoise_file(
        self,
        source: Reader | str | Path,
        target: str | Path,
        *,
        options: DenoiseOptions = DenoiseOptions(),  # noqa: B008  frozen
        view: View | None = None,
        overwrite: bool = False,
        progress: Callable[[float], None] = lambda _: None,
        note: Say = lambda _: None,
    ) -> tuple[str, ...]:
        """Denoise a file band by band, in memory that does not grow with its height.

        Args:
            target: Is written in the format, axes, size, dtype and with the metadata of the source.
            view: How the file is seen; None finds it (``Sight.of_reader``).
            progress: Called with the share that is done, up to 1.
            note: Called at the end with the number of replaced hot pixels, in words, and whether
                results were blended over time.

        Returns:
            The properties of the source that the target lost, in words.

        Raises:
            OutputError: The target exists, or cannot be written. Nothing partial remains.
            UnnoiseError: An error of ``__call__``.
        """
        opened: AbstractContextManager[Reader] = (
            nullcontext(source) if isinstance(source, Reader) else open_image(Path(source))
        )
        with opened as reader:
            seen = view or self.sight.of_reader(reader, options)
            images = beside(reader, seen.around)
            made, tally = passes(self.backend, self.sight, images, seen, options, progress)
            lost = write_like(
                Path(target),
                reader,
                images_of(made),
                dtype=seen.dtype,
                quality=options.quality,
                overwrite=overwrite,
            )
            if options.hot_pixels:
                note(tally.in_words())
            if seen.course:
                note(seen.course.note)
            return lost

    def denoise_image(
        self,
        reader: Reader,
        index: int,
        options: DenoiseOptions,
        view: View,
        *,
        note: Say = lambda _: None,
    ) -> Array:
        """Return one image of an open file as ``denoise_file`` does, ``(H, W, C + alpha)``.

        It is not blended with those before it; with a ``view`` that asks for it, a note says so.
        """
        if view.course is not None:
            note("one image alone is not blended with those before it")
        made = self.tiled(reader, index, options, view)
        (bands,) = made.images()
        image = np.concatenate(list(bands))
        if options.hot_pixels:
            note(made.tally.in_words())
        return image

    def tiled(self, reader: Reader, index: int, options: DenoiseOptions, view: View) -> ValuePass:
        """Return the pass over one image of a file; its tiles, in any order, make the result.

        It is not blended with other images.
        """
        image, alone = OneImage(beside(reader, view.around), index), replace(view, course=None)
        (made,), _ = passes(self.backend, self.sight, image, alone, options)
        return made

    def denoise_floats(self, images: Floats, view: View | None = None) -> Floats:
        """Denoise float32 ``(N, C, H, W)`` in the model's own scale, nominally [0, 1].

        A model that sees several images takes ``(N, depth · C, H, W)``: each with its neighbours.
        Results are clamped to [0, 1], unless the range of the model is not.
        """
        count, inputs, *sides = images.shape
        channels = taken = inputs // self.backend.network.depth
        self.sight.check(channels, *sides)
        apart = self._one_by_one or (view is not None and not view.together)
        if apart or taken != self.backend.network.channels:
            taken = GREY
        source = ArraySource(np.moveaxis(images, 1, -1))
        results = np.empty((count, channels, *sides), np.float32)
        made = (
            FloatPass(part, network, clamp=self.sight.clamps)
            for part, network in at_strides(self.backend, self.sight, source, channels, taken)
        )
        fill(np.moveaxis(results, 1, -1), images_of(made))
        return results

    def among(self, images: Floats, view: View | None = None) -> tuple[Floats, Denoise]:
        """Return an image, and a function that denoises changed versions of it.

        Args:
            images: The image with its neighbours, ``(depth · C, H, W)``, in the model's own scale.
            view: How its source is seen.

        Returns:
            The image ``(C, H, W)``, and a function from ``(N, C, H, W)`` to results, which sees the
            same neighbours beside each.
        """
        depth = self.backend.network.depth
        if depth == 1:
            return images, partial(self.denoise_floats, view=view)
        first = depth // 2 * (len(images) // depth)

        def denoise(changed: Floats) -> Floats:
            seen = np.repeat(images[None], len(changed), axis=0)
            seen[:, first : first + changed.shape[1]] = changed
            return self.denoise_floats(seen, view)

        return middle_of(images[None], depth)[0], denoise

    def find_distances(
        self, noisy: Floats, restored: Floats, view: View | None = None
    ) -> tuple[Floats, Floats]:
        """Return how far below and above results of ``denoise_floats`` the truth may lie.

        ``noisy`` are the images of these results, without their neighbours.
        """
        network = self.backend.distances
        if network is None or self.info.bounds is None:
            raise ModelError(
                "the model has no bounds: train it with --intervals 0.9, or add them to it with "
                "--init MODEL --freeze --intervals 0.9"
            )
        shape = noisy.shape
        if view and not view.together:
            noisy, restored = (each.reshape(-1, 1, *shape[2:]) for each in (noisy, restored))
        channels, groups = self.backend.network.channels, self.info.bounds["groups"]
        below, above = find_distances(network, channels, noisy, restored, groups)
        return below.reshape(shape), above.reshape(shape)

    def encode(
        self, images: Array, *, levels: Sequence[int] | None = None, pool: int | None = None
    ) -> Floats:
        """Return the model's features of one image or a stack, which are seen at stride 1.

        Args:
            images: ``(H, W)``, ``(H, W, C)``, ``(N, H, W)`` or ``(N, H, W, C)``.
            levels: Levels whose features are joined: 0 is the finest, -1 the narrowest. None gives
                the features of the narrowest level unchanged.
            pool: Side of a grid over the image in whose cells features are averaged. None keeps
                every place. A level that is smaller than the grid stays unchanged.

        Returns:
            float32 ``(N, ...)``; with ``levels`` or ``pool`` one row for each image, ``(N, F)``.

        Raises:
            ModelError: There is no such level, or the model does not take images of this size.
        """
        images = as_array(images)
        grey = images.ndim == 3 and images.shape[-1] not in (1, 3, 4)  # the last axis: no channels
        stack, _ = as_stack(images, axes="NYX" if grey else None)
        floats = to_float(stack, self.sight.values(list(stack))[0])
        return self.encode_floats(floats, levels=levels, pool=pool)

    def encode_floats(
        self, images: Floats, *, levels: Sequence[int] | None = None, pool: int | None = None
    ) -> Floats:
        """Return the features of float32 ``(N, C, H, W)`` in the model's own scale."""
        self.sight.check(*images.shape[1:])
        return self.backend.encode(images, levels, pool)

    def apart(self, view: View | None = None) -> "Denoiser":
        """Return it for images that were taken apart: at its stride, and as ``view`` says."""
        alone = view is not None and not view.together
        if self.info.strides == (1,) and not alone:
            return self
        return Denoiser(self.backend, replace(self.info, strides=(1,)), one_by_one=alone)

    def describe(self) -> dict[str, Any]:
        """Return what is known about the model, as plain values."""
        return describe_model(self.info, self.backend.describe())

    def __repr__(self) -> str:
        return in_line(self.info.__dict__)

    def _repr_html_(self) -> str:
        """Return the main facts as a table, which notebooks show."""
        return in_html(self.describe())

    def _denoise_array(
        self, given: NDArray[Scalar], stack: Array, layout: Layout, options: DenoiseOptions
    ) -> NDArray[Any]:
        seen = self.sight.among(self.sight.of_stack(stack, options), layout)
        around, name = seen.around, "the array"
        course, _ = course_of(options.steady, layout, film=False, around=around, name=name)
        view = replace(seen, course=course)
        for note in (*view.notes, course.note) if course else view.notes:
            warnings.warn(note, stacklevel=3)
        bad, values = hole_mask(stack), np.asarray(stack)
        # A blend over time must know which values are invented.
        known = stack if course and around is None else filled(values, bad)
        source = beside(ArraySource(known), around)
        results = np.empty(stack.shape, view.dtype)
        made, tally = passes(self.backend, self.sight, source, view, options)
        fill(results, images_of(made))
        if options.hot_pixels:
            warnings.warn(tally.in_words(), stacklevel=3)
        if bad is not None:
            results[bad] = values[bad]
        found = np.ascontiguousarray(layout.from_stack(results))
        if isinstance(given, np.ma.MaskedArray):
            return np.ma.MaskedArray(found, np.ma.getmaskarray(given), fill_value=given.fill_value)
        return found
