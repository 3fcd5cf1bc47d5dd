from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from unnoise.facts import Structure
from unnoise.noise import parse_noise
from unnoise.objectives import (
    LOSSES,
    Interpolation,
    Loss,
    Neighbor2Neighbor,
    Network,
    Noise2Noise,
    Noise2Void,
    Objective,
    Quantiles,
    Supervised,
)
from unnoise.objectives.hidden_pixels import draw_pixels
from unnoise.objectives.losses import nearly_clamp
from unnoise.objectives.noise2void import Replacement
from unnoise.seeding import generator


def loss_of(
    objective: Objective, network: Network, batch: tuple[Tensor, ...], random: torch.Generator
) -> Tensor:
    return objective.losses(network, objective.draw(batch, random))


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_the_mean_of_each_sample(name: str) -> None:
    output, target = torch.rand(3, 2, 5, 6), torch.rand(3, 2, 5, 6)
    references: dict[str, Loss] = {
        "mse": F.mse_loss,
        "l1": F.l1_loss,
        "bce": F.binary_cross_entropy,
        "root-l1": lambda a, b: F.l1_loss(a, b).sqrt(),
    }
    expected = [references[name](a, b).item() for a, b in zip(output, target, strict=True)]
    assert LOSSES[name](output, target).tolist() == pytest.approx(expected, rel=3e-4)


def test_bce_stays_finite_at_the_ends() -> None:
    ends, middle = torch.tensor([[[[0.0, 1.0]]]]), torch.tensor([[[[1.0, 0.0]]]])
    # -log(1e-7), the largest loss of one value, as in Keras.
    assert LOSSES["bce"](ends, middle).item() == pytest.approx(16.118, abs=0.1)
    assert LOSSES["bce"](ends, ends).item() == pytest.approx(0, abs=1e-6)


def test_nearly_clamped_values_keep_their_order_and_a_gradient() -> None:
    x = torch.linspace(-2, 3, 101, requires_grad=True)
    y = nearly_clamp(x)
    assert (y.diff() > 0).all()
    inside = (x >= 0) & (x <= 1)
    assert torch.equal(y[inside], x[inside])
    assert y.min() > -0.11
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.min() > 0.04


def test_supervised_is_its_formula() -> None:
    clean, noise = torch.rand(4, 1, 8, 8), parse_noise("gaussian:0.1")
    objective = Supervised(LOSSES["mse"], noise)
    seen = []

    def halve(noisy: torch.Tensor) -> torch.Tensor:
        seen.append(noisy)
        return noisy / 2

    loss = objective.losses(halve, objective.draw((clean,), generator(5)))
    noisy = noise(clean, generator(5))
    assert torch.equal(seen[0], noisy)
    assert loss.shape == (4,)
    expected = (nearly_clamp(noisy / 2) - clean).square().mean((1, 2, 3))
    torch.testing.assert_close(loss, expected)
    perfect = objective.losses(lambda _: clean, objective.draw((clean,), generator(5)))
    assert perfect.tolist() == [0, 0, 0, 0]
    risk = objective.risk(lambda x: x / 2 - 1, (noisy, clean))
    torch.testing.assert_close(risk, clean.square().mean((1, 2, 3)))


def test_noise_is_added_to_the_noisy_side_of_pairs() -> None:
    noisy, clean = torch.rand(2, 4, 1, 8, 8)
    drawn = Supervised(LOSSES["mse"], parse_noise("gaussian:0.1")).draw(
        (noisy, clean), generator(5)
    )
    assert torch.equal(drawn[0], parse_noise("gaussian:0.1")(noisy, generator(5)))
    assert torch.equal(drawn[1], clean)
    assert Supervised(LOSSES["mse"]).draw((noisy, clean), generator(5)) == (noisy, clean)


def test_the_root_of_the_error_gives_weak_noise_a_larger_share() -> None:
    target = torch.zeros(2, 1, 4, 4)
    output = torch.stack([torch.full((1, 4, 4), 0.01), torch.full((1, 4, 4), 0.16)])
    output.requires_grad_()
    losses = LOSSES["root-l1"](output, target)
    assert losses.tolist() == pytest.approx([0.1, 0.4], abs=0.001)
    losses.sum().backward()
    assert output.grad is not None
    slopes = output.grad.sum((1, 2, 3))
    assert float(slopes[0] / slopes[1]) == pytest.approx(4, rel=0.01)
    perfect = torch.zeros(1, 1, 2, 2, requires_grad=True)
    LOSSES["root-l1"](perfect, torch.zeros(1, 1, 2, 2)).sum().backward()
    assert perfect.grad is not None
    assert perfect.grad.isfinite().all()


