"""Checks of what estimators were given, in scikit-learn's kinds of errors."""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TypeVar

from unnoise.errors import UnnoiseError
from unnoise.noise import Noise, parse_noise

Made = TypeVar("Made")

AUTO = "auto"
FEW_ROWS, SHORT = 100, 8  # images, and pixels of a side, below which convolutions learn little
STEPS, LEAST_PASSES = 2_300, 5  # of convolutions
STEPS_A_PASS = 8  # at least: few rows would else be few steps
FEWEST = 2  # rows a step, where there are so many: batch normalisation needs them
PASSES = 20  # of an mlp, for each layer and for the whole

# Of the others a standardised column knows nothing: it has no brightness, ends or neighbours.
TABLE_NOISES = ("gaussian", "mask", "swap", "uniform")


@dataclass(frozen=True)
class Recipe:
    """What an estimator was asked for, with what was left to it filled in.

    Attributes:
        model: The network.
        noise: What corrupts the rows.
        max_iter: Passes over them.
        learning_rate_init: The highest learning rate.
    """

    model: object
    noise: object
    max_iter: object
    learning_rate_init: object


def fill_in(
    given: Recipe, *, image_shape: object, rows: int, batch_size: object, layers: bool
) -> Recipe:
    """Choose what is ``auto`` or None: for images what made the best features of digits.

    For at least 100 images with sides of 8 pixels or more it is a network of convolutions whose
    noise deforms (docs/features.md), trained for about 2,300 steps; else a plain ``mlp``.

    Args:
        given: What the estimator was asked for.
        image_shape: Its parameter.
        rows: How many there are.
        batch_size: How many of them a step takes at most.
        layers: Whether layers of an ``mlp`` were asked for.
    """
    sides = image_shape[:2] if isinstance(image_shape, tuple | list) else ()
    pictures = (
        not layers
        and rows >= FEW_ROWS
        and len(sides) == 2
        and all(isinstance(side, Integral) and int(side) >= SHORT for side in sides)
    )
    model = given.model
    if model == AUTO:
        model = "autoencoder-m" if pictures else "mlp"
    convolutions = model != "mlp"
    noise = given.noise
    if noise == AUTO:
        noise = "warp:1+gaussian:0.3" if convolutions else "mask:0.25"
    passes = given.max_iter
    if passes is None:
        passes = PASSES
        if convolutions:
            a_pass = rows // rows_a_step(rows, check_whole("batch_size", batch_size))
            passes = max(LEAST_PASSES, -(-STEPS // a_pass))
    rate = given.learning_rate_init
    if rate is None:
        rate = 3e-3 if convolutions else 1e-3
    return Recipe(model, noise, passes, rate)


def rows_a_step(rows: int, batch_size: int) -> int:
    """Return how many rows a step of a training takes."""
    return max(min(batch_size, rows // STEPS_A_PASS), min(rows, FEWEST))


def check_training(
    *, max_iter: object, batch_size: object, learning_rate_init: object, fewest: int = 1
) -> None:
    """Raise ``ValueError`` if the numbers that a training takes are none.

    Args:
        max_iter: A whole number of at least 1.
        batch_size: A whole number of at least ``fewest``.
        learning_rate_init: More than 0.
        fewest: Rows that a step needs.
    """
    check_whole("max_iter", max_iter)
    check_whole("batch_size", batch_size, least=fewest)
    rate = learning_rate_init
    if not isinstance(rate, Real) or not 0 < float(rate) < float("inf"):
        raise ValueError(f"learning_rate_init is {rate!r}: it is a number, more than 0")


def check_whole(name: str, value: object, *, least: int = 1) -> int:
    """Return a whole number of at least so much, or raise ``ValueError``."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} is {value!r}: it is a whole number of at least {least}")
    return int(value)


def check_widths(value: object) -> tuple[int, ...]:
    """Return the sizes of hidden layers; one number is one layer."""
    sizes = (value,) if isinstance(value, Integral) else value
    if not isinstance(sizes, tuple | list) or not sizes:
        raise ValueError(f"hidden_layer_sizes is {value!r}: it is a tuple such as (256, 64)")
    return tuple(check_whole("each of hidden_layer_sizes", size) for size in sizes)


def check_image_shape(value: object, columns: int) -> tuple[int, int, int]:
    """Return channels, height and width of rows of so many columns."""
    shape = tuple(value) if isinstance(value, tuple | list) else ()
    whole = all(isinstance(side, Integral) and int(side) >= 1 for side in shape)
    if len(shape) in (2, 3) and whole:
        height, width, channels = map(int, (*shape, 1)[:3])
        if height * width * channels == columns:
            return channels, height, width
    raise ValueError(
        f"image_shape is {value!r} and X has {columns} features: it is (height, width) or "
        f"(height, width, channels), whole numbers whose product is {columns}"
    )


def check_noise(spec: object, *, table: bool) -> Noise:
    """Return the noise of a spec that suits what is corrupted."""
    if not isinstance(spec, str):
        raise ValueError(f"noise is {spec!r}: it is a spec such as 'mask:0.25'")
    noise = as_value_error(lambda: parse_noise(spec))
    if table:
        names = {term.name for chain in noise.chains for term in chain.terms}
        wrong = sorted(names - set(TABLE_NOISES)) + [",clip"] * noise.clip
        if wrong:
            raise ValueError(
                f"noise is {spec!r}, and {', '.join(wrong)} is for images: say their image_shape, "
                f"or take {', '.join(TABLE_NOISES)}, which suit standardised columns"
            )
    return noise


def as_value_error(work: Callable[[], Made]) -> Made:
    """Do something; what it refuses becomes the error that scikit-learn expects of a parameter."""
    try:
        return work()
    except UnnoiseError as error:
        raise ValueError(str(error)) from error
