"""Dark stains on paper."""

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

KNOTS = (4, 1.0), (9, 0.6), (20, 0.35)  # random numbers per side of an image, and their weight
SHARPEST = 20.0  # largest slope of an edge; the smallest is 1, and the logarithm is uniform
SPREAD = 0.7  # larger: images differ more in how much of them is stained


def stain(clean: Tensor, level: Tensor, generator: Generator) -> Tensor:
    """Darken each image with smooth blots, by up to a share ``level`` of its brightness.

    Some blots fade out, others have an edge, as shadows, wrinkles and spilt coffee do.
    """
    batch, device = len(clean), clean.device
    field = torch.zeros((batch, 1, *clean.shape[2:]), device=device)
    for knots, weight in KNOTS:
        drawn = torch.randn((batch, 1, knots, knots), generator=generator, device=device)
        field = field + weight * F.interpolate(
            drawn, size=clean.shape[2:], mode="bicubic", align_corners=True
        )
    slope = torch.rand((batch, 1, 1, 1), generator=generator, device=device)
    offset = torch.randn((batch, 1, 1, 1), generator=generator, device=device)
    steep = torch.exp(math.log(SHARPEST) * slope)
    return clean * (1 - level * torch.sigmoid(steep * (field + SPREAD * offset)))
