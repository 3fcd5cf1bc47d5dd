"""Requests that somebody hostile would send: names, bodies and headers, from a seed."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tifffile

from unnoise.images import write_stack

HUGE = (2**16 - 1, 2**20, 2**30, 2**31 - 1, 2**32 - 1)
Random = np.random.Generator


@dataclass(frozen=True)
class Case:
    """One request.

    Attributes:
        kind: Of attack.
        body: What is sent.
        path: The route with its parameters.
        headers: Further headers.
        may_pass: Whether what is sent may be a proper image.
    """

    kind: str
    body: bytes
    path: str = "/v1/denoise"
    headers: dict[str, str] = field(default_factory=dict)
    may_pass: bool = False


def cases(count: int, folder: Path, *, seed: int = 0) -> Iterator[Case]:
    """Yield ``count`` requests, of every kind in turn."""
    random = np.random.default_rng(seed)
    good = _good(folder)
    for index in range(count):
        make = KINDS[index % len(KINDS)]
        yield make(random, good[random.choice(list(good))] if random.random() < 0.9 else b"")


def _good(folder: Path) -> dict[str, bytes]:
    """Return small proper files of each format."""
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (18, 21, 3), np.uint8)
    files = {}
    for suffix in ("png", "jpg", "webp", "tif"):
        write_stack(folder / f"good.{suffix}", image)
        files[suffix] = (folder / f"good.{suffix}").read_bytes()
    write_stack(folder / "deep.png", image[..., 0].astype(np.uint16) * 257)
    files["deep"] = (folder / "deep.png").read_bytes()
    stack, tiled = io.BytesIO(), io.BytesIO()
    tifffile.imwrite(stack, random.integers(0, 99, (3, 9, 8), np.uint16), photometric="minisblack")
    tifffile.imwrite(tiled, image, tile=(16, 16), compression="zlib", photometric="rgb")
    return files | {"stack": stack.getvalue(), "tiled": tiled.getvalue()}


def truncated(random: Random, good: bytes) -> Case:
    return Case("truncated", good[: random.integers(0, max(1, len(good) * 3 // 4))], may_pass=True)


def mutated(random: Random, good: bytes) -> Case:
    data = bytearray(good)
    for _ in range(random.integers(1, 12)):
        if data:
            data[random.integers(len(data))] = random.integers(256)
    return Case("mutated", bytes(data), may_pass=True)


def shuffled(random: Random, good: bytes) -> Case:
    """Cut out, repeat or move a piece."""
    a, b = sorted(random.integers(0, len(good) + 1, 2))
    data = [good[:a] + good[b:], good[:b] + good[a:b] * 3 + good[b:], good[b:] + good[a:b]]
    return Case("shuffled", data[random.integers(3)], may_pass=True)


def huge_png(random: Random, _: bytes) -> Case:
    width, height = random.choice(HUGE, 2)
    depth, colour = random.choice([1, 8, 16]), random.choice([0, 2, 3, 6])
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, random.integers(0, 2))
    data = zlib.compress(bytes(1000))
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")
    return Case("huge header", b"\x89PNG\r\n\x1a\n" + chunks)


def bomb_png(random: Random, _: bytes) -> Case:
    """A comment, or pixels, that are a thousand times as large once they are unpacked."""
    header = struct.pack(">IIBBBBB", 3000, 3000, 8, 2, 0, 0, 0)
    packed = zlib.compress(bytes(random.integers(10**6, 10**7)), 9)
    text = _chunk(b"zTXt", b"Comment\0\0" + packed)
    chunks = _chunk(b"IHDR", header) + text + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")
    return Case("bomb", b"\x89PNG\r\n\x1a\n" + chunks)


def huge_jpeg(random: Random, _: bytes) -> Case:
    frame = struct.pack(">BHHB", 8, 65535, random.choice([65535, 64000]), 3)
    frame += bytes([1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0])
    data = b"\xff\xd8\xff\xc0" + struct.pack(">H", len(frame) + 2) + frame + bytes(100)
    return Case("huge header", data + b"\xff\xd9")


def huge_webp(random: Random, _: bytes) -> Case:
    side = 2**14 - 1  # the largest there is
    size = side | side << 14
    body = b"VP8L" + struct.pack("<I", 8) + b"\x2f" + struct.pack("<I", size) + random.bytes(3)
    return Case("huge header", b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body)


def huge_tiff(random: Random, _: bytes) -> Case:
    """Sizes, tiles, strips or counts of values that no file can hold, and loops of pages."""
    width, height, tile = random.choice(HUGE, 3)
    entries = {
        256: width,
        257: height,
        258: random.choice([1, 8, 16, 32, 64]),
        259: random.choice([1, 5, 7, 8, 32773]),
        262: random.choice([0, 1, 2, 3, 6]),
        277: random.choice([1, 3, 60_000]),
        339: random.choice([1, 3]),
    }
    if random.random() < 0.5:
        entries |= {322: tile, 323: tile, 324: 8, 325: 2**31 - 1}
    else:
        entries |= {273: 8, 278: tile, 279: 2**31 - 1}
    pages = b"".join(struct.pack("<HHII", tag, 4, 1, int(v)) for tag, v in sorted(entries.items()))
    following = random.choice([0, 8, 2**31])  # to itself, or to nowhere
    directory = struct.pack("<H", len(entries)) + pages + struct.pack("<I", following)
    return Case("huge header", b"II*\0" + struct.pack("<I", 8) + directory + bytes(64))


def wrong_type(random: Random, good: bytes) -> Case:
    texts = [b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>"]
    texts += [b"GIF89a" + bytes(60), b"%PDF-1.7\n%%EOF", b"BM" + bytes(90), b"\x80\x04\x95" + good]
    texts += [b"#!/bin/sh\nrm -rf ~\n", b"P6 9 9 255\n" + bytes(243), bytes(random.bytes(300))]
    texts += [b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>']
    return Case("wrong type", texts[random.integers(len(texts))])


def polyglot(random: Random, good: bytes) -> Case:
    """Two formats in one, in both orders."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("../../etc/cron.d/evil", "* * * * * root true")
    heads = [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"RIFF\x10\0\0\0WEBP", b"II*\0\x08\0\0\0"]
    choice = random.integers(6)
    if choice < 4:
        return Case("polyglot", heads[choice] + good, may_pass=True)
    if choice == 4:
        return Case("polyglot", good + packed.getvalue(), may_pass=True)
    return Case("polyglot", packed.getvalue() + good)


