"""The denoising autoencoder as a scikit-learn transformer."""

from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from unnoise.features.parameters import (
    AUTO,
    Recipe,
    as_value_error,
    check_fit,
    check_image_shape,
    check_noise,
    check_widths,
    draw_seed,
)
from unnoise.features.saving import SavedEstimator
from unnoise.features.stages import give_back, in_blocks, learn, learn_layers
from unnoise.models import MLP, CodeModel, build_model
from unnoise.seeding import generator
from unnoise.types import Doubles

Floats = NDArray[np.floating[Any]]

LAYERS = (256,)  # where none are asked for


class DenoisingAutoencoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, SavedEstimator):
    """Features that were learned by removing noise, from tables or small images.

    Rows are corrupted, and a network learns to give them back (Vincent et al., "Extracting and
    composing robust features with denoising autoencoders", ICML 2008); ``transform`` gives the
    features in its middle. An ``mlp`` is trained layer by layer, then as a whole (Vincent et al.,
    JMLR 2010).

    Parameters
    ----------
    hidden_layer_sizes : tuple of int or int, default=(256,)
        Features of each layer of an ``mlp``; the last are those of ``transform``.
    model : {"auto", "mlp", "autoencoder", "autoencoder-m"}, default="auto"
        The network. The last two are convolutional, for images. ``auto`` takes ``autoencoder-m``
        for 100 images or more with sides of at least 8 pixels, else, or where
        ``hidden_layer_sizes`` are given, ``mlp``.
    noise : str, default="auto"
        What corrupts the rows, as in ``unnoise train``: ``gaussian:0.3``, ``mask:0.25`` (values
        become 0), ``swap:0.15`` (values come from other rows), and sums such as
        ``warp:1+gaussian:0.3`` for images. Columns of tables are standardised first, so 0 is their
        mean and 1 their standard deviation, and what counts on brightness or on neighbours is
        refused; images go from 0 to 1. ``auto`` is ``mask:0.25`` for an ``mlp``, and for the
        others ``warp:1+gaussian:0.3``, which deforms images as handwriting differs.
    image_shape : tuple of int, default=None
        ``(height, width)`` or ``(height, width, channels)`` of images, whose pixels are the
        columns; None for tables.
    pretraining : bool, default=True
        Whether an ``mlp`` is trained layer by layer before all layers are trained together.
    max_iter : int, default=None
        Passes over the rows, of each layer and of the whole. None is 20 for an ``mlp``, and for the
        others as many as make about 2,300 steps.
    batch_size : int, default=128
        Rows a step; an eighth of the rows where that is fewer.
    learning_rate_init : float, default=None
        The highest learning rate. None is 1e-3 for an ``mlp``, and 3e-3 for the others.
    random_state : int, RandomState instance or None, default=None
        Decides weights, order and noise.

    Attributes
    ----------
    model_ : torch.nn.Module
        The network.
    offset_, scale_ : ndarray of shape (n_features,)
        ``(X - offset_) / scale_`` is what the network sees.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of str
        Their names, if all are strings.
    n_iter_ : int
        Passes over the rows, of each stage.
    network_ : str
        The kind of the network.
    noise_ : str
        What corrupted the rows.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from unnoise import DenoisingAutoencoder
    >>> X, y = load_digits(return_X_y=True)
    >>> coder = DenoisingAutoencoder((64, 32), max_iter=2, random_state=0)
    >>> coder.fit_transform(X).shape
    (1797, 32)
    """

    def __init__(
        self,
        hidden_layer_sizes: tuple[int, ...] | int = LAYERS,
        *,
        model: str = "auto",
        noise: str = "auto",
        image_shape: tuple[int, ...] | None = None,
        pretraining: bool = True,
        max_iter: int | None = None,
        batch_size: int = 128,
        learning_rate_init: float | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.model = model
        self.noise = noise
        self.image_shape = image_shape
        self.pretraining = pretraining
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: object = None) -> Self:  # noqa: ARG002  pipelines pass y
        """Learn features.

        Args:
            X: ``(n_samples, n_features)``, real numbers.
            y: Ignored.

        Raises:
            ValueError: X is no such array, has NaN or infinity, or does not fit ``image_shape``; or
                a parameter is out of range, or its noise no spec.
            TypeError: X is sparse.
        """
        # Batch normalisation needs two rows.
        fewest = 1 if self.model in ("mlp", AUTO) else 2
        rows = validate_data(self, X, dtype=[np.float64, np.float32], ensure_min_samples=fewest)
        recipe = Recipe(
            model=self.model,
            noise=self.noise,
            max_iter=self.max_iter,
            learning_rate_init=self.learning_rate_init,
        ).chosen(
            image_shape=self.image_shape,
            rows=len(rows),
            batch_size=self.batch_size,
            layers=self.hidden_layer_sizes != LAYERS,
        )
        seed = draw_seed(self.random_state)
        fit = check_fit(
            max_iter=recipe.max_iter,
            batch_size=self.batch_size,
            rate=recipe.learning_rate_init,
            seed=seed,
            fewest=fewest,
        )
        arguments = self._arguments(recipe.model, rows.shape[1])
        noise = check_noise(recipe.noise, table=self.image_shape is None)
        self.network_, self.noise_, self.n_iter_ = recipe.model, str(recipe.noise), fit.epochs
        self._learn_scale(rows)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(generator(seed, "weights").initial_seed())
            model = as_value_error(lambda: build_model(self.network_, arguments))
        assert isinstance(model, CodeModel)
        self.model_ = model
        images = self.to_images(rows)
        if isinstance(model, MLP):
            model.centre_on(images)
            if self.pretraining:
                learn_layers(model, images, noise, fit)
        objective = give_back(noise, bounded=model.bounded)
        learn(model, objective, (images,), fit, stage="all layers")
        return self

    def transform(self, X: ArrayLike) -> Floats:
        """Return the features of rows, ``(n_samples, n_features_out)``, in the dtype of X."""
        check_is_fitted(self, "model_")
        rows = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        code = in_blocks(self.model_.encode, self.to_images(rows))
        return code.numpy().astype(rows.dtype)

    def inverse_transform(self, X: ArrayLike) -> Floats:
        """Return the rows that features stand for, ``(n_samples, n_features)``."""
        check_is_fitted(self, "model_")
        code = np.asarray(X)
        if code.ndim != 2 or code.shape[1] != self._n_features_out:
            raise ValueError(
                f"X has shape {code.shape}, and inverse_transform takes what transform gives: "
                f"(n_samples, {self._n_features_out})"
            )
        images = in_blocks(self.model_.decode, torch.from_numpy(code.astype(np.float32))).numpy()
        pixels = np.moveaxis(images, 1, -1).reshape(len(images), -1)
        rows: Doubles = pixels * self.scale_ + self.offset_  # undoes to_images
        return rows.astype(code.dtype) if code.dtype in (np.float32, np.float64) else rows

    def denoise(self, X: ArrayLike) -> Floats:
        """Return rows without their noise: ``inverse_transform`` of ``transform``."""
        return self.inverse_transform(self.transform(X))

    def score(self, X: ArrayLike, y: object = None) -> float:  # noqa: ARG002  pipelines pass y
        """Return the share of the variance of X that its features keep: 1 for all of it.

        Columns count as the network sees them, so those of a table have equal weight.
        """
        check_is_fitted(self, "model_")
        rows = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        images = self.to_images(rows)
        made = in_blocks(self.model_, images)
        total = (images - images.mean(0)).square().sum().item()
        missed = (images - made).square().sum().item()
        return 1 - missed / total if total else float(missed == 0)

    @property
    def _n_features_out(self) -> int:
        return self.model_.code_size

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        assert tags.transformer_tags is not None
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _arguments(self, model: str, columns: int) -> dict[str, Any]:
        """Return the arguments of the network, for rows with this number of columns."""
        shape = (1, 1, columns)
        if self.image_shape is not None:
            shape = check_image_shape(self.image_shape, columns)
        elif model != "mlp":
            raise ValueError(
                f"model is {model!r}, which is for images: say their image_shape, such as "
                "(28, 28), or take model='mlp' for tables"
            )
        arguments: dict[str, Any] = {"channels": shape[0], "size": shape[1:]}
        if model == "mlp":
            widths = check_widths(self.hidden_layer_sizes)
            arguments |= {"widths": widths, "bounded": self.image_shape is not None}
        return arguments

    def _learn_scale(self, rows: Floats) -> None:
        if self.image_shape is None:
            self.offset_ = rows.mean(0, dtype=np.float64)
            self.scale_ = rows.std(0, dtype=np.float64)
            # Below this a column differs by its rounding only.
            flat = self.scale_ <= 10 * np.finfo(rows.dtype).eps * np.abs(self.offset_)
            self.scale_[flat] = 1.0
            return
        low, high = float(rows.min()), float(rows.max())
        self.offset_ = np.full(rows.shape[1], low)
        self.scale_ = np.full(rows.shape[1], (high - low) or 1.0)

    def to_images(self, rows: Floats) -> Tensor:
        """Return rows in the scale of the network, float32 ``(N, C, H, W)``."""
        with np.errstate(over="ignore"):  # reported below
            scaled = ((rows - self.offset_) / self.scale_).astype(np.float32)
        if not np.isfinite(scaled).all():
            raise ValueError("X has values that are too far from those it was fitted on")
        assert self.model_.fixed_size is not None
        pixels = scaled.reshape(len(rows), *self.model_.fixed_size, self.model_.channels)
        return torch.from_numpy(np.ascontiguousarray(np.moveaxis(pixels, -1, 1)))
