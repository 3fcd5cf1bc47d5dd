"""The contract of every objective."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Generator, Tensor

from unnoise.facts import Structure
from unnoise.runs import TrainConfig

Network = Callable[[Tensor], Tensor]
Batch = tuple[Tensor, ...]  # the views of each scene, each (B, C, H, W)
Drawn = tuple[Tensor, ...]  # the same after all that is random, each (B, ...)
# Noisy images with clean ones (or clean ones with a noise); several noisy images of each scene;
# noisy images alone.
LearnsFrom = Literal["pairs", "captures", "noisy"]


@dataclass(frozen=True, kw_only=True)
class ImageFacts:
    """The properties of the training images that an objective may depend on."""

    paired: bool  # whether noisy and clean images are given, not clean ones alone
    channels: int
    depth: int  # of the model: how many neighbouring images it sees
    clamped: bool  # whether results are clamped to [0, 1] when they are used
    structure: Structure  # the axis along which pixels share noise


class Objective(ABC):
    """A training loss as a formula, and the risk that shows how far a training got.

    Where the model sees several neighbouring images, the first view of a batch holds them one after
    the other, ``(B, depth · C, H, W)``; all other images are the middle one, ``(B, C, H, W)``.

    ``draw`` does everything random. So the parts of a batch can be drawn one by one and joined,
    wherever they are computed.
    """

    learns_from: ClassVar[LearnsFrom]
    obeys: ClassVar[
        Mapping[str, str]
    ] = {}  # settings of this objective: why others ignore each, or ""
    finds_structure: ClassVar[bool] = True  # whether auto looks for noise that lines share
    asks_middle: ClassVar[bool] = False  # whether an image is found from those beside it
    patch: ClassVar[int] = 128  # pixels of a side that suit it

    @classmethod
    def build(cls, config: TrainConfig, images: ImageFacts) -> "Objective":  # noqa: ARG003  for others
        """Build the objective that the settings describe.

        Raises:
            ConfigError: A setting does not fit the images.
        """
        return cls()

    @classmethod
    def hides_middle(cls, config: TrainConfig) -> bool:  # noqa: ARG003  for others
        """Whether the model must not see the middle image."""
        return False

    @classmethod
    def allows_shortcuts(cls, config: TrainConfig) -> bool:  # noqa: ARG003  for others
        """Whether a new network may pass pixels straight to their own places."""
        return True

    @abstractmethod
    def draw(self, batch: Batch, generator: Generator) -> Drawn:
        """Draw all that is random: noise, masks, neighbours."""

    @abstractmethod
    def losses(self, model: Network, drawn: Drawn) -> Tensor:
        """Return the loss of each sample, ``(B,)``."""

    def risk(self, model: Network, drawn: Drawn) -> Tensor:
        """Return a mean squared error of each sample, ``(B,)``. The default is the loss.

        It is the error against the clean image plus a term that does not depend on the model. So
        the model of the lowest risk is the best one. Draw once to compare two models.
        """
        return self.losses(model, drawn)

    def examples(self, batch: Batch, generator: Generator) -> tuple[Tensor, Tensor | None]:  # noqa: ARG002  for others
        """Return noisy images of a batch, and the clean ones where they are known."""
        assert self.learns_from != "pairs", "override it: pairs have clean images"
        return batch[0], None
