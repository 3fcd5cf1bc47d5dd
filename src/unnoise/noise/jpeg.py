"""JPEG compression: the rounded cosine coefficients of blocks."""

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from unnoise.images.encoding import LUMINANCE
from unnoise.noise.draws import uniform
from unnoise.types import RGB

BLOCK = 8
# ITU-T T.81, annex K: steps of the coefficients, for luma and chroma.
LUMA_STEPS = tuple(tuple(LUMINANCE[row : row + BLOCK]) for row in range(0, BLOCK**2, BLOCK))
CHROMA_STEPS = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 8,) * 4,
)
# JFIF 1.02: from red, green and blue to luma and two colour differences.
Matrix = tuple[tuple[float, float, float], ...]
TO_YCC: Matrix = (
    (0.299, 0.587, 0.114),
    (-0.168736, -0.331264, 0.5),
    (0.5, -0.418688, -0.081312),
)
TO_RGB: Matrix = ((1.0, 0.0, 1.402), (1.0, -0.344136, -0.714136), (1.0, 1.772, 0.0))


def jpeg(clean: Tensor, level: Tensor, generator: Generator, half: Tensor) -> Tensor:
    """Compress and decompress as JPEG of quality ``level``, in 8 bits."""
    channels, height, width = clean.shape[1:]
    top, left = torch.randint(2 * BLOCK, (2,), generator=generator, device=clean.device).tolist()
    chance = uniform(clean, generator, 1, 1, 1)
    rows, columns = (  # which repeat the border; F.pad does not pad by more than the image has
        torch.arange(-before, side + -(before + side) % (2 * BLOCK), device=clean.device)
        for before, side in ((top, height), (left, width))
    )
    rows, columns = rows.clamp(0, height - 1), columns.clamp(0, width - 1)
    padded = clean.index_select(2, rows).index_select(3, columns)
    values = (255 * padded.clamp(0, 1)).round()
    if channels == RGB:
        made = _colours(values, level, chance < half)
    else:
        made = _quantise(values - 128, _steps(LUMA_STEPS, level)) + 128
    return made[..., top : top + height, left : left + width].clamp(0, 255).round() / 255


def _colours(values: Tensor, level: Tensor, half: Tensor) -> Tensor:
    luma, chroma = _convert(values, TO_YCC).round().split((1, 2), dim=1)
    luma = _quantise(luma - 128, _steps(LUMA_STEPS, level)).round() + 128
    steps = _steps(CHROMA_STEPS, level)
    full = _quantise(chroma, steps).round()
    small = _quantise(F.avg_pool2d(chroma, 2).round(), steps)
    large = F.interpolate(small, scale_factor=2, mode="bilinear", align_corners=False)
    return _convert(torch.cat([luma, torch.where(half, large, full)], dim=1), TO_RGB)


def _convert(images: Tensor, matrix: Matrix) -> Tensor:
    """Mix channels, not by a matrix product: autocast would round that to bfloat16."""
    first, second, third = images.unbind(1)
    return torch.stack([a * first + b * second + c * third for a, b, c in matrix], dim=1)


def _steps(table: tuple[tuple[int, ...], ...], quality: Tensor) -> Tensor:
    """Return the steps at each quality, ``(B, 1, 1, 1, 8, 8)``, as libjpeg scales them."""
    scale = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality)[..., None, None]
    steps = (quality.new_tensor(table) * scale + 50) / 100
    return steps.floor().clamp(1, 255)


def _quantise(values: Tensor, steps: Tensor) -> Tensor:
    """Round the cosine coefficients of 8 × 8 blocks to multiples of their steps."""
    batch, channels, height, width = values.shape
    blocks = values.view(batch, channels, height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    blocks = blocks.transpose(3, 4)  # (B, C, rows of blocks, columns of blocks, 8, 8)
    cosines = _cosines(values)
    coefficients = torch.einsum("ij,bcyxjk,lk->bcyxil", cosines, blocks, cosines)
    rounded = (coefficients / steps).round() * steps
    blocks = torch.einsum("ji,bcyxjk,kl->bcyxil", cosines, rounded, cosines)
    return blocks.transpose(3, 4).reshape(batch, channels, height, width)


def _cosines(like: Tensor) -> Tensor:
    """Return the matrix of the orthonormal cosine transform of 8 values."""
    place = torch.arange(BLOCK, device=like.device, dtype=like.dtype)
    matrix = torch.cos(math.pi / BLOCK * (place + 0.5) * place[:, None]) * math.sqrt(2 / BLOCK)
    matrix[0] /= math.sqrt(2)
    return matrix
