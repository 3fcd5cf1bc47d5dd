"""ICC profiles of developed raw files: sRGB colours or grey, with the curve of sRGB or none.

They follow ICC.1:2022 (version 4): three matrix columns or none, and a tone curve.
"""

import struct

# The primaries of sRGB (IEC 61966-2-1), adapted to D50 by the Bradford transform.
PRIMARIES = {
    b"rXYZ": (0.43607, 0.22249, 0.01392),
    b"gXYZ": (0.38515, 0.71687, 0.09708),
    b"bXYZ": (0.14307, 0.06061, 0.71410),
}
D50 = (0.9642, 1.0, 0.8249)
# Function 3 of ICC.1, table 68: ((a x + b) to the power g) from d on, and c x below.
SRGB = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def make_profile(*, linear: bool, channels: int) -> bytes:
    """Return the profile of values in [0, 1] that are sRGB colours (3 channels) or grey (1)."""
    curve = (
        b"para" + struct.pack(">IHH", 0, 0, 0) + _fixed(1.0)
        if linear
        else b"para" + struct.pack(">IHH", 0, 3, 0) + _fixed(*SRGB)
    )
    colours = channels > 1
    name = f"{'Linear s' if linear else 's'}{'RGB' if colours else 'RGB grey'}"
    tags = {
        b"desc": _text(name),
        b"cprt": _text("No copyright, use freely"),
        b"wtpt": _xyz(D50),
    }
    if colours:
        tags |= {name: _xyz(values) for name, values in PRIMARIES.items()}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC") if colours else (b"kTRC",), curve)
    at, table, body = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for tag, data in tags.items():
        table += struct.pack(">4sII", tag, at + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    space = b"RGB " if colours else b"GRAY"
    header = struct.pack(">I4xI4s4s4s", at + len(body), 0x04400000, b"mntr", space, b"XYZ ")
    header += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp")
    return (header.ljust(68, b"\0") + _fixed(*D50)).ljust(128, b"\0") + table + body


def _fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(*values)


def _text(text: str) -> bytes:
    data = text.encode("utf-16-be")
    return b"mluc" + struct.pack(">4xII2s2sII", 1, 12, b"en", b"US", len(data), 28) + data