def test_a_share_of_a_colour_batch_becomes_grey_with_one_noise_for_all_channels() -> None:
    clean = torch.rand(200, 3, 8, 8)
    objective = Supervised(LOSSES["mse"], parse_noise("gaussian:0.1"), grey=0.5)
    noisy, targets = objective.draw((clean,), generator(1))
    errors = noisy - targets
    assert errors.flatten(1).std(1).tolist() == pytest.approx([0.1] * 200, rel=0.3)
    luma = 0.299 * clean[:, 0] + 0.587 * clean[:, 1] + 0.114 * clean[:, 2]
    grey = (targets == targets[:, :1]).flatten(1).all(1)
    assert 70 < grey.sum() < 130
    for channel in range(3):
        torch.testing.assert_close(targets[grey, channel], luma[grey])
        assert torch.equal(noisy[grey, channel], noisy[grey, 0])
    assert torch.equal(targets[~grey], clean[~grey])
    assert (errors[~grey, 0] != errors[~grey, 1]).any()


def test_grey_and_mixed_noises_stay_exact_under_autocast() -> None:
    clean = torch.rand(20, 3, 8, 8)
    noise = parse_noise("gaussian:0.1 | poisson:30 | speckle:0.1")
    objective = Supervised(LOSSES["l1"], noise, grey=0.5)
    exact = objective.draw((clean,), generator(1))
    with torch.autocast("cpu", torch.bfloat16):
        cast = objective.draw((clean,), generator(1))
    for one, other in zip(exact, cast, strict=True):
        assert torch.equal(one, other)


def test_pairs_bring_their_own_noise() -> None:
    noisy, clean = torch.rand(2, 1, 8, 8) * 3, torch.rand(2, 1, 8, 8)
    objective = Supervised(LOSSES["mse"], clamped=False)
    expected = (noisy - clean).square().mean((1, 2, 3))
    drawn = objective.draw((noisy, clean), generator(0))
    torch.testing.assert_close(objective.losses(lambda x: x, drawn), expected)
    torch.testing.assert_close(objective.risk(lambda x: x, drawn), expected)


def test_noise2noise_asks_for_the_second_capture() -> None:
    first, second = torch.rand(2, 1, 8, 8), torch.rand(2, 1, 8, 8)
    loss = loss_of(Noise2Noise(), lambda x: 2 * x, (first, second), generator(0))
    torch.testing.assert_close(loss, (2 * first - second).square().mean((1, 2, 3)))


