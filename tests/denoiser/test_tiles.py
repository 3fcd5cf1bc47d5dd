"""Tiles: planned right, and equal to the whole image whatever the sizes and the model."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from known_networks import torch_network
from torch import Tensor

from unnoise.denoiser.networks import CPU, Interleaved, Network
from unnoise.denoiser.tiles import Runner, Tile, plan_tiles, run_bands, spans
from unnoise.errors import ModelError
from unnoise.models import Autoencoder, Model, ResidualUNet, UNet, restore
from unnoise.sizes import padding
from unnoise.types import Floats


def small(depths: tuple[int, ...], channels: int = 1) -> Model:
    torch.manual_seed(0)
    return UNet(channels=channels, widths=(8,) * len(depths), depths=depths).eval()


MODELS = {
    "one level": small((1,)),
    "two levels": small((0, 1)),
    "three levels": small((1, 1, 1)),
    "five levels": small((0, 0, 1, 0, 0)),
    "colour": small((1, 1), channels=3),
    "residual": ResidualUNet(widths=(8, 8), falling=(1,), rising=(1, 1)).eval(),
}
RANDOM = np.random.default_rng(0)
NETWORKS: dict[str, Network] = {
    **{name: torch_network(model) for name, model in MODELS.items()},
    "interleaved": Interleaved(torch_network(small((1, 1))), 3),
}


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Use one thread: on a busy machine two wait for each other longer than these images take."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tiled(network: Network, image: Floats, side: int, rows: int) -> Floats:
    """Denoise ``(C, H, W)`` in tiles, from bands of ``rows`` rows."""
    runner = Runner(network)

    def work(part: np.ndarray, tile: Tile) -> np.ndarray:
        return np.moveaxis(runner.run(np.moveaxis(part, -1, 1), tile), 1, -1)

    stored = np.moveaxis(image, 0, -1)
    bands = (stored[top : top + rows] for top in range(0, len(stored), rows))
    plan = plan_tiles(network, *stored.shape[:2], side=side)
    return np.moveaxis(np.concatenate(list(run_bands(bands, plan, work))), -1, 0)


def whole(network: Network, image: Floats) -> Floats:
    """Denoise ``(C, H, W)`` at once."""
    height, width = image.shape[1:]
    down, right, mirror = padding(network, height, width)
    around = [(0, 0), (0, down), (0, right)]
    padded = np.pad(image, around, "reflect" if mirror else "edge")
    return network.run(padded[None])[0, :, :height, :width]


@pytest.mark.parametrize("name", NETWORKS)
@settings(max_examples=15)
@given(
    height=st.integers(1, 150),
    width=st.integers(1, 150),
    side=st.integers(1, 100),
    rows=st.integers(1, 160),
    seed=st.integers(0, 99),
)
def test_tiled_equals_whole(
    name: str, height: int, width: int, side: int, rows: int, seed: int
) -> None:
    network = NETWORKS[name]
    random = np.random.default_rng(seed)
    image = random.random((network.channels, height, width), np.float32)
    expected = whole(network, image)
    found = tiled(network, image, side, rows)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 1e-5
    if name in MODELS:  # as training and validation see whole images
        with torch.inference_mode():
            restored = restore(MODELS[name], torch.from_numpy(image[None]))[0].numpy()
        assert np.abs(found - restored).max() < 1e-5


@given(
    length=st.integers(1, 5000),
    side=st.integers(1, 900),
    overlap=st.integers(0, 12),
    multiple=st.integers(1, 32),
)
def test_spans_keep_every_row_once_and_read_enough(
    length: int, side: int, overlap: int, multiple: int
) -> None:
    overlap *= multiple
    parts = spans(length, side=side, overlap=overlap, multiple=multiple)
    assert [part.first for part in parts] == [0, *(part.last for part in parts[:-1])]
    assert parts[-1].last == length
    for part in parts:
        assert part.start % multiple == 0
        assert part.stop % multiple == 0 or part.stop == length
        assert part.start <= max(0, part.first - overlap)
        assert part.stop >= min(length, part.last + overlap)
        assert part.stop - part.start <= max(side, multiple + 2 * overlap)
        assert part.first < part.last


def test_small_images_and_fixed_sizes_stay_whole() -> None:
    side = CPU.side
    assert plan_tiles(MODELS["three levels"], side, side).whole
    assert plan_tiles(MODELS["three levels"], 50, 9000).whole
    assert not plan_tiles(MODELS["three levels"], 2 * side, 2 * side).whole
    assert plan_tiles(Autoencoder(size=(40, 60)), 40, 60, side=16).whole


class Limited(Model):
    """A model on a machine that holds ``most`` pixels at once."""

    def __init__(self, most: int, error: Exception) -> None:
        super().__init__()
        self.model = small((1, 1))
        self.channels, self.size_multiple = 1, self.model.size_multiple
        self.receptive_field = self.model.receptive_field
        self.most, self.error = most, error
        self.tried: list[int] = []

    def forward(self, noisy: Tensor) -> Tensor:
        self.tried.append(noisy[:, 0].numel())
        if self.tried[-1] > self.most:
            raise self.error
        result: Tensor = self.model(noisy)
        return result

    def features(self, noisy: Tensor) -> list[Tensor]:
        return self.model.features(noisy)


FLAT = np.zeros((1, 400, 300), np.float32)
ALLOCATOR = RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate")


@pytest.mark.parametrize("error", [torch.OutOfMemoryError(), MemoryError(), ALLOCATOR])
def test_where_memory_runs_out_the_tile_shrinks_and_the_work_goes_on(error: Exception) -> None:
    model = Limited(150 * 150, error)
    image = RANDOM.random((1, 901, 403), np.float32)
    expected = whole(torch_network(model.model), image)
    found = tiled(torch_network(model), image, 300, 64)
    assert np.abs(found - expected).max() < 1e-5
    failed = sum(size > model.most for size in model.tried)
    assert 0 < failed < len(model.tried) / 2  # what did not fit is not tried for every tile


def test_a_batch_shrinks_too() -> None:
    model = Limited(3 * 40 * 40, MemoryError())
    images = RANDOM.random((13, 1, 40, 40), np.float32)
    network = torch_network(model)
    plan = plan_tiles(network, 40, 40)
    found = Runner(network).run(images, Tile(plan, plan.rows[0], plan.columns[0]))
    assert np.abs(found - torch_network(model.model).run(images)).max() < 1e-5


def test_below_a_floor_the_lack_of_memory_is_said() -> None:
    with pytest.raises(ModelError, match="memory does not suffice for"):
        tiled(torch_network(Limited(1000, MemoryError())), FLAT, 300, 64)


def test_other_errors_are_not_taken_for_a_lack_of_memory() -> None:
    model = Limited(0, RuntimeError("shapes do not agree"))
    with pytest.raises(RuntimeError, match="do not agree"):
        tiled(torch_network(model), FLAT, 300, 64)
    assert len(model.tried) == 1


def test_rows_that_are_held_do_not_grow_with_the_height() -> None:
    model = MODELS["one level"]
    held: list[int] = []

    bands = (np.zeros((10, 30, 1), np.float32) for _ in range(400))

    def work(part: np.ndarray, tile: Tile) -> np.ndarray:
        held.append(part.shape[1])
        return part[:, *tile.kept]

    plan = plan_tiles(model, 4000, 30, side=64)
    assert sum(map(len, run_bands(bands, plan, work))) == 4000
    assert max(held) <= 64**2 // 30
