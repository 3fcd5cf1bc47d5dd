import numpy as np
import pytest
import torch

from unnoise.data import Patches, PixelStore, Resident
from unnoise.images import ValueRange

CPU = torch.device("cpu")


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_a_resident_batch_is_the_batch(channels: int, kind: type[np.generic]) -> None:
    random = np.random.default_rng(0)
    stacks = [
        random.integers(0, 256, (1, *size, channels)).astype(kind) for size in ((40, 24), (17, 90))
    ]
    ranges = (ValueRange(0, 255, clamp=True), ValueRange(-20, 200, clamp=False))
    stores = PixelStore.of(stacks), PixelStore.of([stack[:, ::-1] for stack in stacks])
    patches = Patches(stores, ranges, 32, 16, seed=3)
    resident = Resident(patches, CPU)
    for step in (0, 7):
        turns = patches.drawn(step)[0][1][0][3]
        assert set(turns) == set(range(8))
        for ours, theirs in zip(resident.at(step), patches.at(step), strict=True):
            torch.testing.assert_close(ours, theirs)
            assert ours.is_contiguous(memory_format=torch.channels_last) or channels == 1


def test_captures_come_from_one_pool() -> None:
    images = np.repeat(np.arange(4, dtype=np.uint8), 16 * 16).reshape(4, 16, 16, 1)
    ranges = (ValueRange(0, 255, clamp=True),) * 2
    patches = Patches((PixelStore.of([images]),), ranges, 5, 16, 2, scenes=((0, 1), (2, 3)))
    for ours, theirs in zip(Resident(patches, CPU).at(4), patches.at(4), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_each_channel_has_its_range() -> None:
    random = np.random.default_rng(1)
    image = (random.random((1, 40, 40, 2)) * (10, 1_000)).astype(np.float32)
    values = ValueRange((0.0, 0.0), (10.0, 1_000.0), clamp=False)
    patches = Patches((PixelStore.of([image]),), (values,), 4, 16, seed=3)
    (ours,), (theirs,) = Resident(patches, CPU).at(2), patches.at(2)
    torch.testing.assert_close(ours, theirs)
    assert 0.8 < float(ours[:, 0].max()) <= 1
