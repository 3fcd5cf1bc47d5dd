"""Options of applying a model; defined, explained and checked here alone."""

import os
from dataclasses import dataclass, fields
from pathlib import Path, PurePath
from typing import Any, Literal, Self, get_args

import numpy as np

from unnoise.errors import ConfigError, UnknownNameError
from unnoise.images import PICTURE_ENDINGS, ValueRange, written_ending

ChannelUse = Literal["auto", "separate", "together"]
OutputDtype = Literal["same", "auto", "float32"]
Steady = Literal["auto", "on", "off"]
PictureFormat = Literal["png", "jpeg", "webp", "tiff"]

OF_FILES = ("quality",)  # options that mean nothing for an array
SUFFIX = "_denoised"  # of outputs beside their inputs
# Endings that stay whole when a suffix goes before them.
ENDINGS = (".ome.tif", ".ome.tiff", ".idx.gz", "-ubyte.gz", "-ubyte")


@dataclass(frozen=True, kw_only=True)
class DenoiseOptions:
    """How a model is applied. A value out of range raises ``ConfigError``.

    Parameters
    ----------
    strength
        Mix with the input: 0 is the input, 1 the result. In colours, of the brightness (luma).
    chroma_strength
        The same for the colour noise. [default: strength]
    detail
        How much of the texture that was removed with the noise comes back, 0 to 1. Texture and
        noise differ by their energy at three scales; in colours, the texture of the brightness.
    hot_pixels
        Replace hot and dead pixels by the median of their neighbours first.
    steady
        Against flicker: blend each result of a stack with those before it, where nothing changes.
        auto does so for films, with models of single images; on for all stacks, along T or their
        only axis.
    range
        The values that are black and white, such as 0 4095. Without it, they are found in the data
        of each file, or taken from the training data where the file is in the same unit.
    channels
        together gives the model all channels of a pixel, as colours; separate gives it one after
        the other. auto goes by what the file says of them.
    dtype
        Dtype of the results: same as the input, float32, or auto, which is float32 where whole
        numbers are coarser than the noise that is left.
    quality
        Quality of JPEG and WebP files, 1 to 100. Without it, a JPEG keeps its own, and a WebP its
        kind of compression. Films keep their codec, at a high quality. Other formats lose nothing.
    """

    strength: float = 1.0
    chroma_strength: float | None = None
    detail: float = 0.0
    hot_pixels: bool = False
    steady: Steady = "auto"
    range: tuple[float, float] | None = None
    channels: ChannelUse = "auto"
    dtype: OutputDtype = "same"
    quality: int | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        for name, value in (("strength", self.strength), ("chroma_strength", self.chroma)):
            if not 0 <= value <= 1:
                raise ConfigError(
                    f"{name} is {value}: it is from 0, which gives the image back, "
                    "to 1, the model's result"
                )
        if not 0 <= self.detail <= 1:
            raise ConfigError(
                f"detail is {self.detail}: it is from 0, which brings nothing back, to 1"
            )
        if self.range is not None:
            ValueRange.given(*self.range)
        if self.quality is not None and not 1 <= self.quality <= 100:
            raise ConfigError(f"quality is {self.quality}: it is from 1 to 100")
        check_word("steady", self.steady, Steady)
        check_word("channels", self.channels, ChannelUse)
        check_word("dtype", self.dtype, OutputDtype)

    @classmethod
    def of_array(cls, given: dict[str, Any]) -> Self:
        """Return the options of a call with an array; refuse a name that is none of them."""
        known = [field.name for field in fields(cls) if field.name not in OF_FILES]
        for name in given:
            if name not in known:
                raise UnknownNameError("option", name, [*known, "axes", "nodata", "nan"])
        return cls(**given)

    @property
    def chroma(self) -> float:
        """The strength of the colours."""
        return self.strength if self.chroma_strength is None else self.chroma_strength

    def check_whole(self, verb: str) -> None:
        """Raise ``ConfigError`` if an option changes the result of the model."""
        for name in ("strength", "chroma_strength", "detail", "hot_pixels", "steady"):
            if getattr(self, name) not in (getattr(DenoiseOptions, name), "off"):
                raise ConfigError(
                    f"{verb} is about the model's result as it is, and {name} changes it: leave "
                    "it out"
                )

    def result_dtype(self, dtype: np.dtype[np.generic], values: ValueRange) -> np.dtype[np.generic]:
        """Return the dtype of the results of an image."""
        coarse = values.rounds_coarsely(dtype)
        wanted = self.dtype == "float32" or (self.dtype == "auto" and coarse)
        return np.dtype(np.float32) if wanted and dtype.kind != "f" else dtype


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """Where outputs go, and which are written. Values that contradict raise ``ConfigError``.

    Parameters
    ----------
    out
        The folder to write to; subfolders are made as they are in the input. For one input, it may
        be the name of the file: a film that becomes clean.mkv loses nothing. Without it, outputs
        lie beside their inputs.
    suffix
        Put before the extension. [default: _denoised, or nothing with --out]
    format
        Write single images as png, jpeg, webp or tiff: upright, with their colours. Values that the
        format cannot hold are scaled, and a note states the range. [default: the format of the
        input]
    overwrite
        Replace outputs that exist.
    skip_existing
        Leave outputs that exist: repeats a call that was interrupted.
    inspect
        Look at each file first, and warn where the result cannot be trusted: noise that the model
        does not know, structure that it removes, images unlike its training images. With --model
        self, nothing is written if most results are estimated to be worse than their inputs.
    """

    out: Path | None = None
    suffix: str | None = None
    format: PictureFormat | None = None
    overwrite: bool = False
    skip_existing: bool = False
    inspect: bool = True

    def __post_init__(self) -> None:
        """Check the values; a folder may be given as text."""
        if self.out is not None:
            object.__setattr__(self, "out", Path(self.out))
        if self.overwrite and self.skip_existing:
            raise ConfigError(
                "overwrite replaces outputs that exist, skip_existing leaves them: drop one"
            )
        if self.suffix and ("/" in self.suffix or os.sep in self.suffix):
            raise ConfigError(
                f"suffix is {self.suffix!r}: it is put into a name, so it holds no {os.sep}"
            )
        check_word("format", self.format or "png", PictureFormat)

    @property
    def added(self) -> str:
        """What goes before the extension."""
        if self.suffix is not None:
            return self.suffix
        return SUFFIX if self.out is None else ""

    def rename(self, name: str) -> str:
        """Return the name of the output of an input, with the ending of its format."""
        ending = next((end for end in ENDINGS if name.lower().endswith(end)), PurePath(name).suffix)
        stem = name[: len(name) - len(ending)]
        known = PICTURE_ENDINGS[self.format] if self.format else written_ending(name)
        return stem + self.added + (known or name[len(stem) :])


def check_word(name: str, value: str, words: Any) -> None:
    """Raise ``ConfigError`` unless a value is one of the words of a ``Literal``."""
    allowed = get_args(words)
    if value not in allowed:
        raise ConfigError(f"{name} is {value!r}: it is {', '.join(allowed[:-1])} or {allowed[-1]}")
