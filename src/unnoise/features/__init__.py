"""Features that a network learned by denoising, used to classify.

The scikit-learn estimators, and the probe that measures the worth of features. This room does not
know files of images or the command line.
"""

from unnoise.features.autoencoder import DenoisingAutoencoder
from unnoise.features.classifier import DenoisingClassifier
from unnoise.features.probe import (
    ClassifierName,
    Recovered,
    Score,
    choose_labels,
    fit_classifier,
    map_features,
    principal_components,
    probe,
    recover,
    scaler,
)

__all__ = [
    "ClassifierName",
    "DenoisingAutoencoder",
    "DenoisingClassifier",
    "Recovered",
    "Score",
    "choose_labels",
    "fit_classifier",
    "map_features",
    "principal_components",
    "probe",
    "recover",
    "scaler",
]
