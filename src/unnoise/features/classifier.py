"""A denoising autoencoder with a softmax layer, fine-tuned on labels, as a classifier."""

import copy
from numbers import Real
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from unnoise.features.autoencoder import DenoisingAutoencoder
from unnoise.features.parameters import MOST_SEED, check_fit, check_noise, draw_seed
from unnoise.features.stages import Classes, Softmax, in_blocks, learn
from unnoise.seeding import generator


class DenoisingClassifier(ClassifierMixin, BaseEstimator):
    """A classifier whose features were first learned by removing noise, without labels.

    Vincent et al., "Stacked denoising autoencoders", JMLR 2010: the layers of the autoencoder get a
    softmax layer on top, and all are trained together on the labels.

    Parameters
    ----------
    autoencoder : DenoisingAutoencoder or FrozenEstimator, default=None
        Where the features come from; it is cloned and fitted on X. One that was fitted already, on
        more rows than have labels, is passed as ``FrozenEstimator(autoencoder)``, and not fitted
        again. None is ``DenoisingAutoencoder()``.
    noise : str, default="mask:0.1"
        Corrupts the rows while the labels are learned, too; None leaves them.
    dropout : float, default=0.4
        Share of the features of each layer that is set to 0 meanwhile (Srivastava et al., JMLR
        2014).
    max_iter : int, default=40
        Passes over the rows with labels.
    batch_size : int, default=128
        Rows a step; an eighth of the rows where that is fewer.
    learning_rate_init : float, default=1e-3
        The highest learning rate.
    random_state : int, RandomState instance or None, default=None
        Decides order, noise and dropout, and the autoencoder where it has none of its own.

    Attributes
    ----------
    autoencoder_ : DenoisingAutoencoder
        As it was before the labels.
    classes_ : ndarray
        The labels.
    n_iter_ : int
        Passes over the rows.
    n_features_in_ : int
        Columns of X.
    """

    autoencoder_: DenoisingAutoencoder
    classes_: NDArray[Any]
    n_features_in_: int
    _network: Softmax

    def __init__(
        self,
        autoencoder: DenoisingAutoencoder | FrozenEstimator | None = None,
        *,
        noise: str | None = "mask:0.1",
        dropout: float = 0.4,
        max_iter: int = 40,
        batch_size: int = 128,
        learning_rate_init: float = 1e-3,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.autoencoder = autoencoder
        self.noise = noise
        self.dropout = dropout
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn features of X, then classes.

        Args:
            X: ``(n_samples, n_features)``, real numbers.
            y: ``(n_samples,)``, labels.

        Raises:
            ValueError: X or y are no such arrays, or a parameter is out of range.
            TypeError: X is sparse, or the autoencoder is none.
        """
        seed = draw_seed(self.random_state)
        rate = self.learning_rate_init
        fit = check_fit(max_iter=self.max_iter, batch_size=self.batch_size, rate=rate, seed=seed)
        if not isinstance(self.dropout, Real) or not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is {self.dropout!r}: it is a share, 0 or more, less than 1")
        rows, labels = validate_data(self, X, y, dtype=[np.float64, np.float32])
        check_classification_targets(labels)
        self.classes_, classes = np.unique(labels, return_inverse=True)
        self.autoencoder_ = coder = self._learned(X, rows, seed)
        table = coder.image_shape is None
        noise = None if self.noise is None else check_noise(self.noise, table=table)
        # A copy: the weights change, and the layers that undo them would no longer fit.
        model = copy.deepcopy(coder.model_)
        self._network = Softmax(model, len(self.classes_), float(self.dropout))
        objective = Classes(self._network, noise)
        wanted = objective.one_hot(torch.from_numpy(classes.astype(np.int64)))
        learn(self._network, objective, (coder.to_images(rows), wanted), fit, stage="labels")
        self.n_iter_ = fit.epochs
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of each class, ``(n_samples, n_classes)``."""
        check_is_fitted(self, "_network")
        rows = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        scores = in_blocks(self._network, self.autoencoder_.to_images(rows)).double()
        probabilities: NDArray[np.float64] = torch.softmax(scores, dim=1).numpy()
        return probabilities

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable label of each row, ``(n_samples,)``."""
        check_is_fitted(self, "_network")
        chosen: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(1)]
        return chosen

    def _learned(self, X: ArrayLike, rows: NDArray[Any], seed: int) -> DenoisingAutoencoder:
        """Return an autoencoder that was fitted to such rows."""
        given = DenoisingAutoencoder() if self.autoencoder is None else self.autoencoder
        frozen = isinstance(given, FrozenEstimator)
        given = given.estimator if frozen else given
        if not isinstance(given, DenoisingAutoencoder):
            raise TypeError(
                f"autoencoder is {type(given).__name__}: it is a DenoisingAutoencoder, or one that "
                "was fitted, in a FrozenEstimator"
            )
        if frozen:
            check_is_fitted(given)
            validate_data(given, X, reset=False)
            return given
        new: DenoisingAutoencoder = clone(given)
        if new.random_state is None:
            new.random_state = generator(seed, "autoencoder").initial_seed() % MOST_SEED
        learned: DenoisingAutoencoder = new.fit(rows)
        return learned
