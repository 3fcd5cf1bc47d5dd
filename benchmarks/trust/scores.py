"""Scores of the difference between an image and training images: the one in use, and others.

Each is learned on one half of held-out images; the other half gives the limit that 1.5 % of images
like the training images exceed.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from unnoise import Denoiser
from unnoise.trust.familiarity import image_statistics

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Features = Callable[[Denoiser, Floats], Doubles]
USUAL = 0.985


def encoder(denoiser: Denoiser, noisy: Floats) -> Doubles:
    """Means and standard deviations of the encoder's features."""
    return _pooled(denoiser.encode_floats(noisy))


def encoder_of_result(denoiser: Denoiser, noisy: Floats) -> Doubles:
    """The same of the denoised image."""
    return _pooled(denoiser.encode_floats(denoiser.denoise_floats(noisy)))


def residual(denoiser: Denoiser, noisy: Floats) -> Doubles:
    """The change by denoising, and its change of its own result with noise of three levels."""
    clean = denoiser.denoise_floats(noisy)
    found = [_error(noisy, clean)]
    random = np.random.default_rng(1)
    for level in (0.05, 0.1, 0.2):
        again = clean + np.float32(level) * random.standard_normal(clean.shape, np.float32)
        found.append(_error(denoiser.denoise_floats(again), clean))
    return np.log(np.stack(found, axis=1) + 1e-8)


def reconstruction(denoiser: Denoiser, noisy: Floats) -> Doubles:
    """The change of the result by a second pass."""
    clean = denoiser.denoise_floats(noisy)
    return np.log(_error(denoiser.denoise_floats(clean), clean) + 1e-10)[:, None]


def statistics(denoiser: Denoiser, noisy: Floats) -> Doubles:
    """Brightness and edges of the denoised image at several scales."""
    return image_statistics(denoiser.denoise_floats(noisy))


FEATURES: dict[str, Features] = {
    "encoder": encoder,
    "encoder, of the result": encoder_of_result,
    "residual at several levels": residual,
    "change by a second pass": reconstruction,
    "image statistics": statistics,
}


class Whitened:
    """Distances in decorrelated features."""

    def __init__(self, features: Doubles) -> None:
        self.centre, self.scale = features.mean(0), features.std(0) + 0.01 * features.std() + 1e-9
        spread = np.atleast_2d(np.cov((features - self.centre) / self.scale, rowvar=False))
        spread = 0.95 * spread + 0.05 * np.eye(len(spread))
        self.root = np.linalg.inv(np.linalg.cholesky(spread)).T
        self.reference = self.apply(features)

    def apply(self, features: Doubles) -> Doubles:
        """Whiten features."""
        white: Doubles = (features - self.centre) / self.scale @ self.root
        return white

    def mahalanobis(self, features: Doubles) -> Doubles:
        """Distance to the centre."""
        found: Doubles = np.sqrt((self.apply(features) ** 2).sum(1))
        return found

    def neighbours(self, features: Doubles) -> Doubles:
        """Distance to the second nearest."""
        white = self.apply(features)
        squares = np.stack([((self.reference - each) ** 2).sum(1) for each in white])
        found: Doubles = np.sqrt(np.sort(squares, axis=1)[:, 1])
        return found


def auroc(own: Doubles, other: Doubles) -> float:
    """Probability that one of the others has a higher score; ties count half."""
    below = (own[:, None] < other[None]).mean()
    return float(below + (own[:, None] == other[None]).mean() / 2)


def compare(
    denoiser: Denoiser, held: Floats, own: Floats, other: Floats
) -> list[tuple[str, float, float]]:
    """Return name, AUROC, and false alarms on images like the training images, of each score."""
    half = len(held) // 2
    rows = []
    for name, features in FEATURES.items():
        known, rest, ours, theirs = (
            features(denoiser, images) for images in (held[:half], held[half:], own, other)
        )
        space = Whitened(known)
        for kind, score in (
            ("Mahalanobis", space.mahalanobis),
            ("2nd neighbour", space.neighbours),
        ):
            limit = np.quantile(score(rest), USUAL)
            scores = score(ours)
            rows.append(
                (f"{name}, {kind}", auroc(scores, score(theirs)), float((scores > limit).mean()))
            )
    return rows


def _pooled(features: Floats) -> Doubles:
    flat = features.reshape(*features.shape[:2], -1).astype(np.float64)
    return np.concatenate([flat.mean(2), flat.std(2)], axis=1)


def _error(images: Floats, others: Floats) -> Doubles:
    found: Doubles = np.square(images - others, dtype=np.float64).mean((1, 2, 3))
    return found
