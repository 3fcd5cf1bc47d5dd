"""Frames of films as arrays, and back: pixel formats, bit depths, colour matrices.

A colour film becomes red, green and blue in the dtype that holds its bits, and its values fill the
dtype: 10 bits are scaled to all 16. FFmpeg does it, by PyAV, which is an extra (``video``).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from unnoise.errors import ImageError
from unnoise.types import Array

# Numbers of ITU-T H.273, as FFmpeg has them: matrices, and the range of values.
RGB_MATRIX, BT709, UNSTATED, BT601 = 0, 1, 2, 5
SCALED = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9}  # matrices that FFmpeg converts, by its names
NARROW, FULL = 1, 2
HD_ROWS = 720  # rows from which on a film without a stated matrix has that of HD
MOST_BITS = 16


@dataclass(frozen=True)
class Coding:
    """How the frames of a film are coded."""

    format: str  # of FFmpeg, such as yuv420p10le
    height: int  # as stored
    width: int
    bits: int  # of a component
    components: int  # without transparency
    alpha: bool
    rgb: bool  # whether the components are red, green and blue
    matrix: int  # the numbers of H.273, as stated
    range: int
    primaries: int
    transfer: int
    rotation: int  # degrees, counterclockwise, that turn a frame upright

    @classmethod
    def of(cls, frame: Any) -> "Coding":
        """Return the coding of a decoded frame."""
        parts = frame.format.components
        return cls(
            format=frame.format.name,
            height=frame.height,
            width=frame.width,
            bits=max(part.bits for part in parts),
            components=3 if frame.format.has_palette else sum(not part.is_alpha for part in parts),
            alpha=any(part.is_alpha for part in parts),
            rgb=frame.format.is_rgb or frame.format.has_palette,
            matrix=frame.colorspace,
            range=frame.color_range,
            primaries=frame.color_primaries,
            transfer=frame.color_trc,
            rotation=frame.rotation % 360,
        )

    def check(self, name: str) -> None:
        """Raise ``ImageError`` if the values cannot be read."""
        known = self.rgb or self.grey or self.matrix in (UNSTATED, *SCALED)
        if self.bits > MOST_BITS or not known:
            what = f"{self.bits} bits" if known else f"a colour matrix (number {self.matrix})"
            raise ImageError(
                f"{name} has {what} that cannot be read: convert it first, such as with "
                f"ffmpeg -i {name} -c:v ffv1 -pix_fmt gbrp16le converted.mkv"
            )

    @property
    def lies(self) -> bool:
        """Whether its rows become columns."""
        return self.rotation in (90, 270)

    @property
    def grey(self) -> bool:
        """Whether it has no colours."""
        return self.components == 1

    @property
    def scaled_grey(self) -> bool:
        """Whether it is grey of 9 to 15 bits, which FFmpeg does not scale."""
        return self.grey and not self.alpha and 8 < self.bits < MOST_BITS

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The dtype of its images."""
        return np.dtype(np.uint8 if self.bits <= 8 else np.uint16)

    @property
    def used_matrix(self) -> int:
        """The matrix that is stated; if none is, that of HD for the size of HD, else of SD."""
        if self.matrix != UNSTATED:
            return self.matrix
        return BT709 if self.height >= HD_ROWS else BT601

    @property
    def used_range(self) -> int:
        """The range that is stated; if none is, the narrow one (16 to 235 in 8 bits) of YUV."""
        full = self.rgb or self.grey or self.format.startswith("yuvj")
        return FULL if full else self.range or NARROW

    @property
    def subsampling(self) -> str | None:
        """The resolution of the colours, such as ``4:2:0``; None if it is full."""
        found = (kind for kind in ("420", "422", "440", "411", "410") if kind in self.format)
        if (kind := next(found, None)) is None and self.format.startswith(("nv12", "p010", "p016")):
            kind = "420"
        return None if kind is None else ":".join(kind)

    @property
    def notes(self) -> tuple[str, ...]:
        """How values are read, where that is not evident."""
        found = []
        if self.bits not in (8, 16) and self.bits > 8:
            found.append(f"its {self.bits} bits are read as 16, so that white stays white")
        if not self.rgb and not self.grey and self.matrix == UNSTATED:
            assumed = "BT.709 (HD)" if self.used_matrix == BT709 else "BT.601 (SD)"
            found.append(f"it states no colour matrix, and is read by {assumed}")
        if self.alpha:
            found.append("its transparency is not read")
        if self.rotation % 90:
            found.append(f"it is not turned by {self.rotation} degrees, as it states")
        elif self.rotation:
            found.append(f"it is turned upright, by {self.rotation} degrees, as it states")
        return tuple(found)


