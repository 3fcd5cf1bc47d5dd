"""Pictures of held-out images before and after denoising: examples, and a piece along its axis."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from unnoise.api.finishing import HeldOut
from unnoise.api.judging import Judged, ready, value_ranges
from unnoise.denoiser import Denoiser
from unnoise.facts import change
from unnoise.images import ValueRange
from unnoise.report import draw_along, draw_grid, join_below
from unnoise.seeding import generator
from unnoise.types import Floats


@dataclass(frozen=True)
class HeldOutPictures:
    """Draws the held-out images of a run; each picture is a PNG."""

    denoiser: Denoiser
    images: HeldOut
    seed: int  # decides the noise that is added

    def all(self) -> bytes:
        """Draw everything in one picture."""
        along = self.along()
        return join_below([self.examples(), along]) if along else self.examples()

    def examples(self) -> bytes:
        """Draw rows of noisy, denoised and, where there are any, clean images."""
        shown = Judged.of(self.images.shown)
        rows, values = self._rows(shown, "preview")
        return draw_grid(rows, values=values, dtype=shown.images.dtype)

    def along(self) -> bytes | None:
        """Draw a piece along its axis; None without one."""
        piece = self.images.along
        if piece is None:
            return None
        shown = Judged(piece.views[0], (*piece.views, None)[1], piece.around)
        rows, values = self._rows(shown, "along")
        known = rows.get("clean", rows["noisy"])
        changes = change([np.moveaxis(image, 0, -1) for image in known])
        row, column = np.unravel_index(int(changes.argmax()), changes.shape)
        place = int(row), int(column)
        return draw_along(rows, piece.axis, place, values=values, dtype=shown.images.dtype)

    def _rows(self, shown: Judged, name: str) -> tuple[Mapping[str, Floats], ValueRange]:
        """Return stacks ``(N, C, H, W)`` by their names, and the values of 0 and 1."""
        ranges = value_ranges(self.denoiser, [shown])
        random = generator(self.seed, name)
        made = ready(self.denoiser, shown, ranges, self.denoiser.info.noise, random)
        rows = {
            "noisy": [each.noisy for each in made],
            "denoised": [self.denoiser.denoise_floats(each.together()) for each in made],
        }
        if "psnr" in self.denoiser.info.trained:
            rows["clean"] = [each.clean for each in made]
        return {label: np.concatenate(parts) for label, parts in rows.items()}, ranges[0]
