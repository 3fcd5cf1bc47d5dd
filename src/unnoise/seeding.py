"""Randomness as a function of (seed, step, index).

Nothing in unnoise keeps random state: whoever needs random numbers names the place they are for,
and gets the same ones whenever that place is visited again. This is why a run that was killed and
resumed equals one that was not, and why nothing about random state is saved.
"""

import hashlib

import torch


def generator(seed: int, *place: int | str, device: torch.device | str = "cpu") -> torch.Generator:
    """Return a fresh generator for one place in a run.

    Args:
        seed: The run's seed, any integer.
        place: What the numbers are for, for example ``("noise", step)``. Different places give
            independent streams; they are hashed, so that neighbouring steps share nothing.
        device: Where the numbers are drawn. Each kind of device has streams of its own.

    Returns:
        A ``torch.Generator`` that depends on the arguments alone.
    """
    key = "/".join(map(str, (seed, *place))).encode()
    digest = hashlib.blake2b(key, digest_size=8).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest, "little") >> 1)
