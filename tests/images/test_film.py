"""Films: every frame once, at its time, with the sound as it was."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from formats import copy, images

from films import RATE, make_film, number_of, scene, sound_of
from unnoise.errors import ImageError
from unnoise.images import (
    ReadOptions,
    film_reader,
    find_images,
    left_out,
    open_image,
    write_like,
)
from unnoise.images.film_reader import FilmReader

MILLISECOND = Fraction(1, 1000)
UNEVEN = [number * 1000 + number % 3 * 300 for number in range(75)]  # ticks
HDR = {"colorspace": 9, "color_range": 1, "color_primaries": 9, "color_trc": 16}
SD = {"colorspace": 6, "color_range": 1, "color_primaries": 6, "color_trc": 6}


def opened(path: Path) -> FilmReader:
    reader = open_image(path)
    assert isinstance(reader, FilmReader)
    return reader


def times_of(path: Path) -> list[Fraction]:
    with opened(path) as film:
        return [film.times.seconds(index) for index in range(film.count)]


@pytest.mark.parametrize(
    ("name", "codec", "pixels", "options"),
    [
        ("a.mp4", "libx264", "yuv420p", {}),
        ("a.m4v", "libx264", "yuv444p", {}),
        ("a.mkv", "libx264", "yuv420p10le", {}),
        ("a.mp4", "libx265", "yuv420p10le", {}),
        ("a.mp4", "libx265", "yuv422p12le", {}),
        ("a.mov", "prores_ks", "yuv422p10le", {"profile": "hq"}),
        ("a.webm", "libvpx-vp9", "yuv420p", {}),
        ("a.avi", "mpeg4", "yuv420p", {"bf": "2"}),
        ("a.avi", "libx264", "yuv420p", {}),  # B-frames, which AVI states no times for
        ("a.mpg", "mpeg2video", "yuv420p", {}),
        ("a.mkv", "ffv1", "bgr0", {}),
        ("a.mkv", "ffv1", "gray", {}),
        ("a.mkv", "ffv1", "gray10le", {}),
    ],
)
def test_every_frame_is_read_in_order_and_at_random(
    tmp_path: Path, name: str, codec: str, pixels: str, options: dict[str, str]
) -> None:
    path = make_film(
        tmp_path / name, codec=codec, pixels=pixels, options={"g": "12", **options}, sound=None
    )
    truth = scene(75)
    wide, grey = "1" in pixels.removeprefix("yuv420").removeprefix("yuv422"), "gray" in pixels
    if grey:
        truth = (truth @ [0.299, 0.587, 0.114])[..., None]
    with opened(path) as film:
        assert (film.axes, film.shape[0]) == ("TYX" if grey else "TYXC", 75)
        assert film.dtype == (np.uint16 if wide else np.uint8)
        assert film.colour == ("grey" if grey else "rgb")
        read = images(film)
        scaled = read / (257 if wide else 1)
        assert np.abs(scaled - truth).mean() < 12
        assert list(map(number_of, scaled)) == list(range(75))
        for index in (70, 3, 74, 40, 41, 39, 0, 11, 12, 13):
            np.testing.assert_array_equal(film.image(index), read[index])
    with pytest.raises(ImageError, match="leave --axes out"):
        open_image(path, ReadOptions(axes="ZYXC"))
    with pytest.raises(ImageError, match="--max-pixels 3072"):
        open_image(path, ReadOptions(max_pixels=3071))


def test_windows_and_bands_are_parts_of_the_frame(tmp_path: Path) -> None:
    with opened(make_film(tmp_path / "a.mp4", count=9, sound=None)) as film:
        whole = film.image(4)
        np.testing.assert_array_equal(np.concatenate(list(film.bands(4, 7))), whole)
        np.testing.assert_array_equal(film.window(4, slice(3, 9), slice(5, 60)), whole[3:9, 5:60])
        whole[:] = 0  # what is given away is no longer the reader's
        assert film.image(4).any()


def test_neighbours_are_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []
    keep = FilmReader._keep

    def count(film: FilmReader, number: int, frame: Any) -> None:
        decoded.append(number)
        keep(film, number, frame)

    monkeypatch.setattr(FilmReader, "_keep", count)
    with opened(make_film(tmp_path / "a.mp4", count=30, sound=None)) as film:
        for middle in range(2, 28):
            for index in range(middle - 2, middle + 3):
                film.image(index)
            assert len(film._kept) <= film_reader.KEPT
    assert decoded == list(range(30))


@pytest.mark.parametrize(
    ("codec", "pixels"),
    [
        ("libx264", "yuv420p"),
        ("libx264", "yuv420p10le"),
        ("libx265", "gray"),
        ("libx265", "gray10le"),
        ("ffv1", "gbrp12le"),
    ],
)
def test_matroska_gives_the_same_values_back(tmp_path: Path, codec: str, pixels: str) -> None:
    colours = SD if "yuv" in pixels else {}
    path = tmp_path / ("a.mp4" if codec != "ffv1" else "a.mkv")
    make_film(path, codec=codec, pixels=pixels, colours=colours, title="A walk")
    clean = tmp_path / "clean.mkv"
    random = np.random.default_rng(1)
    with opened(path) as film:
        written = random.integers(0, np.iinfo(film.dtype.name).max, (75, *film.image(0).shape))
        written = written.astype(film.dtype)
        lost = write_like(clean, film, ([image[:20], image[20:]] for image in written))
        with opened(clean) as result:
            np.testing.assert_array_equal(images(result), written)
            assert result.layout == film.layout
            assert result.codec == "ffv1"
            assert result.rate == RATE
            names = ("primaries", "transfer", "rotation")
            for name in names:
                assert getattr(result.coding, name) == getattr(film.coding, name)
    assert lost == (
        ("chroma subsampling 4:2:0, since frames are stored as RGB",) if "yuv" in pixels else ()
    )
    with av.open(str(clean)) as container:
        assert container.metadata["title"] == "A walk"


@pytest.mark.parametrize(
    ("name", "codec", "pixels", "sound"),
    [
        ("a.mp4", "libx264", "yuv420p", "aac"),
        ("a.mov", "libx264", "yuv420p10le", "pcm_s16le"),
        ("a.mp4", "libx265", "yuv420p10le", "aac"),
        ("a.mov", "prores_ks", "yuv422p10le", "pcm_s16le"),
        ("a.webm", "libvpx-vp9", "yuv420p", "libopus"),
    ],
)
def test_the_codec_depth_times_colours_and_sound_of_the_source(
    tmp_path: Path, name: str, codec: str, pixels: str, sound: str
) -> None:
    colours = HDR if "10" in pixels else SD
    path = make_film(
        tmp_path / name, codec=codec, pixels=pixels, sound=sound, colours=colours, title="A walk"
    )
    clean = tmp_path / f"clean{path.suffix}"
    copy(path, clean)
    with opened(path) as film, opened(clean) as result:
        assert (result.codec, result.coding) == (film.codec, film.coding)
        assert result.layout == film.layout
        near = np.abs(images(result).astype(float) - images(film)).mean()
        assert near < 0.012 * np.iinfo(film.dtype.name).max
    assert times_of(clean) == times_of(path)
    assert sound_of(clean) == sound_of(path)
    with av.open(str(clean)) as container:
        assert container.metadata["title"] == "A walk"


@pytest.mark.parametrize(
    ("name", "slack"), [("b.mp4", 0), ("b.mov", 0), ("b.mkv", MILLISECOND / 2)]
)
def test_uneven_times_are_kept(tmp_path: Path, name: str, slack: Fraction) -> None:
    path = make_film(tmp_path / "a.mp4", times=UNEVEN, base=Fraction(1, 30000))
    assert times_of(path) == [Fraction(tick, 30000) for tick in UNEVEN]
    copy(path, tmp_path / name)
    pairs = zip(times_of(tmp_path / name), times_of(path), strict=True)
    assert max(abs(ours - theirs) for ours, theirs in pairs) <= slack
    ours, theirs = sound_of(tmp_path / name), sound_of(path)
    assert [packet for packet, _ in ours] == [packet for packet, _ in theirs]
    assert max(abs(a - b) for (_, a), (_, b) in zip(ours, theirs, strict=True)) <= slack


def test_what_the_format_does_not_hold_is_named(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.avi", sound="mp2")
    with opened(path) as film:
        bands = [[film.image(i)] for i in range(film.count)]
        assert write_like(tmp_path / "b.mp4", film, bands) == ("sound 1 (mp2)",)


def test_colours_are_read_by_the_stated_matrix_and_range(tmp_path: Path) -> None:
    # Pure red in 8 bits, by BT.601, by BT.709, and by BT.601 in the full range.
    for stated, values in (
        ((5, 1), (81, 90, 240)),
        ((1, 1), (63, 102, 240)),
        ((5, 2), (76, 85, 255)),
        ((2, 1), (81, 90, 240)),  # no matrix: that of SD for this size
    ):
        frame = av.VideoFrame(32, 16, "yuv444p")
        for plane, value in zip(frame.planes, values, strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        path = tmp_path / "a.mp4"
        with av.open(str(path), "w") as film:
            track: Any = film.add_stream("libx264", rate=RATE, options={"crf": "0"})
            track.width, track.height, track.pix_fmt = 32, 16, "yuv444p"
            track.codec_context.colorspace, track.codec_context.color_range = stated
            film.mux(track.encode(frame))
            film.mux(track.encode(None))
        with opened(path) as film_read:
            seen = film_read.image(0).reshape(-1, 3)
            assert (seen.max(0) - [255, 0, 0] <= 2).all(), stated
            assert (np.abs(seen.astype(int) - [255, 0, 0]) <= 2).all(), stated
            assert any("BT.601" in note for note in film_read.notes) == (stated[0] == 2)


def turn(path: Path, degrees: int) -> None:
    """Let an MP4 state that it is shown turned clockwise."""
    matrix = {
        90: (0, 1, 0, -1, 0, 0), 180: (-1, 0, 0, 0, -1, 0), 270: (0, -1, 0, 1, 0, 0),
    }[degrees]  # fmt: skip
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 44  # version 0: times, track, duration, layer, volume
    for place, value in enumerate(matrix):
        fixed = value << (30 if place % 3 == 2 else 16)
        data[at + 4 * place : at + 4 * place + 4] = fixed.to_bytes(4, "big", signed=True)
    path.write_bytes(data)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_film_is_turned_upright(tmp_path: Path, degrees: int) -> None:
    path = make_film(tmp_path / "a.mp4", count=5, sound=None)
    with opened(path) as film:
        stored = images(film)
    turn(path, degrees)
    with opened(path) as film:
        np.testing.assert_array_equal(images(film), np.rot90(stored, -degrees // 90, axes=(1, 2)))
        assert any("upright" in note for note in film.notes)
        shape = film.shape
    copy(path, tmp_path / "b.mkv")
    with opened(tmp_path / "b.mkv") as film:
        assert (film.shape, film.coding.rotation) == (shape, 0)


def test_damage_is_named_with_its_frame(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.mp4", options={"g": "25"}, sound=None)
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        key = [packet for packet in packets if packet.is_keyframe][1]
        place, size = key.pos, key.size
    assert place is not None
    data = bytearray(path.read_bytes())
    data[place + size // 2 : place + size // 2 + 200] = bytes(200)
    path.write_bytes(data)
    with opened(path) as film:
        assert film.count == 75
        film.image(20)
        with pytest.raises(ImageError, match=r"damaged at frame \d+ of 75 \(\d\.\d\d s\).*ffmpeg"):
            images(film)


def test_a_film_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    for name in ("a.mkv", "a.mp4"):
        path = make_film(tmp_path / name, options={"movflags": "faststart"})
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2])
        with pytest.raises(ImageError, match=r"ends after \d.\d of 3.0 seconds|cannot read"):
            open_image(path)


def test_files_that_are_no_films_are_refused(tmp_path: Path) -> None:
    for content, reason in ((b"", "is empty"), (b"hello" * 99, "cannot read")):
        path = tmp_path / "a.mp4"
        path.write_bytes(content)
        with pytest.raises(ImageError, match=reason):
            open_image(path)
    # A playlist under the name of a film must not lead to other files.
    (tmp_path / "a.mkv").write_text("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n")
    with pytest.raises(ImageError, match="cannot read"):
        open_image(tmp_path / "a.mkv")
    with av.open(str(tmp_path / "b.mp4"), "w") as film:
        track: Any = film.add_stream("aac", rate=48000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.float32), "fltp", "mono")
        sound.sample_rate = 48000
        film.mux(track.encode(sound))
        film.mux(track.encode(None))
    with pytest.raises(ImageError, match="no track of moving pictures"):
        open_image(tmp_path / "b.mp4")


def test_interlaced_films_are_refused(tmp_path: Path) -> None:
    path = make_film(
        tmp_path / "a.mp4", count=5, options={"flags": "+ilme+ildct", "x264-params": "tff=1"}
    )
    with pytest.raises(ImageError, match=r"interlaced.*bwdif"):
        open_image(path)


def test_formats_that_are_not_written_are_refused_with_advice(tmp_path: Path) -> None:
    film = make_film(tmp_path / "a.mp4", count=3)
    old = make_film(tmp_path / "a.avi", codec="mpeg4", count=3, sound=None)
    deep = make_film(tmp_path / "d.mov", codec="prores_ks", pixels="yuv422p10le", count=3)
    for source, name, reason in (
        (old, "b.avi", r"not written as \.avi.*\.mkv"),
        (old, "b.mp4", r"coded as mpeg4, which is not written.*\.mkv"),
        (film, "b.webm", r"coded as h264, which does not go into webm.*\.mkv"),
        (deep, "b.mp4", r"coded as prores, which does not go into mp4"),
        (film, "b.tif", "does not have the format"),
    ):
        with pytest.raises(ImageError, match=reason):
            copy(source, tmp_path / "out" / name)
        assert not list(tmp_path.glob("out/*"))


def test_without_pyav(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_film(tmp_path / "a.mp4", count=3)
    assert [found.path for found in find_images([tmp_path])] == [path]
    assert not left_out([tmp_path])
    monkeypatch.setattr("unnoise.images.formats._is_there", lambda _: False)
    with pytest.raises(ImageError, match=r"pip install 'unnoise\[video\]'"):
        open_image(path)
    with pytest.raises(ImageError, match="no image in it"):
        find_images([tmp_path])
    assert left_out([tmp_path]) == [
        f"left out of {tmp_path}: 1 .mp4 (pip install 'unnoise[video]')"
    ]
    assert [found.path for found in find_images([path])] == [path]


def test_memory_does_not_grow_with_the_film(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.mkv", count=75)
    with opened(path) as film:
        for index in range(film.count):
            film.image(index)
            assert len(film._kept) <= film_reader.KEPT
        assert all(one < other for one, other in pairwise(film._kept))


@pytest.mark.parametrize("name", ["concat:a.mp4", "a b%d.mp4", "[1]*?.mp4", "ünï\n.mkv", "-i.mp4"])
def test_films_under_any_name(tmp_path: Path, name: str) -> None:
    path = make_film(tmp_path / name, count=3)
    copy(path, tmp_path / "out" / name)
    assert times_of(tmp_path / "out" / name) == times_of(path)
