"""All objects of a training, built in one pass."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from unnoise.assemble.networks import Networks, build_networks, build_optimizer
from unnoise.data import TURNS, Along, Material, Plan, Preparation, prepare, takes_whole
from unnoise.devices import choose_bf16, choose_device
from unnoise.errors import ConfigError, DataError
from unnoise.images import ValueRange
from unnoise.models import DEFAULT_LR, find_model
from unnoise.noise import parse_noise
from unnoise.objectives import OBJECTIVES, ImageFacts
from unnoise.runs import ModelInfo, TrainConfig
from unnoise.training import (
    ALONE,
    SCHEDULES,
    Division,
    Held,
    HeldOutValidator,
    Length,
    Optimisation,
    Training,
    World,
    default_group,
    measure_steps,
)
from unnoise.types import Array

DEFAULT_EPOCHS = 10  # of small whole images
DEFAULT_STEPS = 3000  # of patches
WHOLE_BATCH, PATCH_BATCH = 64, 8
MUON_LR = 1e-2  # found by measurement (docs/lab-notes.md)
FINE_TUNING = 0.3  # of the rate from scratch
HALF_TURNS = (0, 2, 4, 6)
VALIDATION_COST = 0.05  # of the multiply-adds of a training


@dataclass(frozen=True)
class Assembly:
    """All that a config means for given images."""

    config: TrainConfig  # complete: noise, model, rates and length are filled in
    training: Training  # of the model, or of the model with its bounds
    length: Length
    info: ModelInfo
    validator: HeldOutValidator
    calibration: Held  # calibrates afterwards
    learned: Held  # calibrates, too, though it was trained on
    scenes: list[tuple[Array, ...]]  # held-out scenes as they were read: views (H, W, C)
    examples: tuple[Array, ...]  # parts of them to look at: views (N, H, W, C)
    along: Along | None  # one of them along the axis of a stack
    notes: tuple[str, ...]  # for the user

    @property
    def pixels(self) -> int:
        """Pixels that the whole training sees."""
        return _pixels(self.training, self.length.steps)

    def of_length(self, steps: int) -> "Assembly":
        """Return the same with this number of steps."""
        config = replace(self.config, epochs=None, minutes=None, steps=steps)
        return replace(self, config=config, length=_length(steps, self.training, self.validator))


def complete(config: TrainConfig, plan: Plan) -> TrainConfig:
    """Fill in the settings that depend on the images, all but the length of the training.

    Raises:
        UnnoiseError: A name or a noise spec is wrong.
    """
    whole = takes_whole(plan)
    model = config.model
    if model == "auto" and config.init is None:
        model = "unet" if whole else "unet-s"
    entry = None if config.init else find_model(model)
    muon = entry.muon if entry else None
    optimizer = config.optimizer
    if optimizer == "auto":  # Muon gains nothing without clean images (docs/lab-notes.md)
        optimizer = "muon" if muon and plan.objective == "supervised" else "adamw"
    lr = entry.lr if entry else DEFAULT_LR
    if optimizer == "muon":
        lr = muon or MUON_LR
    return replace(
        config,
        noise=str(parse_noise(plan.noise)) if plan.noise else None,
        model=model,
        patch=config.patch or OBJECTIVES[plan.objective].patch,
        batch_size=config.batch_size or (WHOLE_BATCH if whole else PATCH_BATCH),
        optimizer=optimizer,
        lr=config.lr or (lr if config.init is None else lr * FINE_TUNING),
    )


def assemble(
    config: TrainConfig,
    plan: Plan,
    *,
    failed: Callable[[str], None] = lambda _: None,
    world: World = ALONE,
    examples: bool = False,
) -> Assembly:
    """Build everything that a training needs.

    Args:
        config: The settings.
        plan: The images and the method; a share of the images is held out.
        failed: Gets each file that cannot be read.
        world: The processes that train together.
        examples: Whether held-out scenes, and parts of them to look at, are kept.

    Raises:
        ConfigError: Settings contradict each other or the images.
        UnnoiseError: A name or a noise spec is wrong.
    """
    config = complete(config, plan)
    _check_obeyed(config, plan.objective)
    if plan.stride not in (None, 1) and (plan.structure != "none" or takes_whole(plan)):
        what = "small images are taken whole" if takes_whole(plan) else "--structure follows a line"
        raise ConfigError(f"stride is {plan.stride}, but {what}: leave --stride out")
    assert config.batch_size is not None
    assert config.lr is not None
    assert config.patch is not None
    device = choose_device(config.device)
    # Before the images are read: it may be refused.
    networks = build_networks(config, plan, device)
    preparation = Preparation(
        batch_size=config.batch_size,
        side=config.patch,
        share=config.validation,
        stride=1 if plan.structure != "none" else plan.stride,
        # Half a turn leaves lines of noise where they are, a quarter does not.
        turns=tuple(range(TURNS)) if plan.structure == "none" else HALF_TURNS,
        memory=config.memory,
        values=config.range and ValueRange.given(*config.range),
        seed=config.seed,
        device=device,
        examples=examples,
    )
    material = prepare(plan, preparation, failed=failed)
    _check_same(material, world)
    noise = config.noise and parse_noise(config.noise)
    notes = noise.notes(plan.views[0][0].channels) if noise else ()
    paired = len(plan.views) > 1
    # Noise that is added to pairs is for training: held-out pairs are judged as they are.
    known = replace(config, noise=None) if paired else config
    build = OBJECTIVES[plan.objective].build
    images = ImageFacts(
        paired=paired,
        channels=plan.views[0][0].channels,
        depth=plan.images,
        clamped=material.ranges[-1].clamp,
        structure=plan.structure,
    )
    trained, objective = build(config, images), build(known, images)
    if config.intervals and 1 / (len(material.calibration) + 1) > 1 - config.intervals + 1e-9:
        raise DataError(
            f"{len(material.calibration)} held-out images are too few to calibrate --intervals "
            f"{config.intervals}: train on more images, or with a larger --validation"
        )
    held, calibration, learned = (
        Held.of(scenes, material.ranges)
        for scenes in (material.held_out, material.calibration, material.learned)
    )
    if device.type == "cuda" and config.compile:
        networks.trained.compile()
    validator = HeldOutValidator(
        objective=objective, held=held, seed=config.seed, device=device, world=world
    )
    training = Training(
        model=networks.trained,
        objective=trained,
        batches=material.batches,
        validator=validator,
        optimisation=Optimisation(
            optimizer=build_optimizer(config, networks.trained),
            lr=config.lr,
            schedule=SCHEDULES[config.schedule],
            average=config.average,
        ),
        division=Division(
            batch_size=config.batch_size,
            group=default_group(config.batch_size),
            world=world,
            count=config.accumulate,
        ),
        seed=config.seed,
        select=not takes_whole(plan) or plan.noisy_only,
        bf16=choose_bf16(config.precision, device),
    )
    steps = _steps(config, training, whole=takes_whole(plan))
    return Assembly(
        config=replace(config, epochs=None, minutes=None, steps=steps),
        training=training,
        length=_length(steps, training, validator),
        info=_info(known, plan, material, networks),
        validator=validator,
        calibration=calibration,
        learned=learned,
        # Copies: slices would keep whole images in memory.
        scenes=[tuple(view.copy() for view in scene) for scene in material.held_out if examples],
        examples=material.examples,
        along=material.along,
        notes=(*material.notes, *notes),
    )


def _check_same(material: Material, world: World) -> None:
    """Raise ``DataError`` where the processes have read different images, by their sizes."""
    facts = repr(
        (
            material.batches.steps_per_epoch,
            [view.shape for scene in material.held_out for view in scene],
            material.ranges,
            material.strides,
        )
    )
    if facts != world.broadcast(facts):
        raise DataError(
            f"process {world.rank} has read other images than the first, perhaps as some could "
            "not be read there: all machines must be able to read the same ones"
        )


def _check_obeyed(config: TrainConfig, objective: str) -> None:
    """Raise ``ConfigError`` for a setting that another objective would obey."""
    reasons = {name: reason for each in OBJECTIVES.values() for name, reason in each.obeys.items()}
    for name in reasons:
        value, idle = getattr(config, name), (getattr(TrainConfig, name), "none")
        if name not in OBJECTIVES[objective].obeys and value not in idle:
            others = " or ".join(other for other, each in OBJECTIVES.items() if name in each.obeys)
            reason = f", since {reasons[name]}," if reasons[name] else ","
            option = name.replace("_", "-")
            raise ConfigError(
                f"--{option} {value} is for {others}{reason} and this training is {objective}: "
                f"leave it out, or choose --objective {others}"
            )


def _steps(config: TrainConfig, training: Training, *, whole: bool) -> int:
    if config.steps:
        return config.steps
    if config.minutes:
        return measure_steps(training, config.minutes * 60)
    if config.epochs or whole:
        return (config.epochs or DEFAULT_EPOCHS) * training.batches.steps_per_epoch
    return DEFAULT_STEPS


def _pixels(training: Training, steps: int) -> int:
    return steps * training.batches.size * training.batches.pixels


def _length(steps: int, training: Training, validator: HeldOutValidator) -> Length:
    """Return a length with as many validations as the training can pay for."""
    if not training.select:
        return Length(steps=steps)
    # A forward pass is a third of a step.
    pixels = VALIDATION_COST * _pixels(training, steps) * 3
    affordable = round(pixels / validator.held.pixels)
    return Length(steps=steps, validations=min(Length.validations, max(1, affordable)))


def _info(config: TrainConfig, plan: Plan, material: Material, networks: Networks) -> ModelInfo:
    values, results = material.ranges[0], material.ranges[-1]
    part = plan.views[0][0]
    # Other dtypes are another way to write the same values. Results have the dtype of the input.
    same = len({view[0].dtype for view in plan.views}) == 1
    return ModelInfo(
        model=networks.name,
        arguments=networks.model.arguments,
        channels=networks.model.channels,
        noise=config.noise or "",
        objective=f"{plan.objective}, {config.loss}",
        reason=plan.reason,
        data=plan.name,
        seed=config.seed,
        value_range={"dtype": str(part.dtype), **asdict(values)},
        result_range=asdict(results) if results != values and same else None,
        colour=None if part.colour == "unknown" else part.colour == "rgb",
        strides=material.strides,
        depth=dict(plan.depth),
        bounds={"arguments": networks.trained.arguments, "level": config.intervals, "groups": []}
        if config.intervals
        else None,
    )
