"""Small pictures, for pages that hold their pictures."""

from base64 import b64encode

import numpy as np
from numpy.typing import NDArray

from unnoise.images.picture_files import vips


def png_of(picture: NDArray[np.uint8]) -> bytes:
    """Return a picture ``(H, W)``, ``(H, W, 1)`` or ``(H, W, 3)`` of 8 bits as PNG."""
    image = vips().Image.new_from_array(np.ascontiguousarray(picture))
    data: bytes = image.write_to_buffer(".png", strip=True)
    return data


def data_address(picture: bytes) -> str:
    """Return the address of a PNG or WebP that holds the picture itself."""
    kind = "webp" if picture.startswith(b"RIFF") else "png"
    return f"data:image/{kind};base64,{b64encode(picture).decode()}"
