"""Randomness as a function of (seed, step, index).

Nothing in unnoise keeps random state. Code that needs random numbers names the place where it uses
them, and gets the same numbers whenever it comes back to that place. So a run that was killed and
resumed equals one that was not, and no random state is saved.
"""

import hashlib

import torch


def generator(seed: int, *place: int | str, device: torch.device | str = "cpu") -> torch.Generator:
    """Return a fresh generator, which depends on the arguments alone.

    Args:
        seed: The seed of the run, any integer.
        place: The use of the numbers, for example ``("noise", step)``. Places are hashed, so
            different places have independent streams, also at neighbouring steps.
        device: Where the numbers are drawn. Each kind of device has its own streams.
    """
    key = "/".join(map(str, (seed, *place))).encode()
    digest = hashlib.blake2b(key, digest_size=8).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest, "little") >> 1)
