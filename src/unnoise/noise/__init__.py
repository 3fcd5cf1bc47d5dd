"""Corruption models: functions from clean to noisy images that can be repeated exactly.

A noise is called as ``noise(clean, generator) -> noisy`` on a batch ``(B, C, H, W)``, and is
written as a spec such as ``poisson:30+gaussian:0.02,clip``. This room does not know images on disk,
models or training.
"""

from unnoise.noise.corruptions import NOISES, Corruption
from unnoise.noise.spec import Chain, Noise, Term, parse_noise

__all__ = [
    "NOISES",
    "Chain",
    "Corruption",
    "Noise",
    "Term",
    "parse_noise",
]
