"""Small films, made by PyAV, for the tests of several rooms."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

Array = np.ndarray

RATE, SOUND_RATE = 25, 48000
HEIGHT, WIDTH, SQUARE = 48, 64, 8


def scene(count: int, *, height: int = HEIGHT, width: int = WIDTH, noise: float = 8) -> Array:
    """Return noisy moving colours ``(count, height, width, 3)``, uint8.

    Squares in the bottom rows state the number of each frame in binary digits.
    """
    random = np.random.default_rng(0)
    time, y, x = np.mgrid[:count, :height, :width]
    clean = [110 + 80 * np.sin(x / 9 + time / 5), 128 + 60 * np.cos(y / 7), 100 + (x + y) % 64]
    images = np.stack(clean, -1)
    digits = (time >> (x // SQUARE)) & 1
    images[:, -SQUARE:] = (60 + 140 * digits)[:, -SQUARE:, :, None]
    return (images + random.normal(0, noise, images.shape)).clip(0, 255).astype(np.uint8)


def number_of(image: Array) -> int:
    """Return the number that the squares of a frame ``(H, W, C)`` of 8 bits state."""
    squares = image[-SQUARE:].mean((0, 2))[: 7 * SQUARE].reshape(7, SQUARE).mean(1)
    return sum(1 << place for place, value in enumerate(squares) if value > 130)


def make_film(
    path: Path,
    *,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    count: int = 75,
    sound: str | None = "aac",
    times: Sequence[int] | None = None,
    base: Fraction = Fraction(1, RATE),
    options: dict[str, str] | None = None,
    colours: dict[str, int] | None = None,
    title: str | None = None,
    frames: Array | None = None,
) -> Path:
    """Write a film with a sine as its sound; ``times`` are ticks of ``base``, one a frame."""
    quiet = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    images = scene(count) if frames is None else frames
    with av.open(f"file:{path}", "w") as film:
        picture: Any = film.add_stream(codec, rate=RATE, options={**quiet, **(options or {})})
        picture.height, picture.width, picture.pix_fmt = *images.shape[1:3], pixels
        picture.codec_context.time_base = base
        for name, value in (colours or {}).items():
            setattr(picture.codec_context, name, value)
        beside: Any = film.add_stream(sound, rate=SOUND_RATE) if sound else None
        if title:
            film.metadata["title"] = title
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=pixels)
            frame.pts, frame.time_base = (times or range(count))[number], base
            film.mux(picture.encode(frame))
        if beside:
            seconds = np.arange(SOUND_RATE * len(images) // RATE) / SOUND_RATE
            wave = (0.3 * np.sin(2 * np.pi * 440 * seconds)).astype(np.float32)
            heard = av.AudioFrame.from_ndarray(wave[None], format="fltp", layout="mono")
            heard.sample_rate, heard.pts = SOUND_RATE, 0
            film.mux(beside.encode(heard))
            film.mux(beside.encode(None))
        film.mux(picture.encode(None))
    return path


def sound_of(path: Path) -> list[tuple[bytes, Fraction]]:
    """Return the coded sound of a film: each packet and its time in seconds."""
    with av.open(f"file:{path}") as film:
        track = film.streams.audio[0]
        packets = [packet for packet in film.demux(track) if packet.size]
        return [(bytes(packet), (packet.pts or 0) * packet.time_base) for packet in packets]
