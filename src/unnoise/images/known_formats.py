"""Formats of images that are known by the endings of names, but not read, and what helps."""

PICTURES = "convert it to PNG or TIFF, such as with magick {0} {1}.png"
MICROSCOPES = "convert it with Bio-Formats, such as with bfconvert {0} {1}.ome.tif"
ARRAYS = "write its array to .npy or .mrc, with {tool} in Python"
KNOWN = {  # what it is, and what helps; {0} is a name, {1} the name without the ending
    **dict.fromkeys((".heic", ".heif", ".avif"), ("a HEIF picture", PICTURES)),
    ".gif": ("a GIF picture", PICTURES),
    ".bmp": ("a BMP picture", PICTURES),
    ".psd": ("a Photoshop document", PICTURES),
    **dict.fromkeys((".jp2", ".j2k", ".jpx"), ("a JPEG 2000 picture", PICTURES)),
    ".jxl": ("a JPEG XL picture", PICTURES),
    **dict.fromkeys((".pbm", ".pgm", ".ppm", ".pnm"), ("a Netpbm picture", PICTURES)),
    ".exr": ("an OpenEXR picture", "convert it to TIFF, such as with oiiotool {0} -o {1}.tif"),
    **dict.fromkeys(
        (".svs", ".ndpi", ".scn", ".mrxs", ".vsi"),
        ("a slide", "export a part of it as OME-TIFF, such as with QuPath"),
    ),
    **dict.fromkeys((".oir", ".oib", ".oif"), ("a file of an Olympus microscope", MICROSCOPES)),
    ".lsm": ("a file of a Zeiss microscope", MICROSCOPES),
    ".ims": ("a file of Imaris", MICROSCOPES),
    **dict.fromkeys((".dm3", ".dm4"), ("a file of DigitalMicrograph",
                                       "convert it with dm2mrc {0} {1}.mrc of IMOD")),
    **dict.fromkeys((".nii", ".nii.gz"), ("a NIfTI volume", ARRAYS.format(tool="nibabel"))),
    **dict.fromkeys((".nrrd", ".nhdr"), ("an NRRD volume", ARRAYS.format(tool="pynrrd"))),
    **dict.fromkeys((".mha", ".mhd"), ("a MetaImage volume", ARRAYS.format(tool="SimpleITK"))),
    **dict.fromkeys((".h5", ".hdf5"), ("an HDF5 file", ARRAYS.format(tool="h5py"))),
    ".fz": ("a compressed FITS", "run funpack {0}"),
}  # fmt: skip


def known_as(name: str) -> tuple[str, str] | None:
    """Return what a file is, by its name, and what helps to read it; None if it is not known."""
    ending = known_ending(name)
    if ending is None:
        return None
    what, advice = KNOWN[ending]
    return what, advice.format(name, name[: -len(ending)])


def known_ending(name: str) -> str | None:
    """Return the ending in ``KNOWN`` of a file name."""
    found = (ending for ending in KNOWN if name.lower().endswith(ending))
    return max(found, key=len, default=None)
