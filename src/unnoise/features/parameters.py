"""Checks of what estimators were given, in scikit-learn's kinds of errors."""

from collections.abc import Callable
from numbers import Integral, Real
from typing import TypeVar

from unnoise.errors import UnnoiseError
from unnoise.noise import Noise, parse_noise

Made = TypeVar("Made")

# Of the others a standardised column knows nothing: it has no brightness, ends or neighbours.
TABLE_NOISES = ("gaussian", "mask", "swap", "uniform")


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
