import pytest

from unnoise.errors import ConfigError
from unnoise.training import Division, World, default_group


@pytest.mark.parametrize("batch_size", [1, 7, 8, 30, 64, 100, 128, 4096])
@pytest.mark.parametrize("size", [1, 2, 3, 8])
@pytest.mark.parametrize("pieces", [1, 2])
def test_every_sample_is_computed_once_and_drawn_as_one_process_draws_it(
    batch_size: int, size: int, pieces: int
) -> None:
    group = default_group(batch_size)
    alone = Division(batch_size=batch_size, group=group)

    def part(rank: int) -> Division:
        world = World(rank, size)
        return Division(batch_size=batch_size, group=group, world=world, count=pieces)

    if -(-batch_size // group) < size * pieces:
        with pytest.raises(ConfigError, match="larger --batch-size"):
            part(0)
        return
    parts = [part(rank) for rank in range(size)]
    assert all(len(part.pieces) == pieces for part in parts), "as many on every process"
    groups = [group for part in parts for piece in part.pieces for group in piece]
    assert groups == list(alone.pieces[0])
    samples = [i for part in parts for i in range(batch_size)[part.samples]]
    assert samples == list(range(batch_size))
    assert sum(part.portion for part in parts) == pytest.approx(1)


def test_a_batch_of_default_size_can_be_divided_among_eight() -> None:
    for batch_size in (8, 64, 128, 1000):
        assert batch_size / default_group(batch_size) >= 8
