"""``unnoise.noise_model``: a noise spec for training, estimated from noisy images."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from unnoise.api.common import Source, ignore
from unnoise.data import Part, Survey, look_at, match_pairs
from unnoise.errors import DataError, ImageError
from unnoise.facts import MOSAIC, NoiseSample, noise_sample, phases
from unnoise.facts.blurred import LAGS
from unnoise.images import ReadOptions, ValueRange, jpeg_coding, ranges_of, to_float
from unnoise.noise.fitting import Fitted, fit_noise, plain_pair
from unnoise.types import Array, Doubles, Say

LIMIT = 48  # images that are measured, evenly spread over all
COLOURS = 3


@dataclass(frozen=True)
class NoiseModel:
    """The noise of images, as a spec and its evidence."""

    spec: str  # for the noise of unnoise.train
    images: int  # that were measured
    noisy: int  # in which noise was found
    values: str  # of the images, that are 0 and 1
    evidence: tuple[str, ...]  # sentences
    samples: tuple[NoiseSample, ...] = field(repr=False)
    fitted: Fitted = field(repr=False)
    made: NoiseSample | None = field(repr=False)  # measured on plain areas with noise of the spec
    example: Doubles = field(repr=False)  # noise of a middle level, (H, W, C) in [0, 1]

    def to_plain(self) -> dict[str, Any]:
        """Return spec and evidence as plain values, for JSON."""
        return {
            "noise": self.spec,
            "images": self.images,
            "noisy": self.noisy,
            "values": self.values,
            "gain": self.fitted.gain,
            "offset": self.fitted.offset,
            "correlation": {
                name: {"measured": measured, "of the spec": spec}
                for name, (measured, spec) in correlations(self.samples, self.made).items()
            },
            "evidence": list(self.evidence),
        }


def noise_model(
    noisy: Source,
    *,
    clean: Source | None = None,
    read: ReadOptions = ReadOptions(),  # noqa: B008  frozen
    limit: int = LIMIT,
    say: Say = ignore,
) -> NoiseModel:
    """Estimate a noise spec from noisy images: the noise that makes clean images like them.

    Without clean images, noise is measured where images vary least: its variance over the
    brightness, the correlation of neighbouring pixels, the noise that rows and columns share, and
    pixels that were set to black or white. The quality of JPEG is read from the files. Levels that
    differ between images become ranges, from the 10th to the 90th percentile.

    Args:
        noisy: A file, folder or pattern, a list of those, or an array; see ``unnoise.train``.
        clean: The same images without noise, matched by name; or an array of the same shape.
        limit: At most N images are measured, evenly spread over all; of large ones the middle.

    Raises:
        DataError: No noise was found, or no image can be read; names do not match.
    """
    found = look_at(noisy, split="train", read=read, say=say)[0]
    pairs = _pairs(found, clean, read, say)
    chosen = _spread(pairs, limit)
    failures = list(found.failures)
    views = _read(chosen, failures)
    for failure in failures:
        say(f"unnoise: {failure}")
    if not views:
        raise DataError(f"none of the images of {found.name} can be read")
    values = ranges_of([list(side) for side in zip(*(v[1:] for v in views), strict=True)])
    seen, codings = [], []
    _check_developed(found.name, [sides[0] for _, *sides in views])
    for part, *sides in views:
        scaled = [_scaled(side, each) for side, each in zip(sides, values, strict=True)]
        step = 1 / float(np.max(values[0].span)) if sides[0].dtype.kind in "iu" else 0.0
        sample = noise_sample(*scaled, step=step)  # between integers, where 1 is white
        if sample is None:
            continue
        seen.append((sample, sides[0]))
        if isinstance(part.path, Path) and (coding := jpeg_coding(part.path)):
            codings.append(coding)
    seen = _of_one_kind(seen, say)
    samples = [sample for sample, _ in seen]
    fitted = fit_noise(samples, codings)
    if fitted is None:
        raise DataError(_none_found(found.name, len(views), samples, clean is not None))
    made = _made(fitted, samples)
    dtype = views[0][1].dtype
    return NoiseModel(
        spec=str(fitted.noise),
        images=len(views),
        noisy=sum(sample.noisy for sample in samples),
        values=f"{values[0]} of {dtype}",
        evidence=tuple(_evidence(fitted, samples, codings, made, values[0], dtype)),
        samples=tuple(samples),
        fitted=fitted,
        made=made,
        example=_scaled(_typical(seen), values[0]),
    )


def _made(fitted: Fitted, samples: Sequence[NoiseSample]) -> NoiseSample | None:
    """Measure plain areas, as bright as the images, with noise of the spec."""
    brightness = np.concatenate([sample.brightness for sample in samples])
    places = [float(end) for end in np.percentile(brightness, (10, 50, 90))]
    channels = 1 if samples[0].chroma is None else COLOURS
    return noise_sample(*plain_pair(fitted.noise.at(0.5), places, channels))


def _typical(seen: Sequence[tuple[NoiseSample, Array]]) -> Array:
    """Return the noisy image whose noise is neither weak nor strong among them."""
    noisy = [each for each in seen if each[0].noisy] or list(seen)
    return sorted(noisy, key=lambda each: each[0].luma.level)[len(noisy) // 2][1]


def _evidence(
    fitted: Fitted,
    samples: Sequence[NoiseSample],
    codings: Sequence[tuple[int, bool]],
    made: NoiseSample | None,
    values: ValueRange,
    dtype: np.dtype[np.generic],
) -> list[str]:
    """Return the evidence, in sentences."""
    noisy = [sample for sample in samples if sample.noisy]
    found = [f"noise in {len(noisy)} of {len(samples)} images"]
    if values != ValueRange.nominal(dtype):
        found.append(f"levels count in the range of the values, {values} of {dtype}")
    if fitted.gain:
        found.append(
            f"the variance follows the brightness x: {fitted.gain:.3g} x + {fitted.offset:.3g}"
        )
    for name, (measured, spec) in correlations(samples, made).items():
        line = f"{name}: correlation at 1 to {LAGS} pixels {_figures(measured)}"
        found.append(line if spec is None else f"{line}, of the spec's own noise {_figures(spec)}")
    for name in ("rows", "columns", "impulses"):
        shares = [getattr(sample, name) for sample in noisy if getattr(sample, name)]
        if shares:
            found.append(f"{name} in {len(shares)} of them, about {np.median(shares):.3g}")
    if codings:
        qualities = [quality for quality, _ in codings]
        found.append(f"JPEG quality {min(qualities)} to {max(qualities)}, by the files")
    return [*found, *fitted.notes]


def noisy_ones(samples: Sequence[NoiseSample]) -> list[NoiseSample]:
    """Return the samples of noisy images; all where no image is noisy."""
    return [sample for sample in samples if sample.noisy] or list(samples)


def correlations(
    samples: Sequence[NoiseSample], made: NoiseSample | None
) -> dict[str, tuple[list[float], list[float] | None]]:
    """Return the median correlation of noisy images and of the spec, for luma and chroma."""
    noisy = noisy_ones(samples)
    # Luma is measured in flat places.
    chosen = {"luma": [sample for sample in noisy if sample.even] or noisy}
    if samples[0].chroma is not None:
        chosen["chroma"] = noisy
    return {
        name: (
            [float(each) for each in np.median([_part(one, name) for one in ones], axis=0)],
            None if made is None else _part(made, name),
        )
        for name, ones in chosen.items()
    }


def _part(sample: NoiseSample, name: str) -> list[float]:
    part = getattr(sample, name)
    return [0.0] * LAGS if part is None else list(part.correlation)


def _figures(values: Sequence[float]) -> str:
    return " ".join(f"{value:z.2f}" for value in values)


def _pairs(
    found: Survey, clean: Source | None, read: ReadOptions, say: Say
) -> list[tuple[Part, ...]]:
    if clean is None:
        return [(part,) for part in found.parts]
    others = look_at(clean, split="train", read=read, say=say)[0]
    ours, theirs = found.parts, others.parts
    pairs = match_pairs([part.name for part in ours], [part.name for part in theirs])
    for one, other in ((ours[a], theirs[b]) for a, b in pairs):
        if (one.count, one.height, one.width, one.channels) != (
            *(other.count, other.height, other.width, other.channels),
        ):
            raise DataError(
                f"{one.name} is {one.count} × {one.describe()}, and its clean version "
                f"{other.count} × {other.describe()}: they must be alike, pixel by pixel"
            )
    return [(ours[a], theirs[b]) for a, b in pairs]


def _spread(pairs: Sequence[tuple[Part, ...]], limit: int) -> list[tuple[int, tuple[Part, ...]]]:
    """Choose images evenly over all: their index in a part, and the parts."""
    every = [(index, parts) for parts in pairs for index in range(parts[0].count)]
    places = np.unique(np.linspace(0, len(every) - 1, min(limit, len(every))).astype(int))
    return [every[place] for place in places]


def _read(
    chosen: Sequence[tuple[int, tuple[Part, ...]]], failures: list[str]
) -> list[tuple[Any, ...]]:
    """Return the part and the views of each image that can be read."""
    found = []
    for index, parts in chosen:
        try:
            found.append((parts[0], *(part.peek(index) for part in parts)))
        except ImageError as error:
            failures.append(str(error))
    return found


def _scaled(image: Array, values: ValueRange) -> Doubles:
    scaled: Doubles = np.moveaxis(to_float(np.asarray(image)[None], values)[0], 0, -1)
    return scaled.astype(np.float64)


def _check_developed(name: str, images: Sequence[Array]) -> None:
    """Raise ``DataError`` where most images are mosaics, whose noise would be taken for lines."""
    found = [phases(image) or 0.0 for image in images]
    if sum(each > MOSAIC for each in found) > len(found) / 2:
        raise DataError(
            f"every second pixel of the images of {name} shows another colour, as in the raw "
            "mosaic of a camera: develop them first, or pass --mosaic RGGB or what the camera has"
        )


def _of_one_kind(
    seen: list[tuple[NoiseSample, Array]], say: Say
) -> list[tuple[NoiseSample, Array]]:
    """Leave out images of the rarer kind, grey or colours: a spec is for one."""
    colours = [each for each in seen if each[0].chroma]
    grey = [each for each in seen if not each[0].chroma]
    more, less = (colours, grey) if len(colours) >= len(grey) else (grey, colours)
    if less:
        kind = "grey" if less is grey else "colour"
        say(
            f"{len(less)} {kind} image{'s are' if len(less) > 1 else ' is'} left out: a spec is "
            f"for grey images or for colours, and {len(more)} are of the other kind"
        )
    return more


def _none_found(name: str, count: int, samples: Sequence[NoiseSample], known: bool) -> str:
    if not samples:
        return (
            f"no noise found in {count} of {count} images of {name}: they are constant, cut off, "
            "textured all over, or smaller than needed (some 60 × 60 pixels); try larger images, "
            "or --noise with a level"
        )
    noisy = sum(sample.noisy for sample in samples)
    hint = "" if known else "; clean versions of some images (--clean) show weaker noise, too"
    return (
        f"no noise found in {len(samples) - noisy} of {len(samples)} images of {name}: most need "
        f"to be noisy. Try those with noise alone, or write a level (--noise gaussian:0.01){hint}"
    )
