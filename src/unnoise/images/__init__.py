"""Files and arrays in and out: the only room where a dtype, a value range or axes change.

Inside the library an image is float32 ``(C, H, W)``, nominally [0, 1]. Outside it is what the user
holds: a NumPy array ``(H, W)`` or ``(H, W, C)`` of any real dtype, or a file. This room does not
know what is done with the images.
"""

from unnoise.images.arrays import Layout, as_stack, check_values, from_float, to_float
from unnoise.images.files import SUFFIXES, is_idx, list_images, read_stack, write_stack
from unnoise.images.idx import read_idx, write_idx

__all__ = [
    "SUFFIXES",
    "Layout",
    "as_stack",
    "check_values",
    "from_float",
    "is_idx",
    "list_images",
    "read_idx",
    "read_stack",
    "to_float",
    "write_idx",
    "write_stack",
]