def bad_form(random: Random, good: bytes) -> Case:
    name = random.choice(["../../image", "image\0", "file", "", "image"])
    boundary = random.choice(["x", "", "x" * 300, "a b"])
    body = f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="/etc/passwd"\r\n\r\n'
    ends = [b"", b"\r\n--x--\r\n", b"\r\n--x\r\n", b"\r\n--x" * 50]
    data = body.encode() + good + ends[random.integers(len(ends))]
    kind = f"multipart/form-data; boundary={boundary}"
    return Case("form", data, headers={"Content-Type": kind}, may_pass=True)


def bad_parameters(random: Random, good: bytes) -> Case:
    values = ["nan", "inf", "-1", "1e999", "2", "true", "%00", "..%2f..%2f", "x" * 2000, "%ff%fe"]
    value = values[random.integers(len(values))]
    name = random.choice(["strength", "chroma_strength", "detail", "model", "strength=1&model"])
    return Case("parameters", good, path=f"/v1/denoise?{name}={value}")


def bad_headers(random: Random, good: bytes) -> Case:
    headers = [
        {"Accept": "text/html"},
        {"Accept": "image/svg+xml," * 100},
        {"Content-Type": "multipart/form-data"},
        {"Content-Type": "multipart/form-data; boundary=" + "\t" * 99},
    ]
    return Case("headers", good, headers=headers[random.integers(len(headers))])


def oversized(random: Random, good: bytes) -> Case:
    return Case("oversized", good + bytes(random.integers(2_000_001, 2_200_000)))


def bad_inspection(random: Random, good: bytes) -> Case:
    case = (truncated, mutated)[random.integers(2)](random, good)
    return Case(case.kind, case.body, path="/v1/inspect?maps=true", may_pass=True)


def _chunk(name: bytes, data: bytes) -> bytes:
    checked = name + data
    return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))


KINDS: tuple[Callable[[Random, bytes], Case], ...] = (
    truncated,
    mutated,
    shuffled,
    mutated,
    huge_png,
    bomb_png,
    huge_jpeg,
    huge_webp,
    huge_tiff,
    huge_tiff,
    wrong_type,
    polyglot,
    bad_form,
    bad_parameters,
    bad_headers,
    oversized,
    bad_inspection,
    shuffled,
)
