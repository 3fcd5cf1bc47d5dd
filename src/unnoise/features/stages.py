"""How features are learned: layer by layer, all layers together, and with labels.

Every stage is a run of the training loop over rows in memory; a model is changed in place.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from unnoise.features.parameters import Fit, rows_a_step
from unnoise.models import MLP, CodeModel, Model
from unnoise.noise import Noise, parse_noise
from unnoise.objectives import LOSSES, Batch, Drawn, Objective, Supervised
from unnoise.seeding import generator
from unnoise.training import SCHEDULES, Division, Length, Optimisation, Training, train

BLOCK = 256  # rows that go through a network at once

MASK = "mask:0.25"  # of the features below a layer: the middle of the values in the paper


@dataclass(frozen=True)
class Rows:
    """Batches of rows in memory; each epoch visits them in another order."""

    views: Batch  # each (N, C, H, W)
    size: int  # rows of a batch
    seed: int  # decides the order, with the name of the stage
    stage: str
    unit: str = "rows"

    @property
    def pixels(self) -> int:
        """Pixels of a row."""
        return self.views[0][0, 0].numel()

    @property
    def steps_per_epoch(self) -> int:
        """Batches of an epoch; the rows that are left do not make one."""
        return len(self.views[0]) // self.size

    def at(self, step: int, samples: slice) -> Batch:
        """Return rows of a batch, each view ``(B, C, H, W)``."""
        epoch, place = divmod(step, self.steps_per_epoch)
        order = _order(len(self.views[0]), self.seed, self.stage, epoch)
        chosen = order[place * self.size : (place + 1) * self.size][samples]
        return tuple(view[chosen] for view in self.views)

    def close(self) -> None:
        """Do nothing: the rows lie in memory."""


@lru_cache(maxsize=16)  # fits may run in several threads
def _order(count: int, seed: int, stage: str, epoch: int) -> Tensor:
    return torch.randperm(count, generator=generator(seed, stage, "order", epoch))


def learn(model: Model, objective: Objective, views: Batch, fit: Fit, *, stage: str) -> None:
    """Train a model on views of rows, ``(N, C, H, W)``; ``stage`` decides order and noise, too."""
    rows = Rows(views, rows_a_step(len(views[0]), fit.batch_size), fit.seed, stage)
    training = Training(
        model=model,
        objective=objective,
        batches=rows,
        validator=None,  # many tables have too few rows to hold some out
        optimisation=Optimisation(
            optimizer=torch.optim.AdamW(model.parameters(), lr=fit.lr, weight_decay=0, fused=True),
            lr=fit.lr,
            schedule=SCHEDULES["cosine"],
            average=False,
        ),
        division=Division(batch_size=rows.size, group=rows.size),
        seed=generator(fit.seed, stage).initial_seed(),
    )
    length = Length(steps=fit.epochs * rows.steps_per_epoch, validations=1)
    train(training, length, report=lambda _: None, save=lambda _: None)
    model.eval()


def learn_layers(model: MLP, images: Tensor, noise: Noise, fit: Fit) -> None:
    """Train each layer to give back the clean features of the layer below: Vincent 2010, 3.1.

    Each layer sees the features of those below, corrupted, and is trained with the layer that
    undoes it. The loss of the lowest layer is the loss of the images; the others have the mean
    squared error. Features are masked, which suits numbers of any meaning.
    """
    given = images
    for index in range(len(model.down)):
        objective = give_back(
            noise if index == 0 else parse_noise(MASK), bounded=model.bounded and index == 0
        )
        learn(_Layer(model, index), objective, (given,), fit, stage=f"layer {index}")
        given = in_blocks(partial(_above, model, index), given)


def give_back(noise: Noise, *, bounded: bool) -> Supervised:
    """Return the objective of giving clean rows back; ``bounded`` ones lie in [0, 1]."""
    return Supervised(LOSSES["bce" if bounded else "mse"], noise, clamped=False)


class Softmax(Model):
    """The features of a model, thinned out, and a linear layer: scores of each class ``(B, K)``."""

    def __init__(self, model: CodeModel, classes: int, dropout: float) -> None:
        super().__init__()
        self.model, self.classes = model, classes
        self.arguments, self.channels = {}, model.channels
        self.fixed_size, self.receptive_field = model.fixed_size, model.receptive_field
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

    def features(self, noisy: Tensor) -> list[Tensor]:
        """Return the features of the model."""
        return self.model.features(noisy)

    def _thin(self, features: Tensor, random: Generator) -> Tensor:
        kept = torch.rand(features.shape, generator=random) >= self.dropout
        return features * kept / (1 - self.dropout)


@dataclass(frozen=True)
class Classes(Objective):
    """The cross-entropy of labels: fine-tuning, Vincent 2010, 3.2.

    A batch is rows and the ``one_hot`` of their classes.
    """

    learns_from = "pairs"

    network: Softmax
    noise: Noise | None  # corrupts the rows meanwhile

    def one_hot(self, classes: Tensor) -> Tensor:
        """Return classes, int64 ``(N,)`` from 0, as images of one pixel, ``(N, K, 1, 1)``."""
        return F.one_hot(classes, self.network.classes).float()[..., None, None]

    def draw(self, batch: Batch, generator: Generator) -> Drawn:
        """Return noisy rows, their classes, and the state from which dropout goes on."""
        clean, one_hot = batch
        noisy = clean if self.noise is None else self.noise(clean, generator)
        return noisy, one_hot, generator.get_state()

    def losses(self, model: object, drawn: Drawn) -> Tensor:  # noqa: ARG002  scores are no images
        """Return the loss of each row, ``(B,)``."""
        noisy, one_hot, state = drawn
        random = Generator()
        random.set_state(state)
        return F.cross_entropy(self.network(noisy, random), one_hot.flatten(1), reduction="none")


def in_blocks(work: Callable[[Tensor], Tensor], rows: Tensor) -> Tensor:
    """Apply ``work`` to blocks of one size, without gradients; the last is filled up with zeros.

    So a row gives the same bits whatever rows stand beside it.
    """
    results = []
    with torch.inference_mode():
        for block in rows.split(BLOCK):
            full = torch.cat([block, block.new_zeros((BLOCK - len(block), *block.shape[1:]))])
            results.append(work(full)[: len(block)])
    return torch.cat(results).clone()  # leaves inference mode: layers are trained on it


class _Layer(Model):
    """One layer of a stack and the one that undoes it, on images of ``(1, width)``."""

    def __init__(self, model: MLP, index: int) -> None:
        super().__init__()
        self.down, self.up = model.down[index], model.up[index]
        self.centre = model.centre if index == 0 else torch.zeros(())
        self.finish: Callable[[Tensor], Tensor] = F.relu
        if index == 0:
            self.finish = torch.sigmoid if model.bounded else nn.Identity()
        self.arguments, self.channels = {}, model.channels if index == 0 else 1
        self.receptive_field = model.receptive_field

    def forward(self, noisy: Tensor) -> Tensor:
        made: Tensor = self.finish(self.up(self.features(noisy)[0]))
        return made.view(noisy.shape)

    def features(self, noisy: Tensor) -> list[Tensor]:
        return [F.relu(self.down(noisy.flatten(1) - self.centre))]


def _above(model: MLP, index: int, rows: Tensor) -> Tensor:
    """Return the features of a layer as images of one row, for the layer above."""
    return model.layer(index, rows.flatten(1))[:, None, None]