@pytest.mark.parametrize("shape", [(3, 1, 8, 10), (2, 3, 9, 11)])
def test_neighbours_share_a_side_and_all_channels(shape: tuple[int, ...]) -> None:
    batch, channels, height, width = shape
    numbers = torch.arange(height * width, dtype=torch.float32).view(height, width)
    images = numbers.expand(shape)
    seen: list[torch.Tensor] = []

    def look(x: torch.Tensor) -> torch.Tensor:
        seen.append(x)
        return x

    loss = loss_of(Neighbor2Neighbor(gamma=0.0), look, (images,), generator(1))
    (first,) = seen
    assert first.shape == (batch, channels, height // 2, width // 2)
    assert (first == first[:, :1]).all()
    row, column = first // width, first % width
    cells = torch.arange(height // 2)[:, None], torch.arange(width // 2)
    assert torch.equal(row.div(2).floor(), cells[0].expand_as(row).float())
    assert torch.equal(column.div(2).floor(), cells[1].expand_as(row).float())
    # Neighbours differ by 1 in a row and by the width between rows, never by both.
    assert ((loss > 1) & (loss < width**2)).all()


def test_the_regulariser_vanishes_for_a_network_that_leaves_all_as_it_is() -> None:
    images = torch.rand(2, 1, 8, 8)
    plain = loss_of(Neighbor2Neighbor(gamma=0.0), lambda x: x, (images,), generator(1))
    weighted = loss_of(Neighbor2Neighbor(gamma=2.0), lambda x: x, (images,), generator(1))
    torch.testing.assert_close(plain, weighted)
    other = loss_of(Neighbor2Neighbor(gamma=2.0), lambda x: 0 * x, (images,), generator(1))
    three = 3 * loss_of(Neighbor2Neighbor(gamma=0.0), lambda x: 0 * x, (images,), generator(1))
    torch.testing.assert_close(other, three)


@pytest.mark.parametrize("structure", ["horizontal", "vertical"])
def test_neighbours_do_not_share_the_noise_of_lines(structure: Structure) -> None:
    rows = torch.arange(12.0)[:, None].expand(12, 16)
    image = (rows if structure == "horizontal" else rows.T)[None, None]
    seen: list[torch.Tensor] = []

    def look(x: torch.Tensor) -> torch.Tensor:
        seen.append(x)
        return x

    drawn = Neighbor2Neighbor(0.0, structure).draw((image,), generator(1))
    # A line next to it, so the loss of the image itself is 1 everywhere.
    assert Neighbor2Neighbor(0.0, structure).losses(look, drawn).tolist() == [1]
    lines = seen[0][0, 0] if structure == "horizontal" else seen[0][0, 0].T
    assert (lines == lines[:, :1]).all()  # each is of one line of the image
    assert (lines[:, 0] // 2).tolist() == list(range(6))


@pytest.mark.parametrize("replacement", ["uniform", "median"])
@pytest.mark.parametrize("structure", ["none", "horizontal", "vertical"])
def test_what_the_network_sees_does_not_hold_the_masked_pixels(
    replacement: Replacement, structure: Structure
) -> None:
    images = torch.rand(2, 2, 13, 17, generator=generator(2))
    seen: list[torch.Tensor] = []

    def look(x: torch.Tensor) -> torch.Tensor:
        seen.append(x)
        return x

    objective = Noise2Void(replacement, structure)
    loss = loss_of(objective, look, (images,), generator(1))
    changed = (seen[0] != images).any(1)
    rows, columns = draw_pixels(images, 5, generator(1))
    assert rows.shape == (2, 2 * 3)
    for sample in range(2):
        assert changed[sample, rows[sample], columns[sample]].all()
        if structure == "none":
            assert changed[sample].sum() == 6
        for y, x in zip(rows[sample], columns[sample], strict=True):
            line = changed[sample, y] if structure == "horizontal" else changed[sample, :, x]
            near = line[max(0, int(x if structure == "horizontal" else y) - 5) :][:6]
            assert structure == "none" or near.all()
    # A network that gives its input back is wrong by what was replaced, so the loss is not zero.
    assert (loss > 0).all()
    assert loss_of(Noise2Void(), lambda _: images, (images,), generator(1)).tolist() == [0, 0]


def test_a_uniform_replacement_comes_from_the_window_and_is_never_the_pixel_itself() -> None:
    images = torch.arange(15 * 15, dtype=torch.float32).view(1, 1, 15, 15)
    for seed in range(20):
        seen: list[torch.Tensor] = []

        def look(x: torch.Tensor, seen: list[torch.Tensor] = seen) -> torch.Tensor:
            seen.append(x)
            return x

        loss_of(Noise2Void(), look, (images,), generator(seed))
        moved = (seen[0] != images)[0, 0].nonzero()
        assert len(moved) == 9
        for y, x in moved.tolist():
            value = int(seen[0][0, 0, y, x])
            assert max(abs(value // 15 - y), abs(value % 15 - x)) <= 4
            assert value != y * 15 + x


@pytest.mark.parametrize("objective", [Neighbor2Neighbor(0.0), Noise2Void()])
def test_the_risk_is_the_error_plus_a_constant(objective: Objective) -> None:
    """On smooth images with white noise, risks differ as the true errors do."""
    ramp = torch.linspace(0, 1, 64).expand(8, 1, 64, 64)
    noisy = ramp + 0.2 * torch.randn(ramp.shape, generator=generator(3))

    def blur(radius: int) -> Callable[[torch.Tensor], torch.Tensor]:
        size = 2 * radius + 1
        return lambda x: F.avg_pool2d(F.pad(x, (radius,) * 4, mode="reflect"), size, 1)

    def risk(network: Callable[[torch.Tensor], torch.Tensor]) -> float:
        drawn = objective.draw((noisy,), generator(4))
        return float(objective.risk(network, drawn).mean())

    assert risk(blur(3)) < risk(blur(1)) < risk(lambda x: x)
    assert risk(blur(3)) == pytest.approx(0.2**2, rel=0.1)
    assert risk(blur(3)) == risk(blur(3)), "the same random numbers every time"


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
def test_quantiles_are_those_of_the_error(level: float) -> None:
    """With one distance for all pixels, the loss is least where the share inside is the level."""
    random = torch.Generator().manual_seed(0)
    clean = torch.full((1, 1, 100, 100), 0.5)
    noisy = clean + 0.1 * torch.randn(clean.shape, generator=random)
    objective = Quantiles(LOSSES["mse"], clamped=False, level=level)
    grid = torch.linspace(0.01, 0.4, 400)

    def loss(distance: Tensor) -> Tensor:
        def network(images: Tensor) -> Tensor:
            return torch.cat([images, distance + 0 * images, distance + 0 * images], 1)

        return objective.losses(network, (noisy, clean))[0]

    best = float(grid[torch.stack([loss(distance) for distance in grid]).argmin()])
    assert float(((noisy - clean).abs() <= best).float().mean()) == pytest.approx(level, abs=0.02)


def test_quantiles_keep_the_risk_and_the_loss_of_the_image() -> None:
    random = torch.Generator().manual_seed(0)
    clean, noisy = torch.rand(2, 2, 1, 8, 8, generator=random).unbind()
    inner = Supervised(LOSSES["mse"], clamped=False)
    objective = Quantiles(LOSSES["mse"], clamped=False, level=0.9)

    def network(images: Tensor) -> Tensor:
        return torch.cat([images, 0 * images, 0 * images], 1)

    batch = noisy, clean
    assert torch.equal(objective.risk(network, batch), inner.risk(lambda y: y, batch))
    # Both quantiles at the image: together half of the mean error, relative to it.
    extra = objective.losses(network, batch) - inner.losses(lambda y: y, batch)
    torch.testing.assert_close(extra, torch.full((2,), 1.0), atol=0.05, rtol=0)


def depth_five(*shape: int) -> Tensor:
    return torch.rand(2, 5 * 3, *shape, generator=generator(1))


def middle(images: Tensor) -> Tensor:
    return images[:, 6:9]


def test_neighbouring_images_get_noise_of_one_strength_and_of_their_own() -> None:
    spec = parse_noise("gaussian:0..0.5")
    clean = torch.zeros(6, 5 * 3, 32, 32)
    noisy, wanted = Supervised(LOSSES["mse"], spec, depth=5).draw((clean,), generator(2))
    assert wanted.shape == (6, 3, 32, 32)
    levels = noisy.unflatten(1, (5, 3)).std((2, 3, 4))  # (6, 5)
    assert levels.std(1).max() < 0.02
    assert levels.mean(1).std() > 0.05
    one, other = noisy[0, 0], noisy[0, 3]
    assert torch.corrcoef(torch.stack([one.flatten(), other.flatten()]))[0, 1].abs() < 0.1


def test_pairs_of_stacks_learn_the_middle() -> None:
    noisy, clean = depth_five(8, 8), torch.rand(2, 3, 8, 8)
    objective = Supervised(LOSSES["mse"], clamped=False, depth=5)
    loss = loss_of(objective, middle, (noisy, clean), generator(0))
    torch.testing.assert_close(loss, (middle(noisy) - clean).square().mean((1, 2, 3)))


def test_neighbor2neighbor_takes_the_same_pixels_of_all_and_asks_for_the_middle() -> None:
    images = depth_five(8, 8)
    images[:] = (
        middle(images).repeat(1, 5, 1, 1)
        + torch.arange(5.0).repeat_interleave(3)[None, :, None, None]
    )
    seen = []

    def look(part: Tensor) -> Tensor:
        seen.append(part)
        return middle(part)

    loss_of(Neighbor2Neighbor(gamma=0.0, depth=5), look, (images,), generator(1))
    apart = seen[0].unflatten(1, (5, 3))
    torch.testing.assert_close(apart[:, 0] + 2, apart[:, 2])
    alone = loss_of(Neighbor2Neighbor(gamma=0.0), lambda x: x, (middle(images),), generator(1))
    among = loss_of(Neighbor2Neighbor(gamma=0.0, depth=5), middle, (images,), generator(1))
    torch.testing.assert_close(among, alone)


def test_noise2void_replaces_pixels_of_the_middle_alone() -> None:
    images = depth_five(20, 20)
    masked, values, rows, columns = Noise2Void(depth=5).draw((images,), generator(1))
    changed = (masked != images).unflatten(1, (5, 3)).any(2)  # (2, 5, 20, 20)
    assert changed.sum((0, 2, 3)).tolist() == [0, 0, rows.numel(), 0, 0]
    torch.testing.assert_close(values[0, :, 0], middle(images)[0, :, rows[0, 0], columns[0, 0]])


def test_interpolation_asks_for_the_middle() -> None:
    images = depth_five(8, 8)
    objective = Interpolation(5)
    loss = loss_of(objective, lambda x: x[:, :3], (images,), generator(0))
    torch.testing.assert_close(loss, (images[:, :3] - middle(images)).square().mean((1, 2, 3)))


@pytest.mark.parametrize("side", [1, 3, 5])
def test_a_blind_spot_is_a_square_without_what_is_asked_for(side: int) -> None:
    images = depth_five(40, 40)
    drawn = Interpolation(5, side).draw((images,), generator(1))
    masked, values, rows, columns = drawn
    changed = (masked != images).unflatten(1, (5, 3)).any(2)
    assert not changed[:, [0, 1, 3, 4]].any()
    reach = side // 2
    for y, x in zip(rows[0].tolist(), columns[0].tolist(), strict=True):
        square = changed[0, 2, max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]
        assert square.all()
    loss = Interpolation(5, side).losses(lambda _: middle(images), drawn)
    torch.testing.assert_close(loss, torch.zeros(2))
    assert values.shape == (2, 3, rows.shape[1])
