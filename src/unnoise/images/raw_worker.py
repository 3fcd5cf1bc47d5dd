"""LibRaw in a process of its own: this file is run, not imported.

LibRaw is C++ that reads some hundred formats, and a damaged file can end its process. So it runs
here, with limits of memory and time. The raw file comes on standard input. Standard output gets one
line of JSON, padded to ``HEADER`` bytes; if the file is developed, its values follow, uint16.

Usage: ``raw_worker.py CURVE MAX_PIXELS SECONDS``, where CURVE is srgb, linear, or none for the
header alone.
"""

import json
import math
import os
import sys
from io import BytesIO
from typing import Any

HEADER = 4096  # bytes
CURVES = {"srgb": (2.4, 12.92), "linear": (1.0, 1.0)}  # power and slope, as LibRaw takes them
BASE = 2**31  # bytes of memory for Python and its libraries
EACH_BYTE, EACH_PIXEL = 4, 80  # bytes of memory for one of the file, and one pixel (measured: 26)


def limit(seconds: int | None = None, memory: int | None = None) -> None:
    """Limit the time of the processor and the memory of this process, where the system can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    for kind, most in ((resource.RLIMIT_CPU, seconds), (resource.RLIMIT_AS, memory)):
        if most is not None:
            hard = resource.getrlimit(kind)[1]
            soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (soft, hard))


def read_header(raw: Any, data: bytes, max_pixels: int) -> dict[str, Any]:
    """Return what LibRaw states; the pixels are unpacked, unless they are too many."""
    import rawpy

    sizes = raw.sizes
    found = {"height": sizes.height, "width": sizes.width, "flip": sizes.flip}
    found["channels"] = 1 if raw.num_colors == 1 else 3
    pixels = sizes.raw_height * sizes.raw_width
    if max_pixels and sizes.height * sizes.width > max_pixels:
        return found
    limit(memory=BASE + EACH_BYTE * len(data) + EACH_PIXEL * pixels)
    raw.unpack()
    found["balanced"] = all(0 < gain < math.inf for gain in raw.camera_whitebalance[:3])
    found["known"] = bool(raw.color_matrix.any() or raw.rgb_xyz_matrix.any())
    second = rawpy.RawPy()
    second.set_unpack_params(shot_select=1)
    try:
        second.open_buffer(BytesIO(data))
        second.unpack()  # refused at once where there is no second image
        found["several"] = True
    except rawpy.LibRawError:
        found["several"] = False
    return found


def develop(raw: Any, curve: str, header: dict[str, Any]) -> Any:
    """Return the image ``(H, W, C)``, uint16: no step of it depends on the image's own values."""
    import rawpy

    return raw.postprocess(
        # Without the camera's white balance, LibRaw would find one in the image.
        use_camera_wb=header["balanced"],
        output_bps=16,
        output_color=rawpy.ColorSpace.sRGB,
        gamma=CURVES[curve],
        no_auto_bright=True,
        adjust_maximum_thr=0.0,  # else white would be the brightest value
        highlight_mode=rawpy.HighlightMode.Clip,
        user_flip=0,
    )


def main(curve: str, max_pixels: int, seconds: int) -> None:
    """Read the raw file from standard input, and write what is asked for."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # LibRaw may print
    limit(seconds=seconds)
    import rawpy

    image = None
    try:
        data = sys.stdin.buffer.read()
        limit(memory=BASE + EACH_BYTE * len(data))
        raw = rawpy.RawPy()
        raw.open_buffer(BytesIO(data))
        header = read_header(raw, data, max_pixels)
        if curve in CURVES and "balanced" in header:
            image = develop(raw, curve, header)
            header["shape"] = image.shape
    except (rawpy.LibRawError, MemoryError, NotImplementedError) as error:  # rawpy refuses
        text = error.args[0] if error.args else ""
        text = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
        header = {"error": type(error).__name__, "text": text[:300]}
    out.write(json.dumps(header).encode().ljust(HEADER))
    if image is not None:
        out.write(memoryview(image).cast("B"))
    out.flush()
    out.close()
    os._exit(0)  # nothing of LibRaw is taken apart, which a damaged file can make fail


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
