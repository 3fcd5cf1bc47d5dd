"""Small files of microscopes: CZI by the library of Zeiss, LIF and ND2 by hand."""

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pylibCZIrw import czi

MAGIC = 0x0ABECEDA  # of chunks of ND2
LIF_IMAGE = """<Element Name="{name}"><Data><Image><ImageDescription><Channels>{channels}</Channels>
<Dimensions>{dimensions}</Dimensions></ImageDescription></Image></Data>
<Memory Size="{size}" MemoryBlockID="MemBlock_{number}"/></Element>"""
LIF_CHANNEL = """<ChannelDescription DataType="0" ChannelTag="0" Resolution="16"
NameOfMeasuredQuantity="" Min="0" Max="1" Unit="" LUTName="{name}" IsLUTInverted="0"
BytesInc="{bytes}" BitInc="0"/>"""
LIF_DIMENSION = """<DimensionDescription DimID="{letter}" NumberOfElements="{count}" Origin="0"
Length="{length}" Unit="m" BitInc="0" BytesInc="{bytes}"/>"""


def write_czi(path: Path, *scenes: np.ndarray, names: Sequence[str] = ("DAPI", "GFP")) -> Path:
    """Write scenes ``(T, C, Z, H, W)`` apart from each other; channels as ``names``."""
    with czi.create_czi(str(path)) as file:
        for number, scene in enumerate(scenes):
            for t, c, z in np.ndindex(*scene.shape[:3]):
                where = {"T": t, "C": c, "Z": z}
                file.write(scene[t, c, z, ..., None], plane=where, scene=number,
                           location=(number * 1000, 0))  # fmt: skip
        file.write_metadata(
            "cells", channel_names=dict(enumerate(names)), scale_x=1e-7, scale_y=2e-7, scale_z=5e-7
        )
    return path


def write_lif(path: Path, *scenes: np.ndarray) -> Path:
    """Write images ``(Z, C, H, W)`` of uint16, with pixels of 0.1 × 0.2 × 0.5 µm."""
    elements, blocks = "", b""
    for number, scene in enumerate(scenes):
        depth, count, height, width = scene.shape
        steps = {1: (width, 0.1e-6, 2), 2: (height, 0.2e-6, 2 * width),
                 3: (depth, 0.5e-6, 2 * width * height * count)}  # fmt: skip
        elements += LIF_IMAGE.format(
            name=f"image {number}",
            size=scene.nbytes,
            number=number,
            channels="".join(
                LIF_CHANNEL.format(name=name, bytes=2 * width * height * at)
                for at, name in enumerate(("Green", "Red")[:count])
            ),
            dimensions="".join(
                LIF_DIMENSION.format(letter=at, count=n, length=step * (n - 1), bytes=size)
                for at, (n, step, size) in steps.items()
            ),
        )
        name = f"MemBlock_{number}"
        head = struct.pack("<BQBI", 0x2A, scene.nbytes, 0x2A, len(name)) + name.encode("utf-16-le")
        blocks += struct.pack("<II", 0x70, len(head)) + head + scene.astype("<u2").tobytes()
    text = f'<LMSDataContainerHeader Version="2"><Element Name="project"><Children>{elements}'
    text += "</Children></Element></LMSDataContainerHeader>"
    head = struct.pack("<BI", 0x2A, len(text)) + text.encode("utf-16-le")
    path.write_bytes(struct.pack("<II", 0x70, len(head)) + head + blocks)
    return path


def variant(name: str, content: Any) -> str:
    """Return XML of Nikon: a number, a text, or a group of those."""
    if isinstance(content, dict):
        inner = "".join(variant(key, value) for key, value in content.items())
        return f'<{name} runtype="CLxListVariant">{inner}</{name}>'
    kind = {bool: "bool", int: "lx_uint32", float: "double", str: "CLxStringW"}[type(content)]
    return f'<{name} runtype="{kind}" value="{content}"/>'


def write_nd2(path: Path, array: np.ndarray, *, compressed: bool = False) -> Path:
    """Write ``(T, P, Z, C, H, W)`` of uint16 as ND2 of version 2.1, with XML."""
    times, positions, depth, channels, height, width = array.shape
    planes = {
        f"a{n}": {"sDescription": f"channel {n}", "pFluorescentProbe": {"bValid": True}}
        for n in range(channels)
    }
    points = {f"i{n:010}": {"dPosX": 1.0, "dPosName": f"well {n}"} for n in range(positions)}
    loops: list[dict[str, Any]] = [
        {"eType": 1, "uLoopPars": {"uiCount": times, "dStart": 0.0, "dPeriod": 250.0,
                                   "dDuration": 0.0}},
        {"eType": 2, "uLoopPars": {"uiCount": positions, "Points": points}},
        {"eType": 4, "uLoopPars": {"uiCount": depth, "dZStep": 0.5}},
    ]  # fmt: skip
    for outer, inner in ((1, 2), (0, 1)):
        loops[outer]["ppNextLevelEx"] = {"i0000000000": loops[inner]}
    attributes = {
        "uiWidth": width, "uiHeight": height, "uiWidthBytes": 2 * width * channels,
        "uiComp": channels, "uiBpcInMemory": 16, "uiBpcSignificant": 16,
        "uiSequenceCount": times * positions * depth, "eCompression": 0 if compressed else 2,
    }  # fmt: skip
    picture = {
        "bCalibrated": True, "dCalibration": 0.1,
        "sPicturePlanes": {"uiCount": channels, "sPlaneNew": planes},
    }  # fmt: skip
    chunks = {
        name: variant("variant", {"no_name": content}).encode()
        for name, content in {"ImageAttributes!": attributes, "ImageMetadataSeq|0!": picture,
                              "ImageMetadata!": loops[0]}.items()
    }  # fmt: skip
    frames = array.reshape(-1, channels, height, width).transpose(0, 2, 3, 1)
    for number, frame in enumerate(frames):
        data = zlib.compress(frame.tobytes()) if compressed else frame.tobytes()
        chunks[f"ImageDataSeq|{number}!"] = bytes(8) + data
    made = struct.pack("<IIQ32s64s", MAGIC, 32, 64, b"ND2 FILE SIGNATURE CHUNK NAME01!", b"Ver2.1")
    made, places = made.ljust(4096, b"\0"), b""
    for name, data in chunks.items():
        places += name.encode() + struct.pack("<QQ", len(made), len(data))
        made += (
            struct.pack("<IIQ", MAGIC, 4072, len(data)) + name.encode().ljust(4072, b"\0") + data
        )
    end = b"ND2 CHUNK MAP SIGNATURE 0000001!"
    places += end + struct.pack("<Q", len(made))
    made += struct.pack("<IIQ", MAGIC, 32, len(places)) + b"ND2 FILEMAP SIGNATURE NAME 0001!"
    path.write_bytes(made + places)
    return path
