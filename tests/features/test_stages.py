"""Greedy training does what the paper says: each layer alone, from the lowest to the highest."""

import torch

from unnoise.features.parameters import Fit
from unnoise.features.stages import BLOCK, Classes, Softmax, in_blocks, learn, learn_layers
from unnoise.models import MLP
from unnoise.noise import Noise, parse_noise


def mlp(*widths: int) -> MLP:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return MLP(size=(1, 10), widths=widths, bounded=False)


def rows(count: int) -> torch.Tensor:
    random = torch.Generator().manual_seed(1)
    few = torch.randn(count, 3, generator=random)
    return (few @ torch.randn(3, 10, generator=random))[:, None, None]


def test_each_layer_learns_to_give_back_what_it_was_given() -> None:
    model, images = mlp(32, 16), rows(500)
    noise = parse_noise("mask:0.2")

    def missed(index: int) -> float:
        with torch.no_grad():
            given = [images.flatten(1), *model.features(images)]
            made = model.undo(index, given[index + 1])
            return ((made - given[index]).square().mean() / given[index].var()).item()

    before = [missed(0), missed(1)]
    learn_layers(model, images, noise, Fit(epochs=30, batch_size=50, lr=3e-3, seed=0))
    after = [missed(0), missed(1)]
    assert after[0] < 0.3 * before[0]
    assert after[1] < 0.3 * before[1]


def test_a_layer_does_not_change_those_below() -> None:
    images, noise = rows(100), parse_noise("mask:0.2")
    one, two = mlp(8, 4), mlp(8, 4)
    one.down, one.up = one.down[:1], one.up[:1]  # the same weights, without the second layer
    for model in (one, two):
        learn_layers(model, images, noise, Fit(epochs=2, batch_size=20, lr=1e-2, seed=0))
    assert torch.equal(one.down[0].weight, two.down[0].weight)  # type: ignore[arg-type]  # of Linear


def test_the_noise_of_rows_does_not_reach_the_features_above() -> None:
    """Features have no neighbours to warp, no brightness and no ends: they are masked."""
    seen = []

    class Told(Noise):
        def __call__(
            self, clean: torch.Tensor, generator: torch.Generator, depth: int = 1
        ) -> torch.Tensor:
            seen.append(clean.shape[-1])
            return super().__call__(clean, generator, depth)

    spec = parse_noise("gaussian:0.1")
    noise = Told(spec.chains, spec.clip)
    learn_layers(mlp(8, 4), rows(40), noise, Fit(epochs=1, batch_size=20, lr=1e-3, seed=0))
    assert set(seen) == {10}


def test_fine_tuning_changes_all_layers_and_is_repeatable() -> None:
    images = rows(200)
    classes = (images[:, 0, 0, 0] > 0).long()
    found = []
    for _ in range(2):
        model = mlp(16, 8)
        network = Softmax(model, 2, dropout=0.3)
        before = [layer.weight.clone() for layer in model.down]  # type: ignore[operator]  # of Linear
        objective = Classes(network, None)
        views = images, objective.one_hot(classes)
        fit = Fit(epochs=30, batch_size=50, lr=1e-2, seed=4)
        learn(network, objective, views, fit, stage="labels")
        assert not any(
            torch.equal(old, layer.weight)  # type: ignore[arg-type]  # of Linear
            for old, layer in zip(before, model.down, strict=True)
        )
        with torch.no_grad():
            found.append(network(images))
    assert torch.equal(*found)
    assert (found[0].argmax(1) == classes).float().mean() > 0.95


def test_blocks_are_of_one_size_and_cover_all_rows() -> None:
    sizes = []

    def work(some: torch.Tensor) -> torch.Tensor:
        sizes.append(len(some))
        return some * 2

    given = torch.arange(2.0 * BLOCK + 3)[:, None]
    assert torch.equal(in_blocks(work, given), given * 2)
    assert sizes == [BLOCK] * 3
