"""Validation: an objective's risk on scenes that training never shows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby

import numpy as np
import torch
from torch import Tensor

from unnoise.images import ValueRange, to_float
from unnoise.models import Model, restore
from unnoise.objectives import LOSSES, Network, Objective
from unnoise.seeding import generator
from unnoise.sizes import middle_of
from unnoise.training.contract import Validation
from unnoise.training.parallel import ALONE, World
from unnoise.types import Array

CHUNK = 100_000  # pixels at once
FLOOR = 1e-10  # of a mean squared error: 100 dB


@dataclass(frozen=True)
class Held:
    """Held-out scenes in chunks that run at once; views are float32 ``(B, C, H, W)``."""

    chunks: tuple[tuple[Tensor, ...], ...]

    @classmethod
    def of(cls, scenes: Sequence[tuple[Array, ...]], ranges: Sequence[ValueRange]) -> "Held":
        """Put scenes, whose views are ``(H, W, C)``, of one size together."""
        chunks = []
        for (height, width), group in groupby(scenes, key=lambda scene: scene[0].shape[:2]):
            together = list(group)
            size = max(1, CHUNK // (height * width))
            for start in range(0, len(together), size):
                views = zip(*together[start : start + size], strict=True)
                chunks.append(
                    tuple(
                        _scaled(np.stack(view), values)
                        for view, values in zip(views, ranges, strict=True)
                    )
                )
        return cls(tuple(chunks))

    @property
    def pixels(self) -> int:
        """All pixels."""
        return sum(views[0][:, 0].numel() for views in self.chunks)

    def examples(self, objective: Objective, seed: int) -> Iterator[tuple[Tensor, Tensor | None]]:
        """Yield noisy images as validation draws them, with the clean ones where there are any."""
        for i, views in enumerate(self.chunks):
            yield objective.examples(views, generator(seed, "validation", i))


@dataclass(frozen=True, kw_only=True)
class HeldOutValidator:
    """Measures an objective's risk on held-out scenes; it always draws the same random numbers."""

    objective: Objective
    held: Held
    seed: int  # decides the noise
    device: torch.device  # of the network
    world: World = ALONE  # each process measures some chunks, and all get the risks of all

    def validate(self, model: Model) -> Validation:
        """Measure a network, and leave it in evaluation mode."""
        model.eval()
        every = self._risks(lambda noisy: restore(model, noisy))
        clean = self.objective.learns_from == "pairs"
        return Validation(risk=float(every.mean()), psnr=_psnr(every) if clean else None)

    def noise(self, channels: int) -> float:
        """Estimate the part of the risk that is noise, and the same for all networks.

        Without clean images, targets are noisy. What gives its noisy input back then has the noise
        twice in its risk, and the mean of two images beside the middle one has it 1.5 times. The
        estimate is too high where neighbouring pixels, or images, differ by more than their noise.

        Args:
            channels: Of an image.
        """
        if self.objective.learns_from == "pairs":
            return 0.0
        beside = self.objective.asks_middle

        def given(noisy: Tensor) -> Tensor:
            depth = noisy.shape[1] // channels
            if not beside:
                return middle_of(noisy, depth)
            first, second = (depth // 2 + side for side in (-1, 1))
            one, other = (noisy[:, i * channels :][:, :channels] for i in (first, second))
            return (one + other) / 2

        return float(self._risks(given).mean()) / (1.5 if beside else 2)

    def _risks(self, network: Network) -> Tensor:
        """Return the risk of each scene, in all processes."""
        counts = [len(views[0]) for views in self.held.chunks]
        firsts = [0, *accumulate(counts)]
        risks = torch.zeros(sum(counts))
        with torch.inference_mode():
            for i in range(self.world.rank, len(counts), self.world.size):
                batch = tuple(
                    view.to(self.device, memory_format=torch.channels_last)
                    for view in self.held.chunks[i]
                )
                random = generator(self.seed, "validation", i, device=self.device)
                drawn = self.objective.draw(batch, random)
                found = self.objective.risk(network, drawn)
                risks[firsts[i] : firsts[i + 1]] = found.cpu()
        return self.world.total(risks)

    def noisy_psnr(self) -> float | None:
        """Return the mean PSNR of the noisy images in dB; None where there are no clean ones."""
        errors = [
            LOSSES["mse"](middle_of(noisy, noisy.shape[1] // clean.shape[1]), clean)
            for noisy, clean in self.held.examples(self.objective, self.seed)
            if clean is not None
        ]
        return _psnr(torch.cat(errors)) if errors else None


def _scaled(stack: Array, values: ValueRange) -> Tensor:
    return torch.from_numpy(to_float(stack, values.of_channels(stack.shape[-1])))


def _psnr(errors: Tensor) -> float:
    return float((-10 * errors.clamp_min(FLOOR).log10()).mean())
