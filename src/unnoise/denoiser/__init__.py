"""A trained model ready for use: any image in, the same shape and dtype out.

This room does not know how the model was trained.
"""

from unnoise.denoiser.denoiser import Denoiser

__all__ = ["Denoiser"]
