"""Films: their frames one by one, decoded in order, by PyAV.

The times of all frames are read first, from the packets of the file, which are not decoded. So the
number of frames is right, and any frame can be found.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unnoise.errors import ImageError
from unnoise.images.axes import check_pixels, checked_layout
from unnoise.images.contents import Contents, File, explain_failure, reading
from unnoise.images.film_frames import Coding, Converter
from unnoise.images.options import ReadOptions
from unnoise.images.reader import Reader
from unnoise.types import Array

# A file could name others, or addresses, by a format that FFmpeg knows, such as a playlist.
FORMATS = "mov,matroska,avi,mpeg,mpegts,mpegvideo"
KEPT = 8  # frames that stay in memory
SKIPPED = 64  # frames that are decoded and left out, where seeking may cost as much
RUN_UPS = (16, 256)  # frames to begin earlier, where those after a key frame are not whole
UNSTATED_RATE = 25  # frames a second
SLACK = Fraction(1)  # seconds that the stated length of a film may differ from its packets
# Side data of frames, by the names of FFmpeg.
CARRIED = {
    "A53_CC": "closed captions", "MASTERING_DISPLAY_METADATA": "HDR mastering display",
    "CONTENT_LIGHT_LEVEL": "HDR light levels", "DYNAMIC_HDR_PLUS": "HDR10+",
    "DOVI_METADATA": "Dolby Vision", "DOVI_RPU_BUFFER": "Dolby Vision",
    "DYNAMIC_HDR_VIVID": "HDR Vivid", "ICC_PROFILE": "ICC profile", "SPHERICAL": "projection",
    "STEREO3D": "stereo view", "S12M_TIMECODE": "timecode",
}  # fmt: skip


def open_film(file: File) -> Any:
    """Open the container of a film; raise ``ImageError`` if it is none."""
    import av

    # A path with a colon could be taken as an address, such as "concat:a|b".
    source = file.open() if isinstance(file, Contents) else f"file:{file}"
    with reading(file):
        return av.open(source, options={"format_whitelist": FORMATS, "protocol_whitelist": "file"})


def picture_track(container: Any, file: File) -> Any:
    """Return the first track of moving pictures; a cover is none."""
    from av.stream import Disposition

    moving = [
        track
        for track in container.streams.video
        if not track.disposition & Disposition.attached_pic and track.codec_context is not None
    ]
    if not moving:
        raise ImageError(f"{file} has no track of moving pictures that can be decoded")
    return moving[0]


@dataclass(frozen=True)
class Times:
    """When the frames of a film are shown, in order."""

    ticks: NDArray[np.int64]
    base: Fraction  # seconds of a tick
    last: int  # ticks that the last frame is shown
    stated: bool  # whether the packets have these times; else the frames are counted

    def number(self, ticks: int | None) -> int | None:
        """Return the number of the frame of a time; None if there is none."""
        index = int(np.searchsorted(self.ticks, ticks or 0))
        return index if index < len(self.ticks) and self.ticks[index] == ticks else None

    def seconds(self, index: int) -> Fraction:
        """Return when a frame is shown."""
        return int(self.ticks[index]) * self.base

    def duration(self, index: int) -> int:
        """Return how many ticks a frame is shown."""
        if index + 1 < len(self.ticks):
            return int(self.ticks[index + 1] - self.ticks[index])
        return self.last


def read_times(file: File) -> Times:
    """Read the times of all frames; raise ``ImageError`` if the file ends before the film does."""
    with reading(file), open_film(file) as container:
        track = picture_track(container, file)
        stated: list[int | None] = []
        end, last = Fraction(0), 0
        for packet in container.demux():
            if not packet.size:
                continue
            begins = packet.pts if packet.pts is not None else packet.dts
            if begins is not None and packet.time_base:
                end = max(end, (begins + (packet.duration or 0)) * packet.time_base)
            if packet.stream.index == track.index and not packet.is_discard:
                stated.append(packet.pts)
                last = packet.duration or last
        length = Fraction(container.duration or 0, 1_000_000)
        length += Fraction(container.start_time or 0, 1_000_000)
        base, rate = track.time_base, track.average_rate
        # AVI has no times, and FFmpeg's guesses are wrong where frames are stored out of order.
        known = None not in stated and container.format.name != "avi"
    if not stated:
        raise ImageError(f"{file} has no frames: it is damaged, or its download was cut off")
    if end + SLACK < length:
        raise ImageError(
            f"{file} ends after {float(end):.1f} of {float(length):.1f} seconds: get it again, or "
            f"keep what is there, with ffmpeg -i {file} -c copy shorter.mkv"
        )
    if known:
        ticks = np.sort(np.array(stated, np.int64))
        steps = np.diff(ticks)
        if (steps > 0).all():
            return Times(ticks, base, last or int(steps[-1:].sum()) or 1, stated=True)
    return Times(np.arange(len(stated)), 1 / Fraction(rate or UNSTATED_RATE), 1, stated=False)


class FilmReader(Reader):
    """The frames of a film, along T: red, green and blue, or grey; upright.

    Attributes:
        times: When its frames are shown.
        coding: How its frames are coded.
        codec: The name of its codec, such as ``h264``.
        tag: The name of the codec in the file, such as ``avc1``.
        rate: Frames a second, on average.
        aspect: Width over height of a pixel, upright; None if it is not stated.
        beside: What the first frame carries beside its values, in words.
    """

    picture = film = True
    _frames: Iterator[tuple[int, Any]]  # decoded, with their numbers

    def __init__(self, file: File, read: ReadOptions) -> None:
        self.times = read_times(file)
        self._kept: dict[int, Array] = {}
        self._begin(file)
        try:
            with reading(file):
                self._open(file, read.axes, read.max_pixels)
        except BaseException:
            self._container.close()
            raise

    def _open(self, file: File, axes: str | None, max_pixels: int) -> None:
        context = self._track.codec_context
        check_pixels(context.width, context.height, name=str(file), max_pixels=max_pixels)
        number, first = next(self._frames, (0, None))
        if first is None:
            raise ImageError(f"{file} has no frame that can be decoded: it is damaged")
        self._frames = chain([(number, first)], self._frames)
        self.coding = coding = Coding.of(first)
        coding.check(str(file))
        if first.interlaced_frame:
            raise ImageError(
                f"{file} is interlaced: its frames show two moments each. Make whole frames "
                f"first, such as with ffmpeg -i {file} -vf bwdif -c:v ffv1 whole.mkv"
            )
        upright = (coding.height, coding.width)[:: -1 if coding.lies else 1]
        shape = (len(self.times.ticks), *upright, coding.components)[: 3 + (not coding.grey)]
        stated = "TYXC"[: len(shape)]
        if axes is not None and axes.upper() != stated:
            raise ImageError(f"{file} is a film, whose axes are {stated}: leave --axes out")
        layout = checked_layout(
            coding.dtype, shape, axes=None, stated=stated, name=str(file), max_pixels=max_pixels
        )
        super().__init__(file, layout, colour="rgb")
        self.codec: str = context.codec.canonical_name
        self.tag: str = context.codec_tag
        self.beside = tuple(sorted(_beside(first)))
        self.rate: Fraction = self._track.average_rate or Fraction(UNSTATED_RATE)
        self.aspect = _upright(self._track.sample_aspect_ratio, coding)
        self.notes = (*_other_tracks(self._container), *coding.notes)
        self._converter = Converter(coding)

    def _begin(self, file: File) -> None:
        """Open the file, to decode it from its first frame."""
        self._container: Any = open_film(file)
        self._track: Any = picture_track(self._container, file)
        self._track.thread_type = "AUTO"
        # Without this, decoders paint over damage.
        self._track.codec_context.options = {"err_detect": "explode"}
        self._frames = self._decode()
        self._next, self._whole = 0, True  # the next frame; whether all were decoded before it

    def _decode(self) -> Iterator[tuple[int, Any]]:
        """Yield frames with their numbers, from where the container is."""
        for count, frame in enumerate(self._container.decode(self._track)):
            number = self.times.number(frame.pts) if self.times.stated else count
            if number is not None:
                yield number, frame

    def _bands(self, index: int, rows: int, /) -> Iterator[Array]:
        image = self._image(index)
        return (np.array(image[top : top + rows]) for top in range(0, self.height, rows))

    def _window(self, index: int, rows: slice, columns: slice, /) -> Array:
        return np.array(self._image(index)[rows, columns])

    def _image(self, index: int) -> Array:
        """Return a frame: one of those that are kept, or decoded from the best place."""
        if index in self._kept:
            return self._kept[index]
        if not 0 <= index - self._next <= SKIPPED:
            self._seek(index, 0)
        for run_up in (*RUN_UPS, index):
            try:
                return self._decode_to(index)
            except ImageError:
                if self._whole:  # there is no better place to begin
                    raise
                self._seek(index, run_up)
        return self._decode_to(index)

    def _seek(self, index: int, run_up: int) -> None:
        """Let decoding begin at the last key frame that is ``run_up`` frames before one."""
        if run_up >= index or not self.times.stated:
            self._container.close()
            self._begin(self.file)
            return
        start = index - run_up
        self._container.seek(int(self.times.ticks[start]), stream=self._track)
        self._frames, self._next, self._whole = self._decode(), start, False

    def _decode_to(self, index: int) -> Array:
        from av import FFmpegError

        reason = "it lacks this frame"
        try:
            for number, frame in self._frames:
                self._next = number + 1
                if index - KEPT < number <= index and not frame.is_corrupt:
                    self._keep(number, frame)
                if number >= index:
                    break
        except FFmpegError as error:
            reason = explain_failure(error)
        if index not in self._kept:
            raise ImageError(
                f"{self.name} is damaged at frame {index + 1} of {self.count} "
                f"({float(self.times.seconds(index)):.2f} s): {reason}. Get it again, or let "
                f"FFmpeg paint over the damage: ffmpeg -i {self.name} -c:v ffv1 painted.mkv"
            )
        return self._kept[index]

    def _keep(self, number: int, frame: Any) -> None:
        coding = self.coding
        if (frame.format.name, frame.height, frame.width) != (
            coding.format,
            coding.height,
            coding.width,
        ):
            raise ImageError(
                f"{self.name} changes its format at frame {number + 1}, from {coding.width} × "
                f"{coding.height} {coding.format} to {frame.width} × {frame.height} "
                f"{frame.format.name}: cut it there"
            )
        self._kept[number] = self._converter.to_array(frame)
        while len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]

    def close(self) -> None:
        """Close the file."""
        self._kept.clear()
        self._container.close()


def _other_tracks(container: Any) -> tuple[str, ...]:
    count = len(container.streams.video)
    return (f"it has {count} picture tracks, of which the first is read",) if count > 1 else ()


def _upright(aspect: Fraction | None, coding: Coding) -> Fraction | None:
    return 1 / aspect if aspect and coding.lies else aspect


def _beside(frame: Any) -> Iterator[str]:
    """Yield what a frame carries beside its values."""
    for each in frame.side_data:
        name = str(each.type.name)
        if name in CARRIED:
            yield CARRIED[name]
