"""The tutorial's model and recipe, in Keras on TensorFlow: run by run.py in its own environment.

Usage: python original.py WORK_FOLDER MODE

The folder holds clean.npy and noisy.npy (training images), test_noisy.npy and test_clean.npy,
float32 (N, 28, 28, 1). Modes:
    train N    fit for N epochs; after each one append (seconds of training so far, PSNR, loss) to
               original.json and store the last test images in original.npy
    predict    print images per second for several batch sizes, with random weights
    weights    store weights.npz, input.npy and output.npy, to compare the arithmetic
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from keras import layers


def build() -> keras.Model:
    """The layers of the tutorial."""
    return keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu", name="conv1"),
            layers.BatchNormalization(name="norm1"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, strides=2, padding="same", activation="relu", name="conv2"),
            layers.BatchNormalization(name="norm2"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, strides=2, padding="same", activation="relu", name="conv3"),
            layers.BatchNormalization(name="norm3"),
            layers.Flatten(),
            layers.Dense(576, name="dense"),
            layers.Reshape((3, 3, 64)),
            layers.Conv2DTranspose(32, 3, strides=2, activation="relu", name="up1"),
            layers.Conv2DTranspose(16, 3, strides=2, padding="same", activation="relu", name="up2"),
            layers.Conv2DTranspose(
                1, 3, strides=2, padding="same", activation="sigmoid", name="up3"
            ),
        ]
    )


def psnr(images: np.ndarray, clean: np.ndarray) -> float:
    error = np.square(images - clean).mean(axis=(1, 2, 3))
    return float(-10 * np.log10(error).mean())


def train(folder: Path, epochs: int) -> None:
    keras.utils.set_random_seed(13)
    noisy, clean = np.load(folder / "noisy.npy"), np.load(folder / "clean.npy")
    test_noisy, test_clean = np.load(folder / "test_noisy.npy"), np.load(folder / "test_clean.npy")
    model, seconds, history = build(), 0.0, []
    model.compile(keras.optimizers.SGD(0.5), "binary_crossentropy")
    for _ in range(epochs):
        start = time.perf_counter()
        fit = model.fit(noisy, clean, batch_size=128, shuffle=True, verbose=0)
        seconds += time.perf_counter() - start
        restored = model.predict(test_noisy, batch_size=512, verbose=0)
        history.append((seconds, psnr(restored, test_clean), fit.history["loss"][0]))
        print(f"{seconds:.1f} s  {history[-1][1]:.2f} dB", flush=True)
        (folder / "original.json").write_text(json.dumps(history))
    np.save(folder / "original.npy", restored[..., 0])


def predict(folder: Path) -> None:
    images, model, speeds = np.load(folder / "test_noisy.npy"), build(), {}
    for size in (32, 128, 512):
        # All images: the last, smaller batch is compiled on its own.
        model.predict(images, batch_size=size, verbose=0)
        start = time.perf_counter()
        model.predict(images, batch_size=size, verbose=0)
        speeds[size] = len(images) / (time.perf_counter() - start)
    print(json.dumps(speeds))


def weights(folder: Path) -> None:
    keras.utils.set_random_seed(1)
    model = build()
    random = np.random.default_rng(1)
    for layer in model.layers:
        # Every constant must have an effect: none may keep its initial 0 or 1. Larger kernels
        # spread the outputs, which the sigmoid would otherwise keep near one half.
        changed = [
            2 * w if w.ndim > 1 else w + random.random(w.shape) / 5 for w in layer.get_weights()
        ]
        layer.set_weights(changed)
    images = random.random((64, 28, 28, 1), np.float32)
    stored = {f"{layer.name}/{w.name}": w.numpy() for layer in model.layers for w in layer.weights}
    np.savez(folder / "weights.npz", **stored)
    np.save(folder / "input.npy", images)
    output = model.predict(images, verbose=0)
    assert output.std() > 0.05, "a saturated output would agree with any other"
    np.save(folder / "output.npy", output)


if __name__ == "__main__":
    work, mode, *rest = sys.argv[1:]
    {"train": train, "predict": predict, "weights": weights}[mode](Path(work), *map(int, rest))
