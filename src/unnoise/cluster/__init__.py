"""Denoising over many workers: processes of this machine, or a Ray cluster.

Other rooms denoise one file. This one lists inputs, hands them out, replaces workers that die, and
keeps the record that lets a killed job go on. Only the command line imports it.
"""

from unnoise.cluster.job import EngineName, denoise_many
from unnoise.cluster.record import MANIFEST

__all__ = ["MANIFEST", "EngineName", "denoise_many"]
