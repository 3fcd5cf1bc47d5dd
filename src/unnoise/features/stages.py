"""How features are learned: layer by layer, all layers together, and with labels.

Every stage is a run of the training loop over rows in memory; a model is changed in place.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from unnoise.features.parameters import rows_a_step
from unnoise.models import MLP, CodeModel
from unnoise.noise import Noise, parse_noise
from unnoise.objectives import LOSSES, Supervised
from unnoise.seeding import generator
from unnoise.training import SCHEDULES, Training, Validation, train

BLOCK = 256  # rows that go through a network at once

MASK = "mask:0.25"  # of the features below a layer: in the middle of what the paper tried

Batch = tuple[Tensor, ...]


def learn_layers(
    model: MLP, images: Tensor, noise: Noise, *, epochs: int, batch_size: int, lr: float, seed: int
) -> None:
    """Train each layer to give back what the one below makes of clean images: Vincent 2010, 3.1.

    Each layer sees the features of those below, corrupted, and is trained with the layer that
    undoes it. The loss of the lowest is that of the images; the others' is the mean squared error.

    Args:
        model: Its layers are trained from the lowest to the highest.
        images: ``(N, C, H, W)``, in the scale of the model.
        noise: Corrupts the images; features are masked, which suits numbers of any meaning.
        epochs: Of each layer.
        batch_size: Rows a step; an eighth of them where that is fewer.
        lr: The highest learning rate.
        seed: Decides order and noise.
    """
    given = images
    for index in range(len(model.down)):
        loss = LOSSES["bce" if model.bounded and index == 0 else "mse"]
        objective = Supervised(loss, parse_noise(MASK) if index else noise, clamped=False)
        _run(
            _Layer(model, index),
            objective.draw,
            objective.losses,
            (given,),
            epochs=epochs,
            batch_size=batch_size,
            lr=lr,
            seed=seed,
            stage=f"layer {index}",
        )
        given = in_blocks(partial(_above, model, index), given)


def learn_jointly(
    model: CodeModel,
    images: Tensor,
    noise: Noise,
    *,
    epochs: int,
    batch_size: int,
    lr: float,
    seed: int,
) -> None:
    """Train the whole model to give clean images back; see ``learn_layers``."""
    loss = LOSSES["bce" if model.bounded else "mse"]
    objective = Supervised(loss, noise, clamped=False)
    _run(
        model,
        objective.draw,
        objective.losses,
        (images,),
        epochs=epochs,
        batch_size=batch_size,
        lr=lr,
        seed=seed,
        stage="all layers",
    )


def learn_classes(
    network: "Softmax",
    images: Tensor,
    classes: Tensor,
    noise: Noise | None,
    *,
    epochs: int,
    batch_size: int,
    lr: float,
    seed: int,
) -> None:
    """Train encoder and softmax layer together on labels: fine-tuning, Vincent 2010, 3.2.

    Args:
        network: What is trained.
        images: ``(N, C, H, W)``.
        classes: int64 ``(N,)``, from 0.
        noise: Corrupts the images meanwhile; None leaves them.
        epochs: How many.
        batch_size: Rows a step; an eighth of them where that is fewer.
        lr: The highest learning rate.
        seed: Decides order and noise.
    """
    # The loop moves batches of images; a class is one of one pixel.
    wanted = F.one_hot(classes, network.classes).to(images.dtype)[..., None, None]

    def draw(batch: Batch, random: Generator) -> Batch:
        clean, one_hot = batch
        noisy = clean if noise is None else noise(clean, random)
        return noisy, one_hot, random.get_state()  # dropout goes on from there

    def cross_entropy(_: object, drawn: Batch) -> Tensor:
        noisy, one_hot, state = drawn
        random = Generator()
        random.set_state(state)
        return F.cross_entropy(network(noisy, random), one_hot.flatten(1), reduction="none")

    _run(
        network,
        draw,
        cross_entropy,
        (images, wanted),
        epochs=epochs,
        batch_size=batch_size,
        lr=lr,
        seed=seed,
        stage="labels",
    )


class Softmax(nn.Module):
    """The features of a model, thinned out, and a linear layer: scores of each class ``(B, K)``.

    Args:
        model: Gives the features.
        classes: K.
        dropout: Share of the features of each layer that is set to 0 in training.
    """

    def __init__(self, model: CodeModel, classes: int, dropout: float) -> None:
        super().__init__()
        self.model, self.classes = model, classes
        self.dropout = dropout
        with torch.random.fork_rng(devices=[]):  # its first weights are drawn, and not used
            self.last = nn.Linear(model.code_size, classes)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, images: Tensor, random: Generator | None = None) -> Tensor:
        """Return the scores before the softmax; with ``random`` features are thinned out."""
        if random is None:
            code = self.model.encode(images)
        elif isinstance(self.model, MLP):
            code = images.flatten(1)
            for index in range(len(self.model.down)):
                code = self._thin(self.model.layer(index, code), random)
        else:
            code = self._thin(self.model.encode(images), random)
        scores: Tensor = self.last(code)
        return scores

    def _thin(self, features: Tensor, random: Generator) -> Tensor:
        kept = torch.rand(features.shape, generator=random) >= self.dropout
        return features * kept / (1 - self.dropout)


def in_blocks(work: Callable[[Tensor], Tensor], rows: Tensor) -> Tensor:
    """Apply ``work`` to blocks of one size, the last filled up with zeros; without gradients.

    Of one size, so that a row gives the same numbers to the bit whatever rows stand beside it.
    """
    results = []
    with torch.inference_mode():
        for block in rows.split(BLOCK):
            full = torch.cat([block, block.new_zeros((BLOCK - len(block), *block.shape[1:]))])
            results.append(work(full)[: len(block)])
    return torch.cat(results).clone()  # leaves inference mode: layers are trained on it


class _Layer(nn.Module):
    """One layer of a stack and the one that undoes it, on features ``(B, 1, 1, width)``."""

    def __init__(self, model: MLP, index: int) -> None:
        super().__init__()
        self.down, self.up = model.down[index], model.up[index]
        self.centre = model.centre if index == 0 else torch.zeros(())
        self.finish: Callable[[Tensor], Tensor] = F.relu
        if index == 0:
            self.finish = torch.sigmoid if model.bounded else nn.Identity()

    def forward(self, rows: Tensor) -> Tensor:
        seen = rows.flatten(1) - self.centre
        made: Tensor = self.finish(self.up(F.relu(self.down(seen))))
        return made.view(rows.shape)


def _above(model: MLP, index: int, rows: Tensor) -> Tensor:
    """Return the features of a layer as images of one row, for the layer above."""
    return model.layer(index, rows.flatten(1))[:, None, None]


def _run(
    network: nn.Module,
    draw: Callable[[Batch, Generator], Batch],
    losses: Callable[..., Tensor],
    views: Batch,
    *,
    epochs: int,
    batch_size: int,
    lr: float,
    seed: int,
    stage: str,
) -> None:
    count = len(views[0])
    size = rows_a_step(count, batch_size)
    per_epoch = count // size

    @lru_cache(maxsize=1)
    def order(epoch: int) -> Tensor:
        return torch.randperm(count, generator=generator(seed, stage, "order", epoch))

    def batch(step: int, samples: slice) -> Batch:
        epoch, place = divmod(step, per_epoch)
        chosen = order(epoch)[place * size : (place + 1) * size][samples]
        return tuple(view[chosen] for view in views)

    training = Training[nn.Module](
        model=network,
        apply=_apply,
        draw=draw,
        losses=losses,
        batch=batch,
        batch_size=size,
        # Rows are too few in many tables to hold some out.
        validate=lambda _: Validation(risk=0.0, psnr=None),
        optimizer=torch.optim.AdamW(network.parameters(), lr=lr, weight_decay=0, fused=True),
        lr=lr,
        schedule=SCHEDULES["cosine"],
        steps=epochs * per_epoch,
        seed=generator(seed, stage).initial_seed(),
        average=False,
        validations=1,
    )
    train(training, report=_ignore, save=_ignore)
    network.eval()


def _apply(model: nn.Module, rows: Tensor) -> Tensor:
    made: Tensor = model(rows)
    return made


def _ignore(_: Any) -> None:
    """Nobody is told, and nothing is kept."""
