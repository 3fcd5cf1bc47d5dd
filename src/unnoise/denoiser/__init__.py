"""A trained model ready for use: any image in, the same shape and dtype out.

Images of any size are denoised in tiles, files from disk to disk. This room does not know how a
model is trained.
"""

from unnoise.denoiser.denoiser import Denoiser
from unnoise.denoiser.hot_pixels import describe as describe_replaced
from unnoise.denoiser.hot_pixels import without_hot_pixels
from unnoise.denoiser.options import ChannelUse, DenoiseOptions, Outputs
from unnoise.denoiser.passes import ValuePass
from unnoise.denoiser.running import Precision, Running
from unnoise.denoiser.scaled import Scaled
from unnoise.denoiser.together import apart, beside
from unnoise.denoiser.view import View

__all__ = [
    "ChannelUse",
    "DenoiseOptions",
    "Denoiser",
    "Outputs",
    "Precision",
    "Running",
    "Scaled",
    "ValuePass",
    "View",
    "apart",
    "beside",
    "describe_replaced",
    "without_hot_pixels",
]
