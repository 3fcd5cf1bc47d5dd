"""Crops from images that stay in the memory of a GPU, to which only their places are sent."""

import numpy as np
import torch
from torch import Tensor

from unnoise.data.batches import ALL, Crops, Patches
from unnoise.data.pixel_store import TURNS, PixelStore

# A GPU gathers these, and float32 holds their values exactly.
KINDS = {np.dtype(np.uint8), np.dtype(np.float32)}
SHARE = 0.5  # of the free memory that images may take


class Resident:
    """The batches of ``Patches``, gathered where the images lie.

    Args:
        patches: Decides every crop; its images are copied once. None is smaller than a crop.
        device: Where the images lie from then on.
    """

    unit = Patches.unit

    def __init__(self, patches: Patches, device: torch.device) -> None:
        self._patches, self._device = patches, device
        self.size, self.pixels = patches.size, patches.pixels
        self.steps_per_epoch = patches.steps_per_epoch
        self._pixels = {
            id(store): torch.from_numpy(store.pixels).to(device).view(-1, store.channels)
            for store in patches.stores
        }
        side = np.arange(patches.side**2).reshape(patches.side, patches.side)
        turned = [np.rot90(half, k) for half in (side, side[:, ::-1]) for k in range(TURNS // 2)]
        # Which pixel of an unturned crop each pixel of a turned one is, (TURNS, side, side).
        self._places = torch.from_numpy(np.stack(turned)).to(device)

    @staticmethod
    def fits(patches: Patches, device: torch.device) -> bool:
        """Whether the images can lie on this device: a GPU, their kind and sizes, free memory."""
        if device.type != "cuda":
            return False
        smallest = min(min(store.heights.min(), store.widths.min()) for store in patches.stores)
        kinds = {store.pixels.dtype for store in patches.stores}
        size = sum(store.pixels.nbytes for store in patches.stores)
        free, _ = torch.cuda.mem_get_info(device)
        return smallest >= patches.side and kinds <= KINDS and size < SHARE * free

    def at(self, step: int, samples: slice = ALL) -> tuple[Tensor, ...]:
        """Return samples of a batch, on the device: ``(B, C, side, side)``."""
        views = []
        for (store, seen), values in zip(
            self._patches.drawn(step, samples), self._patches.ranges, strict=True
        ):
            gathered = torch.cat([self._gather(store, crops) for crops in seen], dim=-1).float()
            values = values.of_channels(gathered.shape[-1])  # of (B, side, side, C)
            low, span = (gathered.new_tensor(ends) for ends in (values.low, values.span))
            scaled = (gathered - low) / span
            views.append(scaled.permute(0, 3, 1, 2))  # in memory this is channels_last
        return tuple(views)

    def close(self) -> None:
        """Do nothing: the memory is freed with this object."""

    def _gather(self, store: PixelStore, crops: Crops) -> Tensor:
        images, tops, lefts, turns = crops
        widths = store.widths[images]
        corners = store.starts[images] + tops * widths + lefts
        corner, width, turn = (
            torch.from_numpy(part).to(self._device)[:, None, None]
            for part in (corners, widths, turns)
        )
        place = self._places[turn[:, 0, 0]]
        side = self._patches.side
        return self._pixels[id(store)][corner + place // side * width + place % side]
