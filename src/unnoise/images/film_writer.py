"""Films out: frames are coded one by one, and sound and subtitles are copied as they are.

Matroska (.mkv) gets FFV1, which loses nothing of the frames. MP4, MOV and WebM get the codec of the
source.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from unnoise.errors import ImageError, OutputError
from unnoise.images.contents import File, explain_failure
from unnoise.images.film_frames import FULL, RGB_MATRIX, Converter, lossless_format
from unnoise.images.film_reader import FilmReader, open_film, picture_track
from unnoise.types import Array

LOSSLESS = ".mkv"
CONTAINERS = {LOSSLESS: "matroska", ".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".webm": "webm"}
KEEP_TIMES = {"avoid_negative_ts": "disabled"}  # sound may begin before the first frame
ROUNDED = ("matroska", "webm")  # containers that round times to milliseconds
ENCODERS = {  # of codecs, with a quality at which losses are hard to see
    "h264": ("libx264", {"crf": "16"}),
    "hevc": ("libx265", {"crf": "16", "x265-params": "log-level=none"}),
    "vp9": ("libvpx-vp9", {"crf": "16", "cpu-used": "3", "row-mt": "1"}),
    "prores": ("prores_ks", {}),
}
PROFILES = {  # of ProRes, by the tags in files
    "apco": "proxy", "apcs": "lt", "apcn": "standard", "apch": "hq", "ap4h": "4444",
    "ap4x": "4444xq",
}  # fmt: skip
APPLE = "hvc1"  # a tag of HEVC, without which some players show nothing
KINDS = {
    "audio": "sound", "subtitle": "subtitles", "data": "data", "attachment": "attachment",
    "video": "picture",
}  # fmt: skip
# Metadata that containers write themselves.
OWN = (
    *("major_brand", "minor_version", "compatible_brands", "encoder", "duration", "handler_name"),
    *("vendor_id", "bps", "number_of_", "_statistics", "software"),
)


class Way(NamedTuple):
    """The way to code the frames."""

    encoder: str  # of FFmpeg
    options: Mapping[str, str]
    format: str  # of pixels


def write_film(
    temporary: Path, source: FilmReader, images: Iterable[Iterable[Array]]
) -> frozenset[str]:
    """Write a film in the format of a name, with the times, colours and sound of its source.

    Returns:
        Contents of the source that the film lacks, in words.

    Raises:
        ImageError: The format does not hold the codec of the source, or nothing here encodes it.
        OutputError: FFmpeg cannot write it.
    """
    import av

    way = _way(temporary.suffix.lower(), source)
    container = CONTAINERS[temporary.suffix.lower()]
    try:
        with (
            open_film(source.file) as given,
            av.open(f"file:{temporary}", "w", format=container, options=KEEP_TIMES) as made,
        ):
            track = _add_track(made, source, way)
            beside = _Beside(given, made)
            _keep_words(given, made, source.file)
            for packet in _coded(track, source, images, way):
                beside.copy(until=packet.dts * packet.time_base)
                made.mux(packet)
            beside.copy(until=None)
    except av.FFmpegError as error:
        if isinstance(error, OSError):  # such as a full disk
            raise
        raise OutputError(
            f"cannot write a film like {source.name}: {explain_failure(error)}; a name that ends "
            f"in {LOSSLESS} needs no codec of the source"
        ) from error
    lost = _contents(source.file) - _contents(temporary)
    return lost | _lost_of_frames(source, way, container)


def _way(suffix: str, source: FilmReader) -> Way:
    """Return the way to code frames in the format of a suffix."""
    import av

    coding = source.coding
    if suffix not in CONTAINERS:
        *some, last = CONTAINERS
        raise ImageError(
            f"films are not written as {suffix}: name the output, with an --out that ends in "
            f"{', '.join(some)} or {last}; {LOSSLESS} loses nothing"
        )
    if suffix == LOSSLESS:
        return Way("ffv1", {"level": "3", "slicecrc": "1"}, lossless_format(coding))
    lossless = f"name the output, with an --out that ends in {LOSSLESS}, which loses nothing"
    if source.codec not in ENCODERS:
        raise ImageError(
            f"{source.name} is coded as {source.codec}, which is not written; "
            f"{', '.join(ENCODERS)} are: {lossless}"
        )
    encoder, options = ENCODERS[source.codec]
    if encoder not in av.codecs_available:
        raise ImageError(
            f"this PyAV does not encode {source.codec}, as {source.name} is coded: {lossless}"
        )
    if source.codec == "prores":
        options = {"profile": PROFILES.get(source.tag, "hq")}
    plain = coding.format.replace("yuvj", "yuv").replace("yuva", "yuv")
    if plain not in [each.name for each in av.Codec(encoder, "w").video_formats or ()]:
        raise ImageError(
            f"{source.name} has frames of {coding.format}, which {encoder} does not encode: "
            f"{lossless}"
        )
    return Way(encoder, options, plain)


def _add_track(made: Any, source: FilmReader, way: Way) -> Any:
    """Add the track of the frames."""
    try:
        track = made.add_stream(way.encoder, rate=source.rate, options=dict(way.options))
    except ValueError as error:
        raise ImageError(
            f"{source.name} is coded as {source.codec}, which does not go into "
            f"{made.format.name}: name the output {LOSSLESS}, or in the format of the source"
        ) from error
    context, coding = track.codec_context, source.coding
    context.width, context.height, context.pix_fmt = source.width, source.height, way.format
    context.time_base = track.time_base = source.times.base
    rgb = way.encoder == "ffv1" and not coding.grey
    context.colorspace = RGB_MATRIX if rgb else coding.matrix
    context.color_range = FULL if rgb else coding.range
    context.color_primaries, context.color_trc = coding.primaries, coding.transfer
    if source.aspect:
        context.sample_aspect_ratio = source.aspect
    if way.encoder == "ffv1":
        context.gop_size = 1
    if source.codec == "hevc" and source.tag == APPLE:
        context.codec_tag = APPLE
    return track


def _coded(
    track: Any, source: FilmReader, images: Iterable[Iterable[Array]], way: Way
) -> Iterator[Any]:
    """Code the frames; yield packets with their times."""
    converter, times = Converter(source.coding), source.times
    context = track.codec_context
    for index, bands in enumerate(images):
        frame = converter.to_frame(np.concatenate(list(bands)), way.format)
        frame.pts, frame.time_base = int(times.ticks[index]), times.base
        frame.colorspace, frame.color_range = context.colorspace, context.color_range
        frame.color_primaries, frame.color_trc = context.color_primaries, context.color_trc
        yield from _timed(track.encode(frame), source)
    yield from _timed(track.encode(None), source)


def _timed(packets: Iterable[Any], source: FilmReader) -> Iterator[Any]:
    """Give packets the durations of their frames, which most encoders drop."""
    for packet in packets:
        index = source.times.number(packet.pts)
        if index is not None:
            packet.duration = source.times.duration(index)
        yield packet


class _Beside:
    """Sound and subtitles, copied packet by packet without decoding."""

    def __init__(self, given: Any, made: Any) -> None:
        self._made, self._tracks = made, {}
        for track in given.streams:
            if track.type not in ("audio", "subtitle") or track.codec_context is None:
                continue
            try:
                copied = made.add_stream_from_template(track)
            except ValueError:  # the format does not hold it, which is reported as lost
                continue
            copied.metadata.update(_kept(track.metadata))
            copied.disposition = track.disposition
            self._tracks[track.index] = copied
        tracks = [given.streams[index] for index in self._tracks]
        packets = given.demux(tracks) if tracks else ()  # of no tracks, demux reads all
        self._packets: Iterator[Any] = (packet for packet in packets if packet.size)
        self._waiting: Any = next(self._packets, None)

    def copy(self, *, until: Fraction | None) -> None:
        """Copy what comes before a time, in seconds, or all that is left."""
        while (packet := self._waiting) is not None:
            begins = packet.dts if packet.dts is not None else packet.pts
            if until is not None and begins is not None and begins * packet.time_base > until:
                return
            packet.stream = self._tracks[packet.stream_index]
            self._made.mux(packet)
            self._waiting = next(self._packets, None)


def _keep_words(given: Any, made: Any, file: File) -> None:
    """Copy titles, dates and chapters."""
    made.metadata.update(_kept(given.metadata))
    made.streams[0].metadata.update(_kept(picture_track(given, file).metadata))
    made.set_chapters(given.chapters())


def _kept(metadata: Mapping[str, str]) -> dict[str, str]:
    return {key: text for key, text in metadata.items() if not key.lower().startswith(OWN)}


def _contents(file: File) -> frozenset[str]:
    """Return what a film holds beside its frames, in words."""
    with open_film(file) as container:
        counts, words = Counter[str](), set[str]()
        for track in container.streams:
            kind = KINDS.get(track.type, track.type)
            counts[kind] += 1
            codec = track.codec_context and track.codec_context.codec.canonical_name
            if kind != "picture":
                words.add(f"{kind} {counts[kind]} ({codec or track.name or 'unknown'})")
            elif counts[kind] > 1:
                words.add(f"picture track {counts[kind]}")
        words |= {f"metadata {key.lower()}" for key in _kept(container.metadata)}
        words |= {"chapters"} if container.chapters() else set()
    return frozenset(words)


def _lost_of_frames(source: FilmReader, way: Way, container: str) -> frozenset[str]:
    """Return what the frames and their times lose, in words."""
    coding, times = source.coding, source.times
    words = set(source.beside)
    if coding.alpha:
        words.add("transparency")
    if way.encoder == "ffv1" and coding.subsampling:
        words.add(f"chroma subsampling {coding.subsampling}, since frames are stored as RGB")
    fine = (times.ticks * (1000 * times.base.numerator)) % times.base.denominator
    if container in ROUNDED and fine.any():
        words.add("frame times finer than a millisecond")
    return frozenset(words)
