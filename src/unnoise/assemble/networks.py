"""The network that is trained, new or loaded, and the optimizer of its weights."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import torch
from torch import nn

from unnoise.data import Plan, takes_whole
from unnoise.denoiser.loading import locate
from unnoise.denoiser.networks import makes_grey
from unnoise.denoiser.torch_backend import load_model
from unnoise.errors import ConfigError
from unnoise.images import RGB
from unnoise.models import Bounds, Distances, Model, build_model, find_model, grey, place
from unnoise.objectives import OBJECTIVES
from unnoise.runs import TrainConfig
from unnoise.seeding import generator
from unnoise.training import Muon

Built = TypeVar("Built", bound=Model)


class Networks(NamedTuple):
    """The networks of a training."""

    name: str  # of the model, in the table of models
    model: Model
    trained: Model  # the model, or the model with its bounds


def build_networks(config: TrainConfig, plan: Plan, device: torch.device) -> Networks:
    """Build the network to train, or load it; raise ``ConfigError`` where the images do not fit."""
    name, model, distances = _start(config, plan)
    part = plan.views[0][0]
    if model.channels != part.channels:
        convert = f"pass --channels {model.channels}, or " if model.channels in (1, RGB) else ""
        raise ConfigError(
            f"--init {config.init} is a model of {model.channels} channels and the images have "
            f"{part.channels}: {convert}take another model"
        )
    hidden = OBJECTIVES[plan.objective].hides_middle(config)
    if (model.depth, model.hidden) != (plan.images, hidden):
        raise ConfigError(
            f"--init {config.init} is a model that {_sees(model.depth, hidden=model.hidden)}, and "
            f"{plan.objective} of these images needs one that "
            f"{_sees(plan.images, hidden=hidden)}: choose the --depth and --objective of the "
            "model, or leave --init out"
        )
    if config.loss == "bce" and not model.bounded:
        raise ConfigError(
            f"loss bce needs outputs in [0, 1], which {name} does not promise: "
            "use --loss mse, or --model autoencoder"
        )
    if model.fixed_size not in (None, (part.height, part.width)) or (
        model.fixed_size and not takes_whole(plan)
    ):
        raise ConfigError(
            f"{name} takes images of one small size, and these are larger or of several sizes: "
            "take another network (unet takes any size), or cut the images to one size"
        )
    network = model
    if config.intervals:
        network = _seeded(config, lambda: Bounds(model, distances))
    if config.freeze:
        model.requires_grad_(False)
    return Networks(name, model, place(network, device))


def _sees(depth: int, *, hidden: bool) -> str:
    if depth == 1:
        return "sees single images"
    return f"sees {depth} images together" + (", but not the middle one" if hidden else "")


def _start(config: TrainConfig, plan: Plan) -> tuple[str, Model, Distances | None]:
    """Return what training starts from: the name of the model, itself, and its distances."""
    if config.init is not None:
        info, model, distances = load_model(locate(config.init))
        if makes_grey(plan.views[0][0].channels, model.channels) and _folds(model):
            return info.model, grey(model), None  # its bounds are for colours
        return info.model, model, distances
    part = plan.views[0][0]
    objective = OBJECTIVES[plan.objective]
    arguments = find_model(config.model).network.arguments_for(
        channels=part.channels,
        size=(part.height, part.width),
        shortcuts=objective.allows_shortcuts(config),
        depth=plan.images,
        hidden=objective.hides_middle(config),
    )
    model = _seeded(config, lambda: build_model(config.model, arguments))
    return config.model, model, None


def _folds(model: Model) -> bool:
    """Whether the grey form of a model is one of its own kind, which a file can hold."""
    return "channels" in model.arguments and type(grey(model)) is type(model)


def _seeded(config: TrainConfig, build: Callable[[], Built]) -> Built:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator(config.seed, "weights").initial_seed())
        return build()


def build_optimizer(config: TrainConfig, network: nn.Module) -> torch.optim.Optimizer:
    """Build the optimizer of the weights that are not frozen."""
    assert config.lr is not None
    learned = _learned(network)
    if config.optimizer == "muon" and isinstance(network, Bounds):
        return Muon(_learned(network.model), lr=config.lr, beside=_learned(network.distances))
    if config.optimizer == "muon":
        return Muon(learned, lr=config.lr)
    if config.optimizer == "sgd":
        return torch.optim.SGD(learned, lr=config.lr)
    return torch.optim.AdamW(
        learned, lr=config.lr, betas=(0.9, 0.99), weight_decay=1e-4, fused=True
    )


def _learned(network: nn.Module) -> list[nn.Parameter]:
    return [weight for weight in network.parameters() if weight.requires_grad]
