"""What does the estimator learn with its defaults? ``DenoisingAutoencoder(image_shape=(28, 28))``.

    python benchmarks/features/estimator.py

Fits it on the 60,000 training digits of MNIST, then prints the seconds and the errors of logistic
regression on the 10,000 test digits, with 10 and 100 labels a class, ten draws each. The images are
in $UNNOISE_DATA.
"""

import os
import sys
import time
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1]))

from machine import describe_machine

from unnoise import DenoisingAutoencoder
from unnoise.datasets import load_labelled
from unnoise.features.probe import draw_labels, fit_classifier, scaler

DATA = Path(os.environ.get("UNNOISE_DATA", "../shared/data"))
DRAWS = 10


def main() -> None:
    (images, classes), (tests, truths) = (
        load_labelled("mnist", part, data_dir=DATA) for part in ("train", "test")
    )
    rows, unseen = (each.reshape(len(each), -1).astype(np.float32) for each in (images, tests))
    start = time.perf_counter()
    coder = DenoisingAutoencoder(image_shape=images.shape[1:], random_state=0).fit(rows)
    print(describe_machine())
    print(f"{coder.network_}, {coder.noise_}, {coder.n_iter_} passes: ", end="")
    print(f"fit {time.perf_counter() - start:.0f} s")
    known, tested = coder.transform(rows), coder.transform(unseen)
    for count in (10, 100):
        errors = []
        for draw in range(DRAWS):
            chosen = draw_labels(classes, count, (0, draw))
            scale = scaler(known[chosen])
            classifier = fit_classifier("logistic", scale(known[chosen]), classes[chosen])
            errors.append(100 * np.mean(classifier.predict(scale(tested)) != truths))
        print(f"{count} labels a class: {np.mean(errors):.2f} ± {np.std(errors):.2f} % errors")


if __name__ == "__main__":
    main()
