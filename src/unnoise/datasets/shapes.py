"""Rectangles and convex regions, for the tasks of Larochelle et al. 2007, section 4."""

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
Masks = NDArray[np.bool_]
Labelled = tuple[Images, NDArray[np.int64]]
Random = np.random.Generator

SIDE = 28
WHITE = 255
LEAST, LEAST_ON_IMAGES = 3, 10  # pixels of a side of a rectangle
DIFFERENCE, DIFFERENCE_ON_IMAGES = 3, 5  # pixels between the sides
MOST_AREA = 0.75  # of the image, for rectangles on images
LEAST_WHITE = 0.19  # of the image
PLANES = 0.195  # of the geometric distribution of the number of half-planes of a convex region
PLANES_OF_PARTS = 0.13  # of the parts of the others, so that both have the same area on average
LEAST_PLANES_OF_PARTS = 3
PARTS = (2, 4)
DIRECTIONS = 32  # in which a region is compared with its hull
DENT = 8  # pixels of the hull that a region lacks, if it is not convex
CHUNK = 2_000


def rectangles(count: int, random: Random, *_: object) -> Labelled:
    """Return outlines of rectangles, and 1 where they are wider than tall, else 0."""
    box, labels = _boxes(count, random, LEAST, DIFFERENCE, 1.0)
    inside = _fill(box)
    inner = _fill(box + np.array([1, -1, 1, -1]))
    return ((inside & ~inner) * np.uint8(WHITE)), labels


def rectangles_on_images(inside: Images, outside: Images, random: Random) -> Labelled:
    """Return rectangles filled from one image on a background from another, and their labels."""
    box, labels = _boxes(len(inside), random, LEAST_ON_IMAGES, DIFFERENCE_ON_IMAGES, MOST_AREA)
    return np.where(_fill(box), inside, outside), labels


def convex(count: int, random: Random, *_: object) -> Labelled:
    """Return white regions, and 1 where they are convex, else 0; half of each, shuffled."""
    half = count // 2
    regions = [_collect(half, random, wanted=True), _collect(count - half, random, wanted=False)]
    labels = np.repeat([1, 0], [half, count - half])
    order = random.permutation(count)
    return (np.concatenate(regions) * np.uint8(WHITE))[order], labels[order]


def is_convex(regions: Masks) -> Masks:
    """Whether regions ``(N, H, W)`` fill their convex hull, but for a few pixels at the edge."""
    y, x = np.mgrid[: regions.shape[1], : regions.shape[2]].reshape(2, -1).astype(np.float32)
    angles = np.arange(DIRECTIONS) * 2 * np.pi / DIRECTIONS
    # (directions, pixels), single, which takes half the time
    along = np.outer(np.sin(angles), y) + np.outer(np.cos(angles), x)
    along = along.astype(np.float32)
    lacking = np.empty(len(regions), np.int64)
    for start in range(0, len(regions), CHUNK):
        flat = regions[start : start + CHUNK].reshape(-1, y.size)
        hull = np.ones_like(flat)
        for distance in along:
            reach = np.where(flat, distance, -np.inf).max(1, keepdims=True)
            hull &= distance <= reach  # equal in the pixel that reaches farthest
        lacking[start : start + CHUNK] = (hull & ~flat).sum(1)
    return lacking <= DENT


def _boxes(
    count: int, random: Random, least: int, difference: int, most_area: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw boxes (top, bottom, left, right), the ends excluded, and whether they are wide."""
    found: list[NDArray[np.int64]] = []
    missing = count
    while missing > 0:
        height, width = random.integers(least, SIDE + 1, (2, 2 * missing + 16))
        fits = (abs(height - width) >= difference) & (height * width <= most_area * SIDE**2)
        height, width = height[fits][:missing], width[fits][:missing]
        top, left = (random.integers(0, SIDE - side + 1) for side in (height, width))
        found.append(np.stack([top, top + height, left, left + width], axis=1))
        missing -= len(height)
    box = np.concatenate(found)
    return box, (box[:, 3] - box[:, 2] > box[:, 1] - box[:, 0]).astype(np.int64)


def _fill(box: NDArray[np.int64]) -> Masks:
    place = np.arange(SIDE)
    top, bottom, left, right = box.T[:, :, None]
    rows, columns = (place >= top) & (place < bottom), (place >= left) & (place < right)
    return np.asarray(rows[:, :, None] & columns[:, None, :], bool)


def _collect(count: int, random: Random, *, wanted: bool) -> Masks:
    found: list[Masks] = []
    missing = count
    while missing > 0:
        regions = _cells(CHUNK, random) if wanted else _unions(CHUNK, random)
        regions = regions[regions.mean((1, 2)) >= LEAST_WHITE]
        regions = regions[is_convex(regions) == wanted][:missing]
        found.append(regions)
        missing -= len(regions)
    return np.concatenate(found)


def _cells(count: int, random: Random, planes: float = PLANES, least: int = 1) -> Masks:
    """Intersect half-planes through random pixels; each holds a point that a region shares."""
    y, x = np.mgrid[:SIDE, :SIDE]
    regions = np.ones((count, SIDE, SIDE), bool)
    centre = random.uniform(0, SIDE - 1, (count, 2))
    number = np.maximum(random.geometric(planes, count), least)
    for index in range(number.max()):
        angle = random.uniform(0, 2 * np.pi, count)
        through = random.uniform(0, SIDE - 1, (count, 2))
        normal = np.stack([np.sin(angle), np.cos(angle)], axis=1)
        side = np.sign(((centre - through) * normal).sum(1))
        normal *= side[:, None]
        offset = (through * normal).sum(1)
        cut = np.flatnonzero(index < number)  # few are cut often
        half = normal[cut, 0, None, None] * y + normal[cut, 1, None, None] * x
        regions[cut] &= half >= offset[cut, None, None]
    return regions


def _unions(count: int, random: Random) -> Masks:
    number = random.integers(PARTS[0], PARTS[1] + 1, count)
    regions = np.zeros((count, SIDE, SIDE), bool)
    for index in range(PARTS[1]):
        part = _cells(count, random, PLANES_OF_PARTS, LEAST_PLANES_OF_PARTS)
        regions |= part & (index < number)[:, None, None]
    return regions
