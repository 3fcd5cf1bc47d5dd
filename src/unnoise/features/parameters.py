"""Checks of the parameters of estimators; their errors are those that scikit-learn expects."""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TypeVar

from sklearn.utils import check_random_state

from unnoise.errors import UnnoiseError
from unnoise.models import MODELS, CodeModel
from unnoise.noise import Noise, parse_noise

Made = TypeVar("Made")

AUTO = "auto"
FEW_ROWS, SHORT = 100, 8  # images, and pixels of a side, below which convolutions learn little
STEPS, LEAST_PASSES = 2_300, 5  # of convolutions
STEPS_A_PASS = 8  # at least: few rows would else be few steps
FEWEST = 2  # rows of a step, where there are as many: batch normalisation needs them
PASSES = 20  # of an mlp, for each layer and for the whole
MOST_SEED = 2**31 - 1

# Other noises need brightness, ends or neighbours, which a standardised column does not have.
TABLE_NOISES = ("gaussian", "mask", "swap", "uniform")


@dataclass(frozen=True, kw_only=True)
class Fit:
    """The numbers of a training on rows."""

    epochs: int  # passes over the rows
    batch_size: int  # rows of a step; an eighth of the rows where that is fewer
    lr: float  # the highest
    seed: int  # decides order and noise


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The parameters of an estimator that may be ``auto`` or None; only the model is checked."""

    model: str
    noise: object
    max_iter: object
    learning_rate_init: object

    def chosen(
        self, *, image_shape: object, rows: int, batch_size: object, layers: bool
    ) -> "Recipe":
        """Choose the parameters that are left open: those of the best features of digits.

        At least 100 images with sides of 8 pixels or more get a network of convolutions and a noise
        that deforms (docs/features.md), trained for about 2,300 steps; others get an ``mlp``, and
        so do all rows if ``layers`` is true.
        """
        sides = image_shape[:2] if isinstance(image_shape, tuple | list) else ()
        pictures = (
            not layers
            and rows >= FEW_ROWS
            and len(sides) == 2
            and all(isinstance(side, Integral) and int(side) >= SHORT for side in sides)
        )
        automatic = "autoencoder-m" if pictures else "mlp"
        model = automatic if self.model == AUTO else check_model(self.model)
        noise, passes, rate = "mask:0.25", PASSES, 1e-3
        if model != "mlp":
            a_pass = rows // rows_a_step(rows, check_whole("batch_size", batch_size))
            noise, rate = "warp:1+gaussian:0.3", 3e-3
            passes = max(LEAST_PASSES, -(-STEPS // a_pass))
        return Recipe(
            model=model,
            noise=noise if self.noise == AUTO else self.noise,
            max_iter=passes if self.max_iter is None else self.max_iter,
            learning_rate_init=rate if self.learning_rate_init is None else self.learning_rate_init,
        )


def rows_a_step(rows: int, batch_size: int) -> int:
    """Return the number of rows of a step."""
    return max(min(batch_size, rows // STEPS_A_PASS), min(rows, FEWEST))


def check_fit(
    *, max_iter: object, batch_size: object, rate: object, seed: int, fewest: int = 1
) -> Fit:
    """Check the parameters of an estimator; ``fewest`` is the least ``batch_size``."""
    if not isinstance(rate, Real) or not 0 < float(rate) < float("inf"):
        raise ValueError(f"learning_rate_init is {rate!r}: it is a number, more than 0")
    return Fit(
        epochs=check_whole("max_iter", max_iter),
        batch_size=check_whole("batch_size", batch_size, least=fewest),
        lr=float(rate),
        seed=seed,
    )


def draw_seed(random_state: object) -> int:
    """Return a seed from what scikit-learn calls a random state."""
    return int(check_random_state(random_state).randint(MOST_SEED))


def check_model(name: object) -> str:
    """Return the name of a model that has a code, or raise ``ValueError``."""
    known = [each for each, entry in MODELS.items() if issubclass(entry.network, CodeModel)]
    if name not in known:
        raise ValueError(f"model is {name!r}: it is auto, or one of {', '.join(known)}")
    return str(name)


def check_whole(name: str, value: object, *, least: int = 1) -> int:
    """Return a whole number of at least ``least``, or raise ``ValueError``."""
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
    """Return channels, height and width of rows with this number of columns."""
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
    """Return the noise of a spec that suits tables, or images."""
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
    """Call ``work``; an error of unnoise becomes the one that scikit-learn expects."""
    try:
        return work()
    except UnnoiseError as error:
        raise ValueError(str(error)) from error
