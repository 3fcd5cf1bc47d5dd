"""What a person can ask for when a model is applied; defined, explained and checked here alone."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from unnoise.errors import ConfigError
from unnoise.images import ValueRange

ChannelUse = Literal["auto", "separate", "together"]
OutputDtype = Literal["same", "auto", "float32"]


@dataclass(frozen=True, kw_only=True)
class DenoiseOptions:
    """How a model is applied. A value out of range raises ``ConfigError``.

    Parameters
    ----------
    strength
        Mix with the input: 0 is the input, 1 the result. In colours, of the brightness (luma).
    chroma_strength
        The same of the colour noise. [default: that of --strength]
    detail
        How much of the texture that was removed with the noise comes back, 0 to 1. Texture is told
        from noise by its energy at three scales; in colours it is that of the brightness.
    hot_pixels
        Replace hot and dead pixels by the median of their neighbours first.
    range
        The values that are black and white, such as 0 4095. Without it, they are found in the data
        of each file, or are those of the training data where the file is in their unit.
    channels
        together gives the model all channels of a pixel, as colours; separate one after the other.
        auto goes by what the file says of them.
    dtype
        Of the results: same as the input, float32, or auto, which is float32 where whole numbers
        are coarser than what is left of the noise.
    quality
        Of JPEG and WebP files, 1 to 100. Without it, a JPEG keeps its own, and a WebP its kind of
        compression. Other formats lose nothing.
    """

    strength: float = 1.0
    chroma_strength: float | None = None
    detail: float = 0.0
    hot_pixels: bool = False
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
        check_word("channels", self.channels, ChannelUse)
        check_word("dtype", self.dtype, OutputDtype)

    @property
    def chroma(self) -> float:
        """The strength of the colours."""
        return self.strength if self.chroma_strength is None else self.chroma_strength

    def check_whole(self, verb: str) -> None:
        """Raise ``ConfigError`` unless results are those of the model as they are."""
        for name in ("strength", "chroma_strength", "detail", "hot_pixels"):
            if getattr(self, name) != getattr(DenoiseOptions, name):
                raise ConfigError(
                    f"{verb} is about the model's result as it is, and {name} changes it: leave "
                    "it out"
                )

    def result_dtype(self, dtype: np.dtype[np.generic], values: ValueRange) -> np.dtype[np.generic]:
        """Return the dtype of the results of an image."""
        coarse = values.rounds_coarsely(dtype)
        wanted = self.dtype == "float32" or (self.dtype == "auto" and coarse)
        return np.dtype(np.float32) if wanted and dtype.kind != "f" else dtype


def check_word(name: str, value: str, words: Any) -> None:
    """Raise ``ConfigError`` unless a value is one of the words of a ``Literal``."""
    allowed = get_args(words)
    if value not in allowed:
        raise ConfigError(f"{name} is {value!r}: it is {', '.join(allowed[:-1])} or {allowed[-1]}")
