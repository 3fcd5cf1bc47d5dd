"""Files and arrays in and out: the only room where a dtype, a value range or axes change.

Inside the library, an image is float32 ``(C, H, W)``, nominally [0, 1]. Outside, it is a NumPy
array of any real dtype and axes, or a file. This room does not know the use of the images.

``open_image`` in ``files`` chooses the reader of a file by its format, such as ``tiff_reader``.
"""

from unnoise.images.array_files import read_idx, write_idx
from unnoise.images.arrays import (
    as_array,
    as_stack,
    from_float,
    is_array,
    to_channels,
    to_float,
)
from unnoise.images.axes import MAX_PIXELS, Layout, check_likely
from unnoise.images.conversion import Conversion, convert, is_viewable
from unnoise.images.encoding import jpeg_coding
from unnoise.images.files import open_image, read_image, read_stack
from unnoise.images.formats import (
    PICTURE_ENDINGS,
    SUFFIXES,
    plain_ending,
    result_name,
    written_ending,
)
from unnoise.images.holes import Holes, NaN, fill_holes, hole_mask, largest_part, without_holes
from unnoise.images.inventory import format_of
from unnoise.images.listing import (
    WILD,
    Found,
    find_images,
    left_out,
    matches,
    names_a_file,
    walk_images,
)
from unnoise.images.mosaic import MosaicReader
from unnoise.images.names import is_image_name
from unnoise.images.neighbours import Cuts, Neighbours, neighbours
from unnoise.images.npz_files import find_pairs
from unnoise.images.options import Develop, Mosaic, ReadOptions
from unnoise.images.pixel_size import pixel_size
from unnoise.images.previews import data_address, png_of
from unnoise.images.reader import BAND_ROWS, Colour, Reader
from unnoise.images.remote import is_url, list_urls, reached, read_bytes, size_of, system_of
from unnoise.images.sequence_reader import frames_of
from unnoise.images.value_range import ValueRange, estimate_noise, ranges_of
from unnoise.images.viewing import Contrast, in_digits, upright
from unnoise.images.writing import write_like, write_stack
from unnoise.images.zarr_files import is_zarr
from unnoise.types import LUMA, RGB, Array

__all__ = [
    "BAND_ROWS",
    "LUMA",
    "MAX_PIXELS",
    "PICTURE_ENDINGS",
    "RGB",
    "SUFFIXES",
    "WILD",
    "Array",
    "Colour",
    "Contrast",
    "Conversion",
    "Cuts",
    "Develop",
    "Found",
    "Holes",
    "Layout",
    "Mosaic",
    "MosaicReader",
    "NaN",
    "Neighbours",
    "ReadOptions",
    "Reader",
    "ValueRange",
    "as_array",
    "as_stack",
    "check_likely",
    "convert",
    "data_address",
    "estimate_noise",
    "fill_holes",
    "find_images",
    "find_pairs",
    "format_of",
    "frames_of",
    "from_float",
    "hole_mask",
    "in_digits",
    "is_array",
    "is_image_name",
    "is_url",
    "is_viewable",
    "is_zarr",
    "jpeg_coding",
    "largest_part",
    "left_out",
    "list_urls",
    "matches",
    "names_a_file",
    "neighbours",
    "open_image",
    "pixel_size",
    "plain_ending",
    "png_of",
    "ranges_of",
    "reached",
    "read_bytes",
    "read_idx",
    "read_image",
    "read_stack",
    "result_name",
    "size_of",
    "system_of",
    "to_channels",
    "to_float",
    "upright",
    "walk_images",
    "without_holes",
    "write_idx",
    "write_like",
    "write_stack",
    "written_ending",
]
