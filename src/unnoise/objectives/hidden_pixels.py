"""Pixels that are hidden from a network, and asked for."""

import torch
from torch import Generator, Tensor


def draw_pixels(images: Tensor, cell: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """Draw one pixel of each whole cell of ``cell`` × ``cell``: rows, columns, each ``(B, n)``."""
    batch, _, height, width = images.shape
    device = images.device
    down, right = height // cell, width // cell
    shift = torch.randint(0, cell, (2, batch, down, right), generator=generator, device=device)
    rows = shift[0] + cell * torch.arange(down, device=device)[:, None]
    columns = shift[1] + cell * torch.arange(right, device=device)
    return rows.flatten(1), columns.flatten(1)


def at(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Take pixels, ``(B, C, n)``."""
    index = (rows * images.shape[3] + columns)[:, None].expand(-1, images.shape[1], -1)
    return images.flatten(2).gather(2, index)


def put(images: Tensor, rows: Tensor, columns: Tensor, values: Tensor) -> Tensor:
    """Set pixels of ``images`` in place, and return it."""
    index = (rows * images.shape[3] + columns)[:, None].expand(-1, images.shape[1], -1)
    images.view(*images.shape[:2], -1).scatter_(2, index, values)
    return images


def anywhere(images: Tensor, shape: torch.Size, generator: Generator) -> Tensor:
    """Draw pixels from all over each image, ``(B, C, n)``."""
    height, width = images.shape[2:]
    rows = torch.randint(0, height, shape, generator=generator, device=images.device)
    columns = torch.randint(0, width, shape, generator=generator, device=images.device)
    return at(images, rows, columns)


def with_middle(images: Tensor, middle: Tensor, depth: int) -> Tensor:
    """Return neighbouring images ``(B, depth · C, H, W)`` with another middle ``(B, C, H, W)``."""
    if depth == 1:
        return middle
    first = depth // 2 * middle.shape[1]
    return torch.cat([images[:, :first], middle, images[:, first + middle.shape[1] :]], dim=1)