class Converter:
    """Converts between the frames of a film and upright arrays ``(H, W, C)``."""

    def __init__(self, coding: Coding) -> None:
        import av

        self._av: Any = av
        from av.video.reformatter import Interpolation, VideoReformatter

        self._coding, self._reformatter = coding, VideoReformatter()
        # Exact rounding and all colour samples: luma then comes back from RGB exactly.
        self._how = int(
            Interpolation.BICUBIC
            | Interpolation.ACCURATE_RND
            | Interpolation.FULL_CHR_H_INT
            | Interpolation.FULL_CHR_H_INP
        )
        wide = "le" if coding.dtype.itemsize > 1 else ""
        kinds = ("gray16", "gray") if coding.grey else ("rgb48", "rgb24")
        self._plain = kinds[0] + wide if wide else kinds[1]  # of the arrays

    def to_array(self, frame: Any) -> Array:
        """Return a decoded frame as an array, upright."""
        coding = self._coding
        if coding.scaled_grey:
            values = _scaled(frame.to_ndarray(), 2**coding.bits - 1, 65535)
        else:
            values = self._reformatted(
                frame,
                self._plain,
                src_colorspace=SCALED.get(coding.used_matrix),
                src_color_range=coding.used_range,
                dst_color_range=FULL,
            ).to_ndarray()
        image = values[..., None] if coding.grey else values
        return np.rot90(image, coding.rotation // 90) if coding.rotation % 90 == 0 else image

    def to_frame(self, image: Array, format: str) -> Any:  # noqa: A002  the word of FFmpeg
        """Return an array as a frame of a pixel format, by the matrix and range of the film."""
        coding = self._coding
        image = np.ascontiguousarray(image[..., 0] if coding.grey else image)
        if coding.scaled_grey and format not in LOSSLESS:
            return self._frame(_scaled(image, 65535, 2**coding.bits - 1), format)
        return self._reformatted(
            self._frame(image, self._plain),
            format,
            dst_colorspace=SCALED.get(coding.used_matrix),
            src_color_range=FULL,
            dst_color_range=FULL if format in LOSSLESS else coding.used_range,
        )

    def _frame(self, image: Array, format: str) -> Any:  # noqa: A002  FFmpeg's word
        return self._av.VideoFrame.from_ndarray(image, format=format)

    def _reformatted(self, frame: Any, format: str, **options: Any) -> Any:  # noqa: A002  FFmpeg's word
        return self._reformatter.reformat(frame, format=format, interpolation=self._how, **options)


# Formats of FFV1 that hold the arrays exactly.
LOSSLESS = ("bgr0", "gbrp16le", "gray", "gray16le")


def lossless_format(coding: Coding) -> str:
    """Return the pixel format of FFV1 that holds the images of a film exactly."""
    narrow = coding.dtype.itemsize == 1
    if coding.grey:
        return "gray" if narrow else "gray16le"
    return "bgr0" if narrow else "gbrp16le"


def _scaled(values: Any, top: int, new: int) -> Array:
    """Scale whole numbers from one range to another, rounded."""
    wide = values.astype(np.uint32)
    return np.asarray(((wide * new + top // 2) // top).astype(np.uint16))
