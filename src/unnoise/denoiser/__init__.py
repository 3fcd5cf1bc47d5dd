"""A trained model ready for use: any image in, the same shape and dtype out.

Images of any size are denoised in tiles, files from disk to disk. This room does not know how the
model was trained.
"""

from unnoise.denoiser.cores import usable_cores
from unnoise.denoiser.denoiser import Denoiser
from unnoise.denoiser.memory import keep_freed_memory, release_freed_memory
from unnoise.denoiser.restoring import TiledImage, check_strength

__all__ = [
    "Denoiser",
    "TiledImage",
    "check_strength",
    "keep_freed_memory",
    "release_freed_memory",
    "usable_cores",
]
