"""The settings of a training: one dataclass behind Python, command line and TOML."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal

from unnoise.errors import ConfigError
from unnoise.images import MAX_PIXELS, Develop, Mosaic, ReadOptions, ValueRange
from unnoise.runs.model_file import MAX_STRIDE

Setting = str | int | float | bool | tuple[float, float]
Settings = Mapping[str, Setting]

SMALLEST_PATCH = 16
LENGTHS = ("epochs", "steps", "minutes")
AUTO = "auto"  # to be chosen, or for a noise to be estimated, from the images
ASKED = "asked"  # a table of a run's config, which is no setting (runs/asking.py)


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """The settings of a training.

    Parameters
    ----------
    data
        A named dataset, a file, a folder (with its subfolders), or a pattern such as "scans/*.tif";
        or tar shards such as "train-{000..099}.tar", or zarr; these two may be URLs.
    targets
        The clean version of each image, found by name: a folder, file or pattern.
    noise
        The noise that corrupts clean images, such as gaussian:0.3,clip or
        poisson:30..60+gaussian:0.02. Named datasets have a default. Without targets and noise, the
        images are taken as noisy. auto estimates it from the images of --noisy.
    noisy
        Noisy images of any scenes, for --noise auto: a folder, file or pattern. The run keeps the
        noise that was estimated (see unnoise noise-model), and does not need them again.
    objective
        How to learn. auto chooses by the images: supervised for pairs and for clean images with a
        noise; for noisy images neighbor2neighbor, or noise2void where their structure is thin.
        noise2noise needs several captures of each scene (X_1, X_2, ...). interpolation finds each
        image of a stack from those before and after it; auto takes it where these help.
    depth
        How many neighbouring images of a stack the network sees, to give the middle one: an odd
        number such as 5, or one for each axis, such as 3x3 for TZYX. auto measures whether
        neighbours help; 1 sees each image alone.
    blind_spot
        interpolation only: let the network see the middle image, too, except for a square of this
        side, in pixels, around each pixel that is asked for. Without it the middle is hidden.
    axes
        The axes of the images, such as ZYX, where their files do not state them.
    array
        The name of the array that holds the images in a .npz archive.
    sequence
        Take each folder of numbered files (frame_0001.png, ...) as one stack along T.
    develop
        How raw files of cameras are developed: srgb, the colours of pictures, or linear, values
        that are proportional to the light.
    mosaic
        Take grey images as the raw mosaic of a camera with this pattern of 2 × 2 pixels, and learn
        its four colours as channels. none takes them as plain images, whatever their files say.
    scene
        The scene of files of microscopes (CZI, LIF, ND2), by its name or number (1 is the first).
    channels
        1 turns all images to grey, 3 to colour. Without it they stay as they are.
    grey
        Share of clean colour images that is turned to grey, so that the model learns both.
    model
        The network: unet (small, for small images), unet-xs, unet-s, unet-m or unet-l (about 9, 20,
        70 and 270 thousand multiply-adds a pixel), unet-slim (22 thousand, with fewer weights), or
        for images of one small size autoencoder, autoencoder-m (for features) or mlp. auto takes
        unet for small images of one size, and unet-s for others.
    init
        Start from the weights of this model (a file, a run folder, photo or fluorescence),
        and take its network: fine-tuning.
    intervals
        Train bounds beside the image, such as 0.9: this share of the pixels should lie between
        them. Needs clean images.
    freeze
        Leave the weights of --init as they are, and train the --intervals only.
    epochs
        Train for this many passes over the data.
    steps
        Train for this many batches.
    minutes
        Train for about this long (a fraction is fine). The speed is measured first and fixes the
        number of steps.
    batch_size
        Images a batch, of all processes together. Without it, 64 small images, or 8 patches.
    accumulate
        Compute each batch in this many pieces, one after the other, in less memory.
    patch
        Height and width of the patches that are cut from larger images. Without it, 128, or 64 for
        interpolation, which learns at full resolution.
    lr
        The highest learning rate. The default depends on the model.
    loss
        The loss to minimise. bce needs a model whose outputs lie in [0, 1].
    optimizer
        adamw, muon (its steps suit networks of convolutions), or plain sgd. auto takes muon for
        unet and unet-xs that learn from clean images without --init, and adamw for others.
    schedule
        cosine warms up and decays to nearly zero; constant keeps the rate.
    average
        Keep the moving average of the weights, and deliver it.
    gamma
        The weight of the regulariser of neighbor2neighbor.
    replacement
        How noise2void replaces masked pixels.
    structure
        Noisy images only: the axis along which pixels share noise, as rows or columns do.
        neighbor2neighbor then compares pixels across it, noise2void masks pixels along it. auto
        looks at some of the images for neighbor2neighbor, and is none for noise2void.
    stride
        Noisy images only: take every STRIDE-th pixel as an image of its own, because the noise of
        nearer pixels is correlated, or because the image is a mosaic. The default depends on the
        images.
    memory
        GiB of images to keep in memory; larger data and tar shards are streamed.
    max_pixels
        Refuse images of more pixels; 0 for no limit.
    nodata
        The value that stands for no data. Such pixels are left out. The default is the value that
        a file states (GDAL_NODATA, _FillValue).
    nan
        keep takes NaN and infinity as no data; refuse refuses files with them.
    range
        The values that are black and white, such as 0 4095. The default is found in the data.
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
    depth: int | str = AUTO
    blind_spot: int | None = None
    axes: str | None = None
    array: str | None = None
    sequence: bool = False
    develop: Develop = "srgb"
    mosaic: Mosaic | None = None
    scene: str | None = None
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
    patch: int | None = None
    lr: float | None = None
    loss: Literal["mse", "l1", "root-l1", "bce"] = "mse"
    optimizer: Literal["auto", "adamw", "muon", "sgd"] = "auto"
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
        if self.patch is not None and (self.patch < SMALLEST_PATCH or self.patch % 2):
            raise ConfigError(f"patch is {self.patch}: it is even and at least {SMALLEST_PATCH}")
        if self.depth != AUTO and not all(map(_is_odd, str(self.depth).split("x"))):
            raise ConfigError(
                f"depth is {self.depth}: it is auto, an odd number such as 5, which counts the "
                "image itself, or one for each axis of a stack, such as 3x3"
            )
        if self.blind_spot is not None and not _is_odd(str(self.blind_spot)):
            raise ConfigError(
                f"blind_spot is {self.blind_spot}: it is the side of a square around a pixel, an "
                "odd number of pixels"
            )
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
    def sizes(self) -> tuple[int, ...] | None:
        """The depth along each axis; None where it is to be found."""
        return None if self.depth == AUTO else tuple(map(int, str(self.depth).split("x")))

    @property
    def read(self) -> ReadOptions:
        """How files are read."""
        return ReadOptions(
            axes=self.axes,
            array=self.array,
            sequence=self.sequence,
            develop=self.develop,
            mosaic=self.mosaic,
            scene=self.scene,
            max_pixels=self.max_pixels,
            nodata=self.nodata,
            nan=self.nan,
        )


def _is_odd(text: str) -> bool:
    return text.isdecimal() and int(text) % 2 == 1


SETTING_NAMES = tuple(field.name for field in fields(TrainConfig))
