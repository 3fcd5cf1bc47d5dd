"""Drawn images of a fluorescence microscope: clean scenes, and captures of them.

Light comes from the specimen (``scene``) through the optics (``optics``) to the camera
(``Camera``). Values are floats; 0 is no light.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.spatial import cKDTree

Floats = NDArray[np.float64]
Random = np.random.Generator
SIDE = 256  # pixels of a scene

PHOTONS = 5.0, 2000.0  # at the brightest structure
READ_NOISE = 0.002, 0.07  # standard deviation, as a share of the brightest structure
BRIGHTEST = 0.2, 1.1  # share of the camera's range; above 1 it saturates
GRAIN = 0.4, 1.0  # width of the blur of interpolated captures, in pixels
GRAINY = 0.4  # share of captures that are interpolated
OFFSET = 0.08  # share of the camera's range, at most
HAZY = 0.5  # share of scenes with light from out of focus


def log_uniform(random: Random, low: float, high: float) -> float:
    """Draw a number whose logarithm is uniform."""
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


def normalised(image: Floats) -> Floats:
    """Return an image whose percentile 99.9 is 1 and whose darkest value is 0."""
    image = image - image.min()
    top = float(np.percentile(image, 99.9))
    return image / top if top > 0 else image


def filaments(random: Random) -> Floats:
    """Smooth random curves of 1 to 4 pixels, such as actin or microtubules."""
    image = np.zeros((SIDE, SIDE))
    for width in random.uniform(0.5, 1.7, 3):  # the width at half height is 2.4 times that
        count, length = int(log_uniform(random, 3, 40)), int(random.integers(200, 1200))
        step, wander = 0.5, random.uniform(0.005, 0.06)
        turn = np.cumsum(random.normal(0, wander, (count, length)), axis=1)
        angle = random.uniform(0, 2 * np.pi, (count, 1)) + turn
        start = random.uniform(0, SIDE, (2, count, 1))
        rows, columns = start + step * np.cumsum([np.sin(angle), np.cos(angle)], axis=2)
        light = np.broadcast_to(np.exp(random.normal(0, 0.6, (count, 1))), rows.shape)
        drawn, _, _ = np.histogram2d(
            rows.ravel(),
            columns.ravel(),
            bins=SIDE,
            range=((0, SIDE), (0, SIDE)),
            weights=light.ravel(),
        )
        image += width * gaussian_filter(drawn, width)
    return image


def nuclei(random: Random) -> Floats:
    """Soft ellipses, each with its own texture, such as stained nuclei."""
    image = np.zeros((SIDE, SIDE))
    rows, columns = np.mgrid[:SIDE, :SIDE]
    size = log_uniform(random, 8, 60)
    texture = smooth_noise(random, random.uniform(1, size / 4))
    for _ in range(int(log_uniform(random, 2, 40 * 20 / size))):
        y, x = random.uniform(0, SIDE, 2)
        tall, wide = size * random.uniform(0.6, 1.4, 2)
        angle = random.uniform(0, np.pi)
        u = (rows - y) * np.cos(angle) + (columns - x) * np.sin(angle)
        v = (columns - x) * np.cos(angle) - (rows - y) * np.sin(angle)
        inside = 1 / (1 + np.exp((np.hypot(u / tall, v / wide) - 1) * size / 1.5))
        image = np.maximum(image, inside * random.uniform(0.3, 1))
    return image * np.clip(1 + random.uniform(0, 0.5) * texture, 0.1, None)


def puncta(random: Random) -> Floats:
    """Points of light, such as vesicles or hybridised probes."""
    count = int(log_uniform(random, 10, 2000))
    image = np.zeros((SIDE, SIDE))
    rows, columns = random.integers(0, SIDE, (2, count))
    np.add.at(image, (rows, columns), np.exp(random.normal(0, 0.8, count)))
    points: Floats = gaussian_filter(image, random.uniform(0.5, 2.5))
    return points


def membranes(random: Random) -> Floats:
    """Bent borders of touching cells, each with a weaker inside of its own brightness."""
    count = int(log_uniform(random, 8, 150))
    seeds = random.uniform(-20, SIDE + 20, (count, 2))
    bend = [smooth_noise(random, 12) * random.uniform(0, 6) for _ in range(2)]
    places = np.moveaxis(np.mgrid[:SIDE, :SIDE] + np.array(bend), 0, -1)
    distances, nearest = cKDTree(seeds).query(places, k=2)
    border = np.exp(-(((distances[..., 1] - distances[..., 0]) / random.uniform(1, 4)) ** 2))
    inside = random.uniform(0, 1, count)[nearest[..., 0]]
    return np.asarray(border + random.uniform(0, 0.4) * inside)


def smooth_noise(random: Random, width: float) -> Floats:
    """Return noise of standard deviation 1, blurred by ``width`` pixels."""
    noise = gaussian_filter(random.standard_normal((SIDE, SIDE)), width, mode="wrap")
    return np.asarray(noise / noise.std())


STRUCTURES: tuple[Callable[[Random], Floats], ...] = (filaments, nuclei, puncta, membranes)


def drawn_scene(random: Random) -> Floats:
    """Return one to three kinds of structure together."""
    chosen = random.choice(len(STRUCTURES), random.integers(1, 4), replace=False)
    parts = [normalised(STRUCTURES[kind](random)) * random.uniform(0.2, 1) for kind in chosen]
    scene: Floats = np.sum(parts, axis=0)
    return scene


def photograph_scene(grey: Floats, random: Random) -> Floats:
    """Return a part of a photograph with a tone curve that makes most of it dark."""
    if min(grey.shape) >= 2 * SIDE and random.random() < 0.5:
        height, width = (side // 2 * 2 for side in grey.shape)
        grey = grey[:height, :width].reshape(height // 2, 2, width // 2, 2).mean((1, 3))
    side = min(SIDE, *grey.shape)
    top, left = (random.integers(0, length - side + 1) for length in grey.shape)
    part = normalised(grey[top : top + side, left : left + side])
    if random.random() < 0.3:
        part = 1 - part.clip(0, 1)  # dark lines of drawings and twigs become bright ones
    return np.asarray(part ** random.uniform(1.5, 4))


def optics(scene: Floats, random: Random) -> Floats:
    """Blur a scene as a lens does, and add light from out of focus."""
    image = gaussian_filter(scene, random.uniform(0.3, 1.5))
    if random.random() < HAZY:
        haze = gaussian_filter(scene, log_uniform(random, 6, 40))
        image = image + random.uniform(0, 1.5) * haze
    return np.asarray(normalised(image))


@dataclass(frozen=True)
class Camera:
    """One exposure of a camera with 8 bits.

    Attributes:
        photons: Number of photons at the brightest structure.
        read_noise: Standard deviation, relative to the brightest structure.
        grain: Width of the blur of the noise in pixels; 0 for none.
        brightest: Value of the brightest structure, as a share of the camera's range.
        offset: Value without light, as a share of the camera's range.
    """

    photons: float
    read_noise: float
    grain: float
    brightest: float
    offset: float

    @classmethod
    def drawn(cls, random: Random) -> "Camera":
        """Draw a camera; a third have an offset above all noise, a third have none."""
        read_noise = log_uniform(random, *READ_NOISE)
        brightest = log_uniform(random, *BRIGHTEST)
        offset = (0.0, random.uniform(0, OFFSET), 3 * read_noise * brightest)
        return cls(
            photons=log_uniform(random, *PHOTONS),
            read_noise=read_noise,
            grain=random.uniform(*GRAIN) if random.random() < GRAINY else 0.0,
            brightest=brightest,
            offset=offset[random.integers(3)],
        )

    def pair(self, light: Floats, random: Random) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return a noisy capture and the mean of all captures of ``light``, where 1 is bright."""
        light = light.clip(0, None)
        noise = random.poisson(light * self.photons) / self.photons - light
        noise += random.normal(0, self.read_noise, light.shape)
        if self.grain:
            # Interpolation and the amplifier after it leave noise of some strength with a grain.
            noise = gaussian_filter(noise, self.grain, mode="wrap") * _kept(self.grain)
        return self.rounded(light + noise), self.rounded(light)

    def rounded(self, light: Floats) -> NDArray[np.uint8]:
        """Return the values that the camera writes for light."""
        values = 255 * (self.offset + self.brightest * light)
        return np.rint(values).clip(0, 255).astype(np.uint8)


def _kept(width: float) -> float:
    """Return the factor that restores the standard deviation of white noise after a blur."""
    point = np.zeros((17, 17))
    point[8, 8] = 1
    return float(1 / np.sqrt(np.square(gaussian_filter(point, width)).sum()))


def dimmed(image: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    """Return a capture in a weaker amplification."""
    weaker: NDArray[np.uint8] = np.rint(image * factor).astype(np.uint8)
    return weaker


def zoomed(image: Floats, factor: float) -> Floats:
    """Return an image at another magnification, by linear interpolation."""
    sides = [int(side * factor) for side in image.shape]
    places = np.meshgrid(*(np.arange(side) / factor for side in sides), indexing="ij")
    return np.asarray(map_coordinates(image, places, order=1, mode="nearest"))
