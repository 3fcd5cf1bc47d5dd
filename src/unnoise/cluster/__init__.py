"""Denoising over many workers: processes of this machine, or a Ray cluster.

What one worker does with one file is the matter of other rooms. This one lists inputs, hands them
out, replaces workers that die, and keeps the record that lets a killed job go on. Nothing else
imports it but the command line.
"""

from unnoise.cluster.job import EngineName, Summary, denoise_many
from unnoise.cluster.manifest import Row

__all__ = ["EngineName", "Row", "Summary", "denoise_many"]
