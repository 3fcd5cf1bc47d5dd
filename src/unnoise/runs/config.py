"""The settings of a training: one dataclass behind Python, command line and TOML."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_type_hints

from unnoise.errors import ConfigError, UnknownNameError
from unnoise.images import MAX_PIXELS, ReadOptions, ValueRange
from unnoise.runs.model_file import MAX_STRIDE

Setting = str | int | float | bool | tuple[float, float]
Settings = Mapping[str, Setting]

SMALLEST_PATCH = 16
LENGTHS = ("epochs", "steps", "minutes")
EXCLUSIVE = (set(LENGTHS), {"model", "init"})
AUTO = "auto"  # to be chosen, or for a noise to be estimated, from the images
ASKED = "asked"  # a table of a run's config, which is no setting (runs/asking.py)

PRESETS: dict[str, Settings] = {
    # The recipe of the tutorial that the project grew from.
    "classic": {
        "data": "mnist",
        "noise": "gaussian:0.3,clip",
        "model": "autoencoder",
        "loss": "bce",
        "optimizer": "sgd",
        "lr": 0.5,
        "schedule": "constant",
        "average": False,
        "batch_size": 128,
        "epochs": 20,
        "validation": 0.2,
        "seed": 13,
        # The sigmoid and the clip at 1e-7 need it.
        "precision": "fp32",
    },
    # Features to classify with, of digits and other small images (docs/features.md).
    "features": {
        "noise": "warp:1+gaussian:0.3",
        "model": "autoencoder-m",
        "loss": "bce",
        "lr": 3e-3,
        "batch_size": 128,
        "epochs": 20,
    },
}


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """The settings of a training.

    Parameters
    ----------
    data
        A named dataset, a file, a folder (with its subfolders), or a pattern such as "scans/*.tif";
        or tar shards such as "train-{000..099}.tar", or zarr, of which a URL may be given.
    targets
        The clean version of each image, found by name: a folder, file or pattern.
    noise
        What corrupts clean images, such as gaussian:0.3,clip or poisson:30..60+gaussian:0.02.
        Named datasets have a default. Without targets and noise, the images are taken as noisy.
        auto estimates it from the images of --noisy.
    noisy
        Noisy images of any scenes, for --noise auto: a folder, file or pattern. The run keeps the
        noise that was estimated (see unnoise noise-model), and does not need them again.
    objective
        How to learn. auto takes what the images allow: supervised for pairs and for clean images
        with a noise; for noisy ones only neighbor2neighbor, or noise2void where their structure
        is thin. noise2noise needs several captures of each scene (X_1, X_2, ...).
    axes
        Of the images, where their files do not say it, such as ZYX.
    array
        Of a .npz archive: the name of the array that holds the images.
    channels
        1 turns all images to grey, 3 to colour. Without it they stay as they are.
    grey
        Share of clean colour images that is turned to grey, so that the model learns both.
    model
        The network: unet (small, for small images), unet-s, unet-m or unet-l (about 20, 70 and 270
        thousand multiply-adds a pixel), unet-slim (22 thousand, with fewer weights), or for images
        of one small size autoencoder, autoencoder-m (for features) or mlp. auto takes unet for
        small images of one size, and unet-s for others.
    init
        Start from the weights of this model (a file, a run folder, photo or fluorescence),
        and take its network: fine-tuning.
    intervals
        Train bounds beside the image, such as 0.9: that share of the pixels shall lie between them.
        Needs clean images.
    freeze
        Leave the weights of --init as they are, and train the --intervals only.
    epochs
        Train for this many passes over the data.
    steps
        Train for this many batches.
    minutes
        Train for about this long (a fraction is fine): the speed is measured first and the number
        of steps fixed by it.
    batch_size
        Images a batch, of all processes together. Without it, 64 small images, or 8 patches.
    accumulate
        Compute each batch in this many pieces, one after the other, in less memory.
    patch
        Height and width of the patches that are cut from larger images.
    lr
        The highest learning rate. Without it, what suits the model.
    loss
        What is minimised. bce needs a model whose outputs lie in [0, 1].
    optimizer
        muon, whose steps suit networks of convolutions, adamw, or plain sgd.
    schedule
        cosine warms up and decays to nearly zero; constant does not change.
    average
        Keep the moving average of the weights, and deliver it.
    gamma
        neighbor2neighbor: weight of its regulariser.
    replacement
        noise2void: what masked pixels are replaced by.
    structure
        Noisy images only: the axis along which pixels share noise, as rows or columns do.
        neighbor2neighbor then compares pixels across it, noise2void masks pixels along it. auto
        looks at some of the images for neighbor2neighbor, and is none for noise2void.
    stride
        Noisy images only: see every so many pixels as an image of its own, because the noise of
        nearer ones is correlated, or because the image is a mosaic. Without it, the images
        decide.
    memory
        GiB of images that are kept in memory; more, and tar shards, are streamed.
    max_pixels
        An image of more pixels is refused; 0 for no limit.
    nodata
        The value that stands for no data. Such pixels are left out. Without it, what a file states
        (GDAL_NODATA, _FillValue).
    nan
        keep takes NaN and infinity as no data; refuse refuses files with them.
    range
        The values that are black and white, such as 0 4095. Without it, they are found in the data.
    validation
        Share of the images (of each image, where they are few) held out to validate.
    seed
        Decides the weights, the split, the order and the noise.
    precision
        Arithmetic of the training; auto takes bf16 where the hardware has it, else fp32.
    compile
        On a GPU: let torch compile the network first, which takes a minute and needs Triton.
    device
        cpu, cuda, mps or auto.
    data_dir
        Where to look for named datasets first (before $UNNOISE_DATA).
    """

    data: str = "digits"
    targets: str | None = None
    noise: str | None = None
    noisy: str | None = None
    objective: str = AUTO
    axes: str | None = None
    array: str | None = None
    channels: Literal[1, 3] | None = None
    grey: float = 0.0
    model: str = AUTO
    init: str | None = None
    intervals: float | None = None
    freeze: bool = False
    epochs: int | None = None
    steps: int | None = None
    minutes: float | None = None
    batch_size: int | None = None
    accumulate: int = 1
    patch: int = 128
    lr: float | None = None
    loss: Literal["mse", "l1", "root-l1", "bce"] = "mse"
    optimizer: Literal["adamw", "muon", "sgd"] = "adamw"
    schedule: Literal["cosine", "constant"] = "cosine"
    average: bool = True
    gamma: float = 0.0
    replacement: Literal["uniform", "median"] = "uniform"
    structure: Literal["auto", "none", "horizontal", "vertical"] = "auto"
    stride: int | None = None
    memory: float = 4.0
    max_pixels: int = MAX_PIXELS
    nodata: float | None = None
    nan: Literal["refuse", "keep"] = "refuse"
    range: tuple[float, float] | None = None
    validation: float | None = None
    seed: int = 0
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    compile: bool = False
    device: str = "auto"
    data_dir: str | None = None

    def __post_init__(self) -> None:
        """Check every setting that can be checked without the data."""
        lengths = [name for name in LENGTHS if getattr(self, name)]
        if len(lengths) > 1:
            raise ConfigError(f"{' and '.join(lengths)} are both set: a training has one length")
        for name in (*LENGTHS, "batch_size", "accumulate", "lr", "memory"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise ConfigError(f"{name} is {value}: it must be more than 0")
        if (self.noise == AUTO) != (self.noisy is not None):
            raise ConfigError(
                "--noise auto and --noisy go together: the noise of the noisy images is estimated "
                "and added to clean ones; to train on noisy images alone, name them as the data"
            )
        if self.noisy is not None and self.targets is not None:
            raise ConfigError(
                "--noise auto adds the noise of --noisy to clean images, and --targets says that "
                "the images are noisy: leave one of them out"
            )
        if self.patch < SMALLEST_PATCH or self.patch % 2:
            raise ConfigError(f"patch is {self.patch}: it is even and at least {SMALLEST_PATCH}")
        if self.stride is not None and not 1 <= self.stride <= MAX_STRIDE:
            raise ConfigError(f"stride is {self.stride}: it is 1 to {MAX_STRIDE} pixels")
        if not 0 <= self.gamma < float("inf"):
            raise ConfigError(f"gamma is {self.gamma}: it is 0 or more")
        if not 0 <= self.grey < 1:
            raise ConfigError(
                f"grey is {self.grey}: it is a share, 0 or more and less than 1; --channels 1 "
                "turns all images to grey"
            )
        if self.init is not None and self.model != "auto":
            raise ConfigError(f"--init brings its own network: leave --model {self.model} out")
        if self.intervals is not None and not 0 < self.intervals < 1:
            raise ConfigError(
                f"intervals is {self.intervals}: it is a share of pixels, more than 0 and less "
                "than 1, such as 0.9"
            )
        if self.freeze and (self.init is None or self.intervals is None):
            raise ConfigError(
                "--freeze leaves the model of --init as it is and trains its --intervals: give both"
            )
        _ = self.read  # checks what it takes
        if self.range is not None:
            ValueRange.given(*self.range)
        if self.validation is not None and not 0 < self.validation < 1:
            raise ConfigError(
                f"validation is {self.validation}: it is the share of the images held out, "
                "more than 0 and less than 1"
            )

    @property
    def read(self) -> ReadOptions:
        """How files are read."""
        return ReadOptions(
            axes=self.axes,
            array=self.array,
            max_pixels=self.max_pixels,
            nodata=self.nodata,
            nan=self.nan,
        )


def layer_settings(
    said: Settings, *, preset: str | None = None, file: Path | None = None
) -> TrainConfig:
    """Lay settings over each other: defaults, then the preset, the file, and what was said.

    Raises:
        ConfigError: A setting is unknown, of the wrong type, or out of range.
        UnknownNameError: There is no such preset.
    """
    chosen: dict[str, Any] = choose_settings(said, preset=preset, file=file)
    return TrainConfig(**chosen)


def choose_settings(
    said: Settings, *, preset: str | None = None, file: Path | None = None
) -> dict[str, Setting]:
    """Return the settings of the preset, the file and what was said, without the defaults.

    A length (epochs, steps or minutes) that is said replaces whichever length lies below it, and
    a network (model or init) whichever network.

    Raises:
        ConfigError: A setting is unknown or of the wrong type.
        UnknownNameError: There is no such preset.
    """
    if preset is not None and preset not in PRESETS:
        raise UnknownNameError("preset", preset, PRESETS)
    merged: dict[str, Setting] = {}
    for layer in (PRESETS[preset] if preset else {}, read_settings(file) if file else {}, said):
        for exclusive in EXCLUSIVE:
            if exclusive & layer.keys():
                for name in exclusive:
                    merged.pop(name, None)
        merged |= layer
    return {name: check_setting(name, merged[name]) for name in merged}


def read_settings(path: Path) -> dict[str, Setting]:
    """Read settings from a TOML file of the form ``to_toml`` writes.

    Raises:
        ConfigError: The file cannot be read, is not TOML, or a setting is unknown or of a wrong
            type.
    """
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8", errors="surrogateescape"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot read {path} as TOML: {error}") from error
    return {
        name: check_setting(name, value, where=f" in {path}")
        for name, value in settings.items()
        if name != ASKED
    }


def check_setting(name: str, value: object, *, where: str = "") -> Setting:
    """Return ``value`` if the setting exists and takes it (an int counts as a float)."""
    hints = get_type_hints(TrainConfig)
    if name not in hints:
        raise ConfigError(f"{UnknownNameError('setting', name, hints)}{where}")
    if hints[name] == tuple[float, float] | None:
        return _check_pair(name, value, where)
    options = [
        option
        for hint in get_args(hints[name]) or (hints[name],)
        for option in (get_args(hint) or (hint,))
        if option is not NoneType
    ]
    literal = not isinstance(options[0], type)
    if literal and value not in options:
        allowed = ", ".join(map(str, options))
        raise ConfigError(f"{name} is {value!r}{where}: it is one of {allowed}")
    kinds = tuple(
        {type(option) for option in options}
        if literal
        else {*options, *({int} if float in options else ())}
    )
    # bool is an int to Python, and not to people.
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        wanted = " or ".join(kind.__name__ for kind in options) if not literal else "a name"
        raise ConfigError(f"{name} is {value!r}{where}: it must be {wanted}")
    assert isinstance(value, str | int | float | bool)
    return float(value) if float in kinds else value


def _check_pair(name: str, value: object, where: str) -> tuple[float, float]:
    pair = value if isinstance(value, list | tuple) else ()
    if len(pair) != 2 or not all(type(end) in (int, float) for end in pair):
        raise ConfigError(f"{name} is {value!r}{where}: it is two numbers, such as [0, 4095]")
    return float(pair[0]), float(pair[1])


def to_toml(config: TrainConfig) -> str:
    """Write a config as TOML that ``read_settings`` reads back to an equal one."""
    return toml_lines(asdict(config))


def toml_lines(settings: Mapping[str, Setting | None]) -> str:
    """Write each setting that is set as a line of TOML."""
    return "".join(
        # Strings and numbers of JSON are those of TOML, which also wants DEL to be escaped.
        f"{name} = {json.dumps(value, ensure_ascii=False)}\n".replace("\x7f", "\\u007f")
        for name, value in settings.items()
        if value is not None
    )


SETTING_NAMES = tuple(field.name for field in fields(TrainConfig))
