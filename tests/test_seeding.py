import torch

from unnoise.seeding import generator


def test_a_place_has_its_own_numbers_always_the_same() -> None:
    places: list[tuple[int | str, ...]] = [
        (0,),
        (1,),
        (-1,),
        (0, "noise", 1),
        (0, "noise", 2),
        (0, "noise1", 2),
        (0, 1, 2),
        (0, 12),
    ]
    draws = [torch.rand(4, generator=generator(0, *place)).tolist() for place in places]
    assert draws == [torch.rand(4, generator=generator(0, *place)).tolist() for place in places]
    assert len({tuple(draw) for draw in draws}) == len(places)
