"""How a model sees images: their channels, scale and stride."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from unnoise.denoiser.description import stored_range
from unnoise.denoiser.options import DenoiseOptions
from unnoise.denoiser.scaled import Scaled, part_with_data, scale, with_data
from unnoise.denoiser.steady import course_of
from unnoise.denoiser.together import apart, beside
from unnoise.denoiser.view import OneImage, View, adapts, goes_together, read_channels
from unnoise.errors import ImageError, ModelError
from unnoise.facts import noise_correlation
from unnoise.images import (
    RGB,
    Colour,
    Holes,
    Layout,
    Neighbours,
    Reader,
    ValueRange,
    as_array,
    as_stack,
    estimate_noise,
    neighbours,
    to_channels,
    to_float,
)
from unnoise.runs import ModelInfo
from unnoise.sizes import Sized, check_size
from unnoise.types import Array, Floats

DEFAULTS = DenoiseOptions()


class Counted(Protocol):
    """Images that are counted along some axes, such as a ``Layout``."""

    @property
    def count(self) -> int:
        """Number of images."""

    @property
    def stack_axes(self) -> str:
        """The letters of the axes that count images."""

    @property
    def stack_shape(self) -> tuple[int, ...]:
        """The lengths of these axes."""


class Sight:
    """How one model sees images."""

    def __init__(self, model: Sized, info: ModelInfo) -> None:
        self._model, self.strides, self._depth = model, info.strides, info.depth
        # Whether the model finds an image from those beside it, and does not see the image itself.
        self.hidden = bool(info.arguments.get("hidden"))
        self._dtype, self._range, self.results = stored_range(info)
        # Whether results in the model's own scale are limited to [0, 1].
        self.clamps = self._range is None or self._range.clamp
        # Whether the channels of the model are red, green and blue.
        self.colours = model.channels == RGB if info.colour is None else info.colour

    def check(self, channels: int, height: int, width: int) -> None:
        """Raise ``ModelError`` if images of this shape cannot be denoised."""
        wanted = self._model.channels
        taken = wanted if adapts(channels, wanted) else channels
        check_size(self._model, taken, height, width)

    def of_reader(self, reader: Reader, options: DenoiseOptions = DEFAULTS) -> View:
        """Return how an open file is seen; some of its values are read."""
        if reader.whole and options.dtype != "same":
            if options.dtype == "float32" and reader.dtype.kind == "f":  # but not in its file
                raise ImageError(
                    f"{reader.name} has a format of whole numbers, in steps of its own: leave "
                    "--dtype out"
                )
            options = replace(options, dtype="same") if options.dtype == "auto" else options
        # The range of a picture of 8 bits is known, unless the model keeps one.
        plain = reader.picture and reader.dtype == np.uint8 and self._dtype is None
        known = reader.colour != "unknown" and (plain or options.range is not None)
        seen = self._view(
            [] if known else with_data(reader.sample(), reader.holes),
            reader.dtype,
            (reader.height, reader.width, reader.layout.channels),
            options,
            alpha=reader.alpha,
            colour=reader.colour,
        )
        layout, film, name = reader.layout, reader.film, reader.name
        seen = replace(seen, holes=reader.holes, notes=(*reader.notes, *seen.notes))
        seen = self.among(seen, layout, name=name)
        course, said = course_of(options.steady, layout, film=film, around=seen.around, name=name)
        return replace(seen, notes=(*seen.notes, *said), course=course)

    def of_stack(self, stack: Array, options: DenoiseOptions = DEFAULTS) -> View:
        """Return how a stack ``(N, H, W, C)`` of any dtype is seen, masked where data lack."""
        parts = with_data(list(stack), Holes())
        shape = (stack.shape[1], stack.shape[2], stack.shape[3])
        return self._view(parts, stack.dtype, shape, options, alpha=False, colour="unknown")

    def around(
        self, layout: Counted, *, name: str = "the array", known: bool = False
    ) -> Neighbours | None:
        """Return which images of a stack are seen together; None for a model of single images.

        Args:
            layout: The axes that count images, and their lengths.
            name: Of the stack, for messages.
            known: Whether the neighbours of a single image are known otherwise.

        Raises:
            ModelError: The axis is not known; or there is one image, and the model needs others.
        """
        if not self._depth:
            return None
        if layout.count == 1 and self.hidden and not known:
            raise ModelError(
                f"the model finds an image from those before and after it, and {name} has one: "
                "give it a stack (--axes where the file does not state its axes), or take a model "
                "of single images"
            )
        return neighbours(self._depth, layout.stack_axes, layout.stack_shape, name=name)

    def among(
        self, view: View, layout: Counted, *, name: str = "the array", known: bool = False
    ) -> View:
        """Add to a view which images are seen together; see ``around``."""
        around = self.around(layout, name=name, known=known)
        if around is None or layout.count > 1 or known:
            return replace(view, around=around)
        note = f"the model sees {around.depth} images together, and {name} has one, which stands "
        note += "for all: a model of single images is better, by 2 to 3 dB in trials"
        return replace(view, around=around, notes=(*view.notes, note))

    def floats(self, images: Array, values: ValueRange | None = None, *, depth: int = 1) -> Floats:
        """Return a stack ``(N, H, W, C)`` as the model sees it, float32 ``(N, C, H, W)``.

        With ``depth``, each image comes with its neighbours, ``(N, H, W, depth · C)``. Grey becomes
        colour and colour grey, where the model takes the other. Without ``values``, the range of
        the images is found.
        """
        alone, wanted = apart(images, depth), self._model.channels
        if {alone.shape[3], wanted} == {1, 3}:
            alone = to_channels(alone, wanted)
        floats = to_float(alone, values or self.values(list(alone))[0])
        return floats.reshape(len(images), -1, *floats.shape[2:])

    def values(
        self, parts: Sequence[Array], *, each: bool = False, picture: bool = False
    ) -> tuple[ValueRange, str]:
        """Return the range of parts ``(..., W, C)`` of one dtype, and a note on it.

        It is the range of the training if they are in its unit. With ``each``, each channel has a
        range of its own. With ``picture``, values of 8 bits are a picture in any case.
        """
        dtype = parts[0].dtype
        kept = self._kept(dtype)
        nominal = ValueRange.nominal(dtype)
        if kept is None and picture and dtype == np.uint8:
            return nominal, ""
        found = ValueRange.of(parts, each=each)
        if kept is None:
            said = (
                f"values scaled by their range, {found.describe(dtype)}" if found != nominal else ""
            )
            return found, said
        if kept.fits(parts[0].shape[-1]) and kept.knows(found, estimate_noise(parts)):
            return kept, ""
        return found, (
            f"the model knows the range {kept} of {dtype}, and these values are of another one: "
            f"scaled by {found}; --range LOW HIGH sets it"
        )

    def value_range(self, dtype: np.dtype[np.generic]) -> ValueRange:
        """Return the range that the model keeps for a dtype; else all values of the dtype."""
        return self._kept(dtype) or ValueRange.nominal(dtype)

    def stride(self, image: NDArray[np.generic]) -> int:
        """Return the stride of the training that suits the grain of an image ``(H, W, C)`` best."""
        if len(self.strides) == 1:
            return self.strides[0]
        found = noise_correlation(image)
        needed = found.stride if found else 1
        return min(self.strides, key=lambda known: abs(known - needed))

    def scaled(
        self,
        image: NDArray[np.generic],
        options: DenoiseOptions = DEFAULTS,
        *,
        axes: str | None = None,
        holes: Holes = Holes(),  # noqa: B008  frozen
        view: View | None = None,
        together: Array | None = None,
    ) -> "Scaled":
        """Scale an image ``(H, W)`` or ``(H, W, C)`` as the model sees it.

        ``together`` is the image with its neighbours, ``(H, W, depth · C)``, for a model that sees
        several.
        """
        stack, layout = self.one(image, axes=axes, holes=holes)
        view = view or self.among(self.of_stack(stack, options), layout, known=together is not None)
        seen = np.tile(stack, view.depth) if together is None else together[None]
        noisy, lacks = scale(view, seen)

        def back(results: Floats) -> NDArray[np.generic]:
            made = view.unscale(results[None], np.asarray(stack), lacks)
            return np.ascontiguousarray(layout.from_stack(made))

        return Scaled(noisy[0], view, back, part_with_data(lacks))

    def one(
        self,
        image: NDArray[np.generic],
        *,
        axes: str | None = None,
        holes: Holes = Holes(),  # noqa: B008  frozen
    ) -> tuple[Array, Layout]:
        """View an array ``(H, W)`` or ``(H, W, C)`` as a stack of one image."""
        image = as_array(image)
        known = (1, 2, 3, 4, self._model.channels)
        if axes is None and image.ndim == 3 and image.shape[-1] in known:
            axes = "YXC"
        if axes is None and image.ndim > 2:
            raise ImageError(
                f"the array has shape {image.shape}, which is a stack of images: "
                "pass it to denoiser.stack(), or one image (H, W) or (H, W, C), or say its axes"
            )
        return as_stack(image, axes=axes, holes=holes)

    def peek(self, reader: Reader, side: int, view: View) -> Floats:
        """Return the middle of the first image of an open file as the model sees it, ``(C, H, W)``.

        For a model that sees several, it is the middle image, ``(depth · C, H, W)``. Where data
        lack in these ``side`` × ``side`` pixels, it is the largest part that has some.
        """
        source = OneImage(beside(reader, view.around), reader.count // 2 if view.around else 0)
        noisy, lacks = scale(view, source.middle(side)[None])
        rows, columns = part_with_data(lacks)
        return np.ascontiguousarray(noisy[0, :, rows, columns])

    def _view(
        self,
        parts: Sequence[Array],
        dtype: np.dtype[np.generic],
        shape: tuple[int, int, int],
        options: DenoiseOptions,
        *,
        alpha: bool,
        colour: Colour,
    ) -> View:
        wanted = self._model.channels
        height, width, channels = shape
        alpha, colour, notes = read_channels(
            parts, channels, wanted, alpha=alpha, colour=colour, colours=self.colours
        )
        channels -= alpha
        together = goes_together(options.channels, channels, colour, wanted, colours=self.colours)
        self.check(1 if not together and adapts(1, wanted) else channels, height, width)
        if not together and channels > 1:
            notes.append(f"its {channels} channels are denoised one by one")
        if options.range is not None:
            values, said = ValueRange.given(*options.range), ""
        elif parts:
            seen = [part[..., :channels] for part in parts]
            values, said = self.values(seen, each=colour == "other")
        else:
            values, said = ValueRange.nominal(dtype), ""
        made = options.result_dtype(dtype, values)
        if said:
            notes.append(said)
        if values.rounds_coarsely(made):
            notes.append(
                "results are rounded to whole numbers, which is coarser than what is left of the "
                "noise: --dtype float32 keeps fractions"
            )
        elif made != dtype:
            notes.append(f"results are {made}")
        # A model of three channels that are no colours knows better than their number.
        colours = (
            (channels, colour) == (RGB, "rgb")
            and options.channels != "separate"
            and (self.colours or not together)
        )
        if options.chroma != options.strength and not colours:
            notes.append("it has no colours, so chroma-strength changes nothing")
        results = self.results if self.results and values == self._kept(dtype) else values
        return View(
            values, results, channels, alpha, together, Holes(), made, tuple(notes), colours
        )

    def _kept(self, dtype: np.dtype[np.generic]) -> ValueRange | None:
        """Return the range that the model keeps for a dtype; None where it knows none."""
        if self._range is None or self._dtype is None:
            return None
        ours, theirs = self._dtype, np.dtype(dtype)
        # Bytes may stand in another order; floats are of one unit whatever their width.
        same = theirs.newbyteorder("=") == ours or theirs.kind == ours.kind == "f"
        return self._range if same else None
